"""JAX's tracing and compilation events, outside its public API: a part of `compat`."""

import contextlib
import importlib
import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.monitoring

Announce: TypeAlias = Callable[[str, str, bool], None]
"""Called with `trace` or `compile`, the function's name, and whether it begins."""

_EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "trace",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "lower",
    "/jax/core/compile/backend_compile_duration": "compile",
}


class CompileEvents:
    """Counts how often JAX traces and compiles from now on; all zero where JAX does not report it."""

    def __init__(self) -> None:
        self.traces = 0
        self.compiles = 0
        self.seconds: dict[str, float] = {}
        """Seconds in `trace`, `lower` and `compile`, without those of nested events; only events that JAX reported."""
        self.announce: Announce | None = None
        self.traced: Callable[[str], None] | None = None
        """Called with the name of every traced function."""
        self.timed: Callable[[str, float], None] | None = None
        """Called with that name and the seconds of the trace, nested traces included."""
        self._open: list[tuple[str, list[float]]] = []
        """Events in progress, with the seconds of their nested events."""

    def watch(self) -> None:
        """Register with JAX for the life of the process. A listener that raises would raise in the lesson's call."""
        with contextlib.suppress(AttributeError):
            jax.monitoring.register_scalar_listener(self._begun)
        with contextlib.suppress(AttributeError):
            jax.monitoring.register_event_duration_secs_listener(self._ended)

    def _begun(self, event: str, value: float | int, **details: Any) -> None:  # noqa: ARG002  the signature is JAX's
        if kind := _EVENTS.get(event):
            self._open.append((kind, []))
            self._tell(kind, details, begins=True)

    def _ended(self, event: str, duration_secs: float, **details: Any) -> None:
        kind = _EVENTS.get(event)
        if kind == "trace":
            self.traces += 1
        elif kind == "compile":
            self.compiles += 1
        if kind == "trace" and self.traced is not None:
            with contextlib.suppress(Exception):
                self.traced(str(details.get("fun_name", "")))
        if kind == "trace" and self.timed is not None:
            with contextlib.suppress(Exception):
                self.timed(str(details.get("fun_name", "")), duration_secs)
        if kind:
            self._count(kind, duration_secs)
            self._tell(kind, details, begins=False)

    def _count(self, kind: str, seconds: float) -> None:
        inside: list[float] = []
        if any(kind == begun for begun, _ in self._open):
            while True:
                begun, inside = self._open.pop()
                if begun == kind:
                    break
        self.seconds[kind] = self.seconds.get(kind, 0.0) + max(0.0, seconds - sum(inside))
        if self._open:
            self._open[-1][1].append(seconds)

    def _tell(self, kind: str, details: dict[str, Any], *, begins: bool) -> None:
        if self.announce is not None:
            with contextlib.suppress(Exception):
                self.announce(kind, str(details.get("fun_name", "")), begins)


def is_tracing() -> bool:
    """Return whether this thread runs a function under trace; False where JAX does not say."""
    return not not_tracing()()


def not_tracing() -> Callable[[], bool]:
    """Return a function that tells whether this thread is outside every trace; looked up once, for hot paths."""
    return getattr(sys.modules.get("jax._src.core"), "trace_state_clean", None) or (lambda: True)


@contextlib.contextmanager
def no_persistent_cache() -> Iterator[None]:
    """Turn off JAX's persistent compilation cache, so that everything compiles."""
    if not getattr(jax.config, "jax_compilation_cache_dir", None):
        yield
        return
    try:
        reset = importlib.import_module("jax.experimental.compilation_cache.compilation_cache").reset_cache
    except (ImportError, AttributeError):
        reset = None
    before = getattr(jax.config, "jax_enable_compilation_cache", True)
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        if reset:
            reset()  # JAX checks once whether there is a cache, and remembers
        yield
    finally:
        jax.config.update("jax_enable_compilation_cache", before)
        if reset:
            reset()


class Miss(NamedTuple):
    """A function that JAX has to trace because no earlier trace matches."""

    function: str
    made_at: str
    """`file:line`"""
    file: str
    """The file of the call; empty where JAX does not say."""
    line: int
    reasons: tuple[str, ...]
    """JAX's lines on what differs from the nearest earlier trace; empty for a function traced the first time."""
    thing: Any
    """The function itself, if available."""
    traced_for: str
    """`jit`, `scan`, ...; `jit` where JAX does not say."""


_TRACER = "jax._src.interpreters.partial_eval"
_PERSISTENT = ("jax._src.compiler", "jax._src.compilation_cache")
_UNEXPLAINED = "cache miss explanation unavailable"
_MISS = "TRACING CACHE MISS"
_CALLED = re.compile(r"TRACING CACHE MISS at (?P<file>.*?):(?P<line>\d+)(?::\d+)?(?: \(.*\))?:$")
_NEVER = re.compile(r"(?P<function>.*) id=\d+(?: defined at (?P<made>.*))?$")
_AGAIN = re.compile(r"for (?P<function>.*?)(?: defined at (?P<made>.*))?$")


@contextlib.contextmanager
def explained(sink: Callable[[Miss], None], *, pass_on: bool) -> Iterator[bool]:
    """Call `sink` for every user function traced in this context; yields whether JAX can explain its cache misses.

    JAX's log lines about them are dropped, unless `pass_on`.
    """
    try:
        tracer = importlib.import_module(_TRACER)
        compare = tracer.diff_tracing_cache_keys
        switch = jax.explain_cache_misses
    except (ImportError, AttributeError):
        yield False
        return

    def careful(*keys: Any) -> Any:
        """Return JAX's comparison of keys.

        JAX 0.9's raises for a function traced first for `jit` and then for `cond`.
        """
        try:
            return compare(*keys)
        except Exception:
            return 4, 0, _UNEXPLAINED

    def hear(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if not message.startswith(_MISS):
            return True
        with contextlib.suppress(Exception):  # it would raise in the learner's call
            if miss := _read(message, _explaining()):
                sink(miss)
        return pass_on

    def hush(record: logging.LogRecord) -> bool:
        return pass_on or record.levelno != logging.WARNING or "persistent" not in str(record.msg).lower()

    with contextlib.ExitStack() as undo:
        for name, listener in ((_TRACER, hear), *((name, hush) for name in _PERSISTENT)):
            logger = logging.getLogger(name)
            logger.addFilter(listener)
            undo.callback(logger.removeFilter, listener)
        undo.callback(setattr, tracer, "diff_tracing_cache_keys", compare)
        vars(tracer)["diff_tracing_cache_keys"] = careful
        undo.enter_context(switch(True))
        yield True


def _read(message: str, values: dict[str, Any]) -> Miss | None:
    lines = [line.strip() for line in message.splitlines()]
    called = _CALLED.match(lines[0])
    reasons: tuple[str, ...] = ()
    file, line = (called["file"], int(called["line"])) if called else ("", 0)
    if len(lines) > 2 and lines[1].startswith("never seen function"):
        match = _NEVER.match(lines[2])
    else:
        match = _AGAIN.match(lines[1]) if len(lines) > 1 else None
        reasons = tuple(lines[3:]) or (_UNEXPLAINED,)
    if match is None:
        return None
    if reasons == (_UNEXPLAINED,):
        with contextlib.suppress(Exception):
            reasons = _static_reasons(values) or reasons
    traced_for = str(getattr(values.get("debug_info"), "traced_for", "jit"))
    return Miss(match["function"], match["made"] or "", file, line, reasons, values.get("fun"), traced_for)


def _static_reasons(values: dict[str, Any]) -> tuple[str, ...]:
    """Return the static arguments that differ from the nearest earlier trace's; newer JAX versions do not log them."""
    now = _passed(values["in_avals"])
    every = [_passed(key[1][0]) for key in values["keys"]]
    alike = [before for before in every if before.keys() == now.keys()]
    differing = [[name for name in now if not _is_same(now[name], before[name])] for before in alike]
    if not any(differing):
        return ()
    least = min(range(len(alike)), key=lambda place: len(differing[place]) or len(now) + 1)
    before = alike[least]
    return tuple(f"* at {name}, now {now[name]!r} and before {before[name]!r}" for name in differing[least])


def _passed(avals: Any) -> dict[str, Any]:
    args, kwargs = avals.unflatten()
    return {**{f"argument {place}": value for place, value in enumerate(args, 1)}, **kwargs}


def _is_same(one: Any, other: Any) -> bool:
    return hasattr(one, "dtype") or (type(one) is type(other) and bool(one == other))


def _explaining() -> dict[str, Any]:
    """Return the locals of JAX's `explain`: the function, what it is traced for, the keys of earlier traces."""
    frame = sys._getframe(1)
    for _ in range(20):
        if frame.f_code.co_name == "explain" and "debug_info" in frame.f_locals:
            return dict(frame.f_locals)
        if frame.f_back is None:
            break
        frame = frame.f_back
    return {}
