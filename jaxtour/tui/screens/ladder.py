"""The ladder of a call: the jaxpr of the function, and what each transformation changed in it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from jaxtour.engine.report import Report
from jaxtour.render.clean import clean
from jaxtour.render.ladder import ladder_rows, ladder_words
from jaxtour.render.ladder_lines import ladder_lines
from jaxtour.render.layout import clip, clip_line, in_ascii, wrap
from jaxtour.render.spans import Line
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.panes.stage import lines_of
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import content
from jaxtour.tui.tour import Tour
from jaxtour.tui.visit import Visit

FRAME_CELLS = 5
LABEL_CELLS = 28


class LadderScreen(ModalScreen[None]):
    """One rung at a time: the lowest as it is, the others by what they changed."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("ladder"), *bindings("pane")]

    def __init__(self, tour: Tour, visit: Visit, call: str) -> None:
        super().__init__(classes="-ascii" if tour.ascii else None)
        self._tour = tour
        self._visit = visit
        self._call = call
        self._rung = 0
        self._filled: tuple[object, ...] = ()
        self._box = LinesView("ladder", ascii_only=tour.ascii)
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
        """Show the rung as far as it has come."""
        report = self._visit.report
        if report is None:
            return
        width = self.app.size.width - FRAME_CELLS
        state = (report.rungs, report.rung_stages, report.ladder_error, report.looking, self._rung, width)
        if state == self._filled:
            return
        fresh = self._filled[4:5] != (self._rung,)
        self._filled = state
        self._rung = max(0, min(self._rung, len(report.rungs) - 1))
        lines, said = self._lines(report, width)
        self._box.show(Document(lines=lines), fresh=fresh)
        ansi = self.app.native_ansi_color
        [title, words] = in_ascii([self._title(report, width), said], self._tour.ascii)
        self._box.border_title = content(title, ansi=ansi)
        self._box.border_subtitle = content(words, ansi=ansi)

    def _title(self, report: Report, width: int) -> Line:
        if not report.rungs:
            return (("Ladder", ""),)
        line: Line = ()
        for place, rung in enumerate(report.rungs):
            label = clip(clean(rung.label, keep_newlines=False), LABEL_CELLS)
            gap: Line = (("  →  ", "faint"),) if line else ()
            here = place == self._rung
            line = (*line, *gap, (f"[{label}]" if here else label, "strong" if here else "muted"))
        return clip_line(line, width)

    def _lines(self, report: Report, width: int) -> tuple[list[Line], Line]:
        context = Context(
            busy=report.looking is not None,
            rung_above=self._rung + 1 < len(report.rungs),
            rung_below=self._rung > 0,
        )
        keys = keys_line(in_footer("ladder", context), self._tour.keys, width)
        if report.ladder_error is not None and not report.rungs:
            return wrap((("✗ ", "warning"), (clean(report.ladder_error), "")), width), keys
        if not report.rungs:
            call = clean(self._call, keep_newlines=False)
            return wrap(((f"taking {call} apart …", "muted"),), width), keys
        rung = report.rungs[self._rung]
        stage = report.rung_stage(self._rung)
        below = report.rung_stage(self._rung - 1) if self._rung else None
        if rung.error is not None:
            return wrap((("✗ ", "warning"), (clean(rung.error), "")), width), keys
        if stage is None or not stage.complete:
            return wrap((("tracing this rung …", "muted"),), width), keys
        if stage.error is not None:
            return wrap((("✗ ", "warning"), (clean(stage.error), "")), width), keys
        if below is None or not below.complete or below.error is not None:
            lone = len(report.rungs) == 1 and report.looking is None
            said: Line = (("no transformation to climb   ", "muted"),) if lone else ()
            return list(lines_of(stage)), (*said, *keys)
        rows = ladder_rows(below, stage)
        if not rows:
            return list(lines_of(stage)), keys
        words: Line = ((f"{clean(rung.transform)}: {ladder_words(rows)}   ", "muted"),)
        return ladder_lines(rows, width).lines, (*words, *keys)

    # Keys -----------------------------------------------------------------------------------------------------------

    def action_next_rung(self) -> None:
        """One rung up."""
        self._climb(1)

    def action_previous_rung(self) -> None:
        """One rung down."""
        self._climb(-1)

    def _climb(self, by: int) -> None:
        report = self._visit.report
        if report is not None and 0 <= self._rung + by < len(report.rungs):
            self._rung += by
            self.refill()

    async def action_ladder_interrupt(self) -> None:
        """Interrupt the worker."""
        if self._tour.busy:
            await self._tour.session.interrupt()

    def action_ladder_close(self) -> None:
        """Go back."""
        self.dismiss()
