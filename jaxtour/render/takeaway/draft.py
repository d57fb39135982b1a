"""Puts a lesson's texts and the learner's own code in order, as cells that run one after the other."""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from jaxtour.course.model import Ask, Broken, Exercise, Lesson, NotebookCell, Step
from jaxtour.course.progress import Progress, SavedStep
from jaxtour.render.takeaway.model import Folded, Prose
from jaxtour.text import Raw, clean, plural

DEVICES = """\
import jax

# {count} devices, simulated on the CPU: leave these lines out if you have that many real ones.
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_num_cpu_devices", {count})
"""


class CodeDraft(NamedTuple):
    """Code to run: a step of the draft's lesson."""

    step: Step
    folded: str = ""


class AnswerDraft(NamedTuple):
    """The answer to a question, which the next code may have to find."""

    ask: Ask
    cell: str
    """The id of that code."""
    said: str
    """What the learner answered."""


Draft: TypeAlias = Prose | Folded | CodeDraft | AnswerDraft

PROCESSES = "This lesson is for {count} processes: `jaxtour {id}` starts them. Here it runs in one, process 0 of 1."


def draft(lesson: Lesson, progress: Progress) -> list[Draft]:
    """Return everything in the order of reading, with the learner's code where there is some."""
    found: list[Draft] = [Prose(f"# {lesson.title}\n\n{lesson.summary}".strip())]
    cells = _Cells()
    requires = [lesson.requires, *(step.requires for step in _whole(lesson) if step.requires)]
    if (processes := max(each.processes for each in requires)) > 1:
        found.append(Prose(PROCESSES.format(count=processes, id=lesson.id)))
    count = max(each.devices for each in requires)
    if count > 1:
        found.append(cells.add(DEVICES.format(count=count), trace=()))
    for number, step in enumerate(lesson.steps, 1):
        title = f"## {number}. {step.title}"
        if isinstance(step, Broken):
            found.append(Prose(f"{title}\n\nThis step does not load: {step.error.message}"))
        else:
            found += _step(step, title, progress.saved(lesson.id, step.id), cells)
    if lesson.credits.strip():
        found.append(Prose(f"## Credits\n\n{lesson.credits}"))
    return found


def cells_of(found: list[Draft], lesson: Lesson, folder: str) -> Lesson:
    """Return the draft's code as the steps of a notebook, which each run after the ones before."""
    steps = tuple(part.step for part in found if isinstance(part, CodeDraft))
    cells = {step.id: NotebookCell(number=at, folder=Raw(folder)) for at, step in enumerate(steps, 1)}
    return Lesson(
        id=lesson.id, title=lesson.title, summary="", minutes=0, steps=steps, requires=lesson.requires, cells=cells
    )


def _whole(lesson: Lesson) -> Iterator[Step]:
    return (step for step in lesson.steps if isinstance(step, Step))


class _Cells:
    """Numbers the cells as a notebook does."""

    def __init__(self) -> None:
        self._count = 0

    @property
    def following(self) -> str:
        """The id of the next cell."""
        return f"cell-{self._count + 1}"

    def add(self, code: str, *, folded: str = "", **fields: Any) -> CodeDraft:
        step_id = self.following
        self._count += 1
        step = Step(id=step_id, title=step_id, text="", code=Raw(code.strip("\n")), **fields)
        return CodeDraft(step, folded)


def _step(step: Step, title: str, saved: SavedStep, cells: _Cells) -> Iterator[Draft]:
    yield Prose(f"{title}\n\n{step.text}".strip())
    if step.setup.text.strip():
        yield Prose("*Runs first:*")
        yield cells.add(step.setup.text, trace=(), requires=step.requires)
    if step.ask:
        yield Prose(_question(step.ask))
        yield AnswerDraft(step.ask, cells.following, clean(saved.answer or ""))
    own = saved.edit if saved.edit and saved.edit.strip() else None
    if step.exercise:
        yield from _exercise(step, step.exercise, own, saved, cells)
    elif own or step.code.text.strip():
        if own:
            yield Prose("*Your own code, in place of the lesson's:*")
        yield cells.add(own or step.code.text, **_runs(step))
        if own:
            yield Folded("The lesson's code", code=step.code.text)
    if step.after.strip():
        yield Prose(step.after)
    if saved.scratch and saved.scratch.strip():
        yield Folded("Your scratch code", code=saved.scratch)


def _runs(step: Step) -> dict[str, Any]:
    """Return what the step's code needs and asks for."""
    names = ("trace", "time", "raises", "ask", "requires", "timeout")
    return {name: getattr(step, name) for name in names}


def _question(ask: Ask) -> str:
    choices = "\n".join(f"{number}. {' '.join(text.split())}" for number, text in enumerate(ask.texts, 1))
    hint = f"*Hint: {ask.hint.strip()}*" if ask.hint.strip() else ""
    return "\n\n".join(part for part in (f"**Predict.** {ask.question.strip()}", choices, hint) if part)


def _exercise(step: Step, exercise: Exercise, own: str | None, saved: SavedStep, cells: _Cells) -> Iterator[Draft]:
    """Add the learner's code; if it is not right yet, the solution follows, which later steps build on."""
    solved = own is not None and saved.done
    yield Prose(f"**Exercise.** {'Your solution:' if solved else 'Your code so far:' if own else 'Your turn:'}")
    for number, hint in enumerate(exercise.hints, 1):
        yield Folded(f"Hint {number}", hint)
    if solved:
        yield cells.add(own or "", **_runs(step))
        yield Folded("The lesson's solution", code=exercise.solution.text)
    else:
        yield cells.add(own or exercise.starter.text, trace=(), raises="Exception", requires=step.requires)
        yield cells.add(exercise.solution.text, folded="The solution, which the rest builds on", **_runs(step))
    if exercise.others:
        yield Folded(
            f"{plural(len(exercise.others), 'other solution')}",
            code="\n\n".join(other.text.strip("\n") for other in exercise.others),
        )
