"""Converts a step to the worker's commands: its code, its traces, and its other requests."""

from jaxtour.course.model import Lesson, NotebookCell, Step, TimeSpec, TraceSpec
from jaxtour.engine.commands import Cell, Run, TimeCall, TraceCall
from jaxtour.engine.commands import NotebookCell as NotebookCommand
from jaxtour.text.raw import Raw


def trace_calls(step: Step) -> tuple[TraceCall, ...] | None:
    """The step's traces; None traces the last expression."""
    if step.trace is None:
        return None
    entries = (step.trace,) if isinstance(step.trace, Raw) else step.trace
    specs = [TraceSpec(call=entry) if isinstance(entry, Raw) else entry for entry in entries]
    return tuple(TraceCall(label=spec.label or spec.call.text, call=spec.call.text) for spec in specs)


def time_calls(step: Step) -> tuple[TimeCall, ...]:
    """The step's timings."""
    calls = []
    for entry in step.time:
        spec = TimeSpec(call=entry) if isinstance(entry, Raw) else entry
        label = spec.label or spec.call.text
        calls.append(TimeCall(label=label, call=spec.call.text, on=spec.on, baseline=spec.baseline, sizes=spec.sizes))
    return tuple(calls)


def cell(lesson: Lesson, step: Step, code: str | None = None) -> Cell:
    """The step's cell; `code` replaces the lesson's own."""
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
        launch=lesson.launch,
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


def asked_of(step: Step, *, timings: bool = True, hlo: bool = False, default_timeout_s: float | None = None) -> Run:
    """Everything a step requests beside its code, as a run without code or number."""
    return Run(
        run=0,
        time=time_calls(step) if timings else (),
        hlo=hlo,
        ask=step.ask.value.text if step.ask and step.ask.value else None,
        check=step.exercise.check.text if step.exercise else None,
        timeout_s=timeout_of(step, default_timeout_s),
    )


def timeout_of(step: Step, default_s: float | None) -> float | None:
    """The step's time limit, or the default; seconds."""
    return default_s if step.timeout is None else step.timeout
