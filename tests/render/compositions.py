"""The levels of real compositions, from the worker's `stage` events; `levels/generate.py` wrote the files."""

import json

import msgspec
from stages import FOLDER

from jaxtour.engine.stage import assembled
from jaxtour.engine.wire.messages import Stage


def levels(name, version):
    """Return each level's stage by its label, innermost first."""
    told = json.loads((FOLDER / "levels" / f"{version}.json").read_text(encoding="utf-8"))[name]
    found = {}
    for level in told:
        stage = None
        for event in level["events"]:
            stage = assembled(stage, msgspec.convert(event, Stage))
        found[level["label"]] = stage
    return found
