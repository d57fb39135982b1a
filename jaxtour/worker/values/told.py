"""The values of a call as a stage: its jaxpr's lines with their statistics, below a summary."""

import json
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .. import compat
from ..ir import lens
from ..ir.origins import Parsed, Table
from ..ir.printed import printed
from ..ir.spans import Span
from ..ir.walk import Walk
from ..runner.execute import Workspace
from ..runner.learners import wire_file
from ..runner.programs import FirstRun, Program
from .births import Birth
from .evaluate import BUDGET_S, Evaluation

_row = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_CUSTOM = ("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr")


def values(
    workspace: Workspace, source: lens.Expression, tick: Callable[[int], None]
) -> tuple[Table, Parsed, dict[str, Any]]:
    """Return the table of origins, the lines, and fields for the last piece; raises what the call raises."""
    call = lens.parse_call(workspace, source.awaited)
    if call is None:
        raise lens.LensError("a jaxpr alone has no values: write a call with its arguments, such as f(x)")
    jaxpr, inputs, _ = lens.trace(call)
    return _evaluated(jaxpr, inputs, tick, source.span)


def values_of_program(
    program: Program, first: FirstRun | None, tick: Callable[[int], None]
) -> tuple[Table, Parsed, dict[str, Any]]:
    """Return the values of a recorded program, with the inputs of its first run."""
    if first is None:
        raise lens.LensError("the second run of the program did not reach it")
    if len(first.inputs) != len(program.jaxpr.in_avals):
        raise lens.LensError("its inputs are not known one by one: name a call, as in --call 'f(x)'")
    return _evaluated(program.jaxpr, list(first.inputs), tick, program.around)


def _evaluated(
    jaxpr: Any, inputs: list[Any], tick: Callable[[int], None], around: Span | None
) -> tuple[Table, Parsed, dict[str, Any]]:
    evaluation = Evaluation(tick)
    evaluation.run(jaxpr, arrays(jaxpr, inputs))
    return told(jaxpr, evaluation, around)


def arrays(jaxpr: Any, inputs: list[Any]) -> list[Any]:
    """Return the inputs of a jaxpr, as arrays of its dtypes."""
    if any(isinstance(each, jax.ShapeDtypeStruct) for each in inputs):
        raise lens.LensError("its arguments are shapes without data: write arrays, such as jnp.ones(3)")
    typed = zip(inputs, jaxpr.in_avals, strict=True)
    return [each if isinstance(each, jax.Array) else jnp.asarray(each, aval.dtype) for each, aval in typed]


def told(jaxpr: Any, evaluation: Evaluation, around: Span | None = None) -> tuple[Table, Parsed, dict[str, Any]]:
    """Return what an evaluation found, in the lines of its jaxpr; `around` is the place of the traced call."""
    walk = Walk(jaxpr, (around,) if around else ())
    notes = _notes(evaluation)
    first, then = _births(evaluation)
    # A birth takes two lines, one with its operands; the last line has the titles of the columns.
    above = [each.equation for each in (first, then) if each for _ in range(2)]
    above += [None] * (first is None) + [equation for _, equation in notes] + [None]
    begun: dict[int, int] = {}
    parsed = printed(jaxpr, walk, above, begun)
    parsed.values = [""] * len(parsed.texts)
    for equation in _equations(jaxpr):
        if (line := begun.get(id(equation))) is not None and id(equation) in evaluation.statistics:
            parsed.values[line] = _row(_results(equation, evaluation))
    found = {
        "first": first and _birth(first, walk),
        "then": then and _birth(then, walk),
        "met": any(each.bad for row in evaluation.statistics.values() for each in row if each),
        "notes": [text for text, _ in notes],
        "heads": len(above),
        "evaluated": evaluation.evaluated,
    }
    return walk.table, parsed, {"evaluated": found}


def _births(evaluation: Evaluation) -> tuple[Birth | None, Birth | None]:
    """Return the first nan or inf; and where an inf became the first nan."""
    first, nan = evaluation.first or evaluation.first_nan, evaluation.first_nan
    return first, nan if first is not None and first.kind == "inf" else None


def _equations(jaxpr: Any) -> list[Any]:
    """Return every equation once, nested ones too."""
    waiting, seen, found = [getattr(jaxpr, "jaxpr", jaxpr)], set(), []
    while waiting:
        inner = waiting.pop()
        if id(inner) not in seen:
            seen.add(id(inner))
            found += inner.eqns
            waiting += [each for equation in inner.eqns for _, _, each in compat.nested(equation)]
    return found


def _results(equation: Any, evaluation: Evaluation) -> list[list[Any]]:
    """Return the statistics of each result, after its shape and dtype."""
    found = evaluation.statistics[id(equation)]
    avals = [var.aval for var in equation.outvars]
    types = [[list(getattr(aval, "shape", ())), str(getattr(aval, "dtype", ""))] for aval in avals]
    return [[*kind, *(each.row() if each else ())] for kind, each in zip(types, found, strict=True)]


def _birth(found: Birth, walk: Walk) -> dict[str, Any]:
    return {
        "primitive": found.equation.primitive.name,
        "kind": found.kind,
        "spans": walk.table.rows[walk.place(found.equation)].get("spans", ()),
        "direction": found.direction,
        "index": found.index,
        "iteration": found.iteration,
        "loops": found.loops,
        "operands": found.operands,
    }


def _notes(evaluation: Evaluation) -> list[tuple[str, Any]]:
    """Return sentences about the evaluation, each with the equation that it concerns."""
    known = evaluation.equations
    notes: list[tuple[str, Any]] = []
    if evaluation.stopped:
        count = f"{evaluation.evaluated:,}".replace(",", " ")
        notes.append((f"stopped after {BUDGET_S:g} s and {count} equations: the others have no values", None))
    for number, first in evaluation.rushed.items():
        text = f"its iterations from {first} on ran compiled: the figures do not include them"
        notes.append((f"{known[number].primitive.name}: {text}", known[number]))
    custom = [each for each in map(known.get, evaluation.custom) if _is_learners(each)]
    for numbers, text in (
        (list(evaluation.whole), "evaluated as a whole: the equations inside have no values"),
        (list(evaluation.effects), "called once more for these values"),
        ([id(each) for each in custom], "the function was evaluated; its rule is for derivatives"),
    ):
        if numbers:
            names = dict.fromkeys(known[number].primitive.name for number in numbers)
            notes.append((f"{', '.join(names)}: {text}", known[numbers[0]]))
    return notes


def _is_learners(equation: Any) -> bool:
    """Return whether a custom rule belongs to a function of the learner's, and not to a library's."""
    function = compat.traced_function(compat.nested(equation)[0][2])
    return function is not None and wire_file(function.file) is not None
