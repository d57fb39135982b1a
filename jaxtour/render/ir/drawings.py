"""Draws what a primitive does to axes: operands and results with a letter for each axis."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from jaxtour.render.ir.avals import parsed
from jaxtour.render.ir.equations import Equation, Parameter, TypedName
from jaxtour.render.text.layout import Line, width_of
from jaxtour.text import plural

_LETTERS = "ijklmnopqrstuvwxyz"
_BATCH = "bcdefgh"


@dataclass(frozen=True, slots=True)
class _Row:
    thing: TypedName
    axes: str
    note: str = ""


_Drawing = Callable[[Equation, Sequence[TypedName], Sequence[TypedName]], "list[_Row] | str"]


def drawing(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> list[Line]:
    """Return the axes of an equation; empty for a primitive without a drawing, or with unknown parameters."""
    draw = _DRAWINGS.get(equation.name)
    if draw is None:
        return []
    try:
        drawn = draw(equation, operands, results)
    except (ValueError, TypeError, IndexError, KeyError, ZeroDivisionError):
        # Another release of JAX has other parameters.
        return []
    if isinstance(drawn, str):
        return [((drawn, ""),)] if drawn else []
    return _aligned(drawn)


def _aligned(rows: Sequence[_Row]) -> list[Line]:
    names = max(width_of(row.thing.name) for row in rows)
    types = max(width_of(row.thing.type) for row in rows)
    return [
        (
            (f"{row.thing.name:<{names}}  ", "name"),
            (f"{row.thing.type:<{types}}  ", "type"),
            ("axes ", "faint"),
            (row.axes, "strong"),
            (f"   {row.note}" if row.note else "", "muted"),
        )
        for row in rows
    ]


def _shape(thing: TypedName) -> tuple[int, ...]:
    """Return the sizes of a shape; raises `ValueError` for an unknown size."""
    aval = parsed(thing.type)
    if aval is None:
        raise ValueError(thing.type)
    return tuple(map(int, aval.shape))


def _spaced(axes: Sequence[str]) -> str:
    return " ".join(axes) if axes else "none"


def _dot(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> list[_Row]:
    (contract, batch), (a, b) = _needed(equation, "dimension_numbers"), operands[:2]
    letters = iter(letter for letter in _LETTERS if letter not in "jk")
    kept, summed = iter(_BATCH), iter("klmnopq")
    left, right = ["?"] * len(_shape(a)), ["?"] * len(_shape(b))
    for pairs, names in ((batch, kept), (contract, summed)):
        for first, second in zip(*pairs, strict=True):
            left[first] = right[second] = next(names)
    over = [left[axis] for axis in contract[0]]
    for place, axis in enumerate(left):
        if axis == "?":
            left[place] = next(letter for letter in letters if letter not in over)
    free = (letter for letter in "j" + _LETTERS if letter not in left)
    for place, axis in enumerate(right):
        if axis == "?":
            right[place] = next(free)
    out = [left[axis] for axis in batch[0]]
    out += [axis for axis in left if axis not in out and axis not in over]
    out += [axis for axis in right if axis not in out and axis not in over]
    return [
        _Row(a, _spaced(left)),
        _Row(b, _spaced(right)),
        _Row(results[0], _spaced(out), f"= sum over {', '.join(over)}" if over else "= product, no sum"),
    ]


def _given(equation: Equation, name: str) -> Any:
    """Return a parameter's value; None if it is missing, or known as text only."""
    return equation.everything.get(name, Parameter("")).value


def _needed(equation: Equation, name: str) -> Any:
    value = _given(equation, name)
    if value is None:
        raise ValueError(name)
    return value


def _transpose(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> list[_Row]:
    order = _needed(equation, "permutation")
    return [
        _Row(operands[0], _spaced(_LETTERS[: len(order)])),
        _Row(results[0], _spaced([_LETTERS[axis] for axis in order])),
    ]


def _broadcast(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> list[_Row] | str:
    after = _shape(results[0])
    # A scalar has no such parameter.
    places = tuple(_given(equation, "broadcast_dimensions") or ())
    before = _shape(operands[0])
    if len(places) != len(before):
        raise ValueError(places)
    axes = ["·"] * len(after)
    stretched = []
    for axis, place in enumerate(places):
        axes[place] = _LETTERS[axis]
        if before[axis] != after[place]:
            stretched.append(_LETTERS[axis])
    times = prod(size for size, axis in zip(after, axes, strict=True) if axis == "·")
    told = [f"· is new: repeated {times} times" if times != 1 else "· is new"] * ("·" in axes)
    told += [f"{', '.join(stretched)} repeated"] * bool(stretched)
    return [_Row(operands[0], _spaced(_LETTERS[: len(before)])), _Row(results[0], _spaced(axes), "; ".join(told))]


_VERBS = {
    "reduce_sum": "sum", "reduce_max": "maximum", "reduce_min": "minimum", "reduce_prod": "product",
    "reduce_and": "and", "reduce_or": "or", "reduce_xor": "xor", "reduce": "combined",
    "argmax": "index of the largest", "argmin": "index of the smallest",
}  # fmt: skip


def _reduce(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> list[_Row]:
    gone = _needed(equation, "dimensions" if equation.name in ("reduce", "squeeze") else "axes")
    axes = _LETTERS[: len(_shape(operands[0]))]
    kept = [letter for axis, letter in enumerate(axes) if axis not in gone]
    verb, over = _VERBS.get(equation.name), ", ".join(axes[axis] for axis in gone)
    return [_Row(operands[0], _spaced(axes)), _Row(results[0], _spaced(kept), f"= {verb} over {over}" if verb else "")]


def _reshape(_: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> str:
    """Return which sizes became which, in the smallest groups of equal size."""
    before, after = [s for s in _shape(operands[0]) if s != 1], [s for s in _shape(results[0]) if s != 1]
    groups = []
    while before and after and 0 not in before and 0 not in after:
        left, right = [before.pop(0)], [after.pop(0)]
        while prod(left) != prod(right):
            (left.append(before.pop(0)) if prod(left) < prod(right) else right.append(after.pop(0)))
        groups.append((left, right))
    told = [f"{'·'.join(map(str, a))} → {'·'.join(map(str, b))}" for a, b in groups if a != b]
    if not told:
        return "only adds or removes axes of size 1"
    return f"{', '.join(told)}   {prod(_shape(operands[0]))} elements, row-major"


def _concatenate(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> str:
    axis = int(_needed(equation, "dimension"))
    sizes = [_shape(thing)[axis] for thing in operands]
    said = " + ".join(map(str, sizes)) if len(sizes) <= 8 else f"{len(sizes)} pieces"
    return f"axis {axis}: {said} = {_shape(results[0])[axis]}"


def _split(equation: Equation, operands: Sequence[TypedName], _: Sequence[TypedName]) -> str:
    axis, sizes = int(_needed(equation, "axis")), _needed(equation, "sizes")
    return f"axis {axis}: {_shape(operands[0])[axis]} = {' + '.join(map(str, sizes))}"


def _slice(equation: Equation, operands: Sequence[TypedName], _: Sequence[TypedName]) -> str:
    starts, limits = _needed(equation, "start_indices"), _needed(equation, "limit_indices")
    steps = _given(equation, "strides") or (1,) * len(starts)
    parts = [f"{a}:{b}" + (f":{c}" if c != 1 else "") for a, b, c in zip(starts, limits, steps, strict=True)]
    return f"{operands[0].name}[{', '.join(parts)}]"


def _dynamic_slice(equation: Equation, operands: Sequence[TypedName], _: Sequence[TypedName]) -> str:
    sizes = _needed(equation, "slice_sizes")
    starts = [thing.name for thing in operands[1 : 1 + len(sizes)]]
    parts = [f"{a}:{a}+{b}" for a, b in zip(starts, sizes, strict=True)]
    return f"{operands[0].name}[{', '.join(parts)}]"


def _pad(equation: Equation, *_: Sequence[TypedName]) -> str:
    parts = []
    for axis, (low, high, inner) in enumerate(_needed(equation, "padding_config")):
        said = [f"{count} {where}" for count, where in ((low, "before"), (high, "after"), (inner, "between")) if count]
        parts.append(f"axis {axis}: {', '.join(said) or 'nothing'}")
    return "; ".join(parts)


def _gather(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> list[_Row]:
    names = "collapsed_slice_dims", "offset_dims", "start_index_map"
    return _indexed(equation, (*operands[:2], results[0]), *names)


def _scatter(equation: Equation, operands: Sequence[TypedName], _: Sequence[TypedName]) -> list[_Row]:
    names = "inserted_window_dims", "update_window_dims", "scatter_dims_to_operand_dims"
    return _indexed(equation, operands[:3], *names)


def _indexed(equation: Equation, things: Sequence[TypedName], dropped: str, windows: str, map_: str) -> list[_Row]:
    """Return an array, indices into it, and the pieces there; the last axis of the indices holds one index."""
    array, places, pieced = things
    numbers = _needed(equation, "dimension_numbers")
    window, along = numbers[windows], numbers[map_]
    gone = {*numbers[dropped], *(numbers.get("operand_batching_dims") or ())}
    axes = _LETTERS[: len(_shape(array))]
    pieces = iter(letter for axis, letter in enumerate(axes) if axis not in gone)
    each = _BATCH[: len(_shape(places)) - 1]
    counted = iter(each)
    out = [next(pieces) if axis in window else next(counted) for axis in range(len(_shape(pieced)))]
    told = ", ".join(axes[axis] for axis in along)
    return [
        _Row(array, _spaced(axes)),
        _Row(places, _spaced([*each, "·"]), f"· holds an index along {told}"),
        _Row(pieced, _spaced(out)),
    ]


def _convolution(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> list[_Row]:
    numbers = _needed(equation, "dimension_numbers")
    things = ((operands[0], "lhs_spec", "NC"), (operands[1], "rhs_spec", "OI"), (results[0], "out_spec", "NC"))
    space = "HW" if len(_shape(operands[0])) == 4 else "XYZUVW"
    notes = ("N batch, C feature", "O out, I in", "")
    rows = []
    for (thing, key, names), note in zip(things, notes, strict=True):
        axes = ["?"] * len(_shape(thing))
        for letter, axis in zip(names + space, numbers[key], strict=False):
            axes[axis] = letter
        rows.append(_Row(thing, _spaced(axes), note))
    return rows


def _scan(equation: Equation, operands: Sequence[TypedName], results: Sequence[TypedName]) -> str:
    consts, carry = _given(equation, "num_consts"), _given(equation, "num_carry")
    if carry is None:
        # Since JAX 0.12, `ft_in` has the number of leaves in each of three groups of operands.
        consts, carry, _ = _needed(equation, "ft_in")
    xs, ys = len(operands) - consts - carry, len(results) - carry
    told = [f"{count} {name}" for count, name in ((consts, "constants"), (carry, "carried"), (xs, "xs")) if count]
    length = equation.everything.get("length", Parameter("?")).text
    return f"{', '.join(told) or 'nothing'} → {carry} carried, {ys} stacked; {length} times"


def _while(equation: Equation, operands: Sequence[TypedName], _: Sequence[TypedName]) -> str:
    consts = int(_needed(equation, "cond_nconsts")) + int(_needed(equation, "body_nconsts"))
    state = len(operands) - consts
    told = f"state of {state}" + (f", {consts} constants" if consts else "")
    return f"{told}: {' '.join(thing.name for thing in operands[consts:][:8])}"


def _cond(equation: Equation, operands: Sequence[TypedName], _: Sequence[TypedName]) -> str:
    branches = len(equation.bodies)
    if branches < 2:
        raise ValueError(branches)
    takes = len(equation.bodies[0].constants) + len(equation.bodies[0].inputs)
    return f"{operands[0].name} chooses one of {branches} branches, which take {plural(takes, 'operand')}"


def _select(_: Equation, operands: Sequence[TypedName], __: Sequence[TypedName]) -> str:
    which, *cases = [thing.name for thing in operands]
    if len(cases) == 2:
        return f"{which} false: {cases[0]}, true: {cases[1]}"
    return f"{which} selects one of {', '.join(cases[:8])}"


_DRAWINGS: Mapping[str, _Drawing] = {
    "dot_general": _dot, "transpose": _transpose, "broadcast_in_dim": _broadcast, "squeeze": _reduce,
    "reshape": _reshape, "concatenate": _concatenate, "split": _split, "slice": _slice,
    "dynamic_slice": _dynamic_slice, "pad": _pad, "gather": _gather, "conv_general_dilated": _convolution,
    "scan": _scan, "while": _while, "cond": _cond, "select_n": _select,
    **dict.fromkeys(_VERBS, _reduce),
    **dict.fromkeys(("scatter", "scatter-add", "scatter-mul", "scatter-min", "scatter-max", "scatter-sub"), _scatter),
}  # fmt: skip
"""The drawing of each primitive."""
