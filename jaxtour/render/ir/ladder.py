"""Compares two neighbouring levels of a ladder, equation by equation, and renders the aligned rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rich.cells import cell_len

from jaxtour.engine.stage import StageText
from jaxtour.render.ir.equations import Equation
from jaxtour.render.ir.highlight import jaxpr_line
from jaxtour.render.ir.ladder_pairs import paired
from jaxtour.render.ir.ladder_values import SHAPING, FlatJaxpr, LadderEntry, ValueSource
from jaxtour.render.text.layout import Line, Style, StyledText, clip_line, joined, width_of, wrap
from jaxtour.text import plural

RowKind: TypeAlias = Literal["same", "added", "removed", "changed"]

SIGNS: Mapping[RowKind, str] = {"same": " ", "added": "+", "removed": "-", "changed": "~"}
_LONG = 60
"""The most characters of a parameter's two values that are shown."""


@dataclass(frozen=True, slots=True)
class EquationText:
    """An equation in one line, without its bodies, indented by its depth."""

    head: str
    """Its results and its primitive."""
    parameters: str = ""
    """The parameters, without those that are None or False."""
    operands: str = ""

    def text(self, width: int | None = None) -> str:
        """Return the whole text, or without its parameters if it is wider than `width`."""
        parameters = f"[{self.parameters}]" if self.parameters else ""
        text = f"{self.head}{parameters}{self.operands}"
        return text if width is None or not parameters or cell_len(text) <= width else f"{self.head}[…]{self.operands}"


@dataclass(frozen=True, slots=True)
class LadderRow:
    """An equation of the lower level, of the upper one, or of both; the inputs and the results have rows too."""

    kind: RowKind
    left: int | None
    """Its first line in the lower level's stage, counted from 0; `right` is the same for the upper level."""
    right: int | None
    words: tuple[str, ...] = ()
    """The changes, one each."""
    old: EquationText | None = None
    new: EquationText | None = None


def ladder_rows(lower: StageText, upper: StageText, *, by_name: bool = True) -> list[LadderRow]:
    """Return the equations of two levels, aligned; a new name is not a change.

    Unless `by_name`, a function that is called inside may have another name, which is a change.

    Nested equations are aligned too, so a `jit` around all others is one added equation.
    """
    sides = _side(lower), _side(upper)
    if sides[0] is None or sides[1] is None:
        return []
    return list(_Comparison(sides[0], sides[1], by_name).rows())


def ladder_words(rows: Sequence[LadderRow]) -> str:
    """Return the number of rows of each kind: `11 same, 6 added, 2 changed`."""
    counts = {kind: sum(row.kind == kind for row in rows) for kind in SIGNS}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)


def _side(stage: StageText) -> FlatJaxpr | None:
    try:
        return FlatJaxpr(stage)
    except ValueError:
        return None


class _Comparison:
    """Two levels and the pairs of their equations."""

    def __init__(self, lower: FlatJaxpr, upper: FlatJaxpr, by_name: bool) -> None:
        self.lower = lower
        self.upper = upper
        self.pairs = paired(lower.entries, upper.entries, by_name)
        self.of_upper = {upper: lower for lower, upper in self.pairs}
        self.of_lower = dict(self.pairs)

    def rows(self) -> Iterator[LadderRow]:
        yield self._inputs()
        done = [0, 0]
        for lower, upper in [*self.pairs, (len(self.lower.entries), len(self.upper.entries))]:
            yield from (self._alone("removed", entry) for entry in self.lower.entries[done[0] : lower])
            yield from (self._alone("added", entry) for entry in self.upper.entries[done[1] : upper])
            if upper < len(self.upper.entries) and lower < len(self.lower.entries):
                yield self._both(self.lower.entries[lower], self.upper.entries[upper])
            done = [lower + 1, upper + 1]
        yield self._outputs()

    def _alone(self, kind: Literal["added", "removed"], entry: LadderEntry) -> LadderRow:
        line, text = entry.equation.line, _written(entry)
        return LadderRow(kind, line, None, old=text) if kind == "removed" else LadderRow(kind, None, line, new=text)

    def _both(self, lower: LadderEntry, upper: LadderEntry) -> LadderRow:
        one, other = lower.equation, upper.equation
        types = _told((bound.type for bound in one.outs), (bound.type for bound in other.outs), "result")
        words = (*types, *_parameters(one, other), *self._operands(lower, upper))
        kind: RowKind = "changed" if words else "same"
        return LadderRow(kind, one.line, other.line, words, _written(lower), _written(upper))

    def _inputs(self) -> LadderRow:
        words = _told(self.lower.inputs, self.upper.inputs, "input")
        texts = [EquationText(f"lambda {_binders(side)}") for side in (self.lower, self.upper)]
        lines = self.lower.jaxpr.line, self.upper.jaxpr.line
        return LadderRow("changed" if words else "same", *lines, words, texts[0], texts[1])

    def _outputs(self) -> LadderRow:
        one, other = self.lower, self.upper
        words = _told(map(one.type_of, one.outputs), map(other.type_of, other.outputs), "result")
        if not words and not all(map(self._corresponds, one.outputs, other.outputs)):
            words = ("different results",)
        results = [", ".join(output.text for output in side.jaxpr.outputs) for side in (one, other)]
        texts = [EquationText(f"in ({names})") for names in results]
        lines = one.jaxpr.outputs_line, other.jaxpr.outputs_line
        return LadderRow("changed" if words else "same", *lines, words, texts[0], texts[1])

    def _operands(self, lower: LadderEntry, upper: LadderEntry) -> Iterator[str]:
        if len(lower.operands) != len(upper.operands):
            yield f"{plural(len(lower.operands), 'operand')} -> {len(upper.operands)}"
            return
        names = zip(lower.equation.operands, upper.equation.operands, strict=True)
        values = zip(lower.operands, upper.operands, strict=True)
        for place, ((name, other_name), (value, other)) in enumerate(zip(names, values, strict=True), 1):
            if self._corresponds(value, other):
                continue
            if through := self._through(value, other):
                yield f"{other_name.value} now passes through {through}"
            elif without := self._without(value, other):
                yield f"{other_name.value} no longer passes through {without}"
            elif name.literal or other_name.literal:
                yield f"operand {place} {name.text} -> {other_name.text}"
            else:
                yield f"operand {place} is a different value, {other_name.value}"

    def _corresponds(self, value: ValueSource, other: ValueSource) -> bool:
        if value[0] != other[0]:
            return False
        if value[0] == "literal":
            return value == other or _weak(value) == _weak(other)
        if value[0] == "equation":
            return self.of_upper.get(int(other[1])) == value[1] and value[2] == other[2]
        if value[0] == "body":
            # A loop that carries more values numbers its inputs differently.
            counts = self.lower.bodies[int(value[1]), int(value[2])], self.upper.bodies[int(other[1]), int(other[2])]
            same = self.of_upper.get(int(other[1])) == value[1] and value[2] == other[2]
            return same and (counts[0] != counts[1] or value[3] == other[3])
        return value[1] == other[1]

    def _through(self, value: ValueSource, other: ValueSource) -> str:
        """Return the added shape-changing equations between a value and its use; empty if there are none."""
        chain = _chain(self.upper, other, self.of_upper)
        return next((names for names, start in chain if self._corresponds(value, start)), "")

    def _without(self, value: ValueSource, other: ValueSource) -> str:
        """Return the removed shape-changing equations between a value and its use; empty if there are none."""
        chain = _chain(self.lower, value, self.of_lower)
        return next((names for names, start in chain if self._corresponds(start, other)), "")


def _chain(side: FlatJaxpr, value: ValueSource, paired: Mapping[int, int]) -> Iterator[tuple[str, ValueSource]]:
    """Follow a value back through unpaired shape-changing equations; yield their names and the value before them."""
    names: list[str] = []
    while (entry := side.entry_of(value)) is not None and value[1] not in paired:
        if entry.equation.name not in SHAPING | {"convert_element_type"} or not entry.operands:
            return
        names.append(entry.equation.name)
        value = entry.operands[0]
        yield " and ".join(reversed(names)), value


def _told(one: Iterator[str] | Sequence[str], other: Iterator[str] | Sequence[str], unit: str) -> tuple[str, ...]:
    """Return the changes of types, each once: `f32[2] -> f32[3,2]`."""
    before, after = tuple(one), tuple(other)
    if len(before) != len(after):
        return (f"{plural(len(before), unit)} -> {len(after)}",)
    pairs = zip(before, after, strict=True)
    return tuple(dict.fromkeys(f"{old} -> {new}" for old, new in pairs if old != new))


def _parameters(one: Equation, other: Equation) -> Iterator[str]:
    for name in dict.fromkeys((*one.parameters, *other.parameters)):
        old, new = one.parameters.get(name), other.parameters.get(name)
        if old == new:
            continue
        if old is None or new is None:
            yield f"no {name}" if new is None else f"{name} {new}" if len(new) <= _LONG else f"with {name}"
        elif len(old) + len(new) <= _LONG:
            yield f"{name} {old} -> {new}"
        else:
            yield f"{name} changed"


def _written(entry: LadderEntry) -> EquationText:
    equation = entry.equation
    outs = " ".join(f"{bound.name}:{bound.type}" if bound.type else bound.name for bound in equation.outs)
    head = "  " * entry.depth + (f"{outs} = " if outs else "") + equation.name
    said = [f"{name}={value}" for name, value in equation.parameters.items() if value not in ("None", "False")]
    operands = "".join(f" {operand.text}" for operand in equation.operands)
    return EquationText(head, " ".join([*said, "…"] if equation.bodies else said), operands)


def _binders(side: FlatJaxpr) -> str:
    jaxpr = side.jaxpr
    constants = " ".join(f"{bound.name}:{bound.type}" for bound in jaxpr.constants)
    inputs = " ".join(f"{bound.name}:{bound.type}" for bound in jaxpr.inputs)
    return f"{constants} ; {inputs}" if constants else f"; {inputs}"


def _weak(value: ValueSource) -> str:
    return str(value[1]).replace(":~", ":")


SIDE_BY_SIDE = 120
"""The least width for showing both levels side by side."""
_STYLES: Mapping[RowKind, Style] = {"same": "", "added": "success", "removed": "error", "changed": "warning"}
_INDENT = "      "


def ladder_lines(rows: Sequence[LadderRow], width: int) -> list[Line]:
    """Return the rows in lines of at most `width` cells; changes follow an equation, or stand below it."""
    shown = _beside if width >= SIDE_BY_SIDE else _unified
    return [line for row in rows for line in shown(row, width)]


def _unified(row: LadderRow, width: int) -> list[Line]:
    shown = row.old if row.kind == "removed" else row.new
    return _with_words((_sign(row), *_equation(shown, width - 3, row.kind == "removed")), row, width, _INDENT)


def _beside(row: LadderRow, width: int) -> list[Line]:
    half = (width - 5) // 2
    left = clip_line(_equation(row.old, half - 2, row.kind in ("removed", "changed")), half)
    space: StyledText = (" " * (half - width_of(left)), "")
    right = _equation(row.new, half - 2, False)
    return _with_words((*left, space, ("  ", ""), _sign(row), *right), row, width, " " * (half + 7))


def _with_words(line: Line, row: LadderRow, width: int, indent: str) -> list[Line]:
    words = "; ".join(row.words)
    if not words:
        return [clip_line(joined(line), width)]
    if width_of(line) + 3 + width_of(words) <= width:
        return [joined((*line, ("   ", ""), (words, "warning")))]
    room = width - len(indent)
    told = (words,) if width_of(words) <= room else row.words
    below = [each for one in told for each in wrap([(one, "warning")], room)]
    return [clip_line(joined(line), width), *(((indent, ""), *each) for each in below)]


def _sign(row: LadderRow) -> StyledText:
    return (SIGNS[row.kind], _STYLES[row.kind])


def _equation(written: EquationText | None, width: int, old: bool) -> Line:
    """Return an equation, highlighted, or muted if `old`; both start with two spaces."""
    if written is None:
        return ()
    text = f"  {written.text(width)}"
    return ((text, "muted"),) if old else jaxpr_line(text)
