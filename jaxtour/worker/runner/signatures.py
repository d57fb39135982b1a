"""How a function could be called: by its defaults, by what a file has under its parameters' names, by annotations."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from .failures import attempt

_ARRAYS = (jax.Array, np.ndarray, np.generic, float, int, complex)
_DTYPES = {"Float": "", "Int": "int", "Complex": "complex", "Bool": "bool"}
"""jaxtyping's kinds of array, and the dtype that stands for each; floats are what JAX makes by itself."""


def arguments(function: Callable[..., Any], names: Mapping[str, Any]) -> tuple[str, bool]:
    """The arguments of a call as one would write them, and whether the file has all that they need."""
    signature, _ = attempt(lambda: inspect.signature(function, eval_str=True))
    if signature is None:
        signature, _ = attempt(inspect.signature, function)
    if signature is None:
        return "…", False
    written, there = [], True
    for name, parameter in signature.parameters.items():
        if (
            parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            or parameter.default is not parameter.empty
        ):
            continue
        example = name if _is_example(names.get(name)) else _annotated(parameter.annotation)
        there &= example is not None
        keyword = f"{name}=" if parameter.kind is parameter.KEYWORD_ONLY else ""
        written.append(keyword + (example or name))
    return ", ".join(written), there


def _is_example(value: Any) -> bool:
    leaves = jax.tree.leaves(value)
    return bool(leaves) and all(isinstance(leaf, _ARRAYS) for leaf in leaves)


def _annotated(annotation: Any) -> str | None:
    """Zeros of the shape that `Float[Array, "8 3"]` of jaxtyping says, if it says all of it."""
    dims, kind = getattr(annotation, "dim_str", None), getattr(annotation, "dtype", None)
    name = getattr(kind, "__name__", "")
    if not isinstance(dims, str) or name not in _DTYPES or not all(dim.isdecimal() for dim in dims.split()):
        return None
    shape = "".join(f"{dim}, " for dim in dims.split()).strip()
    shape = f"({shape})" if len(dims.split()) == 1 else f"({shape.rstrip(',')})"
    return f"jnp.zeros({shape}, {_DTYPES[name]})" if _DTYPES[name] else f"jnp.zeros({shape})"
