"""Example arguments for a function: from the values of a file's names, or from annotations."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from .failures import attempt

_ARRAYS = (jax.Array, np.ndarray, np.generic, float, int, complex)
_DTYPES = {"Float": "", "Int": "int", "Complex": "complex", "Bool": "bool"}
"""jaxtyping's kinds of array, and the dtype for each; empty for floats, JAX's default."""


def arguments(function: Callable[..., Any], names: Mapping[str, Any]) -> tuple[str, bool]:
    """The arguments of an example call, and whether the file or an annotation has a value for each."""
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
    """Zeros of the shape in a jaxtyping annotation such as `Float[Array, "8 3"]`; None if a size is missing."""
    dims, kind = getattr(annotation, "dim_str", None), getattr(annotation, "dtype", None)
    name = getattr(kind, "__name__", "")
    if not isinstance(dims, str) or name not in _DTYPES or not all(dim.isdecimal() for dim in dims.split()):
        return None
    shape = "".join(f"{dim}, " for dim in dims.split()).strip()
    shape = f"({shape})" if len(dims.split()) == 1 else f"({shape.rstrip(',')})"
    return f"jnp.zeros({shape}, {_DTYPES[name]})" if _DTYPES[name] else f"jnp.zeros({shape})"
