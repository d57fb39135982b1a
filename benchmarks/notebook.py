"""Writes lessons as notebooks, with the same text and code, for the programs they are compared with."""

import json
from pathlib import Path

from jaxtour.course.catalogue import bundled
from jaxtour.course.model import Lesson, Step


def source(step: Step) -> str:
    """Return the step's code as one cell; an expected error must be caught in a notebook."""
    code = "\n".join(part.rstrip() for part in (step.setup.text, step.solved_code.text) if part.strip())
    if step.raises:
        body = "\n".join(f"    {line}" for line in code.splitlines())
        return f"try:\n{body}\nexcept Exception as error:\n    print(type(error).__name__)"
    return code


def cells(lesson: Lesson) -> list[dict[str, object]]:
    """Return Markdown and code cells, step by step."""
    found: list[dict[str, object]] = []
    for index, step in enumerate(lesson.steps):
        assert isinstance(step, Step)
        found.append({"id": f"t{index}", "cell_type": "markdown", "metadata": {}, "source": step.text})
        code = {"id": f"c{index}", "cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        found.append(code | {"source": source(step)})
    return found


def write(folder: Path) -> list[Path]:
    """Write every lesson of the course as a notebook; returns the paths."""
    paths = []
    for entry in bundled().entries:
        lesson = entry.lesson()
        document = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "cells": cells(lesson),
        }
        path = folder / f"{lesson.id}.ipynb"
        path.write_text(json.dumps(document))
        paths.append(path)
    return paths
