"""What stands left of the lines of a stage: where each comes from, and what a transformation did."""

from functools import lru_cache

from jaxtour.engine.messages import Span
from jaxtour.engine.stage import StageText
from jaxtour.render.ir.places import NAME_CELLS, is_continued, place_of, where
from jaxtour.render.ir.transforms import glyph, legend
from jaxtour.render.text.layout import pad, width_of
from jaxtour.render.text.spans import Line


class Gutter:
    """The gutters of a stage: each is made when its line is drawn, from its origin, of which there are few."""

    def __init__(self, stage: StageText, cell: str) -> None:
        self._stage = stage
        self._cell = cell
        self._places = max((width_of(where(cell, span, NAME_CELLS)) for span in _firsts(stage)), default=0)
        if any(len(origin.spans) > 1 for origin in stage.origins):
            self._places += 1
        self.words = legend({origin.transforms for origin in stage.origins})
        """What the glyphs mean; empty where there are none."""

    @property
    def width(self) -> int:
        """Cells, the last of which is left to highlights."""
        return (self._places + 2 if self._places else 0) + (2 if self.words else 0)

    def line(self, line: int) -> Line:
        """What stands beside a line; an equation that takes several has it beside the first."""
        origin = self._stage.origin_of(line)
        goes_on = is_continued(self._stage, line)
        place = "" if goes_on else place_of(self._cell, origin)
        spans: Line = ((pad(place, self._places, right=True) + " ", "faint"),) if self._places else ()
        if self.words:
            mark = glyph(() if goes_on else origin.transforms)
            spans = (*spans, (mark.glyph, mark.style), (" ", ""))
        return (*spans, (" ", ""))


@lru_cache(maxsize=4)
def of(stage: StageText, cell: str) -> Gutter:
    """The gutters of a stage of the code in a cell."""
    return Gutter(stage, cell)


def _firsts(stage: StageText) -> set[Span]:
    return {origin.spans[0] for origin in stage.origins if origin.spans}
