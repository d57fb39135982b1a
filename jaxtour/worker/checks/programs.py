"""Checks of what JAX and the compiler make of the learner's code."""

import functools
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from .. import compat
from ..ir.hlo import HloReader
from ..ir.instructions import Instruction
from ..ir.lens import Call, trace, traced_of
from ..ir.spans import Span
from ..ir.stages import Staged, staged
from ..ir.walk import Walk, count, primitives
from ..memory.analysis import memory as memory_of
from ..runner.failures import attempt
from ..runner.functions import layers
from ..timing.retraces import counted
from ..timing.trees import leaves_of, settled
from .look import Look, NotYetError
from .spaces import LessonError
from .words import alternatives, grouped, is_array, listed, plural, type_of

_STARTS, _GOES_ON = "-start", ("-done", "-update")
"""The parts of an asynchronous instruction: the first one stands for it."""
_OWN = ("temporary", "output")
_SIZE, _FIRST, _LAST, _KIND, _TYPE = 1, 4, 5, 6, 7
"""Columns of a block of memory."""
_MOST_SPANS = 8


def jaxpr(look: Look) -> None:
    """Check the primitives and the number of equations of a call's jaxpr."""
    source = look.check["jaxpr"]
    with look.learners(source) as workspace:
        expression = look.spaces.expression(source)
        made = traced_of(workspace, expression).jaxpr
    around = (expression.span,) if expression.span else ()

    def places(names: Container[str]) -> Iterator[Span]:
        for row in Walk(made, around).table.rows:
            if row.get("name", "") in names:
                yield from (*row.get("spans", ()), *row.get("callers", ()))

    _named(look, primitives(made), places)
    most, equations = look.check.get("most"), count(made)
    if most is not None and equations > most:
        raise NotYetError(f"at most {plural(most, 'equation')}", grouped(equations))


def hlo(look: Look) -> None:
    """Check the opcodes of a call's compiled program."""
    made = _compiled(look, look.check["hlo"])
    opcodes = (line.opcode for line in _instructions(made.optimised))
    counts = Counter(opcode.removesuffix(_STARTS) for opcode in opcodes if not opcode.endswith(_GOES_ON))

    def places(names: Container[str]) -> Iterator[Span]:
        for line in _instructions(made.linked):
            if line.opcode.removesuffix(_STARTS) in names:
                yield from (*(line.own or line.lent), *line.callers)

    _named(look, counts, places)


def memory(look: Look) -> None:
    """Check the bytes of temporaries and results at the peak of a call's compiled program."""
    most, made = look.check["most"], _compiled(look, look.check["memory"])
    held, error = attempt(memory_of, made.compiled, made.optimised)
    figures = compat.memory_analysis(made.compiled)
    if held is None and not figures:
        raise LessonError(f"it cannot be checked here: {error}")
    if held is None:
        peak, there = sum(figures.get(f"{kind}_size_in_bytes", 0) for kind in ("temp", "output")), []
    else:
        at = held["at"]
        peak = held["used"][at] if held["used"] else 0
        there = [row for row in held["blocks"] if row[_FIRST] <= at <= row[_LAST] and row[_KIND] in _OWN]
    if peak <= most:
        return
    got = plural(peak, "byte")
    spans: tuple[Span, ...] = ()
    if there:
        largest = max(there, key=lambda row: int(row[_SIZE]))
        got += f", {grouped(largest[_SIZE])} of them for a {largest[_TYPE]}"
        lines = (line for line in _instructions(made.linked) if line.line == largest[0])
        spans = _own(look, (span for line in lines for span in line.own or line.lent))
    raise NotYetError(f"at most {plural(most, 'byte')} at the peak", got, spans)


def _instructions(module: HloReader) -> Iterator[Instruction]:
    return (line for whole in module.computations.values() for line in whole.instructions)


def compiles(look: Look) -> None:
    """Check how often calls compile, made one after another, with nothing compiled before."""
    most = 1 if look.check.get("most") is None else look.check["most"]
    calls = []
    for source in look.check["compiles"]:
        with look.call(source) as call:
            calls.append(call)
    settled([leaf for call in calls for leaf in leaves_of((call.args, call.kwargs)) if is_array(leaf)])
    found: list[int] = []
    reasons: list[str] = []
    jax.clear_caches()
    spaces = look.spaces
    with (
        compat.no_persistent_cache(),
        counted(look.events, lambda _: None, spaces.file, [spaces.code], lambda _, why: reasons.append(why)),
    ):
        for call in calls:
            before = look.events.compiles
            settled(call.function(*call.args, **call.kwargs))
            found.append(look.events.compiles - before)
    if sum(found) > most:
        each = [f"{number} in {source}" for number, source in zip(found, look.check["compiles"], strict=True) if number]
        why = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
        raise NotYetError(
            f"at most {plural(most, 'compilation')}", f"{sum(found)}: {listed(each)}{f' ({why})' if why else ''}"
        )


def donates(look: Look) -> None:
    """Check that a call of a jitted function donates an argument, so that the result reuses its memory."""
    source, place = look.check["donates"], look.check.get("argument", 0)
    with look.call(source) as call:
        if place >= len(call.args):
            raise LessonError(f"{source} has no argument {place}")
        args = [*call.args]
        args[place] = jax.tree.map(jnp.asarray, args[place])
        declared = _declared(call, args, place)
        arrays = [leaf for leaf in jax.tree.leaves(args[place]) if isinstance(leaf, jax.Array)]
        settled(call.function(*args, **call.kwargs))
        kept = [array for array in arrays if not array.is_deleted()]
    if not kept or (declared and not _backend_donates()):
        return
    got = f"argument {place} unchanged: it is not donated"
    if declared:
        got = f"argument {place} unchanged: it is donated, but no result is a {type_of(kept[0])}"
    elif len(kept) < len(arrays):
        got = f"{plural(len(kept), 'array')} of {len(arrays)} in it unchanged"
    raise NotYetError(f"argument {place} to be gone after the call", got)


def leaks(look: Look) -> None:
    """Check that tracing a call leaves no tracer behind."""
    source = look.check["leaks"]
    jax.clear_caches()
    with look.call(source) as call:
        with jax.checking_leaks():
            _, error = attempt(trace, call)
        if error is None:
            return
        if not str(error).startswith("Leaked"):
            raise error
        spaces = [look.spaces.workspace.namespace]
        spaces += [layer.__globals__ for layer in layers(call.function) if hasattr(layer, "__globals__")]
        holders = dict.fromkeys(name for space in spaces for name, value in [*space.items()] if _holds_tracer(value))
    held = f"a tracer in {listed(holders)}" if holders else "a tracer that outlives it"
    raise NotYetError("nothing left over from the trace", held)


def _compiled(look: Look, source: str) -> Staged:
    """Lower a call; raises its errors."""
    with look.learners(source) as workspace:
        return staged(workspace, look.spaces.expression(source))


def _named(look: Look, counts: Counter[str], places: Callable[[Container[str]], Iterable[Span]]) -> None:
    """Raise `NotYetError` if a required name is missing or a forbidden one is present."""
    check: Mapping[str, Any] = look.check
    for wanted in check.get("has") or ():
        if not any(counts[name] for name in alternatives(wanted)):
            raise NotYetError(" or ".join(alternatives(wanted)), f"only {listed(sorted(counts))}")
    for unwanted in check.get("lacks") or ():
        if found := [name for name in alternatives(unwanted) if counts[name]]:
            raise NotYetError(
                f"no {' or '.join(alternatives(unwanted))}", _counted(counts, found), _own(look, places(found))
            )
    for wanted, number in (check.get("exactly") or {}).items():
        names = alternatives(wanted)
        if sum(counts[name] for name in names) != number:
            expected = f"{grouped(number)} {' or '.join(names)}"
            raise NotYetError(expected, _counted(counts, names), _own(look, places(names)))


def _counted(counts: Counter[str], names: Iterable[str]) -> str:
    return listed(f"{grouped(counts[name])} {name}" for name in names)


def _own(look: Look, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans in the learner's own code, each once."""
    return tuple(dict.fromkeys(each for each in spans if each[0] == look.spaces.name))[:_MOST_SPANS]


def _declared(call: Call, args: list[Any], place: int) -> bool:
    """Return whether the function declares that it donates the argument."""
    if not compat.is_jitted(call.function):
        return False
    lowered, _ = attempt(lambda: call.function.lower(*args, **call.kwargs))
    passed = getattr(lowered, "args_info", ((),))[0][place : place + 1]
    infos = jax.tree.leaves(passed, is_leaf=lambda each: hasattr(each, "donated"))
    return bool(infos) and all(getattr(info, "donated", False) for info in infos)


@functools.cache
def _backend_donates() -> bool:
    """Return whether a donated array is gone afterwards on this backend."""
    array = jnp.ones(3)
    settled(jax.jit(lambda value: value + 1, donate_argnums=0)(array))
    return bool(array.is_deleted())


def _holds_tracer(value: Any) -> bool:
    leaves, _ = attempt(leaves_of, value)
    return any(compat.is_tracer(leaf) for leaf in leaves or ())
