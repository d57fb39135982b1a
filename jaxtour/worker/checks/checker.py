"""Runs the checks of an exercise in order, up to the first that fails, and says why it fails."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import jax

from .. import compat
from ..ir.spans import Span
from ..runner.execute import Source
from ..runner.failures import attempt, message, one_line
from ..runner.writer import Event
from . import numbers, programs
from .gradient import gradient
from .look import Look, NotYetError, raised_at
from .spaces import LessonError, Spaces
from .words import alternatives, listed, plural

Check: TypeAlias = Mapping[str, Any]
"""The fields of a `Check` as on the wire."""
Tick: TypeAlias = Callable[[str, int, int], None]
"""Called before each check with its description, its number and how many there are."""


class _MessageError(Exception):
    """A check written as code fails; the message is for the learner."""


def python(look: Look) -> None:
    """Run the lesson's own code after the learner's; it must not raise."""
    with look.learners() as workspace:
        source = Source(look.spaces.name, look.check["python"], "check")
        _, error = attempt(workspace.execute, source, {**workspace.namespace})
    if isinstance(error, AssertionError):
        raise _MessageError(message(error) or "not right yet") from error
    if error is not None:
        raise _MessageError(one_line(error)) from error


KINDS: dict[str, Callable[[Look], None]] = {
    "value": numbers.value,
    "jaxpr": programs.jaxpr,
    "hlo": programs.hlo,
    "memory": programs.memory,
    "compiles": programs.compiles,
    "donates": programs.donates,
    "gradient": gradient,
    "vmap": numbers.vmap,
    "leaks": programs.leaks,
    "devices": numbers.devices,
    "python": python,
}
"""The function behind each kind of check; it raises if the code is not right yet."""


def checked(
    spaces: Spaces, checks: Sequence[Check], events: compat.CompileEvents, tick: Tick = lambda *_: None
) -> Event:
    """Return the `checked` event without its run."""
    outcomes: list[dict[str, Any]] = []
    failed = ""
    # The code may forbid transfers; those of the checks are exempt.
    with spaces.before.modules(), jax.transfer_guard("allow"):
        for number, check in enumerate(checks):
            what = in_words(check)
            if failed:
                outcomes.append({"what": what, "passed": None})
                continue
            tick(what, number, len(checks))
            why = _why_not(spaces, check, events)
            outcomes.append({"what": what, "passed": not why, **why})
            failed = _whole(what, why) if why else ""
    return {"event": "checked", "passed": not failed, "message": failed, "outcomes": outcomes}


def unchecked(checks: Sequence[Check], why: str) -> Event:
    """Return the `checked` event of code that did not run to its end."""
    outcomes = [{"what": in_words(check), "passed": None} for check in checks]
    return {"event": "checked", "passed": False, "message": why, "outcomes": outcomes}


def _why_not(spaces: Spaces, check: Check, events: compat.CompileEvents) -> dict[str, Any]:
    """Return the fields of a failed check's outcome; empty if the check passes on all its inputs."""
    kind = _kind(check)
    if not kind:
        return {"got": "this worker does not know it: update it"}
    sets: Sequence[Mapping[str, str]] = check.get("given") or ({},)
    for number, written in enumerate(sets):
        given, error = attempt(spaces.given, written)
        if given is not None:
            _, error = attempt(KINDS[kind], Look(spaces, check, given, events))
        if error is not None:
            source = "" if kind == "python" else ", ".join(_calls(check))
            fields = _told(spaces, check, error)
            spans = fields.get("spans") or spaces.place(source)
            shown = spaces.inputs(source, given or {}, written)
            which = {"spans": spans, "given": shown, "inputs": number}
            return {**fields, **{name: told for name, told in which.items() if told}}
    return {}


def _told(spaces: Spaces, check: Check, error: BaseException) -> dict[str, Any]:
    """Return what was expected, what came instead, and where."""
    said = {"say": check["say"]} if check.get("say") else {}
    if isinstance(error, NotYetError):
        return {**said, "expected": error.expected, "got": error.got, "spans": error.spans}
    if isinstance(error, LessonError):
        return {"got": f"the check cannot be made: {error}"}
    if isinstance(error, _MessageError):
        cause = error.__cause__
        spans: tuple[Span, ...] = raised_at(cause, spaces.name) if cause else ()
        return {"say": "\n".join(filter(None, (check.get("say"), str(error)))), "spans": spans}
    return {**said, "got": f"it raised {one_line(error)}", "spans": raised_at(error, spaces.name)}


def _whole(what: str, why: Mapping[str, Any]) -> str:
    """Return a failed check as text."""
    lines = [why.get("say", "")]
    if why.get("got"):
        expected = f"expected {why['expected']}, got " if why.get("expected") else ""
        lines.append(": ".join(filter(None, (what, f"{expected}{why['got']}"))))
    if given := why.get("given"):
        lines.append(f"with {given}".replace("\n", ", "))
    return "\n".join(filter(None, lines))


def _kind(check: Check) -> str:
    return next((kind for kind in KINDS if check.get(kind)), "")


def _calls(check: Check) -> list[str]:
    """Return the expressions that the check is about."""
    found = check[_kind(check)]
    return [" ".join(each.split()) for each in ([found] if isinstance(found, str) else found)]


def in_words(check: Check) -> str:
    """Return what must be true: the author's words, or `f(x) agrees with jnp.sum(x)`; may be empty."""
    kind = _kind(check)
    if (own := check.get("what")) or kind in ("", "python"):
        return own or ""
    call, most = listed(_calls(check)), check.get("most")
    match kind:
        case "value":
            return f"{call} agrees with {check.get('equals') or 'the solution'}"
        case "jaxpr" | "hlo":
            return f"the {'jaxpr' if kind == 'jaxpr' else 'compiled program'} of {call} has {_names(check)}"
        case "memory":
            return f"{call} needs at most {plural(most or 0, 'byte')}"
        case "compiles":
            return f"{call} compile{'' if len(check[kind]) > 1 else 's'} {_times(1 if most is None else most)}"
        case "donates":
            return f"{call} donates argument {check.get('argument', 0)}"
        case "gradient":
            return f"the gradient of {call} is finite and right"
        case "vmap":
            return f"{call} works under jax.vmap"
        case "leaks":
            return f"{call} leaks no tracer"
        case _:
            count = check.get("count")
            return f"{call} is on {plural(count, 'device') if count else 'all devices'}"


def _names(check: Check) -> str:
    """Return what a jaxpr or a program must have: `a scan, no while, 1 dot_general, at most 9 equations`."""
    either = [" or ".join(alternatives(each)) for each in check.get("has") or ()]
    none = [f"no {' or '.join(alternatives(each))}" for each in check.get("lacks") or ()]
    exact = [f"{count} {' or '.join(alternatives(name))}" for name, count in (check.get("exactly") or {}).items()]
    most = check.get("most")
    return listed([*either, *none, *exact, *([f"at most {plural(most, 'equation')}"] if most is not None else [])])


def _times(most: int) -> str:
    return {0: "never", 1: "once"}.get(most, f"at most {most} times")
