"""A pane whose pieces are linked with devices."""

from jaxtour.tui.document import Columns, Light, Piece
from jaxtour.tui.linking import DARK, Lit, lit_rows
from jaxtour.tui.widgets.pane import Pane


class PiecePane(Pane):
    """The cursor goes from piece to piece, across and down."""

    _devices: frozenset[str] = frozenset()
    """Whose pieces are lit."""

    @property
    def pieces(self) -> list[Piece]:
        """What the cursor is on: a piece, or all of those in its line."""
        return self.document.pieces_at(self.cursor, self.stop) if self.document.cursor else []

    def light_devices(self, devices: frozenset[str]) -> None:
        """Light what belongs to one of these devices."""
        self._devices = devices
        self.light(self._lit_pieces, follow=not self.has_focus)

    @property
    def _lit_pieces(self) -> Lit:
        rows: dict[int, list[Columns]] = {}
        for piece in self.document.pieces:
            if piece.devices & self._devices:
                rows.setdefault(piece.line, []).append(piece.columns)
        return lit_rows({row: Light("link", tuple(columns)) for row, columns in rows.items()}) if rows else DARK

    def unlight(self) -> None:
        """Light the same in other lines: facts change every second, and a row should not be painted for each."""
        self.take_lights(self._lit_pieces)

    def to_device(self, device: str) -> bool:
        """Go to the first piece that belongs to a device; whether there is one."""
        found = next((piece for piece in self.document.pieces if device in piece.devices), None)
        if found is not None:
            self.move_to(found.line, found.columns)
        return found is not None

    def _show_made(self) -> None:
        before = self.pieces
        super()._show_made()
        if not before or not self.document.pieces:
            return
        # Lines come and go above: the cursor stays with what it was on, and not with its place.
        held = [piece.devices for piece in before]
        if [piece.devices for piece in self.pieces] != held:
            found = [piece for piece in self.document.pieces if piece.devices == held[0]]
            if found:
                there = min(found, key=lambda piece: abs(piece.line - before[0].line))
                self.move_to(there.line, there.columns)

    def _take_place(self) -> None:
        super()._take_place()
        if self.document.pieces and self.stop is None and not self.pieces:
            first = self.document.pieces[0]
            self.move_to(first.line, first.columns)

    def _step(self, rows: int) -> None:
        """A line on; with a piece selected, to the piece above or below it, if there is one."""
        stop = self.stop
        if stop is None or abs(rows) != 1:
            super()._step(rows)
            return
        beyond = [piece for piece in self.document.pieces if (piece.line - self.cursor) * rows > 0]
        below = [piece for piece in beyond if piece.columns[0] < stop[1] and piece.columns[1] > stop[0]]
        if below:
            there = min(below, key=lambda piece: abs(piece.line - self.cursor))
            self.move_to(there.line, there.columns)
        else:
            super()._step(rows)
