"""The home screen: lessons with progress, their steps, and a search over all of them."""

import asyncio
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec
from textual import work
from textual.containers import Container, Vertical
from textual.widgets import Static

from jaxtour.course.model import Lesson
from jaxtour.course.review import asks
from jaxtour.course.search import Hit, SearchIndex
from jaxtour.course.standing import Standing, goes_on, overdue, standing, total
from jaxtour.render import home
from jaxtour.render.text.layout import Line, in_ascii
from jaxtour.tui.actions import BY_ID, Context, bindings, in_footer
from jaxtour.tui.compat_input import TextInput
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import content, contents
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.chooser import Chooser
from jaxtour.tui.widgets.panes import WIDE

ListPlace: TypeAlias = tuple[int, int | None]
"""The indices of a lesson, and of one of its steps or None."""
LIST_LEAST, LIST_SHARE = 76, 0.56
"""Columns of the list next to the description."""
GAP = 3
ABOUT_LINES, SHORT_ABOUT_LINES, SHORT = 7, 3, 20
"""Lines of the description below the list, and on a screen with fewer lines than the last number."""
LEAST_TEXT = 6
"""The fewest lines for the beginning of the step where a lesson continues."""


class SearchInput(TextInput):
    """The input for the words to search."""

    BINDINGS = bindings("filter", on="screen.")


async def read_rest(tour: Tour, index: SearchIndex, then: Callable[[], object]) -> None:
    """Add all lessons to the index; reads those that were not read before, one per frame."""
    for place, entry in enumerate(tour.catalogue.entries):
        read = tour.lessons.known(entry) is None
        index.add(place, tour.lessons.of(entry))
        if read:
            then()
            await asyncio.sleep(0)


class HomeScreen(BoxScreen[tuple[int, int] | Literal["review"] | None]):
    """Returns the indices of the lesson and the step to go to, `review` to begin a review, or None."""

    BINDINGS = bindings("lessons")
    LIVE = True
    # Textual would give the input the focus, before the style sheet hides it.
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]

    def __init__(self, tour: Tour) -> None:
        self._tour = tour
        self._input = SearchInput(id="filter", placeholder="words in titles, text and code")
        self._input.cursor_blink = False
        self._header = Static(id="header", markup=False)
        self._list = Chooser("lessons", ascii_only=tour.ascii)
        self._about = Static(id="about", markup=False)
        self._index = SearchIndex()
        self._rows: list[ListPlace] = []
        self._hits: list[Hit] = []
        self._unfolded: set[int] = set()
        self._at: ListPlace | None = None
        """The row under the cursor."""
        self._moved = False
        """Whether the learner has moved the cursor; until then it is where the tour continues."""
        self._goes_on: tuple[int, int] | None = None
        self._left = Vertical(self._header, self._list, id="home-list")
        body = Container(self._left, self._about, id="home-body")
        super().__init__(Vertical(self._input, body, id="home"), lead=self._list, ascii_only=tour.ascii)

    def on_mount(self) -> None:
        """Read the lessons that were not read before."""
        # At once: the next keys may already be here.
        self.set_focus(self._list)
        self.read_rest()

    @work(exclusive=True, group="home", exit_on_error=True, description="Reads the lessons one by one.")
    async def read_rest(self) -> None:
        """Read all lessons."""
        await read_rest(self._tour, self._index, self.refill)
        self.refill()

    # Showing --------------------------------------------------------------------------------------------------------

    @property
    def _written(self) -> str:
        return self._input.value.strip()

    @property
    def _known(self) -> list[Lesson]:
        """The lessons that are read."""
        return [lesson for entry in self._tour.catalogue.entries if (lesson := self._tour.lessons.known(entry))]

    def _lesson(self, index: int) -> Lesson | None:
        return self._tour.lessons.known(self._tour.catalogue.entries[index])

    def _standing(self, lesson: Lesson) -> Standing:
        return standing(lesson, self._tour.progress, self._tour.is_done)

    @property
    def _widths(self) -> tuple[int, int]:
        """Columns of the list and of the description."""
        inside = self.inside()
        if self.app.size.width < WIDE:
            return inside, inside
        beside = max(LIST_LEAST, int(inside * LIST_SHARE))
        return beside, inside - beside - GAP

    def refill(self, at: ListPlace | None = None) -> None:
        """Show the lessons, or what was found; the cursor goes to a row, or stays where it is."""
        tour, (width, _) = self._tour, self._widths
        self._follow()
        self._at = at or self._at
        lessons = [tour.lessons.known(entry) for entry in tour.catalogue.entries]
        self._goes_on = goes_on(lessons, tour.is_done, tour.index, tour.number - 1)
        if not self._moved:
            self._at = (self._goes_on[0] if self._goes_on else tour.index, None)
        if self._written:
            self._hits = self._index.hits(self._written)
            self._rows = [(hit.lesson, hit.step) for hit in self._hits]
            lines = [(("  ", ""), *home.hit_row(hit, self._written, width - 3)) for hit in self._hits]
            header: Line = ((f"{len(lines)} found", "faint"),)
        else:
            self._rows = [row for index in range(len(lessons)) for row in self._rows_of(index)]
            lines = [self._line(row, width - 1) for row in self._rows]
            header = home.header(width - 1)
        [header] = in_ascii([header], self.ascii)
        self._header.update(content(header, ansi=self.app.native_ansi_color))
        lesson = (self._at[0], None) if self._at and not self._written else None
        at = next((place for place in (self._at, lesson) if place in self._rows), None)
        self._list.fill(lines, self._rows.index(at) if at else 0)
        self._describe()

    def _rows_of(self, index: int) -> list[ListPlace]:
        lesson = self._lesson(index)
        steps = range(len(lesson.steps)) if lesson and index in self._unfolded else ()
        return [(index, None), *((index, step) for step in steps)]

    def _line(self, row: ListPlace, width: int) -> Line:
        index, step = row
        lesson = self._lesson(index)
        if lesson is None:
            return home.unread_row(self._tour.catalogue.entries[index].id, index + 1)
        if step is None:
            here = self._goes_on is not None and self._goes_on[0] == index
            facts = self._tour.session.facts
            return home.lesson_row(lesson, index + 1, self._standing(lesson), facts, width, goes_on=here)
        return self._step_line(lesson, (index, step), width)

    def _step_line(self, lesson: Lesson, place: tuple[int, int], width: int, indent: int = home.HEAD_CELLS) -> Line:
        step = lesson.steps[place[1]]
        saved, done = self._tour.progress.saved(lesson.id, step.id), self._tour.is_done(lesson.id, step.id)
        here = place == self._goes_on
        return home.step_row(step, place[1] + 1, saved, width, done=done, here=here, indent=indent)

    def _describe(self) -> None:
        """Write the description and the borders."""
        wide, (_, width) = self.app.size.width >= WIDE, self._widths
        height = (
            self.app.size.height - 2 if wide else SHORT_ABOUT_LINES if self.app.size.height < SHORT else ABOUT_LINES
        )
        self._about.styles.height = height
        self._left.styles.width = self._widths[0] if wide else "100%"
        lines: list[Line] = [] if self._rows else [(("nothing contains all of these words", "muted"),)]
        if self._rows:
            self._follow()
            lines = self._described(self._at or (0, None), width, height, wide=wide)
        self._about.update(contents(lines[:height], ansi=self.app.native_ansi_color))
        reviews, known = self._reviews, self._known
        whole = total(map(self._standing, known)) if len(known) == len(self._tour.catalogue.entries) else None
        room = self.app.size.width - 6
        self.entitle(home.title_line(whole, reviews, room), self._keys(reviews, room))

    def _described(self, row: ListPlace, width: int, height: int, *, wide: bool) -> list[Line]:
        index, place = row
        lesson = self._lesson(index)
        if lesson is None:
            return []
        if place is not None:
            return self._step_text(lesson, place, width, height, titled=wide)
        tour, known = self._tour, self._standing(lesson)
        here = tour.continued(index)
        opens = home.goes_on_line(tour.keys.first("choose"), lesson, here, done=known.complete)
        lines = home.about_lesson(lesson, known, tour.session.facts, opens, width, titled=wide)
        if wide and index not in self._unfolded:
            lines += [(), *(self._step_line(lesson, (index, each), width, 0) for each in range(len(lesson.steps)))]
        room = height - len(lines) - 2
        more = self._step_text(lesson, here, width, room, titled=True) if wide and room >= LEAST_TEXT else []
        return [*lines, (), (("─" * width, "faint"),), *more] if more else lines

    def _step_text(self, lesson: Lesson, place: int, width: int, height: int, *, titled: bool) -> list[Line]:
        step = lesson.steps[place]
        saved, done = self._tour.progress.saved(lesson.id, step.id), self._tour.is_done(lesson.id, step.id)
        return home.about_step(step, saved, self._written, width, height, done=done, titled=titled)

    def _keys(self, reviews: int, width: int) -> Line:
        if self.focused is self._input:
            return keys_line(in_footer("filter", Context()), self._tour.keys, width)
        on_lesson = self._at is not None and self._at[1] is None and not self._written
        choose = msgspec.structs.replace(BY_ID["choose"], label="go on" if on_lesson else "go there")
        actions = [choose, *in_footer("lessons", Context(reviews=reviews))]
        return keys_line(actions, self._tour.keys, width)

    @property
    def _reviews(self) -> int:
        """The number of questions and exercises of these lessons that are due for review."""
        due = overdue(self._tour.progress)
        asking = {(lesson.id, step.id) for lesson in self._known for step in lesson.steps if due and asks(step)}
        return sum(place in asking for place in due)

    # Keys -----------------------------------------------------------------------------------------------------------

    def _follow(self) -> bool:
        """Note the row under the cursor; return whether it is a different one."""
        row = self._rows[min(self._list.cursor, len(self._rows) - 1)] if self._rows else self._at
        moved = row != self._at
        self._at, self._moved = row, self._moved or moved
        return moved

    def on_option_list_option_highlighted(self) -> None:
        """Describe what is under the cursor."""
        if self._follow():
            self._describe()

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Go to the step."""
        self._open(self._rows[message.option_index])

    def _open(self, row: ListPlace) -> None:
        index, step = row
        self.dismiss((index, self._tour.continued(index) if step is None else step))

    def action_unfold(self) -> None:
        """Show the steps of the lesson below it."""
        if self._at is not None and not self._written and self._at[0] not in self._unfolded:
            self._unfolded.add(self._at[0])
            self._moved = True
            self.refill()

    def action_fold_steps(self) -> None:
        """Hide the steps of the lesson."""
        if self._at is not None and not self._written and self._at[0] in self._unfolded:
            self._unfolded.remove(self._at[0])
            self.refill((self._at[0], None))

    def action_review(self) -> None:
        """Begin a review."""
        if self._reviews:
            self.dismiss("review")

    def action_filter(self) -> None:
        """Open the search."""
        self._input.add_class("-open")
        # At once: the next keys may already be here.
        self.set_focus(self._input)

    def on_input_changed(self) -> None:
        """Show what is found."""
        self._moved = True
        self.refill()

    def on_descendant_focus(self) -> None:
        """Update the keys."""
        self._describe()

    def action_filter_done(self) -> None:
        """Go to the place under the cursor."""
        # The search may not yet include what was typed just before Enter.
        self.refill()
        if self._rows:
            self._open(self._rows[self._list.cursor])

    def action_filter_down(self) -> None:
        """Go a line down."""
        self._list.action_cursor_down()

    def action_filter_up(self) -> None:
        """Go a line up."""
        self._list.action_cursor_up()

    def action_filter_clear(self) -> None:
        """Show all lessons again."""
        self._input.value = ""
        self._input.remove_class("-open")
        self._list.focus()
