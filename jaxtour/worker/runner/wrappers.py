"""The user's function behind a library's wrapper of `jax.jit`, and the user's names for its arguments.

A wrapper such as `equinox.filter_jit` is an object with a `__wrapped__`. It takes the user's arguments, and passes
their arrays to its own function. The arrays are the same objects, so they identify the arguments.
"""

import inspect
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

import jax

from .. import compat
from .failures import attempt
from .learners import wire_file

Inputs = Mapping[str, str]
"""The types of a program's arguments, and the values of static ones, by name."""
_MOST = 3


def unwrapped(lowering: compat.Lowering) -> compat.Lowering:
    """Return the program with the place and the argument names of the function that the user wrote, where available."""
    frame: FrameType | None = sys._getframe(1)
    found = lowering
    while frame is not None and wire_file(frame.f_code.co_filename) is None:
        seen, _ = attempt(_seen, frame, lowering)
        found = seen or found
        frame = frame.f_back
    return found


def _seen(frame: FrameType, lowering: compat.Lowering) -> compat.Lowering | None:
    """Return the program as the wrapper in this frame knows it.

    None for a frame that wraps another function, or nothing.
    """
    code, held = frame.f_code, frame.f_locals
    if not {"args", "kwargs"} <= set(code.co_varnames) or not code.co_argcount:
        return None
    function = inspect.unwrap(held[code.co_varnames[0]])
    own = getattr(function, "__code__", None)
    if own is None or function.__name__ != lowering.name:
        return None
    signature = inspect.signature(function)
    given = signature.bind(*held["args"], **held["kwargs"]).arguments
    flat, _ = jax.tree_util.tree_flatten_with_path(dict(given))
    leaves = [(f"{path[0].key}{jax.tree_util.keystr(path[1:])}", leaf) for path, leaf in flat]
    names, often = {id(leaf): name for name, leaf in leaves}, Counter(id(leaf) for _, leaf in leaves)
    traced = [*map(id, lowering.leaves)]
    static = {name: leaf for name, leaf in leaves if id(leaf) not in traced and _is_plain(leaf)}
    known = [names[leaf] if often[leaf] == 1 else "" for leaf in traced]
    arguments = lowering.arguments
    if len(known) == len(arguments):
        arguments = tuple(new or old for new, old in zip(known, arguments, strict=True))
    return lowering._replace(
        function=compat.Function(own.co_filename, own.co_firstlineno),
        arguments=arguments,
        static=static | {name: value for name, value in lowering.static.items() if name in signature.parameters},
    )


def _is_plain(leaf: Any) -> bool:
    return isinstance(leaf, (bool, int, float, complex, str))


def difference(now: Inputs, earlier: Sequence[Inputs]) -> str:
    """Say how a program differs from the most similar earlier one; empty without earlier ones.

    JAX does not explain cache misses of functions that a library defines.
    """
    alike = [each for each in earlier if each.keys() == now.keys()]
    if not alike:
        return "its arguments have another structure" if earlier else ""
    changes = [
        [f"{name} was {each[name]}, now {now[name]}" for name in now if each[name] != now[name]] for each in alike
    ]
    fewest = min(changes, key=len)
    more = len(fewest) - _MOST
    if not fewest:
        return "something static in its arguments changed"
    return "; ".join(fewest[:_MOST]) + (f"; and {more} more" if more > 0 else "")
