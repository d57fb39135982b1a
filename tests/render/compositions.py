"""The levels of real compositions, from the worker's `stage` events; `rungs/generate.py` wrote the files."""

import json

import msgspec
from stages import FOLDER

from jaxtour.engine.messages import Stage
from jaxtour.engine.stage import assembled


def rungs(name, version):
    """Return each level's stage by its label, innermost first."""
    told = json.loads((FOLDER / "rungs" / f"{version}.json").read_text(encoding="utf-8"))[name]
    found = {}
    for rung in told:
        stage = None
        for event in rung["events"]:
            stage = assembled(stage, msgspec.convert(event, Stage))
        found[rung["label"]] = stage
    return found
