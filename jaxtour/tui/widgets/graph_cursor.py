"""The cursor in a graph: it goes from node to node, and what it folds is a node's inside."""

from typing import TYPE_CHECKING

from jaxtour.tui.messages import Unfolded
from jaxtour.tui.widgets.pane_cursor import PaneCursor

if TYPE_CHECKING:
    from jaxtour.render.ir.graph import Graph, Node


class GraphCursor(PaneCursor):
    """The cursor of the pane of stages, one of which may be a graph; in the others it goes from line to line."""

    @property
    def graph(self) -> "Graph | None":
        """The graph, if that is what is shown."""
        view = self.pane.view
        if view is None or view.state.stage != "graph" or view.linked is None:
            return None
        # Imported here: what lays graphs out is no part of the first frame.
        from jaxtour.tui.panes.graph import graph_of

        return graph_of(view.linked, view.state.unfolded)

    @property
    def node(self) -> "Node | None":
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

    def _to(self, node: "Node") -> None:
        self.pane.move_to(node.row, (node.column, node.end))

    def arrive(self) -> None:
        """Select the node in the line of the cursor."""
        if self.pane.selection is None and (node := self.node) is not None:
            self._to(node)

    def step(self, count: int) -> bool:
        """Go to the node below or above; a screenful is half as many nodes as rows."""
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

    def fold(self) -> bool:
        """Fold or unfold the node's inside."""
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
