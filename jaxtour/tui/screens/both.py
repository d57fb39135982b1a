"""Shows the learner's edit and the lesson's code, which has changed since the edit was made."""

from typing import ClassVar

from textual.binding import BindingType

from jaxtour.course.model import Step
from jaxtour.render.text.diff import beside_lines
from jaxtour.render.text.layout import in_ascii, wrap
from jaxtour.tui.actions import Context, bindings, in_footer
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.screens.box import BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.model import Tour


class BothScreen(BoxScreen[bool | None]):
    """Returns whether to take the lesson's new code, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("both"), *bindings("pane")]

    def __init__(self, tour: Tour, step: Step) -> None:
        self._lines = LinesView("both", ascii_only=tour.ascii)
        super().__init__(self._lines, ascii_only=tour.ascii)
        self._tour = tour
        self._codes = tour.code.text, step.shown_code.text

    def refill(self) -> None:
        """Show both texts, side by side where there is room."""
        width = self.inside()
        what, now = ("The file", "file now") if self._tour.lesson.plain else ("The lesson's code", "lesson now")
        words = (
            f"{what} is no longer the one that you edited. Keep your edit, or take the new code: "
            f"{self._tour.keys.first('undo')} brings your edit back."
        )
        lines = [*wrap(((words, "muted"),), width), (), *beside_lines(*self._codes, ("your edit", now), width)]
        self._lines.show(Document(lines=in_ascii(lines, self.ascii)))
        self.entitle("Your edit and the new code", keys_line(in_footer("both", Context()), self._tour.keys, width))
