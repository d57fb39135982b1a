"""Makes the columns of a profile next to the lines of the source and of a stage, and the text about one line."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Peak, Span
from jaxtour.engine.wire.profile import InstructionTime, LineTime, Profile, bound, line_times, peak_of, rates
from jaxtour.render.ir.cost import count as figure
from jaxtour.render.ir.gutter import is_continued
from jaxtour.render.profile.tables import percent, runs
from jaxtour.render.text.layout import Line, pad
from jaxtour.render.timing.rows import bar
from jaxtour.text import seconds

_BAR = 4
_PERCENT = 5
SOURCE_CELLS = _BAR + _PERCENT + 1
_LEAST = 0.005
"""Smaller shares appear in the column only as less than 1%."""
_KEPT = 8


class TimeCell(NamedTuple):
    """The time of one line of a stage."""

    self_s: float
    times: float | None = None
    """How often one call runs it."""
    estimated: bool = False
    """Whether some of it was divided evenly among lines."""
    instruction: InstructionTime | None = None
    """In the HLO, the instruction itself."""


@lru_cache(maxsize=_KEPT)
def by_line(profile: Profile) -> Mapping[tuple[str | None, int | None], LineTime]:
    """Return the time of each line of source."""
    return {(time.file, time.line): time for time in line_times(profile)}


def short_percent(share: float, *, estimated: bool = False) -> str:
    """Return `62%`, `<1%`, `~5%`, in five cells."""
    text = "<1%" if 0 < share < _LEAST else f"{share:.0%}"
    return f"{('~' if estimated and share >= _LEAST else '') + text:>{_PERCENT}}"


def source_column(profile: Profile, place: tuple[str, int] | None) -> Line:
    """Return the bar and the share of a line of source, `SOURCE_CELLS` wide; blank for a line without time."""
    time = by_line(profile).get(place) if place else None
    if time is None or not time.self_s:
        return ((" " * SOURCE_CELLS, ""),)
    share = time.self_s / profile.wall_s
    shown = bar(share, _BAR) if share >= _LEAST else ""
    return ((pad(shown, _BAR), "bar"), (short_percent(share, estimated=time.estimated), "number"), (" ", ""))


def said_of_line(profile: Profile, place: tuple[str, int] | None) -> Line:
    """Return `line 7: 12.0% forward, 31.2% backward, 35 ms`; empty for a line without time."""
    time = by_line(profile).get(place) if place else None
    if time is None or place is None:
        return ()
    whole = profile.wall_s
    if time.backward_s:
        said = f"{percent(time.forward_s / whole)} forward, {percent(time.backward_s / whole)} backward"
    else:
        said = percent(time.self_s / whole)
    return ((f"line {place[1]}: ", "muted"), (said, "number"), (f", {seconds(time.self_s)}", "muted"))


def said_of_profile(profile: Profile) -> Line:
    """Return `81.2 ms, 1.1% not accounted for`: the time to quote, and the rest; or why there is no profile."""
    if profile.error is not None:
        return (("✗ ", "warning"), (f"no profile: {profile.error}", ""))
    taken = profile.untraced.median_s if profile.untraced else profile.wall_s
    rest = percent(profile.unaccounted_s / profile.wall_s)
    flag: Line = (("⚑ ", "warning"),) if profile.verdicts else ()
    return (*flag, (seconds(taken), "number"), (f", {rest} not accounted for", "muted"))


@lru_cache(maxsize=_KEPT)
def stage_cells(profile: Profile, stage: StageText) -> Mapping[int, TimeCell]:
    """Return the time of each line of a stage that has any.

    An instruction of the HLO has its own. Elsewhere an expression's time goes to the lines of its path, or else of
    its direction, evenly.
    """
    if stage.stage == "hlo":
        return {
            each.line: TimeCell(each.self_s, each.count, instruction=each)
            for each in profile.instructions
            if each.line is not None and each.line < len(stage.texts)
        }
    found: dict[int, TimeCell] = {}
    heads = _Heads(stage)
    for each in profile.instructions:
        for part in each.parts:
            if not 0 <= part.span < len(profile.spans):
                continue
            path = profile.paths[part.path] if 0 <= part.path < len(profile.paths) else ""
            lines = heads.of(profile.spans[part.span], path, backward=part.backward)
            for line in lines:
                before = found.get(line, TimeCell(0.0))
                taken = before.self_s + each.self_s * part.share / len(lines)
                estimated = before.estimated or each.estimated or len(lines) > 1
                found[line] = TimeCell(taken, max(before.times or 0.0, each.count), estimated)
    return found


class _Heads:
    """The first lines of a stage's equations, by what they come from."""

    def __init__(self, stage: StageText) -> None:
        self._stage = stage
        self._by_path: dict[tuple[Span, str], list[int]] = {}
        self._by_direction: dict[tuple[Span, bool], list[int]] = {}
        self._known: dict[tuple[int, ...], Sequence[int]] = {}
        for number, origin in enumerate(stage.origins):
            for span in origin.spans if origin.kind != "other" else ():
                self._by_path.setdefault((span, origin.path), []).append(number)
                self._by_direction.setdefault((span, "transpose" in origin.transforms), []).append(number)

    def of(self, span: Span, path: str, *, backward: bool) -> Sequence[int]:
        """Return the lines of an expression with this path, or else in this direction."""
        origins = tuple(self._by_path.get((span, path), ()) or self._by_direction.get((span, backward), ()))
        if origins not in self._known:
            lines = [line for origin in origins for line in self._stage.lines_of(origin)]
            self._known[origins] = [line for line in lines if not is_continued(self._stage, line)]
        return self._known[origins]


class StageColumn:
    """The share and the count of each line of a stage."""

    def __init__(self, profile: Profile, stage: StageText) -> None:
        self._profile = profile
        self._cells = stage_cells(profile, stage)
        counts = [f" ×{runs(cell.times)}" for cell in self._cells.values() if cell.times and cell.times != 1]
        self._counts = max(map(len, counts), default=0)
        self.width = _PERCENT + self._counts + 1

    def line(self, line: int) -> Line:
        """Return the column of a line, `width` cells wide."""
        cell = self._cells.get(line)
        if cell is None:
            return ((" " * self.width, ""),)
        share = short_percent(cell.self_s / self._profile.wall_s, estimated=cell.estimated)
        count = f" ×{runs(cell.times)}" if cell.times and cell.times != 1 else ""
        return ((share, "number"), (f"{count:<{self._counts}} ", "muted"))


def said_of_stage_line(profile: Profile, stage: StageText, line: int, peaks: Sequence[Peak]) -> Line:
    """Return `22.6 ms, 28.9%, ×10, 8 Gflop/s (12% of the peak), 190 MB/s: bound by memory`; empty without time."""
    cell = stage_cells(profile, stage).get(line)
    if cell is None:
        return ()
    said = [seconds(cell.self_s), ("~" if cell.estimated else "") + percent(cell.self_s / profile.wall_s)]
    if cell.times and cell.times != 1:
        said.append(f"×{runs(cell.times)}")
    ends = ""
    if each := cell.instruction:
        peak = peak_of(peaks, profile.platform)
        found = rates(each)
        for rate, unit, most in (
            (found.flops_per_s, "flop/s", peak.flops_per_s if peak else 0.0),
            (found.bytes_per_s, "B/s", peak.bytes_per_s if peak else 0.0),
        ):
            if rate:
                part = f" ({rate / most:.0%} of the peak)" if most > 0 else ""
                said.append(figure(rate, unit, 2) + part)
        limit = bound(each, peak)
        ends = "" if limit is None else ": bound by neither" if limit == "neither" else f": bound by {limit}"
    return ((", ".join(said) + ends, "number"),)


def hot_lines(profile: Profile, stage: StageText) -> list[int]:
    """Return the lines of a stage with time, the hottest first."""
    cells = stage_cells(profile, stage)
    return sorted(cells, key=lambda line: -cells[line].self_s)


def hot_places(profile: Profile) -> list[tuple[str, int]]:
    """Return the lines of source with time, the hottest first."""
    return [(time.file, time.line) for time in line_times(profile) if time.file and time.line and time.self_s > 0]
