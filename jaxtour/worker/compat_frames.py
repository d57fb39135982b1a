"""The Python frames that JAX keeps of an equation, and the function that a jaxpr was traced from."""

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

with contextlib.suppress(ImportError):
    import jax.extend.source_info_util


def traceback(source_info: Any) -> Any:
    """The frames of an equation as JAX keeps them, to be compared and given to `raw_frames`; None where it has none."""
    return getattr(source_info, "traceback", None)


def raw_frames(trace: Any) -> tuple[Sequence[Any], Sequence[int]] | None:
    """Code objects and offsets in their bytecode, innermost first; None where JAX does not hand them out.

    They end where the jaxpr of the equation begins. JAX 0.9.0 keeps those around that, too, which are of the call that
    traced the function first: the jaxpr is in a cache, and serves other calls.
    """
    if trace is None:
        return (), ()
    frames = getattr(trace, "raw_frames", None)
    if frames is None:
        return None
    codes, offsets = frames()
    for depth, code in enumerate(codes):
        if code.co_name in _TRACING and code.co_filename.endswith(_TRACES):
            return codes[:depth], offsets[:depth]
    return codes, offsets


_TRACING = ("trace_to_jaxpr", "trace_to_jaxpr_dynamic")
_TRACES = str(Path("interpreters", "partial_eval.py"))


class Function(NamedTuple):
    """What a jaxpr was traced from."""

    file: str
    line: int

    def is_entered_by(self, code: Any) -> bool:
        """Whether a code object is the function's."""
        return bool(code.co_filename == self.file and code.co_firstlineno == self.line)


_TRACED = re.compile(r"\S+ at (.+):(\d+)$")


def traced_function(jaxpr: Any) -> Function | None:
    """The function that a jaxpr was traced from; None where JAX does not tell."""
    match = _TRACED.match(str(getattr(getattr(jaxpr, "debug_info", None), "func_src_info", None)))
    return Function(match[1], int(match[2])) if match else None


_SUMMARY = re.compile(r"^(.*?):(\d+)(?::(\d+))? \((.*)\)$")


def summarized_frames(source_info: Any) -> list[tuple[str, int, int, str]]:
    """File, line, column in bytes and function of the frames that JAX takes for the user's, innermost first."""
    summarize = getattr(getattr(jax.extend, "source_info_util", None), "summarize", None)
    lines = summarize(source_info, num_frames=50).splitlines() if summarize else []
    matches = [match for line in reversed(lines) if (match := _SUMMARY.match(line))]
    return [(match[1], int(match[2]), int(match[3] or 0), match[4]) for match in matches]
