"""Reads files that must not end the process: a signal cannot be caught, so each round has its own process."""

import random
import subprocess
import sys

import pytest
import yaml

from jaxtour.course.loader import loads

PIECES = [
    *(
        "[",
        "{",
        "- ",
        "? ",
        ": ",
        "a: ",
        "|",
        ">",
        "'",
        '"',
        "&a ",
        "*a ",
        "!!x ",
        "<<: ",
        "\n",
        "  ",
        "\t",
        "%",
        "---\n",
    ),
    *("...\n", "# ", ",", "]", "}", "\u2028", "\x85", "\ufeff", "é", "\\x"),
    *("format: 1\n", "steps:\n", "  - id: x\n", "    code: |\n", "- id: x\n"),
]
DEEP_PYTHON = [
    *("(" * 5000, "-" * 100_000 + "1", "x" + ".x" * 50_000, "x" + "[0]" * 50_000, "[" * 300, "1" + "+1" * 50_000),
    *("9" * 10_000, "f(" * 150 + ")" * 150, "not " * 20_000 + "1", "lambda: " * 20_000 + "1"),
]
STEP = "format: 1\nsteps:\n  - id: a\n    title: a\n    text: a\n    code: '{}'\n"


def load_them_all() -> None:
    dice = random.Random(20)
    for size in [1, 10, 100, 600] * 30:
        loads("".join(dice.choice(PIECES) for _ in range(size)).encode(), "f")
    for piece in PIECES:
        for start in ("", "format: 1\nsteps:\n  - code: "):
            loads((start + piece * 8000).encode(), "f")
    for code in DEEP_PYTHON:
        loads(STEP.format(code).encode(), "f")


@pytest.mark.parametrize("parser", ["libyaml", "python"])
@pytest.mark.row("lessons that crash libyaml or Python's parser")
def test_nasty_files_end_no_process(parser):
    done = subprocess.run([sys.executable, __file__, parser], capture_output=True, text=True, timeout=150)
    assert (done.returncode, done.stderr) == (0, "")


if __name__ == "__main__":
    yaml.__with_libyaml__ = yaml.__with_libyaml__ and sys.argv[1] == "libyaml"
    load_them_all()
