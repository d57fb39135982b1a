"""Answers a step's question: the value of an expression, or a fact about a call, written `WHAT of CALL`."""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import jax
import numpy as np

from .. import compat
from ..ir import lens
from ..ir.walk import Walk, count
from .describe import plain_text
from .execute import Workspace
from .failures import attempt
from .writer import Event

_WHAT_OF = re.compile(r"\s*(?P<what>[a-z]+)\s+of\s+(?P<call>.+)", re.S)
_INDEX = "__jaxtour_index__"
UNDECIDED = "about the same"
"""The answer if no call is clearly the fastest."""


def answer(workspace: Workspace, events: compat.CompileEvents, question: str) -> str:
    """Return the answer as text; raises what the learner's code raises, and `LensError` if there is no answer."""
    if not (match := _WHAT_OF.fullmatch(question)):
        return plain_text(workspace.evaluate(question))
    if match["what"] not in ANSWERS:
        raise lens.LensError(f"unknown question “{match['what']} of”: known are {', '.join([*ANSWERS, 'fastest'])}")
    return ANSWERS[match["what"]](workspace, events, match["call"])


def _equations(workspace: Workspace, _events: compat.CompileEvents, call: str) -> str:
    return str(count(lens.jaxpr_of(workspace, call)))


def _primitives(workspace: Workspace, _events: compat.CompileEvents, call: str) -> str:
    return ", ".join(sorted(Walk(lens.jaxpr_of(workspace, call)).primitives))


def _shape(workspace: Workspace, _events: compat.CompileEvents, source: str) -> str:
    return str(_of_leaves(workspace, source, lambda leaf: tuple(getattr(leaf, "shape", ()))))


def _dtype(workspace: Workspace, _events: compat.CompileEvents, source: str) -> str:
    return str(_of_leaves(workspace, source, _dtype_of)).replace("'", "")


def _dtype_of(leaf: Any) -> str:
    return str(getattr(leaf, "dtype", type(leaf).__name__))


def _of_leaves(workspace: Workspace, source: str, fact: Callable[[Any], Any]) -> Any:
    """Return a fact about each leaf of the value, in its pytree; without computing it, if its function can be traced.

    NumPy's arrays stay NumPy's, since a function may treat them differently from JAX's.
    """
    call = lens.parse_call(workspace, source)
    if call is None:
        return jax.tree.map(fact, workspace.evaluate(source))
    abstracted = call.abstracted((), host=False)
    told: list[Any] = []

    def tell(*arrays: Any) -> tuple[()]:
        told.append(jax.tree.map(fact, abstracted.function(*arrays)))
        return ()

    _, error = attempt(jax.eval_shape, tell, *abstracted.values)
    return told[-1] if error is None else jax.tree.map(fact, call.function(*call.args, **call.kwargs))


def _compilations(workspace: Workspace, events: compat.CompileEvents, source: str) -> str:
    """Return how often the call compiles now; not its arguments, whose own functions may compile too."""
    call = lens.parse_call(workspace, source)
    if call is None:
        raise lens.LensError("not a call: write a function call, such as f(x)")
    before = events.compiles
    jax.block_until_ready(call.function(*call.args, **call.kwargs))
    return str(events.compiles - before)


def _devices(workspace: Workspace, _events: compat.CompileEvents, source: str) -> str:
    """Return the ids of the devices with the value; of `x[3]`, those with that part of `x`."""
    tree = lens.expression(source).tree
    held: Iterable[Any] = ()
    if isinstance(tree, ast.Subscript) and isinstance(array := workspace.evaluate_tree(tree.value), jax.Array):
        index = ast.copy_location(ast.Subscript(ast.Name(_INDEX, ast.Load()), tree.slice, ast.Load()), tree)
        held = _holders(array, workspace.evaluate_tree(ast.fix_missing_locations(index), {_INDEX: np.index_exp}))
    if not held:
        leaves = jax.tree.leaves(workspace.evaluate(source))
        held = {device for leaf in leaves if isinstance(leaf, jax.Array) for device in leaf.devices()}
    if not held:
        raise lens.LensError("not a JAX array: nothing else is on devices")
    return ", ".join(map(str, sorted(device.id for device in held)))


def _holders(array: jax.Array, index: tuple[Any, ...]) -> set[Any]:
    """Return the devices with some of a part of an array, which integers and slices select; none for another index."""
    if not all(isinstance(part, int | np.integer | slice) for part in index):
        return set()
    wanted = [_range(length, part) for length, part in zip(array.shape, index, strict=False)]
    placed = array.sharding.devices_indices_map(array.shape)
    return {
        device
        for device, parts in placed.items()
        if all(
            any(place in range(*part.indices(length)) for place in places)
            for places, part, length in zip(wanted, parts or (), array.shape, strict=False)
        )
    }


def _range(length: int, part: Any) -> range:
    places = range(length)[part]
    return places if isinstance(places, range) else range(places, places + 1)


Answerer: TypeAlias = Callable[[Workspace, compat.CompileEvents, str], str]
ANSWERS: Mapping[str, Answerer] = {
    "equations": _equations,
    "primitives": _primitives,
    "shape": _shape,
    "dtype": _dtype,
    "compilations": _compilations,
    "device": _devices,
    "devices": _devices,
}
"""How to answer `WHAT of CALL`, by the first word; `fastest` is answered by timings."""


def competitors(question: str) -> list[str]:
    """Return the labels or calls of `fastest of A | B`; empty for another question."""
    match = _WHAT_OF.fullmatch(question)
    if not match or match["what"] != "fastest":
        return []
    return [part.strip() for part in match["call"].split("|")]


def fastest(named: list[str], timings: list[Event], platform: str) -> str:
    """Return the label or call that is clearly fastest among timings: its slower half beats the others' faster half.

    `platform` decides for calls that were timed on several; the largest size decides for those timed by size.
    """
    found = {name: _timing(name, timings, platform) for name in named}
    first, *others = sorted(found, key=lambda name: float(found[name]["median_s"]))
    return UNDECIDED if any(found[first]["q3_s"] >= found[other]["q1_s"] for other in others) else first


def _timing(name: str, timings: list[Event], platform: str) -> Event:
    own = [each for each in timings if name in (each["label"], each["call"].strip())]
    good = [each for each in own if each.get("error") is None and "q3_s" in each]
    if not good:
        why = next((each["error"] for each in own if each.get("error")), "it was not measured")
        raise lens.LensError(f"{name}: {why}")
    return max(good, key=lambda each: (each["platform"] == platform, each.get("size") or 0))
