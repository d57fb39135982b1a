"""The boxes about a step's timings: their details and verdicts, and the roofline."""

from jaxtour.engine.session import EngineError
from jaxtour.engine.wire.messages import Timing
from jaxtour.render.chart import ChartBlock
from jaxtour.render.text.layout import Line, in_ascii, wrap
from jaxtour.render.timing.roofline import roofline_blocks
from jaxtour.render.timing.timing_details import detail_lines, explanation_lines, spread_chart
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document, illustrated
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.messages import Note
from jaxtour.tui.screens.box import BoxScreen, closing
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.state import StepState

WIDEST = 108
PLOT_ROWS = (8, 16)
"""The fewest and the most rows of a chart."""
BESIDE_ROWS = 6
"""Rows of a box besides its chart."""


INSTRUCTIONS = 6
"""The longest instructions of a profile, as points under the roof."""


def _document(blocks: list[ChartBlock], width: int, height: int, timings: int, *, ascii_only: bool) -> Document:
    """Return lines and charts; a chart is as high as a screen of this height allows beside a line for each timing."""
    least, most = PLOT_ROWS
    rows = max(least, min(most, height - timings - BESIDE_ROWS))
    lines, pictures = illustrated(blocks, width, rows, ascii_only=ascii_only)
    return Document(lines=lines, pictures=pictures)


class TimingsScreen(BoxScreen[None]):
    """Each verdict with its explanation, and the parts, the spread and the differences of each timing."""

    BINDINGS = bindings("modal")

    def __init__(self, tour: Tour, state: StepState) -> None:
        self._lines = LinesView("timings", ascii_only=tour.ascii)
        super().__init__(self._lines, ascii_only=tour.ascii)
        self._tour = tour
        self._state = state

    def refill(self) -> None:
        """Show the timings."""
        width, height, count = self.inside(WIDEST), self.app.size.height, len(self._state.timings)
        self._lines.show(_document(self._blocks(width), width, height, count, ascii_only=self.ascii))
        self.entitle("Behind the timings", closing(self._tour.keys))

    def _blocks(self, width: int) -> list[ChartBlock]:
        ascii_only, timings = self.ascii, self._state.timings
        verdicts = explanation_lines(timings, width, ascii=ascii_only)
        details = detail_lines(timings, width, ascii=ascii_only, peaks=self._tour.peaks.found)
        blocks: list[ChartBlock] = [[*verdicts, *([()] if verdicts and details else []), *details]]
        if not ascii_only and (chart := spread_chart(timings)):
            blocks += [[()], chart]
        return blocks


class RooflineScreen(BoxScreen[None]):
    """The calls under the peaks of their device, which are measured on request."""

    BINDINGS = bindings("roofline")
    LIVE = True

    def __init__(self, tour: Tour, state: StepState) -> None:
        self._lines = LinesView("timings", ascii_only=tour.ascii)
        super().__init__(self._lines, ascii_only=tour.ascii)
        self._tour = tour
        self._state = state

    @property
    def _timings(self) -> list[Timing]:
        """The timings of the step, and the instructions of its profile."""
        profile = self._tour.view.profiled
        if profile is None:
            return list(self._state.timings)
        from jaxtour.render.profile.tables import roofline_points

        return [*self._state.timings, *roofline_points(profile)[:INSTRUCTIONS]]

    def refill(self) -> None:
        """Show the timings."""
        width, height, count = self.inside(WIDEST), self.app.size.height, len(self._state.timings)
        self._lines.show(_document(self._blocks(width), width, height, count, ascii_only=self.ascii))
        keys = in_footer("roofline", Context(busy=self._tour.busy))
        self.entitle("Roofline", keys_line(keys, self._tour.keys, width))

    def _blocks(self, width: int) -> list[ChartBlock]:
        tour, timings = self._tour, self._timings
        platforms = {timing.platform for timing in timings if timing.error is None} - {"host"}
        if not platforms:
            return [wrap((("nothing was measured on a device", "muted"),), width)]
        lines: list[Line] = []
        if tour.peaks.unkept:
            lines += wrap((("✗ ", "warning"), (tour.peaks.unkept, "")), width)
        words = tour.activity.words
        if tour.peaks.busy:
            lines += [(), *wrap(((f"{words or 'measuring'} …", "muted"),), width)]
        elif platforms - {peak.platform for peak in tour.peaks.found}:
            key: Line = ((tour.keys.first("peaks"), "strong"),)
            what = " measures them, once: a matrix product and a pass over memory, some seconds for each device"
            lines += [(), *wrap((*key, (what, "muted")), width)]
        roofs = roofline_blocks(timings, tour.peaks.found, width, ascii=tour.ascii)
        return [*roofs, in_ascii(lines, tour.ascii)]

    async def action_peaks(self) -> None:
        """Measure the peaks of the devices."""
        if self._tour.busy:
            return
        try:
            if self._tour.idle:
                await self._tour.peaks.measure()
            else:
                self.post_message(Note("the worker is busy; measure when it is ready"))
        except EngineError as error:
            self.post_message(Note(str(error)))
        self.refill()

    async def action_roofline_interrupt(self) -> None:
        """Interrupt the worker."""
        if self._tour.busy:
            await self._tour.session.interrupt()
