"""JAX's settings, of which `jax.config` has no public list."""

from typing import Any

import jax

_OWN = frozenset(["jax_explain_cache_misses"])
"""Settings that the worker switches on while a step's code runs."""


def settings() -> dict[str, Any]:
    """Return the value of every setting of the code's by its name; empty if this JAX does not tell."""
    return {name: value for name, value in getattr(jax.config, "values", {}).items() if name not in _OWN}


def computes_in_calling_thread() -> bool:
    """Return whether the CPU computes before a call returns: JAX's switch for that has no attribute."""
    return settings().get("jax_cpu_enable_async_dispatch") is False
