"""Makes the data that a page's script links and paints, as compact values for JSON."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jaxtour.engine.links import FUSION, SpanPlace
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Origin, Peak, Span
from jaxtour.engine.wire.profile import Profile
from jaxtour.render.ir.gutter import UNITS, glyph, in_words, is_continued
from jaxtour.render.ir.highlight import line_of
from jaxtour.render.page.model import PageCall, PageSource
from jaxtour.render.profile.columns import by_line, said_of_line, said_of_stage_line, short_percent, stage_cells
from jaxtour.render.profile.tables import runs
from jaxtour.render.text.code import python_lines
from jaxtour.render.text.layout import Line, plain
from jaxtour.text import grouped, plural

STYLES: Mapping[str, str] = {
    style: chr(ord("a") + at)
    for at, style in enumerate((
        "muted", "faint", "strong", "type", "primitive", "keyword", "constant", "name", "number", "string", "comment",
        "function", "operator", "mark", "error", "warning",
    ))
}  # fmt: skip
"""A letter for each style that a line of code may have; `-` for the others."""
NAMES = {"jaxpr": "jaxpr", "stablehlo": "StableHLO", "hlo": "HLO"}


class _Table:
    """Values that are stored once, and referred to by their index."""

    def __init__(self) -> None:
        self.rows: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        return self.rows.setdefault(value, len(self.rows))


def call_data(call: PageCall, peaks: Sequence[Peak]) -> dict[str, Any]:
    """Return one call: its sources, the places that its stages name, and each stage."""
    files = {source.file: number for number, source in enumerate(call.sources)}
    places, words = _Table(), _Table()
    profile = call.profile if call.profile and call.profile.error is None else None

    def at(spans: Iterable[Span]) -> list[int]:
        return list(dict.fromkeys(places(SpanPlace.of(span)) for span in spans if span.file in files))

    stages = [_stage(stage, at, words, profile, peaks) for stage in call.stages]
    return {
        "files": [_source(source, profile) for source in call.sources],
        "places": [[files[place.file], *place.start, *place.end] for place in places.rows],
        "words": list(words.rows),
        "stages": stages,
    }


def _source(source: PageSource, profile: Profile | None) -> dict[str, Any]:
    times: dict[int, list[Any]] = {}
    for (file, line), time in by_line(profile).items() if profile else ():
        if profile and file == source.file and line is not None and time.self_s > 0:
            share = time.self_s / profile.wall_s
            said = plain(said_of_line(profile, (file, line)))
            times[line - 1] = [round(share, 4), short_percent(share, estimated=time.estimated).strip(), said]
    text = source.text.removesuffix("\n")
    return {"name": source.name, "text": text, "styles": painted(python_lines(text)), "time": times}


def _stage(
    stage: StageText,
    at: Callable[[Iterable[Span]], list[int]],
    words: _Table,
    profile: Profile | None,
    peaks: Sequence[Peak],
) -> dict[str, Any]:
    name = NAMES.get(stage.stage, stage.stage)
    if stage.error is not None or not stage.complete:
        return {"name": name, "error": stage.error or "the worker has nothing to show"}
    count = len(stage.texts)
    heads = [line for line in range(count) if stage.origin_of(line).kind != "other" and not is_continued(stage, line)]
    paint = line_of(stage.stage)
    return {
        "name": name,
        "facts": f"{grouped(len(heads))} {plural(len(heads), UNITS[stage.stage]).partition(' ')[2]}",
        "text": stage.text,
        "styles": painted(map(paint, stage.texts)),
        "ids": list(stage.ids),
        "heads": _steps(heads),
        "origins": [_origin(origin, at, words) for origin in stage.origins],
        "time": _times(stage, profile, peaks) if profile else {},
    }


def _origin(origin: Origin, at: Callable[[Iterable[Span]], list[int]], words: _Table) -> list[Any]:
    """Return places, places of the calls around, path, whether it stands for several, why unlinked, glyph, in words."""
    many = int(len(origin.spans) > 1 or origin.name == FUSION)
    mark = glyph(origin.transforms).glyph.strip()
    told = (origin.path, origin.unlinked or "", mark, in_words(origin.transforms))
    path, why, sign, said = (words(text) for text in told)
    return [at(origin.spans), at(origin.callers), path, many, why, sign, said]


def _times(stage: StageText, profile: Profile, peaks: Sequence[Peak]) -> dict[int, list[Any]]:
    """Return, by line, the share, the share and the count in words, and the sentence."""
    found: dict[int, list[Any]] = {}
    for line, cell in stage_cells(profile, stage).items():
        share = cell.self_s / profile.wall_s
        count = f" ×{runs(cell.times)}" if cell.times and cell.times != 1 else ""
        shown = short_percent(share, estimated=cell.estimated).strip() + count
        found[line] = [round(share, 4), shown, plain(said_of_stage_line(profile, stage, line, peaks))]
    return found


def painted(lines: Iterable[Line]) -> str:
    """Return the styles of each line as lengths and letters, `4-3d2-`, without a plain end; joined by line feeds."""
    return "\n".join(_runs(line) for line in lines)


def _runs(line: Line) -> str:
    runs = [f"{len(text)}{STYLES.get(style, '-')}" for text, style in line if text]
    while runs and runs[-1].endswith("-"):
        runs.pop()
    return "".join(runs)


def _steps(ascending: Sequence[int]) -> list[int]:
    """Return each number as the distance from the previous one, which is shorter."""
    return [after - before for before, after in zip((0, *ascending), ascending, strict=False)]
