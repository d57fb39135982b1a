"""Checks the parts of a step that the learner works on: an exercise and its checks, and changes to try."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from jaxtour.course.model import Check, Exercise, Step
from jaxtour.course.reader import FaultError, Mapping, Node, at
from jaxtour.text import Raw, short

PythonSource: TypeAlias = tuple[Raw, Node, Literal["exec", "eval"]]
"""A piece of Python, its place, and whether it is an expression."""

KINDS = (
    "value", "jaxpr", "hlo", "memory", "compiles", "donates", "gradient", "vmap", "leaks", "devices", "python",
)  # fmt: skip
"""The fields of a `Check` that say what must be true."""
_NUMBERS = ("value", "gradient", "vmap")
_OPTIONS = {
    "equals": ("value",),
    "rtol": _NUMBERS,
    "atol": _NUMBERS,
    "has": ("jaxpr", "hlo"),
    "lacks": ("jaxpr", "hlo"),
    "exactly": ("jaxpr", "hlo"),
    "most": ("jaxpr", "memory", "compiles"),
    "argument": ("donates", "gradient"),
    "count": ("devices",),
}
"""The kinds that each option applies to; `given`, `what` and `say` apply to all."""
_LIMITS = {"jaxpr": ("has", "lacks", "exactly", "most"), "hlo": ("has", "lacks", "exactly"), "memory": ("most",)}
"""The options of a kind, of which it needs one."""


def check_work(step: Step, node: Mapping) -> None:
    """Raise `FaultError` for the first fault in the step's exercise, or in its changes to try."""
    if step.exercise:
        _exercise(step.exercise, at(node, "exercise"))
    for index, change in enumerate(step.tries):
        place, found = at(node, "tries", index, "old"), step.shown_code.text.count(change.old.text)
        if found != 1:
            times = "does not occur" if not found else f"occurs {found} times"
            raise FaultError(place, f"`{short(change.old.line)}` {times} in the code: `old` must occur once")
        if change.new == change.old:
            raise FaultError(at(node, "tries", index, "new"), "`new` is the same as `old`: write what it becomes")


def sources(step: Step, node: Mapping) -> Iterator[PythonSource]:
    """Yield the Python in an exercise and in changes to try, except the starter, which may be unfinished."""
    if exercise := step.exercise:
        here = at(node, "exercise")
        yield exercise.solution, at(here, "solution"), "exec"
        for index, other in enumerate(exercise.others):
            yield other, at(here, "others", index), "exec"
        for index, wrong in enumerate(exercise.wrong):
            yield wrong.code, at(here, "wrong", index, "code"), "exec"
        if isinstance(exercise.check, Raw):
            yield exercise.check, at(here, "check"), "exec"
            return
        for index, check in enumerate(exercise.check):
            yield from _of_check(check, at(here, "check", index))


def _of_check(check: Check, place: Node) -> Iterator[PythonSource]:
    for kind in KINDS:
        calls = getattr(check, kind)
        if kind == "python" and calls is not None:
            yield calls, at(place, kind), "exec"
        elif isinstance(calls, Raw):
            yield calls, at(place, kind), "eval"
        else:
            for index, call in enumerate(calls or ()):
                yield call, at(place, kind, index), "eval"
    if check.equals is not None:
        yield check.equals, at(place, "equals"), "eval"
    for index, names in enumerate(check.given):
        for name, value in names.items():
            yield value, at(place, "given", index, name), "eval"


def _exercise(exercise: Exercise, node: Node) -> None:
    for index, wrong in enumerate(exercise.wrong):
        if not wrong.because.strip():
            raise FaultError(at(node, "wrong", index, "because"), "`because` must quote words of the message")
    if isinstance(exercise.check, Raw):
        return
    if not exercise.check:
        raise FaultError(at(node, "check"), "`exercise.check` must not be empty")
    for index, _ in enumerate(exercise.check):
        place = at(node, "check", index)
        if isinstance(place, Mapping):
            _check(exercise.check[index], place)


def _check(check: Check, node: Mapping) -> None:
    kinds = [kind for kind in KINDS if kind in node.entries]
    if not kinds:
        raise FaultError(node, f"a check needs one of {', '.join(KINDS)}")
    kind, *more = kinds
    if more:
        raise FaultError(node.entries[more[0]][0], f"a check has either `{kind}` or `{more[0]}`: make two checks")
    if kind == "python" and check.what is None:
        raise FaultError(node, "`python` needs a `what`: say in one line what must be true")
    if kind == "compiles" and not check.compiles:
        raise FaultError(at(node, kind), "`compiles` must not be empty")
    for option, belongs in _OPTIONS.items():
        if option in node.entries and kind not in belongs:
            raise FaultError(node.entries[option][0], f"`{option}` belongs to {' or '.join(belongs)}, not to `{kind}`")
    limits = _LIMITS.get(kind, ())
    if limits and not any(name in node.entries for name in limits):
        raise FaultError(node, f"`{kind}` needs {' or '.join(f'`{name}`' for name in limits)}: say what must be true")
    for index, names in enumerate(check.given):
        place = at(node, "given", index)
        if not names:
            raise FaultError(place, "`given` has a set without names: write `name: expression`")
        for name in names:
            if not name.isidentifier():
                raise FaultError(place, f"`{short(name)}` is not a name of Python")
