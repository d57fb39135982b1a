"""The pane of stages, where a graph has keys of its own."""

from typing import TYPE_CHECKING

from jaxtour.tui.messages import Unfolded
from jaxtour.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from jaxtour.render.graph import Graph, Node


class StagePane(Pane):
    """In a graph the cursor goes from node to node, and what is folded is a node's inside."""

    @property
    def graph(self) -> "Graph | None":
        """The graph, if that is what is shown."""
        view = self.view
        if view is None or view.state.stage != "graph" or view.linked is None:
            return None
        # Imported here: what lays graphs out is no part of the first frame.
        from jaxtour.tui.panes.graph import graph_of

        return graph_of(view.linked, view.state.unfolded)

    @property
    def awaits(self) -> bool:
        """Whether a stage is to come: its pane stays as it is for the seconds that a compilation takes."""
        view = self.view
        if view is None or view.trace is None or view.trace.error is not None:
            return super().awaits
        return view.stage is None or not (view.stage.complete or view.stage.error is not None)

    @property
    def node(self) -> "Node | None":
        """The node under the cursor."""
        graph = self.graph
        place = graph.node_at(self.cursor, self.stop[0] if self.stop else None) if graph else None
        return graph.nodes[place] if graph and place is not None else None

    def _take_place(self) -> None:
        super()._take_place()
        if self.stop is None and (node := self.node) is not None:
            self._to(node)

    def to_node(self, line: int) -> None:
        """Go to the node of a line of the stage."""
        graph = self.graph
        places = graph.nodes_of(line) if graph else []
        if graph and places:
            self._to(graph.nodes[places[0]])

    def _to(self, node: "Node") -> None:
        self.move_to(node.row, (node.column, node.end))

    def _step(self, rows: int) -> None:
        graph = self.graph
        if graph is None or not graph.nodes:
            super()._step(rows)
            return
        here = graph.node_at(self.cursor, self.stop[0] if self.stop else None)
        if here is None:
            self._to(graph.nodes[0])
            return
        for _ in range(abs(rows) if abs(rows) == 1 else abs(rows) // 2):
            there = graph.neighbour(here, "down" if rows > 0 else "up")
            if there is None:
                break
            here = there
        self._to(graph.nodes[here])

    def action_fold(self) -> None:
        """Fold or unfold the block around the cursor, or the node."""
        if self.graph is None:
            super().action_fold()
        elif (node := self.node) and node.nests:
            self.post_message(Unfolded(node.line))

    def action_fold_all(self) -> None:
        """Fold every block, or the whole graph; unfold them where any is folded."""
        if self.graph is None:
            super().action_fold_all()
        else:
            self.post_message(Unfolded(None))
