"""Reads and grades the file of answers that `jaxtour run --answers` takes."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from jaxtour.course.model import CourseError, Lesson, Problem, Step, StepKey
from jaxtour.course.reader import FaultError, Node, Scalar, decode, kind, parse, suggestion
from jaxtour.course.reader import Mapping as MappingNode
from jaxtour.course.reader import Sequence as SequenceNode
from jaxtour.engine.compare.answers import chosen, grade, truth, unreadable
from jaxtour.engine.headless import Outcome
from jaxtour.text import Raw, clean, plural, short

Answers: TypeAlias = Mapping[StepKey, str]
NO_ANSWERS: Answers = {}


def read_answers(path: str, lessons: Sequence[Lesson]) -> Answers:
    """Return the answers in a YAML or JSON file, by lesson and step; raises `CourseError` with the place of a fault.

    Its keys are steps, such as `vmap/batch` or `batch`; an answer to a choice is its number or its text.
    """
    try:
        root = parse(decode(Path(path).read_bytes(), path), path).root
    except OSError as error:
        raise CourseError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        if not isinstance(root, MappingNode):
            raise FaultError(root, f"answers must be a mapping such as `vmap/batch: 5`, not {kind(root)}")
        return dict(_answer(key, node, lessons) for key, node in root.entries.values())
    except FaultError as error:
        line, column = error.place
        problem = Problem(file=Raw(path), line=line, column=column, message=error.message)
        raise CourseError(str(problem), problem) from None


def _answer(key: Scalar, node: Node, lessons: Sequence[Lesson]) -> tuple[StepKey, str]:
    lesson_id, _, step_id = key.text.rpartition("/")
    steps = [(lesson, each) for lesson in lessons for each in lesson.steps if lesson_id in ("", lesson.id)]
    found = [(lesson, each) for lesson, each in steps if each.id == step_id]
    if not found:
        asking = (each.id for _, each in steps if isinstance(each, Step) and each.ask)
        raise FaultError(key, f"no step `{short(key.text)}`{suggestion(step_id, asking)}")
    if len(found) > 1:
        raise FaultError(
            key, f"`{short(key.text)}` is a step of {len(found)} lessons: write `{found[0][0].id}/{step_id}`"
        )
    (lesson, step), said = found[0], clean(_text(node)).strip()
    if not isinstance(step, Step) or step.ask is None:
        raise FaultError(key, f"the step `{step.id}` asks no question: delete its answer")
    answer = chosen(step.ask, said)
    if answer is None:
        count = len(step.ask.choices)
        raise FaultError(
            node, f"{short(said)} is not a choice of `{step.id}`: write 1 to {count}, or the text of a choice"
        )
    if why := unreadable(step.ask, answer):
        raise FaultError(node, f"{short(said)} does not answer `{step.id}`: {why}")
    return (lesson.id, step.id), answer


def _text(node: Node) -> str:
    """Return an answer as text; `[3, 2]` is a shape."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, SequenceNode) and all(isinstance(each, Scalar | SequenceNode) for each in node.items):
        return f"({', '.join(map(_text, node.items))})"
    raise FaultError(node, f"an answer is text, a number or a list, not {kind(node)}")


def graded(outcome: Outcome, said: str | None) -> dict[str, Any]:
    """Return what `run --json` prints for a step's question: the right answer, the given one, and the verdict."""
    step, report = outcome.step, outcome.report
    if not isinstance(step, Step) or step.ask is None:
        return {}
    told: dict[str, Any] = {"answer": truth(step.ask, report.answer) if report else None}
    if said is None:
        return told
    verdict = grade(step.ask, said, report.answer) if report else "open"
    return {**told, "said": said, "right": None if verdict == "open" else verdict == "right"}


def summary(told: Iterable[Mapping[str, Any]]) -> str:
    """Return `2 of 3 answers right, 1 not graded` for the results of `graded`; empty without answers."""
    found = [each["right"] for each in told if "right" in each]
    unknown = f", {found.count(None)} not graded" if None in found else ""
    return f"{found.count(True)} of {plural(len(found), 'answer')} right{unknown}" if found else ""
