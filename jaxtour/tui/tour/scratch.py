"""The scratch step: the learner's own code, which starts in the state that a step leaves."""

from typing import NamedTuple

import msgspec

from jaxtour.course.edits import SCRATCH
from jaxtour.course.model import Broken, Lesson, Step

TEXT = """\
It begins where **{title}** ends, with all of its names. Write what you like and run it with `F5`: the panes show what
JAX makes of it. Tab after a dot, or after the start of a name, lists names.

jaxtour saves what you write here.
"""


class Scratch(NamedTuple):
    """A scratch step in its place."""

    step: Step
    after: Step
    lesson: Lesson
    """The lesson with the scratch step after that step."""
    base: dict[str, str]
    """The learner's code of that step, by the step's id."""


def scratch_after(lesson: Lesson, step: Step, code: str) -> Scratch:
    """Return the scratch step after a step with this code."""
    own = Step(
        id=step.id + SCRATCH, title=f"Scratch: {step.title}", text=TEXT.format(title=step.title), requires=step.requires
    )
    places: list[Step | Broken] = []
    for each in lesson.steps:
        places += [each, own] if each.id == step.id else [each]
    return Scratch(own, step, msgspec.structs.replace(lesson, steps=tuple(places)), {step.id: code})
