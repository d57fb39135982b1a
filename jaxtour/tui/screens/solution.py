"""A solution of an exercise next to the learner's code, and what the compiler made of both."""

from typing import ClassVar

from textual import work
from textual.binding import BindingType

from jaxtour.course.model import Step
from jaxtour.engine.session import EngineError
from jaxtour.render.comparison import made_of_both, sentence
from jaxtour.render.text.beside import columns
from jaxtour.render.text.layout import Line, in_ascii, wrap
from jaxtour.render.text.plain import section
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.messages import Turned
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.comparing import Comparing, Half, compared_step
from jaxtour.tui.tour.model import Tour

SOLUTION = "the solution"
THEN = "then this says what the compiler makes of both"


class SolutionScreen(BoxScreen[None]):
    """One solution at a time; it and the learner's code run, and are compiled."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("solution"), *bindings("pane")]
    LIVE = True

    def __init__(self, tour: Tour, step: Step) -> None:
        self._lines = LinesView("solution", ascii_only=tour.ascii)
        super().__init__(self._lines, ascii_only=tour.ascii)
        exercise = step.exercise
        assert exercise is not None
        self._tour, self._step = tour, step
        self._code = tour.code
        self._solutions = (exercise.solution, *exercise.others)
        self._page = 0
        self._comparisons: dict[int, Comparing] = {}
        self._working = False
        self._parts: list[int] = []
        """The first line of each part."""

    @property
    def _why(self) -> str:
        """Why nothing is compared; empty if the learner's code has run."""
        state = self._tour.state
        report = state.report if state.code == self._code.text else None
        if report is None or (report.done and not report.executed):
            return f"Run your code first: {THEN}."
        if report.failure is not None:
            return f"Your code raised {report.failure.type}. Fix that: {THEN}."
        return "" if report.done else "Your code runs …"

    @property
    def _comparing(self) -> Comparing | None:
        return self._comparisons.get(self._page)

    @work(description="Compares the learner's code with the solution shown.")
    async def _work(self, *, measure: bool = False) -> None:
        """Compare with each solution shown meanwhile, one after the other; or measure."""
        if self._working or self._why:
            return
        self._working = True
        found = self._comparing
        try:
            if measure and found is not None:
                await found.measure()
            while (page := self._page) not in self._comparisons:
                await self._compare(page)
        except EngineError as error:
            if self._comparing is not None:
                self._comparing.problem = str(error)
        self._working = False
        self.refill()
        self.post_message(Turned())

    async def _compare(self, page: int) -> None:
        tour = self._tour
        comparing = self._comparisons[page] = Comparing(tour.session, tour.runs)
        self.refill()
        halves = Half(SOLUTION, self._solutions[page].text), Half("your code", self._code.text)
        checked = tour.state.report.checked if tour.state.report else None
        await comparing.compare(tour.lesson, compared_step(self._step, checked), halves, 0, tour.view.cell)
        self.refill()

    def refill(self) -> None:
        """Show both pieces of code, and the comparison as far as it has arrived."""
        width = self.inside()
        found = self._comparing.found if self._comparing else None
        lines = self._said(width)
        self._parts = [0]
        count = len(self._solutions)
        name = "a solution" if count == 1 else f"solution {self._page + 1} of {count}"
        names = f"A  {name}", "B  your code"
        shown, starts = columns(self._solutions[self._page].shown, self._code.shown, names, width)
        self._parts += [len(lines) + 1 + start for start in starts]
        lines += [(), *shown]
        if found is not None and self._comparing is not None:
            self._parts.append(len(lines) + 1)
            cell = self._tour.view.cell
            both = made_of_both(found, self._comparing.rows, width, (cell, cell))
            lines += section("what the compiler made of both", both)
        self._lines.show(Document(lines=in_ascii(lines, self.ascii)))
        timable = found is not None and not self._working
        context = Context(busy=self._tour.busy, others=count > 1, timable=timable)
        self.entitle("A solution and your code", keys_line(in_footer("solution", context), self._tour.keys, width))
        if not (self._working or self._why or self._comparing):
            self._work()

    def _said(self, width: int) -> list[Line]:
        """Return the comparison as a sentence, or why there is none yet."""
        comparing = self._comparing
        if self._why:
            return wrap([("i ", "faint"), (self._why, "muted")], width, indent="  ")
        if comparing is not None and comparing.problem.startswith(SOLUTION):
            # The learner cannot change this.
            words = f"Nothing is compiled here: {comparing.problem}."
            return wrap([("i ", "faint"), (words, "muted")], width, indent="  ")
        if comparing is None or comparing.found is None or comparing.problem or self._working:
            words = self._tour.activity.words
            return comparing.state(width, words) if comparing else [(("waiting for the worker …", "muted"),)]
        call = comparing.found.sides[1].trace.call.shown
        return [*wrap(sentence(comparing.found), width), *wrap([("for ", "muted"), (call, "")], width, indent="    ")]

    def action_page(self, by: int) -> None:
        """Show another solution."""
        self._page = (self._page + by) % len(self._solutions)
        self.refill()

    def action_part(self) -> None:
        """Bring the next part to the top: the sentence, the codes, what the compiler made of them."""
        rows, top = self._lines.scene.plan.rows, self._lines.scroller.top
        last = top >= self._lines.max_scroll_y
        self._lines.scroller.to(y=next((y for y in map(rows.top, self._parts) if y > top and not last), 0))

    def action_measure(self) -> None:
        """Measure both alternately."""
        self._work(measure=True)

    async def action_interrupt(self) -> None:
        """Interrupt the current run."""
        if self._tour.busy:
            await self._tour.session.interrupt()
