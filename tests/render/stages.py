"""Texts that JAX printed, of every supported version; `recorded.py` has the worker's events of the same programs."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent
VERSIONS = ("0.9.2", "0.10.2", "0.12.0")


def printed(stage, version):
    """Return every case of a committed text: its name, its first line's description, its text."""
    folder = {"jaxpr": "jaxprs"}.get(stage, stage)
    text = (FOLDER / folder / f"{version}.txt").read_text()
    return list(cases(text))


def cases(text):
    for case in re.split(r"^=== ", text, flags=re.M)[1:]:
        head, _, body = case.partition("\n")
        name, _, said = head.partition(": ")
        yield name, set(said.split()), body
