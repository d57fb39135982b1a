"""States what a step needs from the worker: its code and other requests as commands, cells before it, its devices."""

import ast
import functools
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from jaxtour.course.model import Broken, Lesson, Requires, Step, TimeSpec, TraceSpec
from jaxtour.course.questions import what_of
from jaxtour.engine.wire.commands import (
    Cell,
    NotebookMode,
    Open,
    ProfileRequest,
    Run,
    StageName,
    StageRequest,
    TimeCall,
    TraceCall,
)
from jaxtour.engine.wire.messages import Done, Event, Executed, Facts, Program, RunProgress, Trace
from jaxtour.text import Raw

MOST_DIFFERING = 2


def trace_calls(step: Step) -> tuple[TraceCall, ...] | None:
    """Return the step's traces; None traces the last expression."""
    if step.trace is None:
        return None
    entries = (step.trace,) if isinstance(step.trace, Raw) else step.trace
    specs = [TraceSpec(call=entry) if isinstance(entry, Raw) else entry for entry in entries]
    return tuple(TraceCall(label=spec.label or spec.call.text, call=spec.call.text) for spec in specs)


def time_calls(step: Step) -> tuple[TimeCall, ...]:
    """Return the step's timings."""
    calls = []
    for entry in step.time:
        spec = TimeSpec(call=entry) if isinstance(entry, Raw) else entry
        label = spec.label or spec.call.text
        calls.append(TimeCall(label=label, call=spec.call.text, on=spec.on, baseline=spec.baseline, sizes=spec.sizes))
    return tuple(calls)


def program_call(trace: Trace, program: Program, programs: Sequence[Program]) -> TimeCall:
    """Return the timing of a recorded program, named after its inputs if the function has other programs."""
    others = [each.avals for each in programs if each.function == program.function and each is not program]
    differing = [
        aval for place, aval in enumerate(program.avals) if any(avals[place : place + 1] != (aval,) for avals in others)
    ]
    label = " ".join((trace.label, *differing[:MOST_DIFFERING]))
    return TimeCall(label=label, call=trace.call.text, index=program.index, program=program.key)


def stage_request(index: int, stage: StageName, keys: Sequence[str]) -> StageRequest:
    """Return the request for a stage of a trace; `keys` are those of the recorded programs, by index."""
    ran = stage == "values" and index < len(keys)
    return StageRequest(index=index, stage=stage, program=keys[index] if ran else "")


def profile_request(trace: Trace, programs: Sequence[Program]) -> ProfileRequest:
    """Return the request for the profile of a trace, which may be that of a recorded program."""
    key = next((each.key for each in programs if each.index == trace.index), "")
    return ProfileRequest(index=trace.index, program=key)


def cell(lesson: Lesson, step: Step, code: str | None = None) -> Cell:
    """Return the step's cell; `code` replaces the lesson's own."""
    source = step.solved_code.text if code is None else code
    if notebook := lesson.cells.get(step.id):
        # Imported here, since the course itself has no notebooks.
        from jaxtour.course.magics import runnable

        command = NotebookMode(number=notebook.number, folder=notebook.folder.text)
        setup, source = runnable(step.setup.text).code, runnable(source).code
        traces = trace_calls(step)
        return Cell(name=f"{lesson.id}/{step.id}", setup=setup, code=source, traces=traces, notebook=command)
    path = lesson.file.text if lesson.plain else None
    return Cell(
        name=f"{lesson.id}/{step.id}",
        setup=step.setup.text,
        code=source,
        traces=trace_calls(step),
        path=path,
        launch=lesson.launch,
        checked=step.exercise is not None,
    )


def cells_before(lesson: Lesson, step: Step, edits: Mapping[str, str] | None = None) -> list[Cell]:
    """Return the cells of the lesson's earlier steps that leave a state; `edits` have other code, by step id."""
    earlier = itertools.takewhile(lambda each: each.id != step.id, lesson.steps)
    steps = [each for each in earlier if isinstance(each, Step) and not each.runs_out]
    return [cell(lesson, each, (edits or {}).get(each.id)) for each in steps]


def asked_of(step: Step, *, timings: bool = True, hlo: bool = False, default_timeout_s: float | None = None) -> Run:
    """Return everything that a step requests besides its code, as a run without code or number."""
    question = step.ask.value.text if step.ask and step.ask.value else None
    return Run(
        run=0,
        time=time_calls(step) if timings else (),
        hlo=hlo,
        # The timings of the step answer which call is the fastest.
        ask=question if timings or not question or what_of(question)[0] != "fastest" else None,
        checks=step.exercise.checks if step.exercise else (),
        solution=step.exercise.solution.text if step.exercise else "",
        timeout_s=timeout_of(step, default_timeout_s),
    )


def timeout_of(step: Step, default_s: float | None) -> float | None:
    """Return the step's time limit, or the default; seconds."""
    return default_s if step.timeout is None else step.timeout


EXERCISE_S = 30.0
"""The time limit of an exercise's code, and of each call that it times: it may be an endless loop."""


def limit_of(step: Step) -> float | None:
    """Return the time limit of a learner's attempt, in seconds; None outside of exercises."""
    return timeout_of(step, EXERCISE_S * (1 + len(step.time))) if step.exercise else None


HOW: Mapping[str, str] = {
    "died": "ended the worker", "timeout": "ran out of time", "interrupted": "was interrupted"
}  # fmt: skip
"""How code ended without leaving a state, by the run's status."""

IN_ONE = "raised in one process, while another one waited for it"


UNREAD = "cannot be read"


class LeftOut(NamedTuple):
    """A step that later ones run without."""

    step: str
    how: str

    def __str__(self) -> str:
        return f"without {self.step}, which {self.how}"


class Halted:
    """Learns from a session's events which cells ended the worker; one that runs to its end does not count."""

    def __init__(self) -> None:
        self._cells: dict[Cell, str] = {}
        self._run: Run | None = None
        self._running: Cell | None = None
        """The cell of that run whose code is running."""

    def begin(self, command: Run) -> None:
        """Note a run that is sent."""
        self._run, self._running = command, None

    def note(self, event: Event) -> None:
        """Learn from an event."""
        run = self._run
        if run is None:
            return
        match event:
            case RunProgress(run=run.run, phase="replaying", label=name):
                self._running = next((cell for cell in run.replay if cell.name == name), None)
            case RunProgress(run=run.run, phase="running"):
                self._running = run.cell
            case Executed(run=run.run):
                self._cells.pop(run.cell, None) if run.cell else None
                self._running = None
            case Done(run=run.run, stopped=True):
                if cell := self._running or run.cell:
                    self._cells[cell] = IN_ONE
                self._run = self._running = None
            case Done(run=run.run, status=status):
                if self._running and status in ("died", "timeout"):
                    self._cells[self._running] = HOW[status]
                self._run = self._running = None
            case _:
                pass

    def mark(self, cell: Cell, how: str) -> None:
        """Note a cell that left no state for another reason."""
        self._cells[cell] = how

    def without(self, cells: Iterable[Cell]) -> tuple[Cell, ...]:
        """Return the cells that leave a state."""
        return tuple(cell for cell in cells if cell not in self._cells)

    def left_out(self, lesson: Lesson, step: Step) -> tuple[LeftOut, ...]:
        """Return the earlier steps that the step runs without: broken ones, and ones that ended the worker."""
        earlier = itertools.takewhile(lambda each: each.id != step.id, lesson.steps)
        broken = (LeftOut(each.id, UNREAD) for each in earlier if isinstance(each, Broken))
        return (*broken, *self.among(cells_before(lesson, step)))

    def among(self, cells: Iterable[Cell]) -> tuple[LeftOut, ...]:
        """Return the cells that leave none."""
        return tuple(LeftOut(cell.name.partition("/")[2], self._cells[cell]) for cell in cells if cell in self._cells)


MOST = 64
"""The most devices that code may request, as for `--devices`."""
_OPTION = "jax_num_cpu_devices"
_FLAG = re.compile(r"--xla_force_host_platform_device_count=(\d+)\b")


def asked_devices(cells: Iterable[Cell]) -> int | None:
    """Return the number in the first request; None without one.

    A request is `jax.config.update("jax_num_cpu_devices", 8)`, `jax.config.jax_num_cpu_devices = 8`, or a string with
    XLA's flag. The number must be a literal.
    """
    for cell in cells:
        for code in (cell.setup, cell.code):
            if (_OPTION in code or "device_count=" in code) and (found := _in(code)):
                return min(found, MOST)
    return None


@functools.lru_cache(maxsize=64)
def _in(code: str) -> int | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = [(node.lineno, count) for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr)
             and (count := _count(node))]  # fmt: skip
    return min(found)[1] if found else None


def _count(node: ast.AST) -> int | None:
    match node:
        case ast.Call(
            func=ast.Attribute(attr="update"), args=[ast.Constant(value=name), ast.Constant(value=int(count))]
        ):
            return count if name == _OPTION else None
        case ast.Assign(targets=[ast.Attribute(attr=attr)], value=ast.Constant(value=int(count))):
            return count if attr == _OPTION else None
        case ast.Constant(value=str(text)) if text.lstrip().startswith("--") and (flag := _FLAG.search(text)):
            return int(flag[1])
    return None


def devices_needed(lesson: Lesson, step: Step) -> int:
    """Return the number of devices that the step and the steps before it require."""
    return max(requires.devices for requires in _until(lesson, step))


def processes_needed(lesson: Lesson, step: Step) -> int:
    """Return the number of processes that the step and the steps before it require."""
    return max(requires.processes for requires in _until(lesson, step))


def _until(lesson: Lesson, step: Step) -> Iterator[Requires]:
    """Yield the requirements of the lesson, of the step and of the steps before it."""
    yield lesson.requires
    for earlier in lesson.steps:
        if isinstance(earlier, Step) and earlier.requires:
            yield earlier.requires
        if earlier.id == step.id:
            return


def unmet(lesson: Lesson, step: Step, facts: Facts) -> str | None:
    """Return why the step cannot run on this worker, in one line; None if it can."""
    for requires in (lesson.requires, step.requires):
        reason = unmet_by(requires, facts) if requires else None
        if reason:
            return reason
    return None


def unmet_by(requires: Requires, facts: Facts) -> str | None:
    """Return which requirement this worker lacks, in one line; None if it meets all."""
    if requires.platform and requires.platform not in facts.platforms:
        here = ", ".join(facts.platforms) or "nothing"
        return f"needs a {requires.platform.upper()}; this worker has {here}"
    # Imported here: the first frame does not need it.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(requires.jax)
    except InvalidSpecifier:
        return f"requires jax {requires.jax!r}, which is not a version specifier"
    if not allowed.contains(facts.jax, prereleases=True):
        return f"needs jax {requires.jax}; this worker has {facts.jax}"
    return None


def wanted(
    own: Open, own_devices: int | None, lesson: Lesson, step: Step, cells: Sequence[Cell], *, on_cpu: bool
) -> Open:
    """Return the configuration that the step needs: the user's, with simulated devices and processes where too few.

    If the code itself requests a number of CPU devices, the worker opens that many before the code runs. `own_devices`
    is how many the user's worker has in all processes, if known.
    """
    simulated = replace(own, platform="cpu", devices=None, device=None, wait=False)
    asked = asked_devices(cells) if own.platform in (None, "cpu") and on_cpu else None
    if asked:
        return own if asked == own.devices else replace(simulated, devices=asked)
    processes = max(own.processes, processes_needed(lesson, step))
    each = -(-devices_needed(lesson, step) // processes)
    if processes > own.processes:
        return replace(simulated, devices=max(each, own.devices or 1), processes=processes)
    if each <= (own.devices or (own_devices or 1) // processes):
        return own
    # A simulated device keeps its number when there are more of them; a real one does not exist here.
    return replace(simulated, devices=each, device=own.device if own.devices else None)
