"""The ladder of a call: the jaxpr of the function, and what each transformation changed."""

from functools import partialmethod

from jaxtour.engine.report import Report
from jaxtour.render.ir.ladder import ladder_lines, ladder_rows, ladder_words
from jaxtour.render.text.layout import Line, clip, clip_line, wrap
from jaxtour.text import Raw
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.panes.stage import lines_of
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.state import StepState

LABEL_CELLS = 28
STATIC_CELLS = 16
MOST_STATIC = 4


class LadderScreen(BoxScreen[None]):
    """One level at a time: the lowest in full, the others as changes."""

    BINDINGS = [*bindings("ladder"), *bindings("pane")]
    LIVE = True

    def __init__(self, tour: Tour, state: StepState, call: Raw) -> None:
        self._view = LinesView("ladder", ascii_only=tour.ascii)
        super().__init__(self._view, ascii_only=tour.ascii)
        self._tour = tour
        self._state = state
        self._call = call
        self._level = 0
        self._filled: tuple[object, ...] = ()

    def refill(self) -> None:
        """Show the level as far as it has arrived."""
        report = self._state.report
        if report is None:
            return
        width = self.inside()
        found = (report.levels, report.level_stages, report.ladder_error, report.request, self._level, width)
        if found == self._filled:
            return
        fresh = self._filled[4:5] != (self._level,)
        self._filled = found
        self._level = max(0, min(self._level, len(report.levels) - 1))
        lines, keys = self._lines(report, width)
        self._view.show(Document(lines=lines), fresh=fresh)
        self.entitle(self._title(report, width), keys)

    def _title(self, report: Report, width: int) -> Line:
        if not report.levels:
            return (("Ladder", ""),)
        line: Line = ()
        for place, level in enumerate(report.levels):
            label = clip(level.label, LABEL_CELLS)
            gap: Line = (("  →  ", "faint"),) if line else ()
            here = place == self._level
            line = (*line, *gap, (f"[{label}]" if here else label, "strong" if here else "muted"))
        static = list(report.levels[self._level].static.items())[:MOST_STATIC]
        line = (*line, *((f"   {name}={clip(value, STATIC_CELLS)}", "constant") for name, value in static))
        return clip_line(line, width)

    def _lines(self, report: Report, width: int) -> tuple[list[Line], Line]:
        context = Context(
            busy=report.request is not None,
            level_above=self._level + 1 < len(report.levels),
            level_below=self._level > 0,
        )
        keys = keys_line(in_footer("ladder", context), self._tour.keys, width)
        if report.ladder_error is not None and not report.levels:
            return wrap((("✗ ", "warning"), (report.ladder_error, "")), width), keys
        if not report.levels:
            return wrap(((f"taking {self._call} apart …", "muted"),), width), keys
        level = report.levels[self._level]
        stage = report.level_stages.get((self._level, "jaxpr"))
        below = report.level_stages.get((self._level - 1, "jaxpr"))
        if level.error is not None:
            return wrap((("✗ ", "warning"), (level.error, "")), width), keys
        if stage is None or not stage.complete:
            return wrap((("tracing this level …", "muted"),), width), keys
        if stage.error is not None:
            return wrap((("✗ ", "warning"), (stage.error, "")), width), keys
        if below is None or not below.complete or below.error is not None:
            lone = len(report.levels) == 1 and report.request is None
            said: Line = (("no transformation to climb   ", "muted"),) if lone else ()
            return list(lines_of(stage)), (*said, *keys)
        rows = ladder_rows(below, stage)
        if not rows:
            return list(lines_of(stage)), keys
        words: Line = ((f"{level.transform}: {ladder_words(rows)}   ", "muted"),)
        return ladder_lines(rows, width), (*words, *keys)

    def _climb(self, by: int) -> None:
        """Go some levels up, or down."""
        report = self._state.report
        if report is not None and 0 <= self._level + by < len(report.levels):
            self._level += by
            self.refill()

    action_next_level = partialmethod(_climb, 1)
    action_previous_level = partialmethod(_climb, -1)

    async def action_ladder_interrupt(self) -> None:
        """Interrupt the worker."""
        if self._tour.busy:
            await self._tour.session.interrupt()
