"""The course itself runs, and its lessons fit together."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from jaxtour.course.catalogue import bundled
from jaxtour.course.model import Lesson, Step

IDS = [
    "numpy", "transformations", "grad", "jit", "vmap", "pmap", "compose", "state", "timing", "nan", "profile", "memory",
    "processes",
]  # fmt: skip
WORDS = 100
"""The most words of a text, so that a small screen needs little scrolling."""
COLUMNS = 72
"""The most columns of code, beside its line numbers in a terminal of 80 columns."""

WAIT_S = 1800
"""Seconds for the whole course, with every exercise's right and wrong solutions: about 120 of one core."""
LESSONS: list[Lesson] = [entry.lesson() for entry in bundled().entries]


def steps() -> Iterator[tuple[str, Step]]:
    """Yield every step that could be read, by `lesson/step`."""
    for lesson in LESSONS:
        for step in lesson.steps:
            if isinstance(step, Step):
                yield f"{lesson.id}/{step.id}", step


@pytest.mark.long
@pytest.mark.timeout(WAIT_S + 10)
def test_every_step_does_what_its_lesson_says(python: str | None) -> None:
    command = [sys.executable, "-m", "jaxtour", "check", "--json", *(("--python", python) if python else ())]
    result = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert result.returncode in (0, 1), result.stderr
    verdict = json.loads(result.stdout)
    assert verdict["problems"] == []
    assert verdict["ok"] and result.returncode == 0
    assert verdict["lessons"] == len(IDS)
    assert verdict["steps"] == len(list(steps()))


def test_the_lessons_come_in_their_order_and_load_whole() -> None:
    assert [lesson.id for lesson in LESSONS] == IDS
    assert [problem for lesson in LESSONS for problem in lesson.problems] == []
    assert 60 <= sum(len(lesson.steps) for lesson in LESSONS) <= 170


def test_each_lesson_ends_with_what_was_seen_and_where_to_read_on() -> None:
    for lesson in LESSONS:
        last = lesson.steps[-1]
        assert isinstance(last, Step)
        assert (last.id, last.title) == ("what-you-saw", "What you saw")
        assert "Read on: https://docs.jax.dev/" in last.text, lesson.id
        assert lesson.credits, lesson.id


def test_every_step_would_notice_that_it_broke() -> None:
    assert [name for name, step in steps() if not (step.raises or step.expect)] == []


def test_texts_are_short() -> None:
    lengths = {name: max(len(text.split()) for text in (step.text, step.after)) for name, step in steps()}
    assert {name: words for name, words in lengths.items() if words > WORDS} == {}


def test_code_is_narrow() -> None:
    wide = []
    for name, step in steps():
        more = (step.exercise.starter, step.exercise.solution, *step.exercise.others) if step.exercise else ()
        lines = [line for code in (step.setup, step.code, *more) for line in code.text.splitlines()]
        wide += [f"{name}: {line}" for line in lines if len(line) > COLUMNS]
    assert wide == []


@pytest.mark.conformance
def test_every_exercise_has_hints_and_solutions_right_and_wrong() -> None:
    exercises = {name: step.exercise for name, step in steps() if step.exercise}
    assert [name for name, exercise in exercises.items() if not exercise.hints] == []
    assert [name for name, exercise in exercises.items() if not exercise.others] == []
    assert [name for name, exercise in exercises.items() if len(exercise.wrong) < 2] == []


def test_every_check_written_as_code_says_what_must_be_true() -> None:
    checks = {name: step.exercise.checks for name, step in steps() if step.exercise}
    silent = [name for name, each in checks.items() if any(check.python and not check.what for check in each)]
    assert silent == []


def test_questions_and_hints_have_no_markup() -> None:
    for name, step in steps():
        asked = (step.ask.question, step.ask.hint, *step.ask.texts) if step.ask else ()
        hints = step.exercise.hints if step.exercise else ()
        assert [text for text in (*asked, *hints) if "`" in text] == [], name


def test_every_question_can_be_graded() -> None:
    for name, step in steps():
        if step.ask:
            by_choice = step.ask.answer is not None and 1 <= step.ask.answer <= len(step.ask.choices)
            assert by_choice or step.ask.value, name
