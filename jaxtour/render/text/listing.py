"""Renders a whole stage as lines to print, with a gutter of source places."""

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.highlight import line_of
from jaxtour.render.ir.places import is_continued, place_of
from jaxtour.render.text.layout import pad, width_of
from jaxtour.render.text.spans import Line

_GAP = "  "


def stage_lines(stage: StageText, cell: str | None = None) -> list[Line]:
    """Return the stage's lines; with a `cell`, also their source places, without the file's name for the cell's own.

    An unlinked line ends with the reason.
    """
    paint = line_of(stage.stage)
    if cell is None:
        return [paint(text) for text in stage.texts]
    places = [place_of(cell, origin) for origin in stage.origins]
    width = max(map(width_of, places), default=0)
    lines: list[Line] = []
    for number, text in enumerate(stage.texts):
        goes_on = is_continued(stage, number)
        place = "" if goes_on else places[stage.ids[number]]
        unlinked = None if goes_on else stage.origin_of(number).unlinked
        why: Line = ((f"{_GAP}({unlinked})", "muted"),) if unlinked else ()
        lines.append(((pad(place, width, right=True) + _GAP, "faint"), *paint(text), *why))
    return lines
