"""Says what the tour is, and shows its first five keys: shown once, at the first start."""

from textual.widgets import Static

from jaxtour.render.text.layout import Line, in_ascii, wrap
from jaxtour.text import plural
from jaxtour.tui.actions import Context, Keys, bindings, in_footer
from jaxtour.tui.screens.box import KEYS_CELLS, BoxScreen
from jaxtour.tui.status import keys_line
from jaxtour.tui.styling import contents
from jaxtour.tui.tour.model import Tour

WIDEST = 72
PARAGRAPHS = (
    "A guided tour of JAX, on your own machine. You know Python and NumPy; the tour explains the rest, in {lessons} of "
    "short steps.",
    "In each step you read, predict, run the code, and see what JAX made of it.",
    "Change any code: nothing can break, and jaxtour saves your work.",
)
SHOWN = {"run": "runs the step", "next_step": "goes to the next step", "edit": "edits the code",
         "next_pane": "goes to the next pane", "help": "shows all keys"}  # fmt: skip
"""The first keys, and what each does."""


class WelcomeScreen(BoxScreen[str]):
    """Returns the action to begin with, or an empty text."""

    BINDINGS = bindings("welcome")

    def __init__(self, tour: Tour) -> None:
        self._text = Static(id="welcome", markup=False)
        self._text.can_focus = True
        super().__init__(self._text, ascii_only=tour.ascii)
        self._tour = tour

    def refill(self) -> None:
        """Show the text and the keys."""
        lessons, room = len(self._tour.catalogue.entries), self.app.size.height - 2
        lines = welcome_lines(self._tour.keys, lessons, self.inside(WIDEST))
        if len(lines) > room:
            lines = list(filter(None, welcome_lines(self._tour.keys, lessons, self.inside(WIDEST), short=True)))
        self._text.update(contents(in_ascii(lines, self.ascii), ansi=self.app.native_ansi_color))
        self.entitle("Welcome to jaxtour", keys_line(in_footer("welcome", Context()), self._tour.keys, KEYS_CELLS))


def welcome_lines(keys: Keys, lessons: int, width: int, *, short: bool = False) -> list[Line]:
    """Return the text, or its first paragraph, and a line for each key."""
    lines: list[Line] = [()]
    for paragraph in PARAGRAPHS[: 1 if short else None]:
        lines += [*wrap(((paragraph.format(lessons=plural(lessons, "lesson")), ""),), width), ()]
    shown = {action: keys.first(action) for action in SHOWN}
    cells = max(map(len, shown.values()))
    for action, key in shown.items():
        lines.append(((f"  {key:>{cells}}", "primitive"), (f"   {SHOWN[action]}", "muted")))
    return [*lines, ()]
