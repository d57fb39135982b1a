"""A lesson's end says what the learner did."""

from datetime import UTC, datetime

from jaxtour.course.standing import Standing
from jaxtour.course.summary import LessonSummary
from jaxtour.render.summary import lesson_lines
from jaxtour.render.text.layout import plain

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_exercise_whose_solution_was_shown_is_named_with_what_follows() -> None:
    found = Standing(steps=9, done=9, exercises=3, solved=2, hints=1)
    shown = LessonSummary(standing=found, left=(), missed=(), shown=("A stopwatch",), review=None)
    text = [plain(line).strip() for line in lesson_lines(shown, "jit", 76, NOW)]
    assert any(line.endswith("2 of 3 solved, 1 hint, 1 solution shown") for line in text)
    assert "comes back in review  A stopwatch" in text
    none = LessonSummary(standing=found, left=(), missed=(), shown=(), review=None)
    assert not any("shown" in plain(line) or "comes back" in plain(line) for line in lesson_lines(none, "jit", 76, NOW))
