"""Compares the learner's edit with the lesson's own code."""

from typing import ClassVar

from textual import work
from textual.binding import BindingType

from jaxtour.course.model import Step
from jaxtour.engine.report import Report
from jaxtour.engine.session import EngineError
from jaxtour.render.text.layout import in_ascii
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.messages import Turned
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.comparing import Comparing, Half
from jaxtour.tui.tour.model import Tour


class CompareScreen(BoxScreen[None]):
    """Runs the lesson's own code and the edit, and shows what differs."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare"), *bindings("pane")]
    LIVE = True

    def __init__(self, tour: Tour, step: Step, report: Report, index: int) -> None:
        self._lines = LinesView("compare", ascii_only=tour.ascii)
        super().__init__(self._lines, ascii_only=tour.ascii)
        self._tour = tour
        self._comparing = Comparing(tour.session, tour.runs)
        self._asked = step, report, index
        self._cell, self._edit = tour.view.cell, tour.state.code
        self._whose = "the file's" if tour.lesson.plain else "the lesson's"

    def on_mount(self) -> None:
        super().on_mount()
        self._compare()

    @work(exclusive=True, group="compare", description="Compares the edit with the lesson's own code.")
    async def _compare(self) -> None:
        step, report, index = self._asked
        try:
            halves = Half(f"{self._whose} own code", step.shown_code.text), Half("your edit", self._edit, report)
            await self._comparing.compare(self._tour.lesson, step, halves, index, self._cell)
        except EngineError as error:
            self._comparing.problem = str(error)
        self.refill()
        self.post_message(Turned())

    def refill(self) -> None:
        """Show the comparison as far as it has arrived."""
        width = self.inside()
        lines = self._comparing.lines(width, self._cell, self._tour.activity.words)
        self._lines.show(Document(lines=in_ascii(lines, self.ascii)))
        keys = keys_line(in_footer("compare", Context(busy=self._tour.busy)), self._tour.keys, width)
        self.entitle(f"Your edit against {self._whose} own code", keys)

    async def action_compare_interrupt(self) -> None:
        """Interrupt the current run."""
        if self._tour.busy:
            await self._tour.session.interrupt()
