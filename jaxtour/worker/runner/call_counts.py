"""Counts the calls of jitted functions while a program runs, by the line that makes them, and times them.

From 3.12 on, Python reports where each call is made and what it calls (`sys.monitoring`, PEP 669). A place that calls
nothing jitted is switched off at once, and costs nothing from then on. All places are switched on again when JAX
compiles something, since they may then call a new function.
"""

import contextlib
import functools
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
    """A line of the user's code; empty where none is on the stack."""

    file: str = ""
    line: int = 0


@dataclass(eq=False)
class Tally:
    """Calls of one function from one line."""

    site: Site
    primitive: bool
    """Whether JAX applied one operation there, outside of any jit."""
    calls: int = 0
    seconds: float = 0.0
    """Spent in the calls by the thread that makes them, including compilation but not waiting for results."""
    compile_s: float = 0.0
    """Spent in tracing, lowering and compiling single operations there."""


@dataclass(eq=False)
class Jitted:
    """A function that `jax.jit` returned."""

    name: str
    library: bool
    """Whether JAX itself defines what was jitted, as most of `jax.numpy` is."""
    tallies: list[Tally] = field(default_factory=list)
    unseen: int = 0
    """Calls made by C code; only those that compile are visible."""
    handed: bool = False
    """Whether C code has received the function, so that it may call it."""


class CallCounts:
    """The calls so far, by jitted function.

    Counting costs about a microsecond per call, where JAX itself takes six or more. To keep it there, objects are
    identified by their ids: hashing a code object takes as long as the rest. Code objects are kept alive, and functions
    are forgotten when they are freed.
    """

    def __init__(self) -> None:
        self.functions: list[Jitted] = []
        self.available = False
        """Whether this Python reports calls."""
        self.ahead: dict[Any, Jitted] = {}
        """The calls of what was compiled ahead of time, by the token of its program."""
        self._known: dict[int, Jitted] = {}
        """What is known about each jitted function, by what `jax.jit` returned."""
        self._operations: dict[tuple[str, Site], Jitted] = {}
        """Operations outside of any jit: JAX jits a new one for each set of parameters, such as the body of a loop."""
        self._wrapped: dict[int, Jitted] = {}
        """The same by what `jax.jit` was given: two that wrap one function share their programs."""
        self._alive: dict[int, Any] = {}
        self._tallies: dict[tuple[int, int, int], Tally] = {}
        """The tallies by function, the user's code object, and the place in its bytecode."""
        self._users: dict[int, str | None] = {}
        """The user's file that each code object comes from; None for library code."""
        self._codes: list[types.CodeType] = []
        self._stacks = threading.local()
        self._monitoring: Any = getattr(sys, "monitoring", None)

    @property
    def current(self) -> tuple[Jitted | None, Tally | None]:
        """The jitted function that this thread is calling, outside of tracing, and the tally of that call."""
        stack = getattr(self._stacks, "open", ())
        return (self._known.get(stack[-1][0]), stack[-1][1]) if stack else (None, None)

    def of(self, wrapped: Any, name: str) -> Jitted:
        """Return the jitted function that `jax.jit` made from this one."""
        key = id(wrapped)
        if key not in self._wrapped:
            code = getattr(wrapped, "__code__", None)
            library = code is not None and code.co_filename.startswith(compat.LIBRARIES)
            self._wrapped[key] = made = Jitted(name or "jit", library)
            self.functions.append(made)
            self._watch(key, wrapped)
        return self._wrapped[key]

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Count in this context, if Python reports calls and nothing else uses the tool's id."""
        monitoring = self._monitoring
        if monitoring is None or monitoring.get_tool(_TOOL) is not None:
            yield
            return
        monitoring.use_tool_id(_TOOL, "jaxtour")
        events = monitoring.events
        called, returned = self._callbacks(monitoring.DISABLE)
        monitoring.register_callback(_TOOL, events.CALL, called)
        for event in (events.C_RETURN, events.C_RAISE):
            monitoring.register_callback(_TOOL, event, returned)
        self.available = True
        try:
            monitoring.set_events(_TOOL, events.CALL)
            yield
        finally:
            monitoring.set_events(_TOOL, 0)
            monitoring.free_tool_id(_TOOL)

    def look_again(self) -> None:
        """Watch again the places that have called nothing jitted so far."""
        if self.available:
            self._monitoring.restart_events()

    def _callbacks(self, disable: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
        kind, jitted_in, is_idle = compat.JITTED, compat.jitted_in, compat.not_tracing()
        runs_compiled = compat.runs_compiled
        clock, stacks, tallies, slow = time.perf_counter, self._stacks, self._tallies, self._tally

        def called(code: types.CodeType, offset: int, target: Any, first: Any) -> Any:
            function = target if type(target) is kind else jitted_in(target)
            if function is None:
                if any(target is each for each in _CALLERS) and (given := jitted_in(first)) is not None:
                    self._jitted(given).handed = True
                elif runs_compiled(code, target):
                    slow(target, code, offset).calls += 1
                    return None
                return disable
            try:
                stack = stacks.open
            except AttributeError:
                stack = stacks.open = []
            if is_idle():
                tally = tallies.get((id(function), id(code), offset)) or slow(function, code, offset)
                stack.append((id(function), tally, clock()))
            else:
                stack.append(_TRACED)
            return None

        def returned(_code: types.CodeType, _offset: int, target: Any, _first: Any) -> None:
            if type(target) is not kind and jitted_in(target) is None:
                return
            stack = getattr(stacks, "open", None)
            if stack:
                _, tally, since = stack.pop()
                if tally is not None:
                    tally.calls += 1
                    tally.seconds += clock() - since

        return called, returned

    def _tally(self, function: Any, code: types.CodeType, offset: int) -> Tally:
        """Return the tally of a call that is not made by the user's own code, or is made for the first time there."""
        frame: types.FrameType | None = sys._getframe(2)
        token = compat.compiled_ahead(frame) if frame else None
        file = self._file(code)
        primitive = code.co_name == _PRIMITIVES
        while file is None and frame is not None and (frame := frame.f_back) is not None:
            code, offset = frame.f_code, frame.f_lasti
            file = self._users[id(code)] if id(code) in self._users else self._file(code)
        if file is None:
            code, offset = self._codes[0], -1
        key = (id(function), id(code), offset)
        if (known := self._tallies.get(key)) is not None:
            return known
        site = Site() if file is None or frame is None else Site(file, frame.f_lineno)
        tally = self._tallies[key] = Tally(site, primitive)
        self._jitted(function, token, tally).tallies.append(tally)
        return tally

    def _file(self, code: types.CodeType) -> str | None:
        if id(code) not in self._users:
            self._codes.append(code)
            self._users[id(code)] = wire_file(code.co_filename)
        return self._users[id(code)]

    def _jitted(self, function: Any, token: Any = None, tally: Tally | None = None) -> Jitted:
        """Return what is known about a jitted function, or a program that was compiled ahead of time."""
        key = id(function)
        if key not in self._known:
            name, wrapped = str(getattr(function, "__name__", "")), compat.wrapped_in(function)
            if token is not None:
                self._known[key] = self.ahead.setdefault(token, Jitted(name, False))
            elif tally is not None and tally.primitive:
                operation = name, tally.site
                if operation not in self._operations:
                    self._operations[operation] = Jitted(name, True)
                    self.functions.append(self._operations[operation])
                self._known[key] = self._operations[operation]
            else:
                self._known[key] = self.of(function if wrapped is None else wrapped, name)
            self._watch(key, function)
        return self._known[key]

    def _watch(self, key: int, value: Any) -> None:
        """Forget an object when it is freed; keep one that cannot be watched."""
        try:
            self._alive[key] = weakref.ref(value, lambda _: self._forget(key))
        except TypeError:
            self._alive[key] = value

    def _forget(self, function: int) -> None:
        """Forget an id, which another function may get."""
        for known in (self._known, self._wrapped):
            known.pop(function, None)
        self._alive.pop(function, None)
        for key in [key for key in self._tallies if key[0] == function]:
            del self._tallies[key]


_CALLERS = (map, filter, functools.reduce)
"""C code that calls its first argument; Python does not report these calls."""
_TRACED = (0, None, 0.0)
"""A call that JAX traces without running anything."""
