"""The cursor among pieces that are linked with devices: it goes from piece to piece, across and down."""

from collections.abc import Sequence

from jaxtour.tui.lines.document import NOTHING, Columns, Highlight, Highlighted, Piece, in_rows
from jaxtour.tui.widgets.pane_cursor import PaneCursor


class ShardCursor(PaneCursor):
    """The cursor of a pane whose pieces are devices, or what they hold of a value."""

    _devices: frozenset[str] = frozenset()
    """Whose pieces stand out."""

    @property
    def pieces(self) -> Sequence[Piece]:
        """What the cursor is on: a piece, or all of those in its line."""
        pane = self.pane
        return pane.document.pieces_at(pane.cursor, pane.selection) if pane.document.cursor else []

    def highlight(self, devices: frozenset[str]) -> None:
        """Highlight what belongs to one of these devices."""
        self._devices = devices
        self.pane.highlight(self.highlighted_anew(), follow=not self.pane.has_focus)

    def highlighted_anew(self) -> Highlighted:
        """The same in other lines: facts change every second, and a row should not be painted for each."""
        rows: dict[int, list[Columns]] = {}
        for piece in self.pane.document.pieces:
            if piece.devices & self._devices:
                rows.setdefault(piece.line, []).append(piece.columns)
        return in_rows({row: Highlight("link", tuple(columns)) for row, columns in rows.items()}) if rows else NOTHING

    def to_device(self, device: str) -> None:
        """Go to the first piece that belongs to a device, if there is one."""
        found = next((piece for piece in self.pane.document.pieces if device in piece.devices), None)
        if found is not None:
            self._to(found)

    def _to(self, piece: Piece) -> None:
        self.pane.move_to(piece.line, piece.columns)

    def stay_with(self, pieces: Sequence[Piece]) -> None:
        """Go on being on these pieces, and not in their place."""
        document = self.pane.document
        if not pieces or not document.pieces:
            return
        held = [piece.devices for piece in pieces]
        if [piece.devices for piece in self.pieces] != held:
            found = [piece for piece in document.pieces if piece.devices == held[0]]
            if found:
                self._to(min(found, key=lambda piece: abs(piece.line - pieces[0].line)))

    def arrive(self) -> None:
        """Select the first piece."""
        pieces = self.pane.document.pieces
        if pieces and self.pane.selection is None and not self.pieces:
            self._to(pieces[0])

    def step(self, count: int) -> bool:
        """Go to the piece above or below the one that is selected, if there is one."""
        selection, line = self.pane.selection, self.pane.cursor
        if selection is None or abs(count) != 1:
            return False
        start, end = selection
        beyond = [piece for piece in self.pane.document.pieces if (piece.line - line) * count > 0]
        below = [piece for piece in beyond if piece.columns[0] < end and piece.columns[1] > start]
        if below:
            self._to(min(below, key=lambda piece: abs(piece.line - line)))
        return bool(below)
