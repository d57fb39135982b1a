"""The course itself: that it runs, and that it keeps to what its lessons promise each other."""

import json
import subprocess
import sys
from itertools import chain

import pytest

from jaxtour.course.catalogue import bundled
from jaxtour.course.model import Lesson, Step

IDS = ["numpy", "transformations", "grad", "jit", "vmap", "pmap", "compose", "state"]
WORDS = 100
"""Of a text, so that it stays on a small screen with little scrolling."""
COLUMNS = 72
"""Of the code, which stands beside its line numbers in a terminal of 80."""

LESSONS: list[Lesson] = [entry.lesson() for entry in bundled().entries]
STEPS = [
    pytest.param(lesson, step, id=f"{lesson.id}/{step.id}")
    for lesson in LESSONS
    for step in lesson.steps
    if isinstance(step, Step)
]


def test_every_step_does_what_its_lesson_says() -> None:
    command = [sys.executable, "-m", "jaxtour", "check", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert result.returncode in (0, 1), result.stderr
    verdict = json.loads(result.stdout)
    assert verdict["problems"] == []
    assert verdict["ok"] and result.returncode == 0
    assert verdict["lessons"] == len(IDS)
    assert verdict["steps"] == len(STEPS)


def test_the_lessons_come_in_their_order() -> None:
    assert [lesson.id for lesson in LESSONS] == IDS
    assert [problem for lesson in LESSONS for problem in lesson.problems] == []


def test_the_course_is_neither_short_nor_long() -> None:
    assert 60 <= sum(len(lesson.steps) for lesson in LESSONS) <= 80


def test_each_lesson_ends_with_what_was_seen_and_where_to_read_on() -> None:
    for lesson in LESSONS:
        last = lesson.steps[-1]
        assert isinstance(last, Step)
        assert (last.id, last.title) == ("what-you-saw", "What you saw")
        assert "Read on: https://docs.jax.dev/" in last.text, lesson.id
        assert lesson.credits, lesson.id


@pytest.mark.parametrize(("lesson", "step"), STEPS)
def test_a_step_says_what_must_come_out(lesson: Lesson, step: Step) -> None:
    assert step.raises or step.expect, f"{lesson.id}/{step.id} would not notice that it broke"


@pytest.mark.parametrize(("lesson", "step"), STEPS)
def test_a_step_fits_a_small_screen(lesson: Lesson, step: Step) -> None:
    for part in (step.text, step.after):
        assert len(part.split()) <= WORDS
    written = [step.setup, step.code]
    if step.exercise:
        written += [step.exercise.starter, step.exercise.solution]
    wide = [line for line in chain.from_iterable(code.splitlines() for code in written) if len(line) > COLUMNS]
    assert wide == []


@pytest.mark.parametrize(("lesson", "step"), STEPS)
def test_questions_and_hints_have_no_markup(lesson: Lesson, step: Step) -> None:
    asked = (step.ask.question, step.ask.hint, *step.ask.choices) if step.ask else ()
    hints = step.exercise.hints if step.exercise else ()
    assert [text for text in (*asked, *hints) if "`" in text or "**" in text.replace(" ** ", "")] == []


@pytest.mark.parametrize(("lesson", "step"), STEPS)
def test_a_question_can_be_graded(lesson: Lesson, step: Step) -> None:
    if step.ask:
        by_choice = step.ask.answer is not None and 1 <= step.ask.answer <= len(step.ask.choices)
        assert by_choice or step.ask.value
