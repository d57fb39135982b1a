"""Checks a step beyond its types: its code must be Python, and its parts must fit together."""

import builtins
import difflib
import re
import warnings
from collections.abc import Iterator
from typing import Literal

from jaxtour.course.exercises import check_work, sources
from jaxtour.course.model import Ask, Requires, Step, TimeSpec
from jaxtour.course.questions import PROOFS, what_of
from jaxtour.course.reader import FaultError, Mapping, Node, NodeKey, Scalar, Sequence, at
from jaxtour.course.remedies import QUOTE
from jaxtour.text import Raw, short

DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
MOST_CHOICES = 9
SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")
EXCEPTIONS = [
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
]


def check(step: Step, node: Mapping, lines: list[str]) -> None:
    """Raise `FaultError` for the step's first fault; `lines` is the whole file."""
    _parts(step, node)
    if step.raises is not None:
        _exception(step, step.raises, at(node, "raises"))
    if step.ask:
        _ask(step.ask, node)
    check_work(step, node)
    for index, change in enumerate(step.tries):
        if change.raises is not None:
            _exception(step, change.raises, at(node, "tries", index, "raises"))
    if step.requires:
        check_requires(step.requires, at(node, "requires"))
    if step.expect:
        _rows(at(node, "expect", "value") if step.expect.value is not None else None)
        _labels(step, node)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for raw, place, mode in _sources(step, node):
            source = raw.text
            if source and not (mode == "exec" and step.raises in SYNTAX_ERRORS):
                _python(source, place, mode, lines)


def check_requires(requires: Requires, node: Node) -> None:
    """Raise `FaultError` if `requires.jax` is not a version specifier."""
    if requires.jax == Requires().jax:
        return
    # This import takes 10 ms, and most lessons use the default.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(requires.jax)
    except InvalidSpecifier:
        message = f'`{short(requires.jax)}` is not a version specifier: write it like ">=0.9" or ">=0.9,<0.13"'
        raise FaultError(at(node, "jax"), message) from None


def _parts(step: Step, node: Mapping) -> None:
    if step.exercise and step.code:
        raise FaultError(node.entries["code"][0], "`code` beside an `exercise` never runs: move it to `setup`")
    if not step.exercise and not step.code.text.strip():
        message = "`code` is missing: add it or an `exercise`, or move the text to another step"
        raise FaultError(node.value("code") or node, message)
    baselines = [index for index, entry in enumerate(step.time) if isinstance(entry, TimeSpec) and entry.baseline]
    for index, entry in enumerate(step.time):
        if isinstance(entry, TimeSpec) and entry.sizes and not re.search(r"\bn\b", entry.call.text):
            raise FaultError(
                at(node, "time", index, "sizes"), "`sizes` needs a call that uses `n`, as in f(jnp.ones(n))"
            )
    if len(baselines) > 1:
        raise FaultError(at(node, "time", baselines[1], "baseline"), "there is already a `baseline`: keep one")


def _exception(step: Step, name: str, place: Node) -> None:
    if not DOTTED.fullmatch(name):
        raise FaultError(place, f"`raises` must be an exception's name, not `{short(name)}`")
    if "." in name or name in EXCEPTIONS or re.search(rf"\b{name}\b", step.setup.text + step.solved_code.text):
        return
    # Reports only certain slips: the class may come from jax or from an earlier step.
    if near := difflib.get_close_matches(name, EXCEPTIONS, n=1, cutoff=0.9):
        raise FaultError(place, f"unknown exception `{name}`: did you mean `{near[0]}`?")


def _ask(ask: Ask, node: Mapping) -> None:
    here = at(node, "ask")
    if ask.value is not None:
        _question(ask.value.text, at(here, "value"))
    if ask.value is not None and ask.answer is not None:
        raise FaultError(at(here, "answer"), "`ask` takes either an `answer` or a `value`, which finds it: delete one")
    if not ask.choices:
        if ask.value is None:
            raise FaultError(here, "`ask` needs either `choices` with an `answer`, or a `value`")
        return
    if not 2 <= len(ask.choices) <= MOST_CHOICES:
        raise FaultError(at(here, "choices"), f"`choices` needs 2 to {MOST_CHOICES} entries, each with its digit")
    if len(set(ask.texts)) < len(ask.texts):
        raise FaultError(at(here, "choices"), "two `choices` are the same: delete one")
    if ask.value is not None:
        return
    if ask.answer is None:
        message = "`answer` is missing: add the number of the right choice, from 1, or a `value` that finds it"
        raise FaultError(here, message)
    if not 1 <= ask.answer <= len(ask.choices):
        message = f"`answer` is {ask.answer}, but the choices are 1 to {len(ask.choices)}"
        raise FaultError(at(here, "answer"), message)


def _question(value: str, place: Node) -> None:
    """Raise `FaultError` for `WHAT of CALL` with an unknown word, or with one call to compare."""
    what, rest = what_of(value)
    if what and what not in PROOFS:
        near = difflib.get_close_matches(what, PROOFS, n=1)
        known = f"did you mean `{near[0]} of`?" if near else f"known are {', '.join(PROOFS)}"
        raise FaultError(place, f"unknown question `{what} of`: {known}")
    if what == "fastest" and len(list(filter(str.strip, rest.split("|")))) < 2:
        raise FaultError(place, "`fastest of` needs at least 2 calls or labels of `time`, with `|` between them")


def _asked(step: Step) -> Iterator[str]:
    """Yield the expressions in a question."""
    value = step.ask.value.text if step.ask and step.ask.value is not None else ""
    what, call = what_of(value)
    if what == "fastest":
        labels = [entry.label for entry in step.time if isinstance(entry, TimeSpec)]
        yield from (each for each in call.split("|") if each.strip() not in labels)
    elif value:
        yield call


def _rows(node: Node | None) -> None:
    if isinstance(node, Mapping):
        raise FaultError(node, f"`expect.value` must be text or nested lists, not a mapping: {QUOTE}")
    for item in node.items if isinstance(node, Sequence) else ():
        _rows(item)


def _labels(step: Step, node: Mapping) -> None:
    """Raise `FaultError` if `expect.equations` names a label that the step's own traces lack."""
    if not step.expect or not step.expect.equations or step.trace is None:
        return
    entries = (step.trace,) if isinstance(step.trace, Raw) else step.trace
    labels = [str(entry) if isinstance(entry, Raw) else entry.label or str(entry.call) for entry in entries]
    for label in step.expect.equations:
        if label not in labels:
            mapping = at(node, "expect", "equations")
            place = mapping.entries[label][0] if isinstance(mapping, Mapping) else mapping
            raise FaultError(place, f"no trace is labelled `{short(label)}`: labels are {', '.join(labels) or 'none'}")


def _sources(step: Step, node: Mapping) -> Iterator[tuple[Raw, Node, Literal["exec", "eval"]]]:
    """Yield every piece of Python in the step except the starter, which may be unfinished."""
    yield step.setup, at(node, "setup"), "exec"
    yield step.code, at(node, "code"), "exec"
    yield from sources(step, node)
    if isinstance(step.trace, Raw):
        yield step.trace, at(node, "trace"), "eval"
    for name, entries in ("trace", step.trace), ("time", step.time):
        for index, entry in enumerate(entries if isinstance(entries, tuple) else ()):
            path: tuple[NodeKey, ...] = (name, index) if isinstance(entry, Raw) else (name, index, "call")
            yield (entry if isinstance(entry, Raw) else entry.call), at(node, *path), "eval"
    for each in _asked(step):
        yield Raw(each), at(node, "ask", "value"), "eval"


def _python(source: str, place: Node, mode: Literal["exec", "eval"], lines: list[str]) -> None:
    """Raise `FaultError` at the exact character if this is not Python."""
    try:
        compile(source if mode == "exec" else source.strip(), "<lesson>", mode, dont_inherit=True)
    except SyntaxError as error:
        message = f"this is not Python: {error.msg}"
        stripped = (error.text or "").lstrip()
        if mode == "eval":
            message = f"this is not a Python expression: {error.msg}"
        elif stripped.startswith(("%", "!")):
            message += "; notebook commands (%, !) do not work here"
        if isinstance(place, Scalar) and place.flow and place.style == "plain" and "never closed" in message:
            message += f"; a comma ends a value inside brackets: {QUOTE}"
        raise FaultError(inside(place, lines, error.lineno or 1, error.offset or 1), message) from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = "it is nested too deep" if isinstance(error, (RecursionError, MemoryError)) else str(error)
        raise FaultError(place, f"this is not Python: {reason}") from None


def inside(place: Node, lines: list[str], line: int, column: int) -> tuple[int, int]:
    """Return line and column in the file of a place inside a text."""
    if not isinstance(place, Scalar):
        return place.line, place.column
    if place.style == "literal":
        content = place.text.rstrip("\n").split("\n")
        # Python reports unfinished code on the line after the last.
        line = min(line, len(content))
        row = min(place.line + line, len(lines))
        indent = len(lines[row - 1]) - len(content[line - 1])
        return row, indent + max(column, 1)
    if place.style != "folded" and "\n" not in place.text and line == 1:
        return place.line, place.column + max(column, 1) - 1 + (place.style == "quoted")
    return place.line, place.column
