"""Finds how many CPU devices a lesson's code requests, which must be known before JAX opens any."""

import ast
import functools
import re
import warnings
from collections.abc import Iterable

from jaxtour.engine.commands import Cell

MOST = 64
"""As for `--devices`."""
_OPTION = "jax_num_cpu_devices"
_FLAG = re.compile(r"--xla_force_host_platform_device_count=(\d+)\b")


def asked_devices(cells: Iterable[Cell]) -> int | None:
    """The number in the first request; None without one.

    A request is `jax.config.update("jax_num_cpu_devices", 8)`, `jax.config.jax_num_cpu_devices = 8`, or a string with
    XLA's flag. The number must be a literal.
    """
    for cell in cells:
        for code in (cell.setup, cell.code):
            if (_OPTION in code or "device_count=" in code) and (found := _in(code)):
                return min(found, MOST)
    return None


@functools.lru_cache(maxsize=64)
def _in(code: str) -> int | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = [(node.lineno, count) for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr)
             and (count := _count(node))]  # fmt: skip
    return min(found)[1] if found else None


def _count(node: ast.AST) -> int | None:
    match node:
        case ast.Call(
            func=ast.Attribute(attr="update"), args=[ast.Constant(value=name), ast.Constant(value=int(count))]
        ):
            return count if name == _OPTION else None
        case ast.Assign(targets=[ast.Attribute(attr=attr)], value=ast.Constant(value=int(count))):
            return count if attr == _OPTION else None
        case ast.Constant(value=str(text)) if text.lstrip().startswith("--") and (flag := _FLAG.search(text)):
            return int(flag[1])
    return None
