"""Every call of the programs and of the course, evaluated equation by equation, has the results of the plain call."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jaxtour.course.catalogue import bundled
from jaxtour.course.model import Step
from jaxtour.engine.cells import cell

SCRIPT = Path(__file__).with_name("evaluating.py")
PROGRAMS = Path(__file__).resolve().parents[2] / "programs"


def evaluated(sets: list[list[dict]]) -> list[tuple[str, int, str]]:
    """Return name, evaluations and differences of each call of these cells, in a separate process."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps(sets),
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [tuple(row) for row in json.loads(done.stdout)]


def program(path: Path) -> list[dict]:
    """Return a program's file as a cell."""
    return [{"name": path.stem, "setup": "", "code": path.read_text(), "path": str(path), "traces": None}]


def lesson(entry) -> list[dict]:
    """Return a lesson's steps as cells."""
    cells = [cell(entry.lesson(), step) for step in entry.lesson().steps if isinstance(step, Step)]
    return [
        {
            "name": each.name,
            "setup": each.setup,
            "code": each.code,
            "path": None,
            "traces": None if each.traces is None else [{"call": trace.call} for trace in each.traces],
        }
        for each in cells
    ]


@pytest.mark.timeout(900)
@pytest.mark.long
@pytest.mark.conformance
def test_the_programs_have_the_results_of_the_plain_calls():
    rows = evaluated([program(path) for path in sorted(PROGRAMS.glob("*.py"))])
    print(*rows, sep="\n")
    assert [row for row in rows if row[2]] == []
    assert len(rows) > 30


@pytest.mark.timeout(900)
@pytest.mark.long
@pytest.mark.conformance
def test_the_course_has_the_results_of_the_plain_calls():
    rows = evaluated([lesson(entry) for entry in bundled().entries])
    print(*rows, sep="\n")
    assert [row for row in rows if row[2]] == []
    assert len(rows) > 100
