"""What is behind the timings of a step: how they came about, what they do not mean, and the roofline."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from jaxtour.engine.messages import Timing
from jaxtour.engine.session import EngineError
from jaxtour.render.chart import Block
from jaxtour.render.clean import clean
from jaxtour.render.layout import in_ascii, wrap
from jaxtour.render.roofline import roofline_blocks
from jaxtour.render.spans import Line
from jaxtour.render.timing_details import detail_lines, explanation_lines, spread_chart
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document, illustrated
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.messages import Note
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import content
from jaxtour.tui.tour import Tour
from jaxtour.tui.visit import Visit

WIDEST = 108
FRAME_CELLS = 5
FRAME_ROWS = 2
PLOT_ROWS = (8, 16)
"""Of a chart: at least, since it scrolls, and at most."""


class TimingsScreen(ModalScreen[None]):
    """Each verdict with its explanation; the parts, the spread and the differences of each timing."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings("modal")

    def __init__(self, tour: Tour, visit: Visit) -> None:
        super().__init__(classes="-ascii" if tour.ascii else None)
        self._tour = tour
        self._visit = visit
        self._box = LinesView("timings", ascii_only=tour.ascii)
        self._box.add_class("box")

    def compose(self) -> ComposeResult:
        """A box of lines."""
        yield self._box

    def on_mount(self) -> None:
        """Fill the box."""
        self.refill()
        self._box.focus()

    def on_resize(self) -> None:
        """Fit the lines."""
        self.refill()

    def refill(self) -> None:
        """Show what is known."""
        width = min(WIDEST, self.app.size.width) - FRAME_CELLS
        least, most = PLOT_ROWS
        rows = max(least, min(most, self.app.size.height - FRAME_ROWS - len(self.timings) - 4))
        lines, pictures = illustrated(self._blocks(width), width, rows, ascii_only=self._tour.ascii)
        self._box.show(Document(lines=lines, pictures=pictures))
        ansi = self.app.native_ansi_color
        [title, words] = in_ascii([((self._title(), ""),), self._keys(width)], self._tour.ascii)
        self._box.border_title = content(title, ansi=ansi)
        self._box.border_subtitle = content(words, ansi=ansi)

    @property
    def timings(self) -> tuple[Timing, ...]:
        """What was measured."""
        return self._visit.report.timings if self._visit.report else ()

    def _title(self) -> str:
        return "Behind the timings"

    def _keys(self, _: int) -> Line:
        return ((self._tour.keys.first("dismiss"), "primitive"), (" close", ""))

    def _blocks(self, width: int) -> list[Block]:
        ascii_only = self._tour.ascii
        verdicts = explanation_lines(self.timings, width, ascii=ascii_only)
        details = detail_lines(self.timings, width, ascii=ascii_only, ceilings=self._tour.ceilings.found)
        blocks: list[Block] = [[*verdicts, *([()] if verdicts and details else []), *details]]
        if not ascii_only and (chart := spread_chart(self.timings)):
            blocks += [[()], chart]
        return blocks

    def action_dismiss(self) -> None:  # type: ignore[override]
        """Go back."""
        self.dismiss()


class RooflineScreen(TimingsScreen):
    """The calls under the roof of their device, which is measured when that is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("roofline")

    def _title(self) -> str:
        return "Roofline"

    def _keys(self, width: int) -> Line:
        return keys_line(in_footer("roofline", Context(busy=self._tour.busy)), self._tour.keys, width)

    def _blocks(self, width: int) -> list[Block]:
        tour = self._tour
        platforms = {timing.platform for timing in self.timings if timing.error is None} - {"host"}
        if not platforms:
            return [wrap((("nothing was measured on a device", "muted"),), width)]
        lines: list[Line] = []
        if tour.ceilings.unkept:
            lines += wrap((("✗ ", "warning"), (clean(tour.ceilings.unkept, keep_newlines=False), "")), width)
        words = clean(tour.activity.words, keep_newlines=False)
        if tour.ceilings.busy:
            lines += [(), *wrap(((f"{words or 'measuring'} …", "muted"),), width)]
        elif platforms - {ceiling.platform for ceiling in tour.ceilings.found}:
            key: Line = ((tour.keys.first("ceilings"), "strong"),)
            what = " measures it, once: a matrix product and a pass over memory, some seconds for each device"
            lines += [(), *wrap((*key, (what, "muted")), width)]
        roofs = roofline_blocks(self.timings, tour.ceilings.found, width, ascii=tour.ascii)
        return [*roofs, in_ascii(lines, tour.ascii)]

    async def action_ceilings(self) -> None:
        """Measure what the devices can do."""
        if self._tour.busy:
            return
        try:
            if not await self._tour.measure_ceilings():
                self.post_message(Note("the worker is busy; measure when it is ready"))
        except EngineError as error:
            self.post_message(Note(clean(str(error))))
        self.refill()

    async def action_roofline_interrupt(self) -> None:
        """Interrupt the worker."""
        if self._tour.busy:
            await self._tour.session.interrupt()

    def action_roofline_close(self) -> None:
        """Go back."""
        self.dismiss()
