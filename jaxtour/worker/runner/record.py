"""Records what the user's program compiles while it runs: which functions, for which arguments, from which lines.

Nothing runs or traces a second time. The recorder keeps each jaxpr, and its constants up to `programs.KEPT_BYTES`; it
holds larger ones weakly, so that they are freed when the user's code drops them.
"""

import contextlib
import hashlib
import os
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import jax

from .. import compat
from ..ir.arguments import bound_values
from ..ir.spans import SpanFinder
from .call_counts import CallCounts, Site, Tally
from .failures import attempt
from .learners import wire_file
from .programs import FirstRun, Program, holder, kept, kinds_of, shapes, type_of
from .wrappers import difference, unwrapped
from .writer import Event, Say

MOST_LINES = 100
MOST_LOOKED_INTO = 40
"""Programs whose jaxpr is shown; a jaxpr is walked in some 10 ms."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Enough(BaseException):
    """Raised in the user's code when the requested amount has been recorded."""


class Recorder:
    """Records what is compiled while it is `on`."""

    def __init__(
        self,
        events: compat.CompileEvents,
        stop_after: int | None = None,
        stop_after_s: float | None = None,
        *,
        run_times: bool = False,
        until: str = "",
    ) -> None:
        self.programs: list[Program] = []
        self.available = False
        """Whether this JAX can be recorded."""
        self.counts = CallCounts()
        self._alone: dict[tuple[Site, str], Tally] = {}
        """Single operations that were compiled in calls that Python does not report."""
        self._reasons: dict[str, str] = {}
        self._seen: dict[tuple[Any, ...], Program] = {}
        self._alike: Counter[str] = Counter()
        self._of_function: dict[tuple[Any, ...], list[Program]] = {}
        self._traces = threading.local()
        self._events = events
        self._stop_after, self._stop_after_s = stop_after, stop_after_s
        self._until = until
        """The key of a program; the user's code ends just before that program's first run."""
        self.reached: FirstRun | None = None
        self._run_times = run_times
        self._timed = False
        """Whether runs are timed: on request, if this JAX allows it."""
        self._compilations = 0
        self.stopped = ""
        """Why the program was stopped early."""

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Record inside this context."""
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
        """Raise `Enough` in the main thread when the time is up, or on the signal that `_compiled` sends."""

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
        """Note JAX's reason for tracing a function again."""
        self._reasons[function] = reason

    def entries(self, functions: Collection[str] | None, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Return the programs of functions, or all, as traced calls of a cell: those in `keys` first, then by cost."""
        for program in self.programs:
            program.ahead = self.counts.ahead.get(program)
            if program.jitted:
                program.siblings = [each for each in self.programs if each.jitted is program.jitted]
        wanted = [each for each in self.programs if functions is None or each.lowering.name in functions]
        found = {
            each.key: {"label": each.label, "call": each.label, "program": each}
            for each in sorted(wanted, key=lambda program: program.cost, reverse=True)
        }
        gone = {"label": "", "call": "", "error": "the second run of the program did not compile it"}
        return [*(found.pop(key, gone) for key in keys), *found.values()]

    def tell(self, entries: list[dict[str, Any]], say: Say) -> None:
        """Send a `program` event for each entry, then `recorded`."""
        for index, entry in enumerate(entries):
            say({"event": "program", "index": index, **entry["program"].facts()})
        say({"event": "recorded", "eager": self.eager()[:MOST_LINES], "stopped": self.stopped, "missing": self.missing})

    @property
    def missing(self) -> str:
        """What cannot be recorded here, and why."""
        if not self.available:
            return f"jax {jax.__version__} cannot be recorded: these are the calls written in the file"
        if self._run_times and not self._timed:
            return f"jax {jax.__version__} does not allow timing runs"
        if not self.counts.available:
            version, how = ".".join(map(str, sys.version_info[:2])), " by line" * self._timed
            return f"Python {version} does not report calls, so they are not counted{how}: that needs 3.12 or newer"
        return ""

    def eager(self) -> list[Event]:
        """Return single operations by line, the slowest first; without counts where Python does not report calls."""
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
        bound = bound_values(lowering.wrapped)
        lowering = lowering._replace(static={**bound, **lowering.static})
        told, lowering = lowering, unwrapped(lowering)
        inner, constants = compat.opened(lowering.jaxpr)
        kinds, static = kinds_of(lowering), tuple(map(repr, told.static.items()))
        program = Program(
            key="",
            lowering=lowering._replace(jaxpr=None, wrapped=None, leaves=(), call=((), {})),
            open_jaxpr=inner,
            avals=tuple(map(type_of, lowering.jaxpr.in_avals)),
            kinds=kinds,
            constants=kept(constants),
            jitted=jitted,
            called=lowering.called,
            site=site,
            around=SpanFinder().at(frame) if frame else None,
            reason=self._reasons.pop(lowering.name, ""),
            trace_s=trace_s,
            wrapped=holder(lowering.wrapped),
            call=attempt(shapes, lowering.call)[0] or ((), {}),
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
            program.key = self._key(lowering.name, lowering.function or site, kinds, static)
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
            self._watch(executable, made.ran if isinstance(made, Program) else lambda _seconds: None)
        if isinstance(made, Tally):
            made.compile_s += seconds or 0.0
            return
        if seconds is None:
            return
        if self._until == made.key and self.reached is None:
            compat.before_first_run(executable, lambda inputs: self._end_at(FirstRun(made, executable, inputs)))
        made.compiles += 1
        made.compile_s = (made.compile_s or 0.0) + seconds
        self._compilations += 1
        if self._compilations == self._stop_after:
            self.stopped = f"after {self._stop_after} compilation{'s' * (self._stop_after != 1)}"
            os.kill(os.getpid(), signal.SIGALRM)

    def _watch(self, executable: Any, ran: Callable[[float], None]) -> None:
        try:
            compat.watch_runs(executable, ran)
        except AttributeError:
            self._timed = False
            for program in self.programs:
                program.runs = program.run_s = program.first_run_s = None

    def _key(self, *told: Any) -> str:
        """Return what identifies a program, the same in each run of the user's code."""
        text = _ADDRESS.sub("", repr(told))
        self._alike[text] += 1
        return hashlib.blake2b(f"{text} {self._alike[text]}".encode(), digest_size=8).hexdigest()

    def _end_at(self, first: FirstRun) -> None:
        self.reached, self.stopped = first, f"before the first run of {first.program.label}"
        if threading.current_thread() is not threading.main_thread():
            os.kill(os.getpid(), signal.SIGALRM)
        raise Enough

    def _traced(self, function: str, seconds: float) -> None:
        taken = self._traces.__dict__
        taken[function] = taken.get(function, 0.0) + seconds


def _users_frame() -> Any:
    """Return the innermost frame of the user's; None where none is on the stack."""
    frame: Any = sys._getframe(2)
    while frame is not None and wire_file(frame.f_code.co_filename) is None:
        frame = frame.f_back
    return frame


def _site(frame: Any) -> Site:
    return Site(wire_file(frame.f_code.co_filename) or "", frame.f_lineno) if frame else Site()
