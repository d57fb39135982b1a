"""The keys of a review, and of a lesson's end."""

from datetime import datetime
from functools import partialmethod
from typing import Literal

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import Lesson
from jaxtour.tui.tour.controllers.course import CourseController
from jaxtour.tui.tour.controllers.step import StepController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.reviewing import Reviewing


class ReviewController:
    """Begins a review; on a review's screen, goes through its questions."""

    def __init__(
        self, host: ScreenHost, step: StepController, course: CourseController, reviewing: Reviewing | None
    ) -> None:
        self.host = host
        self.tour = host.tour
        self.step = step
        self.course = course
        self.reviewing = reviewing

    # The tour -------------------------------------------------------------------------------------------------------

    def start_review(self) -> None:
        """Review what is due, or say when something will be."""
        from jaxtour.course.review import due, reviewable
        from jaxtour.tui.tour.reviewing import nothing_due

        self.step.leave_editor()
        self.host.settle()
        now = self.host.now()
        found = reviewable(self.tour.progress, self.tour.catalogue, now)
        if ready := due(found, now):
            self.host.begin_review(Reviewing(self.tour, ready))
        else:
            self.host.note(nothing_due(found, now))

    def next_step(self) -> None:
        """Go to the next step; at the end of a lesson, first say what was done in it, if anything was."""
        tour = self.tour
        begun = any(tour.is_done(tour.lesson.id, step.id) for step in tour.lesson.steps)
        if tour.number < len(tour.lesson.steps) or not begun:
            self.course.next_step()
            return
        from jaxtour.course.review import enrol
        from jaxtour.course.summary import lesson_summary
        from jaxtour.render.summary import lesson_lines
        from jaxtour.tui.screens.ends import EndScreen

        self.step.leave_editor()
        self.host.settle()
        now, lesson = self.host.now(), tour.lesson
        enrol(tour.progress, lesson, now)
        summary = lesson_summary(lesson, tour.progress, now)
        following = self._following(tour.catalogue, tour.index)

        def ended(onwards: bool | None) -> None:
            if onwards:
                self.course.next_step()

        self.host.app.push_screen(
            EndScreen(
                lesson.title,
                lambda width: lesson_lines(summary, following, width, now),
                tour.keys,
                onwards="next lesson",
                back="to the step",
                ascii_only=tour.ascii,
            ),
            ended,
        )

    def _following(self, catalogue: Catalogue, index: int) -> str:
        """Return the next lesson as text; empty at the end of the course."""
        if index + 1 == len(catalogue.entries):
            return ""
        lesson: Lesson = self.tour.lessons.of(catalogue.entries[index + 1])
        return lesson.title + (f"   {lesson.minutes} min" if lesson.minutes else "")

    # A review -------------------------------------------------------------------------------------------------------

    def _go(self, by: Literal[1, -1]) -> None:
        """Save the outcome of the question, and go to another one; after the last one, show how the review went."""
        review = self.reviewing
        if review is None:
            return
        self.step.leave_editor()
        self.settle()
        if review.move(by):
            review.show(self.tour)
            self.host.arrived()
        elif by > 0:
            self.end_review()
        else:
            self.host.note("this is the first question")

    next_question = partialmethod(_go, 1)
    previous_question = partialmethod(_go, -1)

    def settle(self) -> None:
        """Save the outcome of the question shown."""
        if self.reviewing is not None:
            self.reviewing.settle(self.host.now())

    def end_review(self) -> None:
        """Show how the review went, and go back to the tour."""
        from jaxtour.tui.screens.ends import EndScreen

        review = self.reviewing
        if review is None:
            return
        self.step.leave_editor()
        self.settle()
        now: datetime = self.host.now()
        shown = review.summary(now)

        def ended(onwards: bool | None) -> None:
            if onwards:
                self.host.leave_review()

        self.host.app.push_screen(
            EndScreen(
                "Review",
                shown,
                self.tour.keys,
                onwards="to the tour",
                back="to the review",
                ascii_only=self.tour.ascii,
            ),
            ended,
        )
