"""Values and counts as text, for the messages of failed checks."""

from typing import Any

import jax
import numpy as np

from .. import compat
from ..runner.describe import plain_text
from ..runner.execute import SHORT_DTYPES
from ..runner.failures import attempt

MOST_SHOWN = 16
"""An array with at most this many elements is shown whole."""
TEXT_CAP = 600
_DIGITS = 6


def told(value: Any) -> str:
    """Describe a value briefly: a small array's numbers, types of the arrays in a container, any other value's text."""
    text, error = attempt(_told, value)
    found = f"a {type(value).__name__}" if error is not None or text is None else text
    return found if len(found) <= TEXT_CAP else f"{found[:TEXT_CAP]}…"


def _told(value: Any) -> str:
    if is_array(value):
        whole = f" {numbers(value)}" if value.size <= MOST_SHOWN and value.ndim else ""
        return f"{type_of(value)}{whole}" if value.ndim else f"{numbers(value)} ({type_of(value)})"
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    if isinstance(value, (bool, int, complex)) or value is None:
        return f"{value!r}"
    if len(leaves := jax.tree.leaves(value)) == 1 and leaves[0] is value:
        return f"the function {value.__name__}" if callable(value) and hasattr(value, "__name__") else plain_text(value)
    return repr(jax.tree.map(_Leaf, value))


class _Leaf:
    """A leaf in the text of its container."""

    def __init__(self, value: Any) -> None:
        self._text = type_of(value) if is_array(value) else told(value)

    def __repr__(self) -> str:
        return self._text


def is_array(value: Any) -> bool:
    """Return whether a value is a JAX or NumPy array, or a NumPy scalar."""
    return isinstance(value, (jax.Array, np.ndarray, np.generic))


def type_of(value: Any) -> str:
    """Return `f32[8,64]` for an array, and the class name for anything else: `float`."""
    if compat.is_tracer(value):
        return "a tracer"
    if not is_array(value):
        return type(value).__name__
    return f"{dtype_name(value.dtype)}[{','.join(map(str, value.shape))}]"


def dtype_name(dtype: Any) -> str:
    """Return a dtype's name as a jaxpr writes it: `f32`."""
    return SHORT_DTYPES.get(str(dtype), str(dtype))


def numbers(array: Any, digits: int = _DIGITS) -> str:
    """Return the numbers of an array in one line."""
    if isinstance(array, jax.Array) and array.is_deleted():
        return "(deleted)"
    if isinstance(array, jax.Array) and compat.is_key(array):
        array = compat.key_numbers(array)
    whole = np.asarray(array)
    if whole.dtype.kind == "V":
        whole = whole.astype(np.float32)  # bfloat16 and its like print as bytes in some versions of NumPy
    style: Any = {"float_kind": lambda number: f"{number:.{digits}g}"}
    return " ".join(np.array2string(whole, separator=", ", formatter=style, max_line_width=10**6).split())


def grouped(number: int) -> str:
    """Return a number with its digits grouped: `1 000 000`."""
    return f"{number:,}".replace(",", " ")


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 device`, `8 devices`."""
    return f"{grouped(count)} {noun}" if count == 1 else f"{grouped(count)} {noun}s"


def alternatives(names: str) -> tuple[str, ...]:
    """Return the names in `jit|pjit`."""
    return tuple(name.strip() for name in names.split("|"))


def listed(names: Any) -> str:
    """Return names in one line; `nothing` if there are none."""
    return ", ".join(names) or "nothing"
