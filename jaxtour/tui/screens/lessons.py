"""The list of lessons, with the learner's progress in each."""

import asyncio

from textual import work
from textual.containers import Vertical
from textual.widgets import Static

from jaxtour.course.catalogue import LessonEntry
from jaxtour.course.model import Lesson
from jaxtour.render.text.layout import Line, Span, pad
from jaxtour.tui.actions import Context, Scope, bindings, in_footer
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import content
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.chooser import Chooser
from jaxtour.tui.widgets.text_input import TextInput

WIDEST = 96
BAR_CELLS = 10
KEYS_CELLS = 60


class FilterInput(TextInput):
    """The input for the filter."""

    BINDINGS = bindings("filter", on="screen.")


class LessonsScreen(BoxScreen[int | None]):
    """Returns the index of the chosen lesson, or None."""

    BINDINGS = bindings("lessons")

    def __init__(self, tour: Tour) -> None:
        self._tour = tour
        self._list = Chooser("lessons", ascii_only=tour.ascii)
        self._filter = FilterInput(id="filter", placeholder="part of a title")
        self._filter.cursor_blink = False
        self._about = Static(id="about", markup=False)
        self._shown: list[int] = []
        self._here = tour.index
        super().__init__(
            Vertical(self._filter, self._list, self._about, id="lessons-box"), lead=self._list, ascii_only=tour.ascii
        )

    def on_mount(self) -> None:
        """Read the lessons that were not read before."""
        self.read_rest()

    @work(exclusive=True, group="lessons", exit_on_error=True, description="Reads the lessons one by one.")
    async def read_rest(self) -> None:
        """Read the other lessons, one in each frame."""
        for entry in self._tour.catalogue.entries:
            if self._tour.known(entry) is None:
                self._tour.read(entry)
                self.refill()
                await asyncio.sleep(0)

    def refill(self) -> None:
        """Show the lessons that match the filter; the cursor stays on its lesson."""
        wanted = self._filter.value.lower().split()
        entries = self._tour.catalogue.entries
        self._shown = [index for index, entry in enumerate(entries) if self._matches(entry, wanted)]
        width = self.inside(WIDEST) - 1
        lines = [self._row(index, width) for index in self._shown]
        self._list.fill(lines, self._shown.index(self._here) if self._here in self._shown else 0)
        self._describe()

    def _matches(self, entry: LessonEntry, words: list[str]) -> bool:
        lesson = self._tour.known(entry)
        text = f"{entry.id} {lesson.title} {lesson.summary}" if lesson else entry.id
        if lesson:
            text += " ".join(step.title for step in lesson.steps)
        return all(word in text.lower() for word in words)

    def _row(self, index: int, width: int) -> Line:
        entry = self._tour.catalogue.entries[index]
        lesson = self._tour.known(entry)
        here = "›" if index == self._tour.index else " "
        if lesson is None:
            return ((f"{here}   {index + 1:>2}  ", "muted"), (entry.id, "muted"))
        done = [self._tour.is_done(lesson.id, step.id) for step in lesson.steps]
        mark: Span = ("✓", "success") if all(done) else ("·", "muted")
        if lesson.problems:
            mark = ("✗", "error")
        counts = f"{sum(done)}/{len(done)}"
        tail = f"{lesson.minutes:>3} min  {counts:>6}  " if lesson.minutes else " " * 17
        title = pad(lesson.title, max(8, width - 8 - len(tail) - BAR_CELLS))
        return (
            (f"{here} ", "strong"),
            mark,
            (f" {index + 1:>2}  ", "muted"),
            (title, "error" if lesson.problems and not lesson.minutes else ""),
            (tail, "muted"),
            *(bar(done) if lesson.minutes else ()),
        )

    def _describe(self) -> None:
        line: Line = (("nothing matches", "muted"),)
        if self._shown:
            self._here = self._shown[self._list.cursor]
            entry = self._tour.catalogue.entries[self._here]
            lesson = self._tour.known(entry)
            line = _summary(lesson) if lesson else ()
        self._about.update(content(line, ansi=self.app.native_ansi_color))
        scopes: list[Scope] = ["filter"] if self._filter.has_focus else ["list", "lessons"]
        actions = [action for scope in scopes for action in in_footer(scope, Context())]
        self.entitle("Lessons", keys_line(actions, self._tour.keys, KEYS_CELLS))

    def on_option_list_option_highlighted(self) -> None:
        """Describe the lesson under the cursor."""
        self._describe()

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Open the lesson."""
        self.dismiss(self._shown[message.option_index])

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter.add_class("-open")
        # At once: the next keys may be here already.
        self.set_focus(self._filter)

    def on_input_changed(self) -> None:
        """Show the lessons that match."""
        self.refill()

    def on_descendant_focus(self) -> None:
        """Update the keys."""
        self._describe()

    def action_filter_done(self) -> None:
        """Keep the filter and go to the list; open a single match."""
        if len(self._shown) == 1:
            self.dismiss(self._shown[0])
        self._list.focus()

    def action_filter_clear(self) -> None:
        """Show all lessons again."""
        self._filter.value = ""
        self._filter.remove_class("-open")
        self._list.focus()


def bar(done: list[bool]) -> Line:
    """A bar of ten cells, thick for the part that is done."""
    thick = round(BAR_CELLS * sum(done) / len(done)) if done else 0
    return (("━" * thick, "bar"), ("─" * (BAR_CELLS - thick), "bar-muted"))


def _summary(lesson: Lesson) -> Line:
    if lesson.problems:
        first = lesson.problems[0]
        more = f"  and {len(lesson.problems) - 1} more" if len(lesson.problems) > 1 else ""
        return ((str(first), "error"), (more, "muted"))
    return ((lesson.summary, "muted"),)
