"""The Python frames that JAX keeps for an equation, and the function that a jaxpr was traced from."""

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

with contextlib.suppress(ImportError):
    import jax.extend.source_info_util


def traceback(source_info: Any) -> Any:
    """Return JAX's traceback of an equation, comparable and accepted by `raw_frames`; None if it has none."""
    return getattr(source_info, "traceback", None)


def raw_frames(trace: Any, *, whole: bool = False) -> tuple[Sequence[Any], Sequence[int]] | None:
    """Return code objects and their bytecode offsets, innermost first; None where JAX does not expose them.

    They end where the equation's jaxpr begins. JAX 0.9.0 also keeps the frames around that. These belong to the call
    that first traced the function: JAX caches the jaxpr and reuses it for other calls. With `whole`, they are included.
    """
    if trace is None:
        return (), ()
    frames = getattr(trace, "raw_frames", None)
    if frames is None:
        return None
    codes, offsets = frames()
    if whole:
        return codes, offsets
    for depth, code in enumerate(codes):
        if code.co_name in _TRACING and code.co_filename.endswith(_TRACES):
            return codes[:depth], offsets[:depth]
    return codes, offsets


_TRACING = ("trace_to_jaxpr", "trace_to_jaxpr_dynamic")
_TRACES = str(Path("interpreters", "partial_eval.py"))


_FACADES = tuple(
    str(Path(jax.__file__).parent.joinpath(*parts))
    for parts in (
        ("_src", "nn"), ("_src", "scipy"), ("_src", "image"), ("_src", "random"), ("_src", "numpy", "linalg"),
        ("_src", "numpy", "fft"), ("experimental",), ("example_libraries",),
    )
)  # fmt: skip
"""Where JAX builds functions out of others, as a library does."""


def is_facade(file: str) -> bool:
    """Return whether a file of JAX's own builds functions out of others: `jax.nn`, `jax.scipy`, `jax.random`."""
    return file.startswith(_FACADES)


class Function(NamedTuple):
    """The function that a jaxpr was traced from."""

    file: str
    line: int

    def is_entered_by(self, code: Any) -> bool:
        """Return whether a code object is this function's."""
        return bool(code.co_filename == self.file and code.co_firstlineno == self.line)


_TRACED = re.compile(r"\S+ at (.+):(\d+)$")


def traced_function(jaxpr: Any) -> Function | None:
    """Return the function that a jaxpr was traced from; None where JAX does not say."""
    match = _TRACED.match(str(getattr(getattr(jaxpr, "debug_info", None), "func_src_info", None)))
    return Function(match[1], int(match[2])) if match else None


def leaf_paths(jaxpr: Any) -> tuple[list[str], list[str]]:
    """Return the pytree paths of a jaxpr's inputs and outputs, `params['w']`; empty where JAX does not say."""
    info = getattr(getattr(jaxpr, "jaxpr", jaxpr), "debug_info", None)
    inputs, outputs = (getattr(info, name, None) or () for name in ("arg_names", "result_paths"))
    return list(map(str, inputs)), list(map(str, outputs))


_SUMMARY = re.compile(r"^(.*?):(\d+)(?::(\d+))? \((.*)\)$")


def summarized_frames(source_info: Any) -> list[tuple[str, int, int, str]]:
    """Return file, line, column in bytes and function of each user frame, innermost first."""
    summarize = getattr(getattr(jax.extend, "source_info_util", None), "summarize", None)
    lines = summarize(source_info, num_frames=50).splitlines() if summarize else []
    matches = [match for line in reversed(lines) if (match := _SUMMARY.match(line))]
    return [(match[1], int(match[2]), int(match[3] or 0), match[4]) for match in matches]
