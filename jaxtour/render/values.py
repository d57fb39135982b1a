"""Renders the values of a call: a sentence about its first nan or inf, and a row of figures for each equation."""

from collections.abc import Callable
from typing import TypeAlias

from jaxtour.engine.stage import StageText
from jaxtour.engine.values import statistics_at
from jaxtour.engine.wire.messages import Birth, BirthOperand, Evaluated, Span, Statistics
from jaxtour.render.ir.gutter import is_continued, place_of
from jaxtour.render.ir.highlight import line_of
from jaxtour.render.text.layout import Line, Style, pad, width_of
from jaxtour.text import grouped, plural

Source: TypeAlias = tuple[str, str]
"""The code of an expression, empty where it is unknown, and its place."""
WIDE = 100
"""The width from which on the mean and the zeros fit."""
_NUMBER, _SHARE = 9, 5
_LISTED = 4
"""The most operands named in a sentence."""


# Words ----------------------------------------------------------------------------------------------------------------


def head_lines(found: Evaluated, source_of: Callable[[Span], Source]) -> list[Line]:
    """Return one line for each empty line above the jaxpr but the last."""
    lines: list[Line] = []
    for birth in (found.first, found.then):
        if birth is not None:
            # A nan from an inf is its consequence; any other nan is a separate matter.
            of_inf = any(str(each.value) in ("inf", "-inf") for each in birth.operands)
            mark = "" if birth is found.first else "then " if of_inf else "also "
            source, place = source_of(birth.spans[0]) if birth.spans else ("", "")
            # The place comes early: the code may be long, and stands in the source pane too.
            where: Line = ((f"  {place}", "muted"),) if place else ()
            lines += [_born(birth, mark, source), (*where, (f"  of {_operands(birth)}", ""))]
    if found.first is None:
        counted = plural(found.evaluated, "equation").replace(str(found.evaluated), grouped(found.evaluated), 1)
        said = f"no nan and no inf in {counted}"
        if found.met:
            said = "every nan and inf came with the arguments or a constant; no equation made one"
        lines.append((("✓ ", "success"), (said, "")))
    return [*lines, *(((f"· {note}", "muted"),) for note in found.notes)]


def _born(birth: Birth, mark: str, source: str) -> Line:
    said = f" {'in' if mark else 'made by'} {birth.primitive}"
    if birth.direction:
        said += f", {birth.direction} pass"
    if birth.iteration is not None:
        said += f", iteration {birth.iteration}" + (" of the inner loop" if birth.loops > 1 else "")
    where: Line = ((": ", ""), (source, "code")) if source else ()
    return (("✗ ", "error"), (mark, ""), (birth.kind, "error"), (said, "strong"), *where)


def _operands(birth: Birth) -> str:
    """Say `0.5 and 0, at [0]`."""
    told = [_operand(each) for each in birth.operands[:_LISTED]]
    more = len(birth.operands) - len(told)
    told += [f"{more} more"] if more else []
    whole = " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else "".join(told) or "no operands"
    return f"{whole}, at [{', '.join(map(str, birth.index))}]" if birth.index else whole


def _operand(operand: BirthOperand) -> str:
    if operand.value is not None:
        return number(operand.value)
    name = f"{operand.dtype}[{','.join(map(str, operand.shape))}]"
    if operand.min is None or operand.max is None:
        return name
    return f"{name} from {number(operand.min)} to {number(operand.max)}"


def number(value: float | str | None, cells: int = _NUMBER) -> str:
    """Return a number in at most `cells` characters, at least seven; text unchanged."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int) and len(str(value)) <= cells:
        return str(value)
    return next((text for digits in (4, 3, 2) if len(text := f"{value:.{digits}g}") <= cells), f"{value:.0e}")


# Figures --------------------------------------------------------------------------------------------------------------


class ValueFigures:
    """The figures next to each line of a jaxpr."""

    def __init__(self, stage: StageText, width: int) -> None:
        self._stage = stage
        self._wide = width >= WIDE
        self._number, self._flag = (_NUMBER, len("subnormal")) if self._wide else (_NUMBER - 1, len("nan 123k"))

    @property
    def width(self) -> int:
        """Cells of every line."""
        return width_of(self.titles)

    @property
    def titles(self) -> Line:
        """The names of the columns."""
        return ((self._columns("min", "mean", "max", "zeros") + pad("", self._flag + 1), "muted"),)

    def line(self, line: int) -> Line:
        """Return the figures of an equation's results, on its first line."""
        found = statistics_at(self._stage, line)
        if not found:
            return ((" " * self.width, ""),)
        least = min((each.low for each in found if each.low is not None), default=None)
        most = max((each.high for each in found if each.high is not None), default=None)
        average, zeros = (found[0].mean, found[0].zeros) if len(found) == 1 else (None, None)
        share = f"{100 * zeros:.0f}%" if zeros else ""
        flag, style = _flag(found, wide=self._wide)
        low, mean, high = (number(each, self._number) for each in (least, average, most))
        figures = self._columns(low, mean, high, share)
        return ((figures, "number"), (" " + pad(flag, self._flag), style))

    def _columns(self, low: str, mean: str, high: str, zeros: str) -> str:
        texts = [(low, self._number), (mean, self._number), (high, self._number), (zeros, _SHARE)]
        chosen = texts if self._wide else [texts[0], texts[2]]
        return " ".join(pad(text, cells, right=True) for text, cells in chosen)


def _flag(found: tuple[Statistics, ...], *, wide: bool) -> tuple[str, Style]:
    """Return what is wrong with a result, or nearly wrong."""
    nan, inf = sum(each.nan for each in found), sum(each.inf for each in found)
    if nan and inf:
        return "nan+inf", "error"
    if nan or inf:
        return f"{'nan' if nan else 'inf'} {_count(nan + inf)}", "error"
    if any(each.near for each in found):
        return "near max" if wide else "huge", "warning"
    if any(each.subnormal for each in found):
        return "subnormal" if wide else "tiny", "warning"
    return "", ""


def _count(count: int) -> str:
    """Return a count in at most four characters."""
    return next(
        (f"{count // step}{unit}" for step, unit in ((1, ""), (1000, "k"), (10**6, "M")) if count < 1000 * step), "1G"
    )


def value_lines(stage: StageText, cell: str, width: int, source_of: Callable[[Span], Source]) -> list[Line]:
    """Return the values of a call as lines to print: the sentences, then the jaxpr with source places and figures."""
    assert stage.evaluated is not None
    figures, paint, heads = ValueFigures(stage, width), line_of(stage.stage), stage.evaluated.heads
    places = [place_of(cell, origin) for origin in stage.origins]
    room = max(map(width_of, places), default=0)
    lines = head_lines(stage.evaluated, source_of)
    lines.append(((" " * (room + 1), ""), *figures.titles))
    for line in range(heads, len(stage.texts)):
        place = "" if is_continued(stage, line) else places[stage.ids[line]]
        beside: Line = ((pad(place, room, right=True) + " ", "faint"), *figures.line(line))
        lines.append((*beside, ("  ", ""), *paint(stage.texts[line])))
    return lines
