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
from dataclasses import dataclass, field
from typing import Any

import jax

from .. import compat
from ..ir.arguments import Leaves, split
from ..ir.lens import Traced
from ..ir.spans import Span, SpanFinder
from .call_counts import CallCounts, Jitted, Site, Tally
from .failures import attempt
from .learners import wire_file
from .wrappers import difference, unwrapped
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
    kinds: tuple[str, ...]
    """The same, with what else JAX compiles anew for: whether a type is weak, and how an input is sharded."""
    constants: list[Any]
    """What the jaxpr closes over, or weak references to it."""
    jitted: Jitted | None
    """The function that it is a program of; None where Python does not tell of calls."""
    called: bool
    """Whether a call of the function compiled it, and the seconds of that call include those of compiling."""
    site: Site
    """The line that was running when it was lowered."""
    around: Span | None
    """The expression there."""
    reason: str
    """Why JAX compiled it again."""
    trace_s: float
    """Seconds of tracing; 0 where an earlier trace served."""
    lower_s: float | None = None
    compile_s: float | None = None
    compiles: int = 0
    runs: int | None = None
    """How often it ran, and for how many seconds; None where runs are not timed."""
    run_s: float | None = None
    ahead: Jitted | None = None
    """The calls of what was compiled ahead of time."""
    siblings: list["Program"] = field(default_factory=list)
    """All programs of the function, this one too."""
    outermost: Span | None = None
    """The outermost expression of the user's that its operations come from."""

    @property
    def label(self) -> str:
        """`step(params, x)`: the function, and the names of what it takes."""
        names = dict.fromkeys(path.partition("[")[0].partition(".")[0] for path in self.lowering.arguments)
        return f"{self.lowering.name}({', '.join(names)})"

    @property
    def cost(self) -> tuple[float, int]:
        """By what the list is ordered: seconds of tracing, lowering, compiling and running or calling, then calls."""
        ran = self.call_s if self.run_s is None else self.run_s
        return self.trace_s + (self.lower_s or 0.0) + (self.compile_s or 0.0) + (ran or 0.0), self._calls or 0

    @property
    def call_s(self) -> float | None:
        """Seconds in calls of the function, compiling apart; None where Python tells of none."""
        if self.jitted is None:
            return None
        inside = self.trace_s + (self.lower_s or 0.0) + (self.compile_s or 0.0) if self.called else 0.0
        took = sum(tally.seconds for each in (self.jitted, self.ahead) if each for tally in each.tallies)
        return max(0.0, took - inside) if took else None

    @property
    def jaxpr(self) -> Any:
        """The jaxpr that ran; raises `LookupError` where its constants are gone."""
        values = [each() if isinstance(each, weakref.ref) else each for each in self.constants]
        if any(value is None for value in values):
            raise LookupError("the arrays that it closed over are gone")
        return compat.closed(self.open_jaxpr, values)

    def traced(self) -> Traced:
        """The jaxpr that ran, with the paths of its inputs and outputs; raises as `jaxpr` does."""
        lowering = self.lowering
        inputs, outputs = (list(map(split, paths)) for paths in (lowering.arguments, lowering.results))
        leaves = Leaves(inputs, outputs, lowering.shardings, lowering.result_shardings, lowering.static)
        return Traced(self.jaxpr, [], leaves)

    def lowered(self) -> Any:
        """The program lowered once more, as `jax.stages.Lowered`."""
        return self.lowering.again(self.jaxpr)

    @property
    def inputs(self) -> dict[str, str]:
        """The types of its arguments, and the values of static ones, by name."""
        static = {name: _shown(value) for name, value in self.lowering.static.items()}
        return {**dict(zip(self.lowering.arguments, self.kinds, strict=False)), **static}

    def facts(self) -> Event:
        """The fields of a `program` event."""
        lowering, jitted = self.lowering, self.jitted
        tallies: dict[Site, int | None] = {**self._tallies()} or {self.site: None}
        by_name = _calls(jitted)
        alone = len(self.siblings) <= 1 or not by_name
        return {
            "function": lowering.name,
            **self._place(),
            "called_at": [
                {"file": site.file, "line": site.line, "calls": count} for site, count in tallies.items() if site.file
            ][:MOST_SITES],
            "compiled_at": {"file": self.site.file, "line": self.site.line} if self.site.file else None,
            "calls": by_name + _calls(self.ahead) if self.runs is None and jitted and alone else self.runs,
            "function_calls": self._calls,
            "at_least": self.runs is None and jitted is not None and self._is_told_in_part,
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
            "run_s": self.run_s,
        }

    def ran(self, seconds: float) -> None:
        """Count a run."""
        self.runs, self.run_s = (self.runs or 0) + 1, (self.run_s or 0.0) + seconds

    @property
    def _is_told_in_part(self) -> bool:
        """Whether C code calls the function, or it was compiled ahead of time and runs host callbacks.

        Python does not tell of the first kind of call, and Python 3.12 not of the second.
        """
        ahead = not self.called and self.ahead is None and bool(self.open_jaxpr.effects)
        return ahead or (self.jitted is not None and (self.jitted.handed or self.jitted.unseen > 0))

    def _place(self) -> Event:
        """Where the function is defined; what a library wraps has its place in the user's code."""
        function = self.lowering.function
        own = function and wire_file(function.file)
        if own is None and self.outermost is not None:
            return {"file": self.outermost[0], "line": self.outermost[1]}
        if function is None and self.site.file:
            return {"file": self.site.file, "line": self.site.line}
        return {"file": function and (own or function.file), "line": function and function.line}

    @property
    def _calls(self) -> int | None:
        """How often the function was called, whichever of its programs ran."""
        if self.runs is not None:
            return sum(each.runs or 0 for each in self.siblings)
        return None if self.jitted is None else _calls(self.jitted) + sum(_calls(each.ahead) for each in self.siblings)

    def _tallies(self) -> dict[Site, int]:
        """Calls of the function by line, the most first."""
        found: Counter[Site] = Counter()
        for each in (self.jitted, self.ahead):
            for tally in each.tallies if each else ():
                found[tally.site] += tally.calls
        return dict(found.most_common())


def _calls(jitted: Jitted | None) -> int:
    return sum(tally.calls for tally in jitted.tallies) + jitted.unseen if jitted else 0


def _type(aval: Any) -> str:
    return str(aval.str_short(short_dtypes=True))


def _kinds(lowering: compat.Lowering) -> tuple[str, ...]:
    specs = _shardings(lowering) or [""] * len(lowering.jaxpr.in_avals)
    return tuple(
        _type(aval) + " (weak)" * bool(getattr(aval, "weak_type", False)) + (spec and f" sharded {spec}")
        for aval, spec in zip(lowering.jaxpr.in_avals, specs, strict=False)
    )


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
        self,
        events: compat.CompileEvents,
        stop_after: int | None = None,
        stop_after_s: float | None = None,
        *,
        run_times: bool = False,
    ) -> None:
        self.programs: list[Program] = []
        self.available = False
        """Whether this JAX lets itself be recorded."""
        self.counts = CallCounts()
        self._alone: dict[tuple[Site, str], Tally] = {}
        """Single operations that were compiled in calls that Python does not tell of."""
        self._reasons: dict[str, str] = {}
        self._seen: dict[tuple[Any, ...], Program] = {}
        self._of_function: dict[tuple[Any, ...], list[Program]] = {}
        self._traces = threading.local()
        self._events = events
        self._stop_after, self._stop_after_s = stop_after, stop_after_s
        self._run_times = run_times
        self._timed = False
        """Whether runs are timed: asked for, and this JAX lets them be timed."""
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
                compat.slow_calls() if self._run_times else contextlib.nullcontext(False) as self._timed,
                self.counts.counting(),
                self._bounded(),
            ):
                yield
        finally:
            self._events.timed = None

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Raise `Enough` in the main thread when the time is over, or at the signal that `_compiled` sends."""

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
        for program in self.programs:
            program.ahead = self.counts.ahead.get(program)
            if program.jitted:
                program.siblings = [each for each in self.programs if each.jitted is program.jitted]
        programs = sorted(self.programs, key=lambda program: program.cost, reverse=True)
        return [{"label": each.label, "call": each.label, "program": each} for each in programs]

    def tell(self, entries: list[dict[str, Any]], say: Say) -> None:
        """Say a `program` event for each entry, and `recorded` behind them."""
        for index, entry in enumerate(entries):
            say({"event": "program", "index": index, **entry["program"].facts()})
        say({"event": "recorded", "eager": self.eager()[:MOST_LINES], "stopped": self.stopped, "missing": self.missing})

    @property
    def missing(self) -> str:
        """What is not recorded here, and why."""
        if not self.available:
            return f"jax {jax.__version__} does not let itself be recorded: the calls are those that the file writes"
        if self._run_times and not self._timed:
            return f"jax {jax.__version__} does not let runs be timed"
        if not self.counts.available:
            version, how = ".".join(map(str, sys.version_info[:2])), " by line" * self._timed
            return f"Python {version} does not tell of calls, so they are not counted{how}: 3.12 is the first that does"
        return ""

    def eager(self) -> list[Event]:
        """Single operations by line, the slowest first; without counts where Python does not report calls."""
        found: dict[tuple[Site, str], Tally] = {}
        for function in {*self.counts.functions} - {program.jitted for program in self.programs}:
            for tally in function.tallies:
                if tally.primitive or function.library:
                    entry = found.setdefault((tally.site, function.name), Tally(tally.site, True))
                    entry.calls += tally.calls
                    entry.seconds += tally.seconds
                    entry.compile_s += tally.compile_s
        rows: list[Event] = [
            {
                "file": site.file,
                "line": site.line,
                "primitive": name,
                "count": tally.calls or None,
                "seconds": max(0.0, tally.seconds - tally.compile_s) if tally.calls else None,
                "compile_s": tally.compile_s,
            }
            for (site, name), tally in (*found.items(), *self._alone.items())
        ]
        return sorted(rows, key=lambda row: -(row["seconds"] or 0.0) - row["compile_s"])

    def _begun(self, lowering: compat.Lowering) -> Program | Tally:
        self.counts.look_again()
        frame = _users_frame()
        site = _site(frame)
        jitted, tally = self.counts.current
        trace_s = self._traces.__dict__.pop(lowering.name, 0.0)
        library = lowering.function is not None and lowering.function.file.startswith(compat.LIBRARIES)
        if lowering.eager and lowering.body:
            lowering = lowering._replace(function=None)
        elif lowering.eager or library:
            tally = tally or self._alone.setdefault((site, lowering.name), Tally(site, True))
            tally.compile_s += trace_s
            return tally
        if jitted is None and self.counts.available and lowering.wrapped is not None:
            jitted = self.counts.of(lowering.wrapped, lowering.name)
            jitted.unseen += lowering.called
        static = tuple(map(repr, lowering.static.items()))
        told, lowering = lowering, unwrapped(lowering)
        inner, constants = compat.opened(lowering.jaxpr)
        program = Program(
            lowering=lowering._replace(jaxpr=None, wrapped=None, leaves=()),
            open_jaxpr=inner,
            avals=tuple(map(_type, lowering.jaxpr.in_avals)),
            kinds=_kinds(lowering),
            constants=_kept(constants),
            jitted=jitted,
            called=lowering.called,
            site=site,
            around=SpanFinder().at(frame) if frame else None,
            reason=self._reasons.pop(lowering.name, ""),
            trace_s=trace_s,
            runs=0 if self._timed else None,
            run_s=0.0 if self._timed else None,
        )
        alike = lowering.name, lowering.function or site, jitted
        known = self._seen.setdefault((*alike, program.kinds, static), program)
        if known is program:
            earlier = self._of_function.setdefault(alike, [])
            if not program.reason or lowering.arguments != told.arguments:
                program.reason = difference(program.inputs, [each.inputs for each in earlier])
            earlier.append(program)
            program.siblings = earlier
            self.programs.append(program)
        else:
            known.trace_s += program.trace_s
            known.reason = known.reason or program.reason or ("its functions are new objects" if lowering.body else "")
        return known

    def _lowered(self, made: Program | Tally, seconds: float) -> None:
        if isinstance(made, Tally):
            made.compile_s += seconds
        else:
            made.lower_s = (made.lower_s or 0.0) + seconds

    def _compiled(self, made: Program | Tally, seconds: float | None, executable: Any) -> None:
        if self._timed and seconds is not None:
            compat.watch_runs(executable, made.ran if isinstance(made, Program) else lambda _seconds: None)
        if isinstance(made, Tally):
            made.compile_s += seconds or 0.0
            return
        if seconds is None:
            return
        made.compiles += 1
        made.compile_s = (made.compile_s or 0.0) + seconds
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


def _users_frame() -> Any:
    """The innermost frame of the user's; None where none is on the stack."""
    frame: Any = sys._getframe(2)
    while frame is not None and wire_file(frame.f_code.co_filename) is None:
        frame = frame.f_back
    return frame


def _site(frame: Any) -> Site:
    return Site(wire_file(frame.f_code.co_filename) or "", frame.f_lineno) if frame else Site()
