"""The words in the borders about a cursor's link."""

from jaxtour.course.model import Step
from jaxtour.engine.messages import Span
from jaxtour.engine.stage import StageText
from jaxtour.render.ir.places import where
from jaxtour.render.ir.transforms import glyph, in_words
from jaxtour.render.text.layout import clip
from jaxtour.render.text.spans import Line, plain
from jaxtour.text.raw import Raw
from jaxtour.tui.linking import COUNTED, Link, stage_line
from jaxtour.tui.tour.view import StepView

LEAST = 4
"""The fewest cells of an expression worth showing."""


def said_of_source(view: StepView, link: Link, width: int) -> Line:
    """`9:19  jnp.dot(w, x) → 1 equation`, within `width` cells, or the place of an expression outside the pane."""
    stage, spot, rows, target = view.linked, link.spot, link.rows, link.target
    if stage is None or not target:
        return ()
    if spot.slot == "stage":
        span, *more = target.spans
        tail = f" and {len(more)} more" if more else ""
        return _said(view, span, tail, width)
    if not link.stage.matches and spot.columns is None:
        return ()
    tail = f" → {counted(stage, len(link.stage.matches))}"
    if spot.columns is None:
        place = rows.place(spot.line)
        return ((f"line {place[1]}{tail}" if place else "", "muted"),)
    return _said(view, target.spans[0], tail, width)


def _said(view: StepView, span: Span, tail: str, width: int) -> Line:
    place = where(view.cell, span)
    text = expression(view, span)
    room = width - len(place) - len(tail) - 2
    return ((place, "muted"), (f"  {clip(text, room)}" if text and room > LEAST else "", ""), (tail, "muted"))


def expression(view: StepView, span: Span) -> str:
    """The source of an expression in one line; empty outside the lesson's code."""
    lines = code_of(view, span.file)
    if not 0 < span.line <= len(lines):
        return ""
    text = lines[span.line - 1][span.column - 1 :]
    if span.end_line > span.line:
        return Raw(text.strip()).shown + " …"
    return Raw(text[: span.end_column - span.column].strip()).shown


def in_full(view: StepView, span: Span) -> str:
    """A place, with the step's title if that is another step of the lesson."""
    name = span.file.partition(":")[0]
    titles = [step.title for step in view.lesson.steps if name == f"{view.lesson.id}/{step.id}"]
    place = where(view.cell, span)
    return f"{place}, in the step “{titles[0]}”" if titles else place


def code_of(view: StepView, file: str) -> list[str]:
    """The lines of a file on the wire: this step's code, a setup, or the code of an earlier, replayed step."""
    if file == view.cell:
        return view.code.text.split("\n")
    name, _, part = file.partition(":")
    for step in (view.step, *view.lesson.steps):
        if isinstance(step, Step) and name == f"{view.lesson.id}/{step.id}":
            return (step.setup if part else step.solved_code).text.split("\n")
    return []


def counted(stage: StageText, count: int) -> str:
    """`1 equation`, `12 instructions`."""
    from jaxtour.render.ir.highlight import UNITS

    if count > COUNTED:
        return f"{count:,} lines".replace(",", " ")
    return f"{count} {UNITS[stage.stage]}{'s' * (count != 1)}"


def said_of_stage(view: StepView, link: Link, otherwise: Line = ()) -> Line:
    """The selected variable's type and definition, or why a line is unlinked, or the meaning of its glyph.

    The meaning is left out if `otherwise`, the words that would stand there, has it.
    """
    stage, name = view.linked, link.variable
    if stage is None or link.spot.slot != "stage":
        return ()
    line = stage_line(view, link.spot)
    if line is None or line >= len(stage.ids):
        return ()
    if name is not None:
        return _variable(stage, line, name)
    origin = stage.origin_of(line)
    if origin.kind != "other" and not origin.spans and origin.unlinked:
        return ((origin.unlinked, "muted"),)
    mark = glyph(origin.transforms)
    if mark.word and mark.word not in plain(otherwise) and view.state.stage != "graph":
        return ((mark.glyph, mark.style), (f" {in_words(origin.transforms)}", "muted"))
    return ()


def _variable(stage: StageText, line: int, name: str) -> Line:
    from jaxtour.render.ir.variables import variable

    found = variable(stage, line, name)
    origin = {"input": "an input", "constant": "a constant", "unknown": "from outside"}.get(found.kind)
    if origin is None and found.defined is not None:
        origin = "defined here" if found.defined == line else f"from line {found.defined + 1}"
    uses = f"{len(found.uses)} use{'s' * (len(found.uses) != 1)}"
    said = f"  {found.spelled or found.type}, {origin}, {uses}"
    return ((name, "strong"), (said, "muted"))
