"""An app with one view of lines."""

from textual.app import App, ComposeResult
from textual.strip import Strip

from jaxtour.tui.lines.cursor import CursorMoved
from jaxtour.tui.lines.document import Document, LazyLines
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.themes import THEMES


class Shown(App[None]):
    """Holds the view, and remembers its messages."""

    def __init__(self, *, ascii_only: bool = False, theme: str = "dark") -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self.view = LinesView("view", ascii_only=ascii_only)
        self.moves: list[CursorMoved] = []

    def compose(self) -> ComposeResult:
        """Yield the view."""
        yield self.view

    def on_cursor_moved(self, message: CursorMoved) -> None:
        """Remember it."""
        self.moves.append(message)

    @property
    def moved(self) -> list[tuple[int, tuple[int, int] | None]]:
        """The reported moves of the cursor since the last call."""
        moves, self.moves = self.moves, []
        return [(move.line, move.selection) for move in moves]


def numbered(count: int, **rest: object) -> Document:
    """Return `line 0`, `line 1`, ... with a cursor."""
    return texts(*(f"line {number}" for number in range(count)), **rest)


def texts(*lines: str, **rest: object) -> Document:
    """Return these lines, with a cursor unless `rest` says otherwise."""
    return Document(lines=LazyLines(lines, lambda text: ((text, ""),)), **{"cursor": True, **rest})


def row(view: LinesView, y: int) -> str:
    """Return the row's text, without the last column."""
    return view.render_line(y).text[:-1].rstrip()


def rows(view: LinesView) -> list[str]:
    """Return the texts of all rows, without empty ones at the end."""
    found = [row(view, y) for y in range(view.size.height)]
    while found and not found[-1]:
        found.pop()
    return found


def styled(strip: Strip, attribute: str) -> str:
    """Return the characters of a row that are underlined, reversed or bold."""
    return "".join(text for text, style, _ in strip if style is not None and getattr(style, attribute))


def backgrounds(strip: Strip) -> dict[str, str]:
    """Return the characters on each background."""
    found: dict[str, str] = {}
    for text, style, _ in strip:
        name = style.bgcolor.name if style is not None and style.bgcolor is not None else ""
        found[name] = found.get(name, "") + text
    return found
