"""Compares the learner's value with the right one: structure, type, shape and numbers."""

from typing import Any

import jax
import numpy as np

from .. import compat
from .words import MOST_SHOWN, dtype_name, is_array, numbers, told, type_of

_NUMBERS = (bool, int, float, complex, np.generic, np.ndarray, jax.Array)
_FEW, _ALL = 6, 17
"""Digits of a number; all of them only if the first ones are equal."""
_LINE = 72
"""Containers with a shorter text are shown whole."""
_ROUNDINGS = 4
"""How many units in the last place two right answers may differ in a short floating-point type."""


_FINFO: Any = jax.numpy.finfo


class DifferentError(Exception):
    """The values differ; carries both sides as text."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(expected, got)
        self.expected, self.got = expected, got


def compare(got: Any, want: Any, rtol: float, atol: float) -> None:
    """Raise `DifferentError` unless the values agree.

    Lists and tuples count as equal, and so do a Python number and an array without axes of the same kind.
    """
    ours, theirs = _leaves(want), _leaves(got)
    if ours.keys() != theirs.keys():
        raise DifferentError(told(want), told(got))
    for path, leaf in ours.items():
        try:
            _compare(theirs[path], leaf, rtol, atol)
        except DifferentError as found:
            whole = told(want), told(got)
            if path and whole[0] != whole[1] and max(map(len, whole)) <= _LINE:
                raise DifferentError(*whole) from None
            head = f"{path} = " if path else ""
            raise DifferentError(f"{head}{found.expected}", f"{head}{found.got}") from None


def _leaves(value: Any) -> dict[str, Any]:
    """Return the leaves by path; None counts as a leaf, since a missing `return` gives it."""
    flat = jax.tree_util.tree_flatten_with_path(value, is_leaf=lambda each: each is None)[0]
    return {jax.tree_util.keystr(path): leaf for path, leaf in flat}


def _compare(got: Any, want: Any, rtol: float, atol: float) -> None:
    if not isinstance(want, _NUMBERS):
        if got is not want and (is_array(got) or not bool(got == want)):
            raise DifferentError(told(want), told(got))
        return
    if not isinstance(got, _NUMBERS) or compat.is_tracer(got):
        raise DifferentError(told(want), type_of(got) if compat.is_tracer(got) else told(got))
    if not _is_same_type(got, want):
        raise DifferentError(told(want), told(got))
    ours, theirs = _plain(want), _plain(got)
    wrong = ~_close(theirs, ours, rtol, atol)
    if not wrong.any():
        return
    if ours.size <= MOST_SHOWN:
        short, all_digits = ([_number(each, digits) for each in (want, got)] for digits in (_FEW, _ALL))
        raise DifferentError(*(short if short[0] != short[1] else all_digits))
    place = tuple(int(axis) for axis in np.argwhere(wrong)[0])
    where = f"at [{', '.join(map(str, place))}]"
    count = f"; {int(wrong.sum())} of {ours.size} elements differ"
    raise DifferentError(f"{_number(ours[place], _FEW)} {where}", f"{_number(theirs[place], _FEW)} {where}{count}")


def _number(value: Any, digits: int) -> str:
    if is_array(value):
        return numbers(value, digits)
    return f"{value:.{digits}g}" if isinstance(value, float) else repr(value)


def _is_same_type(got: Any, want: Any) -> bool:
    if np.shape(got) != np.shape(want):
        return False
    if is_array(got) and is_array(want):
        return bool(dtype_name(got.dtype) == dtype_name(want.dtype))
    return _kind(got) == _kind(want)


def _kind(value: Any) -> str:
    """Return `b`, `i`, `f` or `c`: the kind of a Python number or of an array."""
    if not is_array(value):
        return {bool: "b", int: "i", complex: "c"}.get(type(value), "f")
    kind = np.dtype(value.dtype).kind if not isinstance(value, jax.Array) or not compat.is_key(value) else "k"
    return {"u": "i", "V": "f"}.get(kind, kind)


def _plain(value: Any) -> Any:
    """Return the numbers as NumPy represents them."""
    if isinstance(value, jax.Array) and compat.is_key(value):
        value = compat.key_numbers(value)
    return np.asarray(value)


def _close(got: Any, want: Any, rtol: float, atol: float) -> Any:
    """Return which numbers agree; nan agrees with nan, and inf with inf of its sign."""
    kinds = got.dtype.kind + want.dtype.kind
    if not set(kinds) & set("fcV"):
        return np.asarray(got == want)
    if rtol:
        rtol = max(rtol, *(_ROUNDINGS * last_place(each.dtype) for each in (got, want)))
    wide = np.complex128 if "c" in kinds else np.float64
    with np.errstate(all="ignore"):
        return np.asarray(np.isclose(got.astype(wide), want.astype(wide), rtol=rtol, atol=atol, equal_nan=True))


def last_place(dtype: Any) -> float:
    """Return the relative size of a last place; 0 for types that are not floating-point."""
    try:
        return float(_FINFO(dtype).eps)
    except ValueError:
        return 0.0
