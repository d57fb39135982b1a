"""Renders how two calls compare: a sentence first, then their figures, and what differs."""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from jaxtour.engine.compare.comparison import (
    ChangedEquation,
    Comparison,
    Equations,
    Ratio,
    SourceOf,
    Speed,
    instructions,
)
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Span as Place
from jaxtour.engine.wire.timings import LeafDifference
from jaxtour.render.ir.cost import count, size
from jaxtour.render.ir.ladder import LadderRow, ladder_lines, ladder_rows, ladder_words
from jaxtour.render.programs import place
from jaxtour.render.text.layout import Line, Style, StyledText, clip, table_lines, wrap
from jaxtour.render.text.plain import section
from jaxtour.render.timing.rows import flag_of, told
from jaxtour.text import UNKNOWN, grouped, seconds

_MOST = 20
"""The most rows of one kind."""
_MOST_EQUATIONS = 60
_SOURCE = 50
_VERDICT: Mapping[Speed, Style] = {"faster": "success", "slower": "warning", "cannot be told apart": ""}


def aligned(a: StageText, b: StageText, source: SourceOf, other_source: SourceOf) -> list[LadderRow]:
    """Return the equations of two calls as the ladder aligns them, with places compared by their text.

    A line that moved is the same line, and an expression that only one side has does not count as evidence.
    """
    sides = (a, source), (b, other_source)
    texts = [{text(each) for origin in stage.origins for each in origin.spans[:1]} for stage, text in sides]
    both = (texts[0] & texts[1]) - {""}
    stages = []
    for stage, text in sides:
        origins = []
        for origin in stage.origins:
            word = text(origin.spans[0]) if origin.spans else ""
            origins.append(replace(origin, spans=(Place(word, 0, 0, 0, 0),) if word in both else ()))
        stages.append(replace(stage, origins=tuple(origins)))
    return ladder_rows(*stages, by_name=False)


def equations_of(rows: Sequence[LadderRow], a: StageText, b: StageText) -> Equations:
    """Return the equations that differ, without the inputs and the results."""
    kinds: dict[str, list[ChangedEquation]] = {kind: [] for kind in Equations._fields}
    for row in rows[1:-1]:
        shown = row.old if row.kind == "removed" else row.new
        stage, line = (a, row.left) if row.kind == "removed" else (b, row.right)
        if row.kind != "same" and shown is not None and line is not None:
            origin = stage.origin_of(line)
            kinds[row.kind].append(ChangedEquation(origin.name, shown.text().strip(), origin.spans, row.words))
    return Equations(*(tuple(kinds[kind]) for kind in Equations._fields))


def comparison_lines(
    found: Comparison, rows: Sequence[LadderRow], names: tuple[str, str], width: int, own: tuple[str, str] = ("", "")
) -> list[Line]:
    """Return a whole comparison; `own` are the files whose places need no name, and `rows` the aligned equations."""
    lines = [*wrap(sentence(found), width), ()]
    for letter, name in zip("AB", names, strict=True):
        lines += wrap([(f"{letter}  ", "strong"), (name, "")], width, indent="   ")
    return [*lines, (), *made_of_both(found, rows, width, own)]


def made_of_both(
    found: Comparison, rows: Sequence[LadderRow], width: int, own: tuple[str, str] = ("", "")
) -> list[Line]:
    """Return what the compiler made of two calls: their figures, and what differs."""
    lines = _figures(found, width)
    if found.results is not None and found.equal is not True:
        lines += section("results", _results(found, width))
    if any(row.kind != "same" for row in rows):
        words = ladder_words(rows[1:-1])
        differing = [row for row in rows if row.kind != "same"]
        shown = ladder_lines(differing[:_MOST_EQUATIONS], width)
        lines += section(f"equations: {words}", [*shown, *_more(len(differing), _MOST_EQUATIONS)])
    if found.added or found.removed:
        heading = f"instructions: {len(found.added)} added, {len(found.removed)} removed"
        lines += section(heading, _instructions(found, width, own))
    timings = [timing for side in found.sides for timing in side.timings]
    if notes := [(code, message) for code, message in told(timings) if message]:
        said = [
            line
            for code, message in notes
            for line in wrap([(f"{flag_of(code)}  ", "warning"), (message, "muted")], width, indent="  ")
        ]
        lines += section("what the times do not mean", said)
    return lines


def sentence(found: Comparison) -> list[StyledText]:
    """Return the whole comparison as a sentence: time, results, memory."""
    parts = [_outcome(found)]
    a, b = found.pair(lambda side: side.peak_bytes)
    if a is not None and b is not None:
        memory = "the same peak memory" if a == b else f"{_times(a, b)} times the peak memory"
        parts.append([(f"B takes {memory if a or a == b else f'{size(b)} of memory, A none'}", "")])
    if found.time is None:
        parts.append([("time was not measured", "muted")])
    else:
        parts.insert(0, _speed(found.time))
    first, style = parts[0][0]
    parts[0][0] = (first[0].upper() + first[1:], style)
    spans = [span for part in parts for span in (("; ", ""), *part)]
    return [*spans[1:], (".", "")]


def _bounds(time: Ratio) -> str:
    return f"{_factor(time.low)} to {_factor(time.high)}"


def _speed(time: Ratio) -> list[StyledText]:
    bounds = _bounds(time)
    if time.verdict == "cannot be told apart":
        said = f" (B takes {_factor(time.ratio)} times as long, {bounds})"
        return [("the times cannot be told apart", "strong"), (said, "")]
    said = f": it takes {_factor(time.ratio)} times as long ({bounds})"
    return [(f"B is {time.verdict}", _VERDICT[time.verdict]), (said, "")]


def _outcome(found: Comparison) -> list[StyledText]:
    results = found.results
    if results is None:
        return [("the results are not known", "")]
    if results.error is not None:
        return [(f"the results were not compared: {results.error}", "")]
    if found.equal:
        return [("the results are ", ""), ("equal", "success")]
    if any(leaf.types[0] != leaf.types[1] for leaf in results.leaves):
        kinds = dict.fromkeys(word for leaf in results.leaves for word in _unlike(leaf))
        return [("the results have ", ""), (f"other {' and '.join(kinds)}", "warning")]
    said = "" if found.max_ulp is None else f" by up to {_number(found.max_ulp)} ulp"
    return [("the results ", ""), ("differ", "warning"), (said, "")]


def _unlike(leaf: LeafDifference) -> list[str]:
    """Return how two types differ."""
    if "" in leaf.types:
        return ["leaves"]
    (one, shape), (other, other_shape) = (each.partition("[")[::2] for each in leaf.types)
    return ["shapes"] * (shape != other_shape) + ["dtypes"] * (one != other)


def _figures(found: Comparison, width: int) -> list[Line]:
    a, b = found.sides
    rows: list[list[Line]] = [[(), (("A", "strong"),), (("B", "strong"),), (("B / A", "muted"),)]]
    time = found.time
    said: StyledText = (UNKNOWN, "")
    if time is not None:
        said = (f"{_factor(time.ratio)}  ({_bounds(time)})  {time.verdict}", _VERDICT[time.verdict])
    rows.append([(("time", "muted"),), *(((_time(side.median_s), "number"),) for side in (a, b)), (said,)])
    for name, figure, shown in (
        ("compile", lambda side: side.compile_s, _time),
        ("operations", lambda side: side.flops, lambda value: count(value, "flop")),
        ("bytes accessed", lambda side: side.bytes, size),
        ("peak memory", lambda side: side.peak_bytes, size),
        ("with arguments", lambda side: side.needed_bytes, size),
        ("equations", lambda side: side.trace.equations, str),
        ("instructions", lambda side: len(instructions(side.hlo)), str),
        ("fusions", lambda side: side.count("fusion"), str),
    ):
        one, other = found.pair(figure)
        ratio = _times(one, other) if one is not None and other is not None else UNKNOWN
        rows.append([((name, "muted"),), *(((shown(each), "number"),) for each in (one, other)), ((ratio, ""),)])
    return table_lines(rows, [False, True, True, False], width)


def _time(value: float | None) -> str:
    return UNKNOWN if value is None else seconds(value)


def _times(a: float, b: float) -> str:
    if a == b:
        return "the same"
    return _factor(b / a) if a else UNKNOWN


def _factor(ratio: float) -> str:
    return f"{ratio:.2f}" if 0.1 <= ratio < 100 else f"{ratio:.2g}" if ratio < 1 else grouped(round(ratio))


def _number(value: float) -> str:
    return f"{value:,.3g}" if value < 1000 else grouped(round(value))


def _results(found: Comparison, width: int) -> list[Line]:
    results = found.results
    assert results is not None
    if results.error is not None:
        return wrap([(results.error, "error")], width)
    lines: list[Line] = [((f"{results.equal} of {results.count} leaves equal", "muted"),)]
    for leaf in results.leaves[:_MOST]:
        spans: list[StyledText] = [
            ("  ", ""),
            (f"{leaf.path or 'result'}  ", ""),
            (leaf.types[1] or leaf.types[0], "type"),
        ]
        spans.append(("  " + _difference(leaf), "warning"))
        lines += wrap(spans, width, indent="    ")
    return [*lines, *_more(results.count - results.equal)]


def _difference(leaf: LeafDifference) -> str:
    one, other = leaf.types
    if "" in leaf.types:
        return "only in A" if one else "only in B"
    kinds = f"was {one}  " if one != other else ""
    if leaf.ulp is not None:
        return f"{kinds}differs by {leaf.absolute or 0.0:.3g}, {_number(leaf.ulp)} ulp"
    if leaf.absolute is not None:
        return f"{kinds}differs by {leaf.absolute:.6g}"
    same = one == other != "text"
    return f"{kinds}a nan or an infinity in only one of them" if same else kinds or "other text"


def _instructions(found: Comparison, width: int, own: tuple[str, str]) -> list[Line]:
    lines: list[Line] = []
    kinds = zip("-+", (found.removed, found.added), found.sides, own, strict=True)
    for sign, every, side, file in kinds:
        style: Style = "success" if sign == "+" else "error"
        rows: Counter[tuple[StyledText, ...]] = Counter()
        for each in sorted(every, key=lambda each: each.opcode != "fusion"):
            span = each.spans[0] if each.spans else None
            at = "" if span is None else f"{span.line}: " if span.file == file else f"{place(span.file, span.line)}: "
            text = clip(side.source(span), _SOURCE) if span else ""
            rows[(f"{each.opcode} ", "primitive"), (f"{each.type}  ", "type"), (at, "link"), (text, "")] += 1
        for row, number in list(rows.items())[:_MOST]:
            times: StyledText = (f"  {number} times" if number > 1 else "", "muted")
            lines += wrap([(f"{sign} ", style), *row, times], width, indent="    ")
        lines += _more(len(rows))
    return lines


def _more(number: int, most: int = _MOST) -> list[Line]:
    return [((f"  … and {grouped(number - most)} more", "muted"),)] if number > most else []
