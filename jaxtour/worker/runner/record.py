"""What a program of the user's compiles while it runs: which functions, for which arguments, from which lines.

Nothing of it is run or traced a second time. A program's jaxpr is kept, and its constants up to `KEPT_BYTES`; beyond
that they are held weakly, so that they go when the user's code lets go of them.
"""

import contextlib
import os
import signal
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax

from .. import compat
from ..ir.spans import Span
from .call_counts import CallCounts, Jitted, Site
from .failures import attempt
from .learners import wire_file
from .writer import Event, Say

KEPT_BYTES = 2**20
MOST_SITES = 20
MOST_LINES = 100
MOST_LOOKED_INTO = 40
"""Programs whose jaxpr is shown; a jaxpr is walked in some 10 ms."""
_VALUE_CAP = 200


@dataclass(eq=False)
class Program:
    """One program that JAX compiled."""

    lowering: compat.Lowering
    open_jaxpr: Any
    """Without the constants."""
    avals: tuple[str, ...]
    """The type of each input: `f32[8,64]`."""
    constants: list[Any]
    """What the jaxpr closes over, or weak references to it."""
    jitted: Jitted | None
    """The function whose call compiled it; None where Python does not tell, or where it was compiled ahead of time."""
    site: Site
    """The line that was running when it was lowered."""
    reason: str
    """Why JAX compiled it again."""
    trace_s: float
    """Seconds of tracing; 0 where an earlier trace served."""
    lower_s: float | None = None
    compile_s: float | None = None
    compiles: int = 0
    outermost: Span | None = None
    """The outermost expression of the user's that its operations come from."""

    @property
    def label(self) -> str:
        """`step(params, x)`: the function, and the names of what it takes."""
        names = dict.fromkeys(path.partition("[")[0].partition(".")[0] for path in self.lowering.arguments)
        return f"{self.lowering.name}({', '.join(names)})"

    @property
    def cost(self) -> tuple[float, int]:
        """By what the list is ordered: seconds of tracing, lowering, compiling and calling, then calls."""
        return self.trace_s + (self.lower_s or 0.0) + (self.compile_s or 0.0) + (self.call_s or 0.0), self._calls or 0

    @property
    def call_s(self) -> float | None:
        """Seconds in calls of the function, without what compiling it took; None where Python does not tell."""
        if self.jitted is None:
            return None
        inside = self.trace_s + (self.lower_s or 0.0) + (self.compile_s or 0.0)
        return max(0.0, sum(tally.seconds for tally in self.jitted.tallies) - inside)

    @property
    def jaxpr(self) -> Any:
        """The jaxpr that ran; raises `LookupError` where its constants are gone."""
        values = [each() if isinstance(each, weakref.ref) else each for each in self.constants]
        if any(value is None for value in values):
            raise LookupError("the arrays that it closed over are gone")
        return compat.closed(self.open_jaxpr, values)

    def lowered(self) -> Any:
        """The program lowered once more, as `jax.stages.Lowered`."""
        return self.lowering.again(self.jaxpr)

    def key(self) -> tuple[Any, ...]:
        """What is alike in two compilations of the same program."""
        lowering = self.lowering
        return lowering.name, lowering.function, self.avals, tuple(map(repr, lowering.static.items())), self.jitted

    def facts(self, alone: bool) -> Event:
        """The fields of a `program` event; `alone` says whether it is the only one of its function."""
        lowering = self.lowering
        tallies: dict[Site, int | None] = {**self._tallies()} or {self.site: None}
        return {
            "function": lowering.name,
            **self._place(),
            "called_at": [
                {"file": site.file, "line": site.line, "calls": count} for site, count in tallies.items() if site.file
            ][:MOST_SITES],
            "calls": self._calls if alone else None,
            "function_calls": self._calls,
            "compiles": self.compiles,
            "avals": self.avals,
            "arg_names": lowering.arguments,
            "results": lowering.results,
            "donated": [place for place, given in enumerate(lowering.donated) if given],
            "shardings": _shardings(lowering),
            "static": {name: _shown(value) for name, value in lowering.static.items()},
            "reason": self.reason or None,
            "trace_s": self.trace_s,
            "lower_s": self.lower_s,
            "compile_s": self.compile_s,
            "call_s": self.call_s if alone else None,
        }

    def _place(self) -> Event:
        """Where the function is defined; what a library wraps has its place in the user's code."""
        function = self.lowering.function
        own = function and wire_file(function.file)
        if own is None and self.outermost is not None:
            return {"file": self.outermost[0], "line": self.outermost[1]}
        return {"file": function and (own or function.file), "line": function and function.line}

    @property
    def _calls(self) -> int | None:
        """How often the function was called, whichever of its programs ran."""
        return None if self.jitted is None else sum(self._tallies().values())

    def _tallies(self) -> dict[Site, int]:
        """Calls of the function by line, the most first."""
        found: Counter[Site] = Counter()
        for tally in self.jitted.tallies if self.jitted else ():
            found[tally.site] += tally.calls
        return dict(found.most_common())


def _shardings(lowering: compat.Lowering) -> list[str]:
    if all(each is None for each in lowering.shardings):
        return []
    return ["" if each is None else _shown(getattr(each, "spec", each)) for each in lowering.shardings]


def _shown(value: Any) -> str:
    text, error = attempt(repr, value)
    text = f"({type(value).__name__})" if error or text is None else text
    return text if len(text) <= _VALUE_CAP else f"{text[:_VALUE_CAP]}…"


class Enough(BaseException):
    """Raised in the user's code when as much was recorded as was asked for."""


class Recorder:
    """Records what is compiled while it is `on`."""

    def __init__(
        self, events: compat.CompileEvents, stop_after: int | None = None, stop_after_s: float | None = None
    ) -> None:
        self.programs: list[Program] = []
        self.available = False
        """Whether this JAX lets itself be recorded."""
        self.counts = CallCounts()
        self._compiled_alone: Counter[tuple[Site, str]] = Counter()
        """Single operations that were compiled, where calls cannot be counted."""
        self._reasons: dict[str, str] = {}
        self._seen: dict[tuple[Any, ...], Program] = {}
        self._traces = threading.local()
        self._events = events
        self._stop_after, self._stop_after_s = stop_after, stop_after_s
        self._compilations = 0
        self.stopped = ""
        """Why the program was ended before its end."""

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Record meanwhile."""
        self._events.timed = self._traced
        try:
            with (
                compat.watched_lowering(self._begun, self._lowered, self._compiled) as self.available,
                self.counts.counting(),
                self._bounded(),
            ):
                yield
        finally:
            self._events.timed = None

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Raise `Enough` in the main thread when the time is over, or `_enough` is called."""

        def end(_signum: int, _frame: Any) -> None:
            self.stopped = self.stopped or f"after {self._stop_after_s:g} s"
            raise Enough

        before = signal.signal(signal.SIGALRM, end)
        signal.setitimer(signal.ITIMER_REAL, self._stop_after_s or 0.0)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)

    def missed(self, function: str, reason: str) -> None:
        """JAX traces a function again for this reason."""
        self._reasons[function] = reason

    def entries(self) -> list[dict[str, Any]]:
        """The programs as traced calls of a cell, the most expensive first."""
        programs = sorted(self.programs, key=lambda program: program.cost, reverse=True)
        return [{"label": each.label, "call": each.label, "program": each} for each in programs]

    def tell(self, entries: list[dict[str, Any]], say: Say) -> None:
        """Say a `program` event for each entry, and `recorded` behind them."""
        of_function = Counter(entry["program"].jitted for entry in entries)
        for index, entry in enumerate(entries):
            program = entry["program"]
            alone = of_function[program.jitted] == 1
            say({"event": "program", "index": index, **program.facts(alone)})
        say({"event": "recorded", "eager": self.eager()[:MOST_LINES], "stopped": self.stopped, "missing": self.missing})

    @property
    def missing(self) -> str:
        """What is not recorded here, and why."""
        if not self.available:
            return f"jax {jax.__version__} does not let itself be recorded: the calls are those that the file writes"
        if not self.counts.available:
            version = ".".join(map(str, sys.version_info[:2]))
            return f"Python {version} does not tell of calls, so they are not counted: 3.12 is the first that does"
        return ""

    def eager(self) -> list[Event]:
        """Single operations by line, the slowest first; without counts where Python does not report calls."""
        found: dict[tuple[Site, str], list[float]] = {}
        for function in self.counts.functions:
            for tally in function.tallies:
                if tally.primitive or function.library:
                    entry = found.setdefault((tally.site, function.name), [0, 0.0])
                    entry[0] += tally.calls
                    entry[1] += tally.seconds
        rows: list[Event] = [
            {"file": site.file, "line": site.line, "primitive": name, "count": int(count), "seconds": seconds}
            for (site, name), (count, seconds) in found.items()
        ]
        if not self.counts.available:
            rows = [
                {"file": site.file, "line": site.line, "primitive": name, "count": None, "seconds": None}
                for site, name in self._compiled_alone
            ]
        return sorted(rows, key=lambda row: -(row["seconds"] or 0.0))

    def _begun(self, lowering: compat.Lowering) -> Program | None:
        self.counts.look_again()
        site = _site()
        if lowering.eager or (lowering.function and lowering.function.file.startswith(compat.LIBRARIES)):
            self._compiled_alone[site, lowering.name] += 1
            return None
        inner, constants = compat.opened(lowering.jaxpr)
        program = Program(
            lowering=lowering._replace(jaxpr=None),
            open_jaxpr=inner,
            avals=tuple(aval.str_short(short_dtypes=True) for aval in lowering.jaxpr.in_avals),
            constants=_kept(constants),
            jitted=self.counts.current,
            site=site,
            reason=self._reasons.pop(lowering.name, ""),
            trace_s=self._traces.__dict__.pop(lowering.name, 0.0),
        )
        known = self._seen.setdefault(program.key(), program)
        if known is program:
            self.programs.append(program)
        else:
            known.trace_s += program.trace_s
        return known

    def _lowered(self, program: Program, seconds: float) -> None:
        program.lower_s = (program.lower_s or 0.0) + seconds

    def _compiled(self, program: Program, seconds: float) -> None:
        program.compiles += 1
        program.compile_s = (program.compile_s or 0.0) + seconds
        self._compilations += 1
        if self._compilations == self._stop_after:
            self.stopped = f"after {self._stop_after} compilation{'s' * (self._stop_after != 1)}"
            os.kill(os.getpid(), signal.SIGALRM)

    def _traced(self, function: str, seconds: float) -> None:
        taken = self._traces.__dict__
        taken[function] = taken.get(function, 0.0) + seconds


def _kept(constants: list[Any]) -> list[Any]:
    if sum(map(compat.bytes_of, constants)) <= KEPT_BYTES:
        return constants
    return [weakref.ref(each) if compat.bytes_of(each) > KEPT_BYTES // 64 else each for each in constants]


def _site() -> Site:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if (file := wire_file(frame.f_code.co_filename)) is not None:
            return Site(file, frame.f_lineno)
        frame = frame.f_back
    return Site()
