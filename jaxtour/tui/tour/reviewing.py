"""A review on the screen: a separate tour, whose progress begins empty and is not saved."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from jaxtour.course.review import Review, ReviewItem, reviewable
from jaxtour.render.text.layout import Line
from jaxtour.tui.tour.model import Tour


class Reviewing:
    """The questions that are due, and the tour that asks them."""

    def __init__(self, tour: Tour, ready: Sequence[ReviewItem]) -> None:
        self._main = tour
        self._review = Review(tour.catalogue, tour.progress, ready)

    def tour(self) -> Tour:
        """Return a new tour at the first question, without earlier answers, edits or progress."""
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
        """Go to the current question."""
        tour.go(*self._review.item[:2])

    def move(self, by: Literal[1, -1]) -> bool:
        """Take the next question or the one before; False at the ends."""
        place = self._review.place + by
        if not 0 <= place < len(self._review.items):
            return False
        self._review.place = place
        return True

    def settle(self, now: datetime) -> None:
        """Save the outcome of the current question."""
        self._review.settle(now)

    @property
    def words(self) -> str:
        """The words `review 2 of 5`."""
        return f"review {self._review.place + 1} of {len(self._review.items)}"

    def summary(self, now: datetime) -> Callable[[int], list[Line]]:
        """Return how the review went, as lines for a width."""
        from jaxtour.render.summary import review_lines

        found = self._review.results
        titles = [(self._title(item), found.get(item)) for item in self._review.items]
        coming = reviewable(self._main.progress, self._main.catalogue, now)
        return lambda width: review_lines(titles, coming, width, now)

    def _title(self, item: ReviewItem) -> str:
        lesson, step = self._main.catalogue.find(f"{item.lesson}/{item.step}")
        return f"{lesson.id} › {step.title}"


def nothing_due(found: Sequence[ReviewItem], now: datetime) -> str:
    """Say that nothing is due, and when the next question will be."""
    from jaxtour.render.summary import when_words

    if not found:
        return "nothing to review yet: finish a lesson with predictions or exercises"
    return f"nothing is due for review; the next: {found[0].lesson}/{found[0].step} {when_words(found[0].due, now)}"
