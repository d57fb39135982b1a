"""The pane of stages: what JAX made of one traced call, each line beside the place in the source that it came from."""

from functools import lru_cache

from jaxtour.course.model import Broken
from jaxtour.engine.messages import Failure
from jaxtour.engine.stage import StageText
from jaxtour.render.ir.places import file_name
from jaxtour.render.text.layout import wrap
from jaxtour.render.text.spans import Line
from jaxtour.tui.lines.document import Columns, Document, LazyLines, MadeLines
from jaxtour.tui.panes import gutter
from jaxtour.tui.panes.stage_words import call_of, facts, titles
from jaxtour.tui.tour.view import StepView


def shows(view: StepView) -> str:
    """What is shown, by name: each has a cursor of its own."""
    return f"{view.state.stage} {view.index}"


def awaits(view: StepView) -> bool:
    """Whether a stage is to come: its pane stays as it is for the seconds that a compilation takes."""
    if view.trace is None or view.trace.error is not None:
        return view.awaits
    return view.stage is None or not (view.stage.complete or view.stage.error is not None)


def document(view: StepView, width: int) -> Document:
    """The stage that is wanted, or what will be there."""
    stage, title = view.stage, titles(view)
    if view.trace is None or view.trace.error is not None or stage is None or not stage.complete:
        return Document(lines=wrap(_empty(view), width), title=title, subtitle=call_of(view))
    if stage.error is not None:
        return Document(lines=wrap(_failed(view, stage), width), title=title, subtitle=call_of(view))
    if view.state.stage == "cost":
        return _cost(view, stage, width)
    if view.state.stage == "graph":
        from jaxtour.tui.panes.graph import graph_document

        return graph_document(view, stage, width)
    lines = lines_of(stage)
    beside = gutter.of(stage, view.cell)
    return Document(
        lines=lines,
        gutter=MadeLines(len(lines), beside.width, beside.line) if beside.width else (),
        title=title,
        subtitle=facts(view, stage, width, beside.words),
        cursor=True,
        selectable=lambda line: variables(stage, line),
        folds=stage.folds,
        # Functions that a jaxpr names stand before it.
        main_last=stage.stage == "jaxpr" and lines.texts[0].startswith("let "),
    )


KEPT = 4
"""Stages whose lines are kept ready: as many as there are keys to go from one to the other."""


@lru_cache(maxsize=KEPT)
def lines_of(stage: StageText) -> LazyLines:
    """The stage's lines; how wide they are takes 20 ms for 100 000 of them."""
    from jaxtour.render.ir.highlight import line_of

    return LazyLines(stage.texts, line_of(stage.stage))


def variables(stage: StageText, line: int) -> list[Columns]:
    """The columns at which variables stand in a line."""
    from jaxtour.render.ir.variables import name_columns

    defined, used = stage.names_of(line)
    return name_columns(stage.stage, lines_of(stage).texts[line], (*defined, *used))


def _cost(view: StepView, stage: StageText, width: int) -> Document:
    from jaxtour.render.ir.cost import cost_facts, cost_lines

    if stage.cost is None:
        lines = wrap((("this backend does not say what the call costs", "muted"),), width)
        return Document(lines=lines, title=titles(view), subtitle=call_of(view))
    facts = (*call_of(view), ("   ", ""), *cost_facts(stage.cost))
    return Document(lines=cost_lines(stage.cost, width), title=titles(view), subtitle=facts)


def _failed(view: StepView, stage: StageText) -> Line:
    """Why there is no such stage, and what can be done."""
    said: Line = (("✗ ", "warning"), (stage.error or "", ""))
    if stage.stage == "jaxpr":
        return said
    return (*said, ("   ", ""), (view.key(f"stage_{view.state.stage}"), "strong"), (" tries again", "muted"))


def _empty(view: StepView) -> Line:
    step, report = view.step, view.report
    if isinstance(step, Broken):
        return ()
    if step.trace == ():
        return (("this step has no call to look into", "faint"),)
    if report is None:
        return ((view.key("run"), "strong"), (" shows here what JAX makes of the code", "muted"))
    if view.trace is not None:
        return _waiting(view)
    if report.done is None:
        return (("the jaxpr comes when the code has run", "muted"),)
    if report.failure:
        return (("no jaxpr: the code raised before", "muted"),)
    if report.done.status != "ok":
        return (("no jaxpr: the step did not end; ", "muted"), (view.key("run"), "strong"), (" runs it again", "muted"))
    return (("nothing was traced: the last line is no call of a traceable function", "muted"),)


def _waiting(view: StepView) -> Line:
    """Why a stage of a call that was traced is not there yet."""
    trace, report = view.trace, view.report
    assert trace is not None and report is not None
    if trace.error is not None:
        said: Line = (("✗ ", "warning"), (trace.error, ""))
        return (*said, (f"   {_raised_at(view, trace.raised)}", "muted")) if trace.raised else said
    if view.worker == "dead":
        return (("the worker is gone; ", "muted"), (view.key("restart"), "strong"), (" starts it again", "muted"))
    verb = {"jaxpr": "tracing", "stablehlo": "lowering", "hlo": "compiling"}[view.behind]
    if report.request:
        doing = f"{verb} {trace.call} … "
        return ((doing, "muted"), (view.key("interrupt"), "strong"), (" interrupts", "muted"))
    if report.done is None and view.behind != "jaxpr":
        return ((f"{verb} begins when the step has run", "muted"),)
    if view.elsewhere:
        return ((f"{verb} begins when the worker has done {view.elsewhere}", "muted"),)
    if report.done and view.behind == "jaxpr":
        return (("there is no jaxpr of this call", "muted"),)
    return ((f"{verb} begins when the worker is ready", "muted"),)


def _raised_at(view: StepView, failure: Failure) -> str:
    """Where tracing raised: the innermost line that is the learner's."""
    frame = failure.frames[-1]
    name = file_name(view.cell, f"{frame.file}:setup" if frame.setup else frame.file)
    return f"in {name}, line {frame.line}" if name else f"in line {frame.line}"
