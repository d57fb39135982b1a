"""The card of one equation: what it computes, its variables, and where it comes from."""

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.cards import card_lines
from jaxtour.render.ir.gutter import where
from jaxtour.render.text.code import python_lines
from jaxtour.render.text.layout import Line, clip_line
from jaxtour.tui.actions import bindings
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.panes.source import expression
from jaxtour.tui.screens.box import BoxScreen, closing
from jaxtour.tui.tour.view import StepView

WIDEST = 96
FRAME_ROWS = 2
CALLERS = 3
"""The most calls around an equation that are shown."""


class ExplainScreen(BoxScreen[None]):
    """The card of an equation, an operation or an instruction."""

    BINDINGS = bindings("modal")

    def __init__(self, view: StepView, stage: StageText, line: int, *, ascii_only: bool = False) -> None:
        self._lines = LinesView("explain", ascii_only=ascii_only)
        super().__init__(self._lines, ascii_only=ascii_only)
        self._view = view
        self._stage = stage
        self._line = line

    def refill(self) -> None:
        """Show the card."""
        width = self.inside(WIDEST)
        from_where = origin_lines(self._view, self._stage, self._line, width)
        height = self.app.size.height - FRAME_ROWS
        self._lines.show(Document(lines=card_lines(self._stage, self._line, width, height, from_where)))
        name = self._stage.origin_of(self._line).name or self._stage.stage
        self.entitle(name, closing(self._view.keys))


def origin_lines(view: StepView, stage: StageText, line: int, width: int) -> list[Line]:
    """Return where an equation comes from: its expression, and the calls around it."""
    origin = stage.origin_of(line)
    if not origin.spans:
        return [((f"  {origin.unlinked or 'it has no place in the source'}", "muted"),)]
    lines: list[Line] = []
    for word, spans in (("from", origin.spans), ("called", origin.callers)):
        for place, span in enumerate(spans[:CALLERS]):
            head: Line = ((f"  {'' if place else word:<7}", "muted"), (where(view.cell, span), "faint"))
            function = f"  in {span.function}" if span.function else ""
            code = python_lines(expression(view, span))
            lines.append(clip_line((*head, ("  ", ""), *(code[0] if code else ()), (function, "muted")), width))
        if len(spans) > CALLERS:
            lines.append(((f"         … {len(spans) - CALLERS} more", "faint"),))
    return lines
