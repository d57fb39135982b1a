"""The cursors of panes: line by line, from node to node in a graph, and from piece to piece of devices."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from textual.geometry import Size
from textual.message import Message

from jaxtour.tui.lines.document import NOTHING, Columns, DevicePiece, Document, Highlight, Highlighted, in_rows
from jaxtour.tui.messages import Travelled, Unfolded
from jaxtour.tui.panes.stage import graph_of, memory_rows
from jaxtour.tui.tour.view import StepView

if TYPE_CHECKING:
    from jaxtour.render.ir.graph import Graph, GraphNode


class Steered(Protocol):
    """What a cursor knows about its `Pane`, which documents each method."""

    view: StepView | None

    @property
    def document(self) -> Document: ...
    @property
    def cursor(self) -> int: ...
    @property
    def selection(self) -> Columns | None: ...
    @property
    def has_focus(self) -> bool: ...
    @property
    def size(self) -> Size: ...
    def move_to(self, line: int, selection: Columns | None = None) -> None: ...
    def highlight(self, highlighted: Highlighted, *, follow: bool = True) -> None: ...
    def post_message(self, message: Message) -> bool: ...


class PaneCursor:
    """A cursor of a pane that does not go from line to line in some documents, which are `steered`."""

    pane: Steered
    """The pane, which sets itself here."""

    def step(self, _count: int) -> bool:
        """Go down by some rows, or up; return False to go by lines."""
        return False

    def across(self, by: int) -> bool:  # noqa: ARG002 - for subclasses
        """Go to the right, or to the left; return False to select the next piece of the line."""
        return False

    def fold(self) -> bool:
        """Fold or unfold here; return False to fold a block of lines."""
        return False

    def fold_all(self) -> bool:
        """Fold or unfold everything; return False to fold blocks of lines."""
        return False

    def arrive(self) -> None:
        """Select something in a new document, after the pane has put the cursor on a line."""

    @property
    def pieces(self) -> Sequence[DevicePiece]:
        """The pieces under the cursor that are linked with devices."""
        return ()

    def stay_with(self, pieces: Sequence[DevicePiece]) -> None:
        """Stay on these pieces when lines came or went above them."""

    def new_highlights(self) -> Highlighted:
        """Return the highlights when other lines are shown."""
        return NOTHING


class GraphCursor(PaneCursor):
    """The cursor of the stage pane: in a graph it goes from node to node, in the memory along the schedule."""

    @property
    def graph(self) -> "Graph | None":
        """The graph, if it is shown."""
        view = self.pane.view
        if view is None or view.state.stage != "graph" or view.linked is None:
            return None
        return graph_of(view.linked, view.state.unfolded)

    @property
    def node(self) -> "GraphNode | None":
        """The node under the cursor."""
        graph = self.graph
        place = self._place(graph) if graph else None
        return graph.nodes[place] if graph and place is not None else None

    def _place(self, graph: "Graph") -> int | None:
        selection = self.pane.selection
        return graph.node_at(self.pane.cursor, selection[0] if selection else None)

    def to_line(self, line: int) -> None:
        """Go to a line of the stage; in its graph, to the node of that line."""
        graph = self.graph
        if graph is None:
            self.pane.move_to(line)
        elif places := graph.nodes_of(line):
            self._to(graph.nodes[places[0]])

    def _to(self, node: "GraphNode") -> None:
        self.pane.move_to(node.row, (node.column, node.end))

    def arrive(self) -> None:
        """Select the node in the line of the cursor; below the plot of the memory, the largest value."""
        view = self.pane.view
        if view is not None and view.state.stage == "memory":
            value = min(memory_rows(view), default=0)
            # In a low pane, the plot would scroll out of view.
            if self.pane.cursor < value < self.pane.size.height:
                self.pane.move_to(value)
        if self.pane.selection is None and (node := self.node) is not None:
            self._to(node)

    def step(self, count: int) -> bool:
        """Go to the node below or above; a screenful has half as many nodes as rows."""
        graph = self.graph
        if graph is None or not graph.nodes:
            return False
        here = self._place(graph)
        if here is None:
            self._to(graph.nodes[0])
            return True
        for _ in range(abs(count) if abs(count) == 1 else abs(count) // 2):
            there = graph.neighbour(here, "down" if count > 0 else "up")
            if there is None:
                break
            here = there
        self._to(graph.nodes[here])
        return True

    def across(self, by: int) -> bool:
        """Go along the schedule of the memory."""
        view = self.pane.view
        if view is None or view.state.stage != "memory" or view.linked is None:
            return False
        self.pane.post_message(Travelled(by))
        return True

    def fold(self) -> bool:
        """Fold or unfold the node."""
        if self.graph is None:
            return False
        if (node := self.node) and node.nests:
            self.pane.post_message(Unfolded(node.line))
        return True

    def fold_all(self) -> bool:
        """Fold or unfold the whole graph."""
        if self.graph is None:
            return False
        self.pane.post_message(Unfolded(None))
        return True


class ShardCursor(PaneCursor):
    """The cursor of a pane whose pieces are devices or their parts of a value: it goes from piece to piece."""

    _devices: frozenset[str] = frozenset()
    """The devices whose pieces are highlighted."""

    @property
    def pieces(self) -> Sequence[DevicePiece]:
        """The selected piece, or all pieces of the line."""
        pane = self.pane
        return pane.document.pieces_at(pane.cursor, pane.selection) if pane.document.cursor else []

    def highlight(self, devices: frozenset[str]) -> None:
        """Highlight the pieces of these devices."""
        self._devices = devices
        self.pane.highlight(self.new_highlights(), follow=not self.pane.has_focus)

    def new_highlights(self) -> Highlighted:
        """Return the same pieces in other lines: facts change every second, which should not repaint each row."""
        rows: dict[int, list[Columns]] = {}
        for piece in self.pane.document.pieces:
            if piece.devices & self._devices:
                rows.setdefault(piece.line, []).append(piece.columns)
        return in_rows({row: Highlight("link", tuple(columns)) for row, columns in rows.items()}) if rows else NOTHING

    def to_device(self, device: str) -> None:
        """Go to the first piece of a device, if there is one."""
        found = next((piece for piece in self.pane.document.pieces if device in piece.devices), None)
        if found is not None:
            self._to(found)

    def _to(self, piece: DevicePiece) -> None:
        self.pane.move_to(piece.line, piece.columns)

    def stay_with(self, pieces: Sequence[DevicePiece]) -> None:
        """Stay on the pieces of the same devices."""
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
        """Go to the piece above or below the selected one, if there is one."""
        selection, line = self.pane.selection, self.pane.cursor
        if selection is None or abs(count) != 1:
            return False
        start, end = selection
        beyond = [piece for piece in self.pane.document.pieces if (piece.line - line) * count > 0]
        below = [piece for piece in beyond if piece.columns[0] < end and piece.columns[1] > start]
        if below:
            self._to(min(below, key=lambda piece: abs(piece.line - line)))
        return bool(below)
