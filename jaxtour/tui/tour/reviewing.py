"""A review on the screen: a tour of its own, whose progress begins empty and is not kept."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from jaxtour.course.review import Review, ReviewItem, reviewable
from jaxtour.render.text.layout import Line
from jaxtour.tui.tour.model import Tour


class Reviewing:
    """The questions that are due, and the tour on which they are asked."""

    def __init__(self, tour: Tour, ready: Sequence[ReviewItem]) -> None:
        self._main = tour
        self._review = Review(tour.catalogue, tour.progress, ready)

    def tour(self) -> Tour:
        """A new tour at the first question, in which nothing was answered, edited or done before."""
        main = self._main
        tour = Tour(
            main.catalogue,
            main.session,
            self._review.answers,
            keys=main.keys,
            clock=main.clock,
            kept=main.peaks.path,
            ascii_only=main.ascii,
            stable=main.stable,
        )
        tour.coloured, tour.worker.gone = True, main.worker.gone
        self.show(tour)
        return tour

    def show(self, tour: Tour) -> None:
        """Go to the question at hand."""
        tour.go(*self._review.item[:2])

    def move(self, by: Literal[1, -1]) -> bool:
        """Take the next question or the one before; False at the ends."""
        place = self._review.place + by
        if not 0 <= place < len(self._review.items):
            return False
        self._review.place = place
        return True

    def settle(self, now: datetime) -> None:
        """Keep what came of the question at hand."""
        self._review.settle(now)

    @property
    def words(self) -> str:
        """`review 2 of 5`."""
        return f"review {self._review.place + 1} of {len(self._review.items)}"

    def summary(self, now: datetime) -> Callable[[int], list[Line]]:
        """How the review went, as lines for a width."""
        from jaxtour.render.summary import review_lines

        found = self._review.results
        titles = [(self._title(item), found.get(item)) for item in self._review.items]
        coming = reviewable(self._main.progress, self._main.catalogue, now)
        return lambda width: review_lines(titles, coming, width, now)

    def _title(self, item: ReviewItem) -> str:
        lesson, step = self._main.catalogue.find(f"{item.lesson}/{item.step}")
        return f"{lesson.id} › {step.title}"


def nothing_due(found: Sequence[ReviewItem], now: datetime) -> str:
    """That nothing is due, and when the next question is."""
    from jaxtour.render.summary import when_words

    if not found:
        return "nothing to review yet: finish a lesson with predictions or exercises"
    return f"nothing is due for review; the next: {found[0].lesson}/{found[0].step} {when_words(found[0].due, now)}"
