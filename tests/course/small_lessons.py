"""A lesson that asks, and a catalogue of lessons that no file has."""

from pathlib import Path
from typing import Any

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import Ask, Exercise, Lesson, Step
from jaxtour.text import harmless

DOUBLE = Exercise(
    starter="def double(x):\n    ...\n",
    check="assert double(2) == 4, 'double(2) is not 4'",
    solution="def double(x):\n    return 2 * x\n",
    hints=("It is one line.", "Twice is `2 * x`."),
)
ASKING = harmless(
    Lesson(
        id="asking",
        title="A lesson that asks",
        summary="Predictions and exercises.",
        minutes=5,
        steps=(
            Step(id="plain", title="Nothing asked", text="Run it.", code="x = 1"),
            Step(id="guess", title="A guess", text="t", code="x + 1", ask=Ask(question="What?", choices=("1", "2"))),
            Step(id="shape", title="A shape", text="t", code="x", ask=Ask(question="Which?", value="x")),
            Step(id="write", title="Your turn", text="Write `double`.", exercise=DOUBLE),
            Step(id="both", title="Both", text="Say and write.", ask=Ask(question="?", value="x"), exercise=DOUBLE),
        ),
    )
)


class Entry:
    """A lesson without a file."""

    def __init__(self, lesson: Lesson) -> None:
        self.id, self.path, self._lesson = lesson.id, Path(f"{lesson.id}.yaml"), lesson

    def lesson(self) -> Lesson:
        return self._lesson


def course(*lessons: Lesson) -> Catalogue:
    """Return the lessons as a catalogue."""
    entries: Any = tuple(map(Entry, lessons))
    return Catalogue(entries)
