"""Counts the calls of jitted functions while a program runs, by the line that makes them, and times them.

Python says of each call where it is made and what is called (`sys.monitoring`, PEP 669), from 3.12 on. A place that
calls nothing jitted is switched off at once, so that it costs nothing from then on; all are switched on again when
JAX compiles something, since that is when a new function can come to be called there.
"""

import contextlib
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .. import compat
from .learners import wire_file

_TOOL = 4
"""An id that debuggers, coverage and profilers leave free: https://docs.python.org/3/library/sys.monitoring.html."""
_PRIMITIVES = "apply_primitive"
"""The function of JAX that applies one operation outside of any jit."""


class Site(NamedTuple):
    """A line of the user's; empty where none of theirs is on the stack."""

    file: str = ""
    line: int = 0


@dataclass
class Tally:
    """Calls of one function from one line."""

    calls: int = 0
    seconds: float = 0.0
    """Spent in the calls by the thread that makes them: with what is compiled on the way, without waiting."""


@dataclass(eq=False)
class Jitted:
    """A function that `jax.jit` returned."""

    name: str
    library: bool
    """Whether JAX itself defines what was jitted, as most of `jax.numpy` is."""
    tallies: dict[tuple[Site, bool], Tally] = field(default_factory=dict)
    """By line, and by whether one primitive was applied there."""


class CallCounts:
    """The calls so far, by jitted function."""

    def __init__(self) -> None:
        self.functions: list[Jitted] = []
        self.available = False
        """Whether this Python tells of calls."""
        self._known: dict[int, tuple[weakref.ref[Any], Jitted]] = {}
        self._lines: dict[tuple[types.CodeType, int], Site | None] = {}
        self._stacks = threading.local()
        self._monitoring: Any = getattr(sys, "monitoring", None)

    @property
    def current(self) -> Jitted | None:
        """The jitted function that this thread is in a call of, outside of tracing."""
        stack = getattr(self._stacks, "open", ())
        return stack[-1][0] if stack else None

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Count meanwhile, where Python can tell and nothing else uses the tool's number."""
        monitoring = self._monitoring
        if monitoring is None or monitoring.get_tool(_TOOL) is not None:
            yield
            return
        monitoring.use_tool_id(_TOOL, "jaxtour")
        events = monitoring.events
        monitoring.register_callback(_TOOL, events.CALL, self._called(monitoring.DISABLE))
        for event in (events.C_RETURN, events.C_RAISE):
            monitoring.register_callback(_TOOL, event, self._returned)
        self.available = True
        try:
            monitoring.set_events(_TOOL, events.CALL)
            yield
        finally:
            monitoring.set_events(_TOOL, 0)
            monitoring.free_tool_id(_TOOL)

    def look_again(self) -> None:
        """Watch the places again that called nothing jitted so far."""
        if self.available:
            self._monitoring.restart_events()

    def _called(self, disable: Any) -> Callable[..., Any]:
        jitted_in, is_tracing, clock, stacks = compat.jitted_in, compat.is_tracing, time.perf_counter, self._stacks

        def called(code: types.CodeType, _offset: int, target: Any, _first: Any) -> Any:
            function = jitted_in(target)
            if function is None:
                return disable
            stack = stacks.__dict__.setdefault("open", [])
            if is_tracing():
                stack.append((None, None, 0.0))
                return None
            jitted = self._jitted(function)
            key = (self._site(sys._getframe(1)), code.co_name == _PRIMITIVES)
            stack.append((jitted, key, clock()))
            return None

        return called

    def _returned(self, _code: types.CodeType, _offset: int, function: Any, _first: Any) -> None:
        if compat.jitted_in(function) is None:
            return
        stack = getattr(self._stacks, "open", None)
        if not stack:
            return
        jitted, key, since = stack.pop()
        if jitted is None:
            return
        tally = jitted.tallies.get(key)
        if tally is None:
            tally = jitted.tallies[key] = Tally()
        tally.calls += 1
        tally.seconds += time.perf_counter() - since

    def _jitted(self, function: Any) -> Jitted:
        known = self._known.get(id(function))
        if known is not None and known[0]() is function:
            return known[1]
        wrapped = getattr(function, "__wrapped__", None)
        code = getattr(wrapped, "__code__", None)
        library = code is not None and code.co_filename.startswith(compat.LIBRARIES)
        made = Jitted(str(getattr(function, "__name__", "")) or "jit", library)
        self._known[id(function)] = weakref.ref(function), made
        self.functions.append(made)
        return made

    def _site(self, frame: Any) -> Site:
        """The innermost line of the user's."""
        while frame is not None:
            key = frame.f_code, frame.f_lasti
            if key not in self._lines:
                file = wire_file(frame.f_code.co_filename)
                self._lines[key] = None if file is None else Site(file, frame.f_lineno)
            if (site := self._lines[key]) is not None:
                return site
            frame = frame.f_back
        return Site()
