"""A step in the worker's words: its code, its traces, and what else it asks for."""

from jaxtour.course.model import Launch as ProgramLaunch
from jaxtour.course.model import Lesson, NotebookCell, Step
from jaxtour.course.model import TimeSpec as TimeSpec
from jaxtour.course.model import TraceSpec as TraceSpec
from jaxtour.engine.commands import Cell, Launch, Run, TimeCall, TraceCall
from jaxtour.engine.commands import NotebookCell as NotebookCommand
from jaxtour.text.raw import Raw


def trace_calls(step: Step) -> tuple[TraceCall, ...] | None:
    """The step's traces as the worker wants them; None asks for the last expression."""
    if step.trace is None:
        return None
    entries = (step.trace,) if isinstance(step.trace, Raw) else step.trace
    return tuple(_labelled(TraceCall, entry) for entry in entries)


def time_calls(step: Step) -> tuple[TimeCall, ...]:
    """The step's timings as the worker wants them."""
    calls = []
    for entry in step.time:
        spec = TimeSpec(call=entry) if isinstance(entry, Raw) else entry
        label = spec.label or spec.call.text
        calls.append(TimeCall(label=label, call=spec.call.text, on=spec.on, baseline=spec.baseline, sizes=spec.sizes))
    return tuple(calls)


def _labelled(kind: type[TraceCall], entry: Raw | TraceSpec) -> TraceCall:
    spec = TraceSpec(call=entry) if isinstance(entry, Raw) else entry
    return kind(label=spec.label or spec.call.text, call=spec.call.text)


def cell(lesson: Lesson, step: Step, code: str | None = None) -> Cell:
    """The step's code for the worker; `code` in place of the lesson's own."""
    source = step.solved_code.text if code is None else code
    if notebook := lesson.cells.get(step.id):
        return _notebook_cell(lesson, step, source, notebook)
    path = lesson.file.text if lesson.plain else None
    return Cell(
        name=f"{lesson.id}/{step.id}",
        setup=step.setup.text,
        code=source,
        traces=trace_calls(step),
        path=path,
        launch=_launch(lesson.launch) if lesson.launch else None,
    )


def _notebook_cell(lesson: Lesson, step: Step, source: str, notebook: NotebookCell) -> Cell:
    # Imported here, as the course itself has no notebooks.
    from jaxtour.course.magics import runnable

    return Cell(
        name=f"{lesson.id}/{step.id}",
        setup=runnable(step.setup.text).code,
        code=runnable(source).code,
        notebook=NotebookCommand(number=notebook.number, folder=notebook.folder.text),
    )


def _launch(launch: ProgramLaunch) -> Launch:
    return Launch(
        argv=tuple(each.text for each in launch.argv),
        module=launch.module,
        main=launch.main,
        stop_after=launch.stop_after,
        stop_after_s=launch.stop_after_s,
    )


def asked_of(step: Step, *, timings: bool = True, hlo: bool = False, default_timeout_s: float | None = None) -> Run:
    """All that a step asks for beside its code, as a run that has no code and no number yet."""
    return Run(
        run=0,
        time=time_calls(step) if timings else (),
        hlo=hlo,
        ask=step.ask.value.text if step.ask and step.ask.value else None,
        check=step.exercise.check.text if step.exercise else None,
        timeout_s=timeout_of(step, default_timeout_s),
    )


def timeout_of(step: Step, default_s: float | None) -> float | None:
    """The step's time limit, or the default for one that names none; seconds."""
    return default_s if step.timeout is None else step.timeout
