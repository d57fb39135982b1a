"""Runs the command as a shell does."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-m", "jaxtour")


def jaxtour(*args: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args],
        env=os.environ | env,
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=150,
    )


def lesson(name: str, *steps: str, head: str = "") -> str:
    """Write a lesson with a step for each piece of YAML; a piece begins with the step's second key."""
    text = f"format: 1\nid: {name}\ntitle: About {name}\nsummary: For the tests.\nminutes: 1\n{head}steps:\n"
    for number, step in enumerate(steps, 1):
        body = "".join(f"    {line}\n" for line in step.strip("\n").split("\n"))
        text += f"  - id: s{number}\n    title: Step {number}\n    text: Read.\n{body}"
    return text
