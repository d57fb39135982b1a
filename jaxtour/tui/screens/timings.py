"""What is behind the timings of a step: how they came about, and what they do not mean."""

from typing import ClassVar

from textual.binding import BindingType

from jaxtour.render.chart import Block
from jaxtour.render.timing.timing_details import detail_lines, explanation_lines, spread_chart
from jaxtour.tui.actions import bindings
from jaxtour.tui.lines.document import Document, illustrated
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.screens.box import BoxScreen, closing
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.view import StepState

WIDEST = 108
PLOT_ROWS = (8, 16)
"""Of a chart: at least, since it scrolls, and at most."""
BESIDE_ROWS = 6
"""Of a box that a chart cannot have."""


class TimingsScreen(BoxScreen[None]):
    """Each verdict with its explanation; the parts, the spread and the differences of each timing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("modal")

    def __init__(self, tour: Tour, state: StepState) -> None:
        self._charts = LinesView("timings", ascii_only=tour.ascii)
        super().__init__(self._charts, ascii_only=tour.ascii)
        self._tour = tour
        self._state = state

    def refill(self) -> None:
        """Show what is known."""
        width = self.inside(WIDEST)
        show_blocks(self._charts, self._blocks(width), width, self.app.size.height - len(self._state.timings))
        self.entitle("Behind the timings", closing(self._tour.keys))

    def _blocks(self, width: int) -> list[Block]:
        ascii_only, timings = self.ascii, self._state.timings
        verdicts = explanation_lines(timings, width, ascii=ascii_only)
        details = detail_lines(timings, width, ascii=ascii_only, peaks=self._tour.peaks.found)
        blocks: list[Block] = [[*verdicts, *([()] if verdicts and details else []), *details]]
        if not ascii_only and (chart := spread_chart(timings)):
            blocks += [[()], chart]
        return blocks


def show_blocks(charts: LinesView, blocks: list[Block], width: int, room: int) -> None:
    """Show lines and charts, each chart as high as it may be in a room of so many rows."""
    least, most = PLOT_ROWS
    rows = max(least, min(most, room - BESIDE_ROWS))
    lines, pictures = illustrated(blocks, width, rows, ascii_only=charts.scene.ascii_only)
    charts.show(Document(lines=lines, pictures=pictures))
