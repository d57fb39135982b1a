"""The keys of an exercise: its hints, the line that a failed check points at, and the solutions."""

from jaxtour.course.model import Step
from jaxtour.tui.tour.controllers.links import LinkController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.practice import exercise_of


class ExerciseController:
    """The actions of an exercise."""

    def __init__(self, host: ScreenHost, links: LinkController) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes
        self.links = links

    def hint(self) -> None:
        """Show the next hint."""
        exercise = exercise_of(self.tour.step)
        if exercise is None:
            return
        key = self.tour.key
        self.tour.exercises.note(key, hints=min(self.tour.exercises.of(key).hints + 1, len(exercise.hints)))
        self.panes.bring("lesson")
        self.host.refresh_view()
        lesson = self.panes.by_slot["lesson"]
        lesson.call_after_refresh(lesson.scroller.to_end)

    def to_failed(self) -> None:
        """Go to the line that the failed check points at."""
        view = self.tour.view
        span = view.pointed
        if span is not None:
            self.links.to_span(view, span)

    def solution(self) -> None:
        """Show the solutions next to the learner's code; before the first run, suggest trying."""
        from jaxtour.tui.screens.solution import SolutionScreen

        step, key, exercises = self.tour.step, self.tour.key, self.tour.exercises
        if not isinstance(step, Step) or step.exercise is None:
            return
        tried, view = exercises.of(key), self.tour.view
        passed = view.solved or self.tour.is_done(*key)
        if not (passed or tried.attempts or tried.warned):
            exercises.warn(key)
            again = f"{self.tour.keys.first('solution')} again shows a solution"
            self.host.note(f"try it first? {again}; then it comes back in review")
            return
        if not passed and not tried.gave_up:
            exercises.note(key, gave_up=True)
            self.host.refresh_view()
            self.host.note("your code stays; solved from now on, the exercise comes back in review")
        self.host.app.push_screen(SolutionScreen(self.tour, step))
