"""The jaxpr pane: one trace at a time, each line beside the place in the source that it came from."""

from typing import Any

from jaxtour.course.model import Broken
from jaxtour.engine.messages import Source, Trace
from jaxtour.render.clean import clean
from jaxtour.render.layout import clip, wrap
from jaxtour.render.spans import Line
from jaxtour.tui.document import Document, LazyLines
from jaxtour.tui.visit import View

STEP_CELLS = 9
"""Of another step's id in the gutter."""


def depends(view: View) -> tuple[Any, ...]:
    """The traces, and which one is wanted."""
    report = view.report
    found = (report.traces, report.phase) if report else None
    return (view.step, found, view.trace, view.ascii)


def document(view: View, width: int) -> Document:
    """The jaxpr, or what will be there."""
    traces = view.report.traces if view.report else ()
    if not traces:
        return Document(lines=wrap(_empty(view), width), title=((f"{view.key('stage_jaxpr')} jaxpr", ""),))
    index = min(view.trace, len(traces) - 1)
    trace = traces[index]
    title = _title(view, traces, index)
    if trace.error or not trace.jaxpr:
        words = clean(trace.error or "there is no jaxpr of this call")
        return Document(lines=wrap(((words, "muted"),), width), title=title, subtitle=_facts(trace, index, len(traces)))
    from jaxtour.render.ir import jaxpr_line

    texts = clean(trace.jaxpr).rstrip("\n").split("\n")
    return Document(
        lines=LazyLines(texts, jaxpr_line),
        gutter=_gutter(view, trace, texts),
        title=title,
        subtitle=_facts(trace, index, len(traces)),
    )


def _facts(trace: Trace, index: int, count: int) -> Line:
    from jaxtour.render.ir import trace_facts

    return ((f"{index + 1} of {count}   ", "muted"), *trace_facts(trace)) if count > 1 else trace_facts(trace)


def _empty(view: View) -> Line:
    step = view.step
    report = view.report
    if isinstance(step, Broken):
        return ()
    if step.trace == ():
        return (("this step has no jaxpr", "faint"),)
    if report is None:
        return ((view.key("run"), "strong"), (" shows here what JAX makes of the code", "muted"))
    if report.done is None:
        return (("the jaxpr comes when the code has run", "muted"),)
    if report.failure:
        return (("no jaxpr: the code raised before", "muted"),)
    if report.done.status != "ok":
        return (("no jaxpr: the step did not end", "muted"),)
    return (("nothing was traced: the last line is no call of a traceable function", "muted"),)


def _title(view: View, traces: tuple[Trace, ...], index: int) -> Line:
    title: Line = ((f"{view.key('stage_jaxpr')} jaxpr", ""),)
    if len(traces) == 1:
        return title
    for number, trace in enumerate(traces):
        shown = number == index
        title = (
            *title,
            ("   ", ""),
            (f"[{clean(trace.label)}]" if shown else clean(trace.label), "" if shown else "muted"),
        )
    return title


def _gutter(view: View, trace: Trace, texts: list[str]) -> list[Line]:
    """Where each equation comes from; of one that goes on over several lines, beside the first."""
    sources = [*trace.sources[: len(texts)], *[None] * (len(texts) - len(trace.sources))]
    places = []
    for index, (source, text) in enumerate(zip(sources, texts, strict=True)):
        goes_on = index > 0 and source == sources[index - 1] and " = " not in text
        places.append("" if goes_on else place_of(view, source))
    width = max(map(len, places), default=0)
    if not width:
        return []
    return [((f"{text:>{width}}  ", "faint"),) for text in places]


def place_of(view: View, source: Source | None) -> str:
    """A place in the source: `9:19` in this step, with the step's id before it in an earlier one."""
    if source is None:
        return ""
    where = f"{source.line}:{source.column}"
    if source.file == view.cell:
        return where
    return f"{clip(clean(source.file.rpartition('/')[2], keep_newlines=False), STEP_CELLS)} {where}"
