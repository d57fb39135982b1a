"""The values of a traced call: its jaxpr with figures by each equation, below the birth of the first nan or inf."""

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Span
from jaxtour.render.ir.gutter import NAME_CELLS, where
from jaxtour.render.ir.highlight import line_of
from jaxtour.render.text.layout import Line, joined, pad, plain, width_of
from jaxtour.render.values import Source, ValueFigures, head_lines
from jaxtour.tui.lines.document import LazyLines, MadeLines
from jaxtour.tui.tour.view import StepView


def lines_and_gutter(view: StepView, stage: StageText, width: int, places: MadeLines) -> tuple[LazyLines, MadeLines]:
    """Return the lines of the stage; the sentences above the jaxpr begin in the gutter, to have the whole width."""
    from jaxtour.tui.panes.source import expression

    assert stage.evaluated is not None

    def source_of(span: Span) -> Source:
        return expression(view, span), where(view.cell, span, NAME_CELLS)

    figures = ValueFigures(stage, width)
    room = places.width + figures.width + 1
    begun = [_split(line, room) for line in head_lines(stage.evaluated, source_of)]
    begun.append((((" " * places.width, ""), *figures.titles, (" ", "")), ()))
    rests = {plain(rest): rest for _, rest in begun}
    paint = line_of(stage.stage)

    def beside(line: int) -> Line:
        if line < len(begun):
            return begun[line][0]
        return (*places[line], *figures.line(line), (" ", ""))

    texts = [*(plain(rest) for _, rest in begun), *stage.texts[len(begun) :]]
    return LazyLines(texts, lambda text: rests.get(text) or paint(text)), MadeLines(len(texts), room, beside)


def _split(line: Line, room: int) -> tuple[Line, Line]:
    """Split a line in two at a space: what fits in `room` cells, padded, and the rest."""
    text = plain(line)
    end = len(text) if width_of(text) < room else max(text.rfind(" ", 0, room), 0)
    first, rest, place = [], [], 0
    for piece, style in line:
        cut = min(max(end - place, 0), len(piece))
        first.append((piece[:cut], style))
        rest.append((piece[cut:], style))
        place += len(piece)
    first.append((pad("", room - width_of(tuple(first))), ""))
    rest = [(piece, style) for piece, style in rest if piece]
    return joined(first), joined([(rest[0][0].lstrip(), rest[0][1]), *rest[1:]] if rest else ())
