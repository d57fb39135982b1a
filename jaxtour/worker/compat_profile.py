"""The profiler's recordings, outside JAX's public API where that is slow: a part of `compat`.

`jax.profiler.trace` also writes a copy for Perfetto, which takes twice as long as the recording itself.
"""

import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax


class NoProfilerError(Exception):
    """JAX cannot record here; the message is one line."""


def recorded(work: Callable[[], Any]) -> Any:
    """Run `work` under JAX's profiler and return the `jax.profiler.ProfileData`; raises `NoProfilerError`."""
    kind, read = getattr(jax.profiler, "ProfileOptions", None), getattr(jax.profiler, "ProfileData", None)
    if kind is None or read is None:
        raise NoProfilerError("this version of JAX does not read its profiles: install JAX 0.9 or newer")
    options = kind()
    options.python_tracer_level = 0  # each call of a Python function would be an event
    options.host_tracer_level = 2  # 1 leaves out the CPU's instructions
    begin = _session()
    try:
        if begin is None:
            return _written(work, options, read)
        session = begin(options)
    except RuntimeError as error:
        raise NoProfilerError(f"JAX's profiler does not start: {error}") from None
    try:
        work()
    finally:
        found = session.stop()
    return read.from_serialized_xspace(found)


def _session() -> Callable[[Any], Any] | None:
    """Return the class of the profiler's sessions, which hand their recording over in memory."""
    try:
        found: Callable[[Any], Any] = importlib.import_module("jax._src.lib")._profiler.ProfilerSession
    except (ImportError, AttributeError):
        return None
    return found


def _written(work: Callable[[], Any], options: Any, read: Any) -> Any:
    """Return the recording, made by public means, through a file."""
    with tempfile.TemporaryDirectory(prefix="jaxtour-") as folder:
        with jax.profiler.trace(folder, profiler_options=options):
            work()
        return read.from_file(str(max(Path(folder).rglob("*.xplane.pb"))))
