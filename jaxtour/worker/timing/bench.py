"""Times calls: compiles them and places their inputs before the clock starts, and waits for each result."""

import os
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import jax

from .. import compat
from ..ir.lens import Call, LensError, why_not
from ..machine.devices import simulated
from ..runner.execute import Workspace
from ..runner.failures import attempt
from ..runner.programs import FirstRun
from ..runner.writer import Say
from . import clock, noise, outcomes, verdicts
from .placing import Placement, Subject, is_spread, is_transfer, leaves, placed, targets_for
from .recorded import RecordedCall
from .results import Results, Values, difference, results_of, values_of
from .timed import timed
from .trees import leaves_of, settled

SIZE = "n"
"""The name of the size in a call that is timed for several sizes."""


@dataclass
class TimedRow:
    """A finished timing, for comparison with later ones."""

    index: int
    label: str
    platform: str
    size: int | None
    baseline: bool
    values: Values | None
    """The result's values; None if there are none, they are too large to compare, or no later timing compares with
    them."""
    widths: frozenset[str]


@dataclass
class First:
    """The first call of a timing."""

    seconds: float
    run: float
    """Seconds without tracing, lowering and compiling."""
    stages: dict[str, float | None]
    gave_away: bool
    """Whether the call donated an input, so that it needs new inputs each time."""
    result: Any


@dataclass
class Bench:
    """Measures the calls of one step."""

    workspace: Workspace
    devices: list[Any]
    events: compat.CompileEvents
    say: Say
    patience: float = 1.0
    """Factor on the time that a timing may take to become steady."""
    first: FirstRun | None = None
    """The first run of the recorded program that an entry names."""
    _rows: list[TimedRow] = field(default_factory=list)
    _entry_timed: dict[str, Any] = field(default_factory=dict)
    """The entry being measured."""
    _last_baseline: int = -1
    """The index of the last baseline; entries before it are compared with it too."""

    def measure(self, entries: list[dict[str, Any]], *, brief: bool = False) -> None:
        """Send a `timing` for each entry on each platform it asks for; of a single call if `brief`."""
        self._last_baseline = max((i for i, entry in enumerate(entries) if entry.get("baseline")), default=-1)
        for place, entry in enumerate(entries):
            index = place if entry.get("index") is None else entry["index"]
            sizes = entry.get("sizes") or [None]
            for number, size in enumerate(sizes[:1] if brief else sizes):
                part = f" {SIZE}={size}, {number + 1} of {len(sizes)}" if size is not None else ""
                self._entry(index, entry, size, entry["label"] + part, brief=brief)

    def _entry(self, index: int, entry: dict[str, Any], size: int | None, shown: str, *, brief: bool) -> None:
        on = entry.get("on", "each platform")
        facts = {"event": "timing", "index": index, "label": entry["label"], "call": entry["call"], "size": size}
        facts["baseline"] = entry.get("baseline", False)

        def progress(done: int, of: int) -> None:
            self.say({"event": "progress", "phase": "timing", "label": shown, "done": done, "of": of})

        progress(0, clock.SAMPLES)
        names = {} if size is None else {SIZE: size}
        found, error = attempt(self._recorded if entry.get("program") else self._parsed, entry["call"], names)
        if found is None:
            platform = "host" if on == "host" else self.devices[0].platform
            self.say({**facts, "platform": platform, "error": why_not(error) if error else ""})
            return
        source, call = found
        self._entry_timed = entry
        for target in targets_for(on, call, self.devices):
            measure = self._called_once if brief else self._measured
            numbers, error = attempt(measure, source, call, target, names, progress)
            if numbers is None or error:
                self.say({**facts, "platform": target.platform, "error": why_not(error) if error else ""})
                continue
            values, widths = numbers.pop("values", None), numbers.pop("widths", frozenset())
            row = TimedRow(index, entry["label"], target.platform, size, facts["baseline"], values, widths)
            if not (brief or is_transfer(call)):
                numbers["differs"], more = self._compared(row)
                numbers["verdicts"] = [*numbers["verdicts"], *more]
            self._rows.append(row)
            self.say({**facts, "platform": target.platform, **numbers})
        for row in self._rows:
            if not row.baseline and row.index >= self._last_baseline:
                row.values = None  # no later timing is compared with it

    def _recorded(self, label: str, _names: dict[str, Any]) -> tuple[str, Call]:
        if self.first is None:
            raise LensError("the second run of the program did not reach it")
        return label, RecordedCall(self.first).call

    def _parsed(self, source: str, names: dict[str, Any]) -> tuple[str, Call | None]:
        """Return the timed source and the evaluated call; the size is a name in the namespace while it is evaluated."""
        if not names:
            return timed(self.workspace, source)
        kept = self.workspace.namespace
        self.workspace.namespace = kept | names
        try:
            return timed(self.workspace, source)
        finally:
            self.workspace.namespace = kept

    def _called_once(
        self, source: str, call: Any, target: Placement, names: dict[str, Any], _progress: clock.OnSample
    ) -> dict[str, Any]:
        """Return the seconds of one call, compiled before or not: shows that the call works."""
        with target.context():
            first = self._first_call(placed(self.workspace, source, call, target, **names), clear=False)
        return {"first_s": first.seconds, "runs": 1, **outcomes.told(self._entry_timed, first.result)}

    def _measured(
        self, source: str, call: Any, target: Placement, names: dict[str, Any], progress: clock.OnSample
    ) -> dict[str, Any]:
        """Return the fields of a `timing`, in seconds."""
        subject = placed(self.workspace, source, call, target, **names)
        on_device = target.platform != "host"
        own = noise.settled_load()
        with target.context():
            first = self._first_call(subject, clear=on_device)
            if subject.call and isinstance(subject.call.function, RecordedCall):
                first.stages = {**subject.call.function.seconds}
                first.seconds += sum(subject.call.function.seconds.values())
            again = self._again(subject, first) if on_device else None
            results = results_of(subject, first.result, again, gave_away=first.gave_away)
            loops = clock.loops_of(subject, clock.wait_for(first.result), anew=first.gave_away)
            values = values_of(first.result)
            compared = outcomes.told(self._entry_timed, first.result)
            # Free results too large to compare before the next ones of that size are computed.
            first.result = again = None
            with noise.watched() as load, clock.no_collection():
                group, one = (1, first.run) if first.run > clock.LONG_S else clock.warmed(loops.complete)
                before = self.events.traces + self.events.compiles
                samples = clock.sampled(loops, group, one, progress, patience=self.patience, dispatch=on_device)
                compilations = self.events.traces + self.events.compiles - before
            found: dict[str, Any] = {"first_s": first.seconds, **first.stages, **compared}
            complete = clock.spread(samples.complete, samples.group)
            if complete is None:
                raise LensError("no sample was taken")
            dispatch = clock.spread(samples.dispatch, samples.group)
            found |= {key: complete[key] for key in ("median_s", "best_s", "q1_s", "q3_s", "runs")}
            found |= {"complete": complete, "dispatch": dispatch}
            uncertainty = clock.uncertainty(samples.complete)
            said = verdicts.of_circumstances(load, own, uncertainty, os.cpu_count() or 1)
            if on_device:
                python = None
                if dispatch and not (results.gave_away or is_transfer(subject.call)):
                    python = verdicts.in_python(subject, samples, dispatch, complete, target.platform)
                more, figures = self._understood(subject, results, target, compilations, complete, python)
                said = [*more, *said]
                found |= figures
        spread = simulated() and (results.spread or any(map(is_spread, subject.inputs)))
        if spread:
            said.append(verdicts.simulated())
        found |= {"simulated": spread, "verdicts": said, "values": values, "widths": results.widths}
        if is_transfer(subject.call):
            found["transfer_bytes"] = sum(int(getattr(leaf, "nbytes", 0)) for leaf in leaves(subject.call))
        return found

    @staticmethod
    def _understood(
        subject: Subject,
        results: Results,
        target: Placement,
        compilations: int,
        complete: dict[str, Any],
        python: verdicts.InPython | None,
    ) -> tuple[list[verdicts.Verdict], dict[str, Any]]:
        """Return the verdicts on a call of JAX, and its cost."""
        said = [*verdicts.of_inputs(subject, placed=target.device is not None), *verdicts.of_results(results)]
        figures: dict[str, Any] = {}
        operations: int | None = None
        if subject.jitted and subject.call:
            more, cost = verdicts.of_compilation(subject.call.function, subject.call.args, subject.call.kwargs)
            said += more
            figures = {"flops": cost.get("flops"), "bytes": cost.get("bytes"), "cost_notes": cost.get("notes", [])}
        elif not compilations and not results.gave_away and complete["median_s"] <= clock.LONG_S:
            more, operations = verdicts.of_transfers(subject)
            said += more
        said += verdicts.of_run(
            arrays=results.arrays,
            compilations=compilations,
            calls=complete["runs"],
            median=complete["median_s"],
            jitted=subject.jitted,
            operations=operations,
            python=python,
        )
        return list({verdict["code"]: verdict for verdict in reversed(said)}.values())[::-1], figures

    def _first_call(self, subject: Subject, *, clear: bool) -> First:
        """Make the first call, with tracing, lowering and compiling, including nested functions.

        With `clear`, earlier compiled code is dropped, and JAX's persistent cache is off.
        """
        code = compile(subject.expression, "<jaxtour>", "eval", dont_inherit=True)
        given = subject.copied() if subject.may_donate else {}
        with compat.no_persistent_cache() if clear else nullcontext():
            if clear:
                jax.clear_caches()
            before = dict(self.events.seconds)
            counts = self.events.traces, self.events.compiles
            start = time.perf_counter()
            result = settled(eval(code, subject.namespace | given))
            seconds = time.perf_counter() - start
        gave_away = any(isinstance(leaf, jax.Array) and leaf.is_deleted() for leaf in leaves_of(given))
        took = {kind: self.events.seconds.get(kind) for kind in ("trace", "lower", "compile")}
        spent = {kind: None if after is None else after - before.get(kind, 0.0) for kind, after in took.items()}
        compiled = clear and counts != (self.events.traces, self.events.compiles)
        stages = {f"{kind}_s": value for kind, value in spent.items()} if compiled else {}
        run = compat.agreed(seconds - sum(filter(None, spent.values())))
        return First(seconds, run, stages, gave_away, result)

    @staticmethod
    def _again(subject: Subject, first: First) -> Any:
        """Return the result of a second call, which shows whether results are cached; None if the first was slow."""
        if first.run > clock.SLOW_S:
            return None
        code = compile(subject.expression, "<jaxtour>", "eval", dont_inherit=True)
        given = subject.copied() if first.gave_away else {}
        return settled(eval(code, subject.namespace | given))

    def _compared(self, row: TimedRow) -> tuple[list[dict[str, Any]], list[verdicts.Verdict]]:
        """Return how the values differ from the same call's on other platforms, and from the baseline's."""
        differs: list[dict[str, Any]] = []
        said: list[verdicts.Verdict] = []
        for other in self._rows:
            same = other.index == row.index
            if other.size != row.size or not (same or other.baseline or row.baseline):
                continue
            name = other.platform if same else other.label
            if row.values and other.values and (found := difference(row.values, other.values)):
                differs.append({"against": name, **found})
            if not said:
                said = verdicts.of_widths(row.widths, other.widths, name)
        return differs, said
