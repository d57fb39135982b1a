"""Lessons as text, each with the one thing that a test is about."""

import textwrap

from jaxtour.course.loader import loads
from jaxtour.course.model import Broken, Lesson, Problem, Step

HEAD = """\
format: 1
id: one
title: A lesson
summary: What it is about.
minutes: 5
"""
GOOD = """\
  - id: good
    title: A step
    text: Read this.
    code: 1 + 1
"""


def lesson_of(text: str) -> Lesson:
    return loads(text.encode(), "f")


def changed(old: str, new: str) -> str:
    """Return a valid lesson with a changed head."""
    assert old in HEAD
    return HEAD.replace(old, new) + "steps:\n" + GOOD


def step_of(step: str) -> Step:
    """Return the first step of a lesson with the default head; `step` is not indented."""
    lesson = lesson_of(HEAD + "steps:\n" + textwrap.indent(step, "  "))
    found = lesson.steps[0]
    assert isinstance(found, Step), lesson.problems
    assert not lesson.problems
    return found


def fault_of(lines: str, start: str = "- id: a\n  title: A\n  text: x\n") -> Problem:
    """Return the only problem of a step with these lines; its line number counts from the first of them."""
    before = HEAD + "steps:\n" + textwrap.indent(start, "  ")
    lesson = lesson_of(before + textwrap.indent(lines, "    ") + GOOD)
    assert len(lesson.problems) == 1, lesson.problems
    assert isinstance(lesson.steps[0], Broken)
    assert isinstance(lesson.steps[1], Step) and lesson.steps[1].id == "good"
    problem = lesson.problems[0]
    assert lesson.steps[0].error == problem
    assert problem.step == lesson.steps[0].id
    return Problem(
        file=problem.file,
        line=problem.line - before.count("\n"),
        column=problem.column,
        message=problem.message,
        step=problem.step,
    )


def place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column
