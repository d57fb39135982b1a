"""Profiles one staged call: untraced timing, then warm calls under JAX's profiler, then the sums by instruction."""

import re
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import jax

from .. import compat
from ..ir.instructions import Instruction
from ..ir.lens import LensError, why_not
from ..ir.spans import Span
from ..ir.stages import Staged
from ..machine.devices import simulated
from ..runner.execute import Workspace
from ..runner.failures import attempt
from ..runner.programs import FirstRun
from ..runner.writer import Event, Say
from ..timing import clock, verdicts
from ..timing.placing import placed, targets_for
from .events import CALL, threads_of
from .inputs import call_of
from .shares import Part, Shares
from .spent import DeviceThreads, Spent, devices_of, executions
from .timeline import timeline
from .work import Work

BUDGET_S = 1.0
"""The longest time of the profiled calls, unless one call takes longer."""
MOST_EVENTS = 60_000
"""The profiler needs a second to hand over a few hundred thousand."""
MOST_CALLS = 100
LINGER_S = 0.02
"""Threads record the ends of their work after the result is ready."""
MOST_INSTRUCTIONS = 8000
"""The other, shorter rows become one: a frame of the wire has a limit."""
TIMED = 0.5
"""The patience of the untraced timing."""
SLOWED = 0.15
"""The relative difference between profiled and untraced calls from which on there is a verdict."""
TIMES = 2.0
"""The ratio from which on the verdict gives a ratio, not a percentage."""
_MODULE = re.compile(r"HloModule ([\w.\-]+)")
_CONTAINERS = ("while", "conditional", "call")


@dataclass
class Recording:
    """The profiled calls; seconds."""

    data: Any
    walls: list[float] = field(default_factory=list)


@dataclass
class Profiler:
    """Profiles the calls of one step."""

    workspace: Workspace
    devices: list[Any]
    say: Say
    patience: float = 1.0
    """Factor on the time of the untraced timing and of the profiled calls."""
    first: FirstRun | None = None
    """The first run of the recorded program that is profiled."""

    def profile(self, index: int, label: str, call: str, staged: Any) -> None:
        """Send the `profile` of a call; `staged` makes its `Staged` and may raise."""
        head = {"event": "profile", "index": index, "label": label, "call": call}
        found, error = attempt(self._profiled, staged, label)
        self.say({**head, **(found or {"error": _why(error)})})

    def _tell(self, phase: str, label: str, done: int = 0, of: int = 0) -> None:
        self.say({"event": "progress", "phase": phase, "label": label, "done": done, "of": of})

    def _profiled(self, staged_of: Any, label: str) -> Event:
        staged: Staged = staged_of()
        call, said = call_of(staged, self.first)
        target = targets_for("one", call, self.devices)[0]
        with target.context():
            self._tell("compiling", label)
            text = staged.text
            subject = placed(self.workspace, "", call, target)
            loops = clock.loops_of(subject, "_jaxtour_wait({})", anew=subject.may_donate)
            loops.complete(1)
            with clock.no_collection():
                untraced = self._untraced(loops, label)
                recording = self._recorded(loops, label)
        self._tell("reading the profile", label)
        module = match[1] if (match := _MODULE.match(text)) else ""
        told = self._told(staged, module, recording, untraced, said)
        return {"platform": target.platform, **told}

    def _untraced(self, loops: clock.Loops, label: str) -> dict[str, Any]:
        """Return the spread of calls without the profiler: the number to quote."""

        def progress(done: int, of: int) -> None:
            self._tell("timing without the profiler", label, done, of)

        progress(0, clock.SAMPLES)
        group, one = clock.warmed(loops.complete)
        samples = clock.sampled(loops, group, one, progress, patience=TIMED * self.patience, dispatch=False)
        found = clock.spread(samples.complete, samples.group)
        if found is None:
            raise LensError("no sample was taken")
        return found

    def _recorded(self, loops: clock.Loops, label: str) -> Recording:
        """Record one call to count its events; then as many calls as the bounds allow, if more than one."""
        self._tell("profiling", label, 0, 1)
        pilot = self._calls(loops, 1)
        events = sum(1 for plane in pilot.data.planes for line in plane.lines for _ in line.events)
        wanted = compat.agreed(
            min(BUDGET_S * self.patience / max(pilot.walls[0], 1e-6), MOST_EVENTS / max(events, 1), MOST_CALLS)
        )
        if wanted < 2:
            return pilot
        self._tell("profiling", label, 1, int(wanted))
        return self._calls(loops, int(wanted))

    @staticmethod
    def _calls(loops: clock.Loops, count: int) -> Recording:
        walls: list[float] = []

        def work() -> None:
            for _ in range(count):
                with jax.profiler.TraceAnnotation(CALL):
                    walls.append(loops.paired(1)[1])
            time.sleep(LINGER_S)

        return Recording(compat.recorded(work), walls)

    def _told(
        self, staged: Staged, module: str, recording: Recording, untraced: dict[str, Any], said: list[dict[str, str]]
    ) -> Event:
        threads, events = threads_of(recording.data, module)
        if not threads:
            raise LensError(
                f"the profiler recorded {events} events, but none of them names an instruction of {module}: "
                "this backend's profile cannot be divided by line"
            )
        calls, walls = len(recording.walls), recording.walls
        named = {each.name: each for whole in staged.linked.computations.values() for each in whole.instructions}
        containers = frozenset(name for name, each in named.items() if each.opcode in _CONTAINERS)
        devices = devices_of(threads)
        spent = [device.spent(containers) for device in devices]
        instructions, spans, paths = _instructions(staged, named, devices, spent, calls)
        covered = sum(row[3] for row in instructions)
        wall = max(sum(walls) / calls, covered)
        inside = sum(each.inside for each in spent) / len(spent) / calls / 1e9
        gaps = min(max(0.0, inside - covered), wall - covered)
        number = {row[0]: place for place, row in enumerate(instructions)}
        traced = statistics.median(walls)
        return {
            "untraced": untraced,
            "wall_s": wall,
            "traced_s": traced,
            "covered_s": covered,
            "unaccounted_s": wall - covered,
            "gaps_s": gaps,
            "calls": calls,
            "events": events,
            "unmatched": sum(row[1] == "" for row in instructions),
            "spans": spans,
            "paths": paths,
            "instructions": instructions,
            "devices": [device.number for device in devices],
            "device_covered_s": [each.covered / calls / 1e9 for each in spent] if len(spent) > 1 else [],
            "timeline": timeline(devices, number),
            "verdicts": [*said, *_verdicts(traced, untraced["median_s"], len(devices))],
        }


def _instructions(
    staged: Staged, named: dict[str, Instruction], devices: list[DeviceThreads], spent: list[Spent], calls: int
) -> tuple[list[list[Any]], list[Span], list[str]]:
    """Return the rows of the wire, the longest first, and the spans and paths that they refer to."""
    work = Work(staged.linked)
    shares = Shares(staged.linked, work)
    computations = {name: each.computation for name, each in named.items()}
    counts = [executions(device.counts(), computations, calls) for device in devices]
    places: dict[Span, int] = {}
    paths: dict[str, int] = {}
    rows: list[list[Any]] = []
    scale = 1e-9 / calls / len(spent)
    for name in dict.fromkeys(name for each in spent for name in each.own):
        own = [each.own.get(name, 0.0) for each in spent]
        known = named.get(name)
        parts, estimated = shares.of(known) if known else ([], False)
        count = max(each.get(name, 0.0) for each in counts)
        rows.append([
            name,
            known.opcode if known else "",
            known.line if known else None,
            sum(own) * scale,
            sum(each.busy.get(name, 0.0) for each in spent) * scale,
            count,
            work.flops(known) if known else None,
            work.bytes(known) if known and known.opcode not in _CONTAINERS else None,
            [_part(part, places, paths) for part in parts] or [[-1, False, 1.0]],
            estimated,
            [each * scale * len(spent) for each in own] if len(spent) > 1 else [],
        ])  # fmt: skip
    rows.sort(key=lambda row: -row[3])
    return [*rows[:MOST_INSTRUCTIONS], *_rest(rows[MOST_INSTRUCTIONS:])], list(places), list(paths)


def _part(part: Part, places: dict[Span, int], paths: dict[str, int]) -> list[Any]:
    """Return a part on the wire; notes its span and its path."""
    span = -1 if part.span is None else places.setdefault(part.span, len(places))
    return [span, part.backward, part.share, paths.setdefault(part.path, len(paths)) if part.path else -1]


def _rest(rows: list[list[Any]]) -> list[list[Any]]:
    """Merge the rows beyond the limit into one."""
    if not rows:
        return []
    own: float = sum(row[3] for row in rows)
    parts: dict[tuple[int, bool], float] = {}
    for row in rows:
        for span, backward, share, *_ in row[8]:
            parts[span, backward] = parts.get((span, backward), 0.0) + share * (row[3] / own if own else 1 / len(rows))
    told = [[span, backward, share] for (span, backward), share in parts.items()]
    busy, each = sum(row[4] for row in rows), [sum(times) for times in zip(*(row[10] for row in rows), strict=True)]
    return [[f"{len(rows)} more", "others", None, own, busy, 1.0, None, None, told, any(row[9] for row in rows), each]]


def _verdicts(traced: float, untraced: float, devices: int) -> list[dict[str, str]]:
    found = []
    if abs(traced - untraced) > SLOWED * untraced:
        ratio = traced / untraced
        way = f"{ratio - 1:.0%} longer than" if ratio > 1 else f"{1 - ratio:.0%} shorter than"
        way = f"{ratio:.1f} times as long as" if ratio > TIMES else way
        message = (
            f"The profiled calls took {way} calls without the profiler: "
            "take shares from the profile, and times from the timing."
        )
        found.append({"code": "profile_differs", "message": message})
    return [*found, *([verdicts.simulated()] if devices > 1 and simulated() else [])]


def _why(error: BaseException | None) -> str:
    if isinstance(error, compat.NoProfilerError):
        return str(error)
    return why_not(error) if error else ""
