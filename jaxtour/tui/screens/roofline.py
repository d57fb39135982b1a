"""The calls of a step under the roof of their device."""

from typing import ClassVar

from textual.binding import BindingType

from jaxtour.engine.session import EngineError
from jaxtour.render.chart import Block
from jaxtour.render.text.layout import in_ascii, wrap
from jaxtour.render.text.spans import Line
from jaxtour.render.timing.roofline import roofline_blocks
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.messages import Note
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.screens.timings import WIDEST, show_blocks
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.view import StepState


class RooflineScreen(BoxScreen[None]):
    """The calls under the roof of their device, which is measured when that is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("roofline")
    LIVE = True

    def __init__(self, tour: Tour, state: StepState) -> None:
        self._charts = LinesView("timings", ascii_only=tour.ascii)
        super().__init__(self._charts, ascii_only=tour.ascii)
        self._tour = tour
        self._state = state

    def refill(self) -> None:
        """Show what is known."""
        width = self.inside(WIDEST)
        timings = self._state.timings
        show_blocks(self._charts, self._blocks(width), width, self.app.size.height - len(timings))
        keys = in_footer("roofline", Context(busy=self._tour.busy))
        self.entitle("Roofline", keys_line(keys, self._tour.keys, width))

    def _blocks(self, width: int) -> list[Block]:
        tour, timings = self._tour, self._state.timings
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
            what = " measures it, once: a matrix product and a pass over memory, some seconds for each device"
            lines += [(), *wrap((*key, (what, "muted")), width)]
        roofs = roofline_blocks(timings, tour.peaks.found, width, ascii=tour.ascii)
        return [*roofs, in_ascii(lines, tour.ascii)]

    async def action_peaks(self) -> None:
        """Measure what the devices can do."""
        if self._tour.busy:
            return
        try:
            if not await self._tour.measure_peaks():
                self.post_message(Note("the worker is busy; measure when it is ready"))
        except EngineError as error:
            self.post_message(Note(str(error)))
        self.refill()

    async def action_roofline_interrupt(self) -> None:
        """Interrupt the worker."""
        if self._tour.busy:
            await self._tour.session.interrupt()
