"""Reads a drawn graph back from its characters: which nodes its wires connect."""

from jaxtour.render.ir.graph_draw import DOWN, GLYPHS, LEFT, RIGHT, UP
from jaxtour.render.text.layout import plain

STEPS = {UP: (-1, 0), DOWN: (1, 0), LEFT: (0, -1), RIGHT: (0, 1)}
OPPOSITE = {UP: DOWN, DOWN: UP, LEFT: RIGHT, RIGHT: LEFT}


def connected(graph):
    """Return the pairs of nodes, by their places, that a wire connects downwards."""
    rows = [plain(line) for line in graph.lines]
    node_at = {}
    for place, node in enumerate(graph.nodes):
        for column in range(node.column, node.end):
            assert (node.row, column) not in node_at, f"{node} covers another"
            node_at[node.row, column] = place
        assert rows[node.row][node.column : node.end].rstrip() == node.label

    def sides(row, column):
        glyph = rows[row][column] if 0 <= row < len(rows) and column < len(rows[row]) else " "
        return GLYPHS.index(glyph)

    def reached(row, column, going):
        """Return the nodes at the ends of the wire entered here, with the side on which the wire reaches them."""
        ends, seen, steps = set(), set(), [(row, column, going)]
        while steps:
            row, column, going = steps.pop()
            if (row, column, going) in seen:
                continue
            seen.add((row, column, going))
            if (row, column) in node_at:
                ends.add((node_at[row, column], going))
                continue
            joined = sides(row, column)
            if joined == UP | DOWN and going in (LEFT, RIGHT):
                out = [going]
            else:
                assert joined & OPPOSITE[going], f"a wire ends at {row}, {column}"
                out = [side for side in STEPS if joined & side and side != OPPOSITE[going]]
                assert out, f"a wire ends at {row}, {column}"
            steps += [(row + STEPS[side][0], column + STEPS[side][1], side) for side in out]
        return ends

    pairs = set()
    for (row, column), place in node_at.items():
        if sides(row + 1, column) & UP and (row + 1, column) not in node_at:
            ends = reached(row + 1, column, DOWN)
            assert {going for _, going in ends} == {DOWN}, f"a wire of {graph.nodes[place].label} leads up again"
            pairs |= {(place, end) for end, _ in ends}
    return pairs
