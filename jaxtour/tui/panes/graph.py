"""The jaxpr as a graph: nodes instead of lines, one of which is selected."""

from functools import lru_cache

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.graph import Graph, graph, opening
from jaxtour.render.text.layout import wrap
from jaxtour.render.text.spans import Line
from jaxtour.tui.lines.document import Document
from jaxtour.tui.panes.stage_words import facts, titles
from jaxtour.tui.tour.view import StepView


@lru_cache(maxsize=4)
def graph_of(stage: StageText, unfolded: frozenset[int] | None) -> Graph:
    """The graph of a jaxpr, laid out once for the equations that are unfolded; with None, as it opens."""
    return opening(stage) if unfolded is None else graph(stage, unfolded)


def graph_document(view: StepView, stage: StageText, width: int) -> Document:
    """The drawing, or why there is none."""
    drawn = graph_of(stage, view.state.unfolded)
    title, said = titles(view), facts(view, stage, width)
    if drawn.refusal is not None:
        words: Line = ((drawn.refusal, "muted"),)
        return Document(lines=wrap(words, width), title=title, subtitle=said)
    return Document(
        lines=drawn.lines,
        title=title,
        subtitle=said,
        cursor=True,
        selectable=lambda row: [(node.column, node.end) for node in drawn.nodes if node.row == row],
        anchor=drawn.nodes[0].row if drawn.nodes else None,
    )
