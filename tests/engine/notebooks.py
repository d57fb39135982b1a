"""Notebooks that tests write, and what a real worker makes of them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from jaxtour.course.catalogue import open_path
from jaxtour.course.model import Lesson
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.headless import Headless, Outcome
from jaxtour.engine.session import Session


def saved(folder: Path, *codes: str, **outputs: list[Any]) -> Lesson:
    cells = [v4.new_code_cell(code) for code in codes]
    for name, found in outputs.items():
        cells[int(name[1:]) - 1].outputs = found
    cells[-1].metadata = {"tags": ["raises-exception"]} if codes[-1] == "1 / 0" else {}
    nbformat.write(v4.new_notebook(cells=cells), folder / "book.ipynb")
    return open_path(folder / "book.ipynb").entries[0].load()


async def ran(lesson: Lesson, *, survey: bool = False, only: Sequence[int] | None = None) -> list[Outcome]:
    """Run the steps, or those with these numbers, counted from 0."""
    async with asyncio.timeout(250), Headless(Session(ProcessEngine())) as engine:
        if survey:
            return [outcome async for outcome in engine.survey(lesson)]
        steps = [lesson.steps[number] for number in only] if only is not None else lesson.steps
        return [await engine.step(lesson, step, timings=False) for step in steps]
