"""The entry point: installs the interrupt handler before anything else is imported."""

import gc
import os
import sys

from jaxtour.interrupts import leave_at_once

SHADOWED = ("profile",)
"""Lessons that have the name of a command, which comes first."""


def main() -> None:
    """Run the command line."""
    leave_at_once()
    # Collections during imports find nothing and take a tenth of the time; `finish` enables them again.
    gc.disable()
    if _asks_for_a_lesson(sys.argv[1:]):
        # Most starts: to import click, make all commands and parse the options takes 12 ms before the first frame.
        from jaxtour.dispatch import WorkerOptions, open_tour, protected

        target = sys.argv[1] if sys.argv[1:] else None
        protected(lambda: open_tour(target, WorkerOptions()))
    from jaxtour.cli import main as command

    command(prog_name="jaxtour")


def _asks_for_a_lesson(words: list[str]) -> bool:
    """Return whether these words open the tour, at most at a lesson of the course or a step of one."""
    if "_JAXTOUR_COMPLETE" in os.environ:
        return False
    if not words:
        return True
    from jaxtour.paths import lessons_dir

    folder = lessons_dir()
    names = [file.name.lstrip("0123456789") for file in folder.iterdir()] if folder.is_dir() else []
    return len(words) == 1 and words[0] not in SHADOWED and f"-{words[0].partition('/')[0]}.yaml" in names
