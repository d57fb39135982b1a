"""Asks before a lesson from elsewhere runs: where it comes from, and what it will run."""

from typing import Literal, TypeAlias

from textual.binding import Binding

from jaxtour.course.trust import Question, size_of
from jaxtour.render.text.layout import Line, Style, wrap, wrap_text
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.screens.box import BoxScreen

TrustAnswer: TypeAlias = Literal["always", "once", "saves"]
WIDEST = 96
SAVES: Line = (
    ("If you write it yourself, ", ""), ("s", "primitive"),
    (" lets it run as it is now and after each save, until you leave the tour.", ""),
)  # fmt: skip
_DIFF: dict[str, Style] = {"+": "success", "-": "error", "@": "muted"}


class TrustScreen(BoxScreen[TrustAnswer | None]):
    """Returns whether the lesson may run; None if not."""

    BINDINGS = [
        Binding("y", "dismiss('always')", show=False),
        Binding("o", "dismiss('once')", show=False),
        Binding("s", "saves", show=False),
        Binding("n,escape,q", "dismiss(None)", show=False),
    ]

    def __init__(self, question: Question, *, ascii_only: bool = False) -> None:
        self._lines = LinesView("trust", ascii_only=ascii_only)
        super().__init__(self._lines, ascii_only=ascii_only)
        self._question = question

    def refill(self) -> None:
        """Show where the lesson comes from, and its code or what changed in it."""
        self._lines.show(Document(lines=question_lines(self._question, self.inside(WIDEST))))
        self.entitle("Run this lesson's code?", question_keys(self._question))

    def action_saves(self) -> None:
        """Let it run as it is saved, where the tour shows each save."""
        if self._question.saves:
            self.dismiss("saves")


def question_keys(question: Question) -> Line:
    """Return the keys that answer."""
    saves: Line = (("s", "primitive"), (" each save too   ", "")) if question.saves else ()
    keys: Line = (("y", "primitive"), (" trust it   ", ""), ("o", "primitive"), (" only now   ", ""), *saves)
    return (*keys, ("Esc", "primitive"), (" do not run", ""))


def question_lines(question: Question, width: int) -> list[Line]:
    """Return the question: the path, what will run, and the code, or what changed since the learner trusted it."""
    from jaxtour.render.text.code import python_lines

    lines = wrap((("from  ", "muted"), (question.file.line, "strong")), width, indent="      ")
    lines += wrap((("runs  ", "muted"), (size_of(question), "")), width, indent="      ")
    lines += [(), *wrap(SAVES, width)] if question.saves else []
    if question.changes is None:
        said = "It is not part of jaxtour's course. Its code runs as you, with your files and your network. Read it:"
        return [*lines, (), *wrap_text(said, width), (), *python_lines(question.code.shown)]
    changed: list[Line] = [((row, _DIFF.get(row[:1], "")),) for row in question.changes.shown.splitlines()[2:]]
    return [*lines, (), *wrap_text("Its code has changed since you trusted it:", width), (), *changed]
