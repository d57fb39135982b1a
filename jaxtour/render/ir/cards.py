"""Draws cards of equations: what a primitive computes, in one screen."""

import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Origin
from jaxtour.render.ir import avals
from jaxtour.render.ir.drawings import drawing
from jaxtour.render.ir.equations import Parameter, TypedName, equation_at
from jaxtour.render.ir.gutter import glyph, in_words
from jaxtour.render.ir.gutter import head as begins
from jaxtour.render.ir.variables import Variable, variable
from jaxtour.render.text.layout import Line, StyledText, chop, clip, clip_line, clip_lines, pad, width_of, wrap
from jaxtour.text import plural

_FOLDER = Path(__file__).parent / "primitives"
_DOCS = "https://docs.jax.dev/en/latest/_autosummary/"
HEIGHT = 20
"""Rows of a card at 78 columns: one screen, with room for its frame."""
_ROWS = 5
"""The most operands listed one by one, and the most results."""
_LOOKED_UP = 12
"""The most operands whose definitions are searched; a loop can have hundreds."""
_VALUE = 34
_NO_CARD = "jaxtour has no card for this primitive; its parameters are shown as printed."


@dataclass(frozen=True, slots=True)
class Card:
    """What is known about a primitive, in any program."""

    name: str
    does: str
    """One sentence."""
    docs: str = ""
    """The documented public function: `jax.lax.add`."""
    params: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    """Its other names, in other releases or inside JAX."""
    versions: str = ""
    """How it changed between JAX's releases."""

    @property
    def link(self) -> str:
        """The page in JAX's docs; empty without one."""
        return f"{_DOCS}{self.docs}.html" if self.docs else ""


def card(primitive: str) -> Card | None:
    """Return the card of a primitive by any of its names."""
    return _all()[0].get(primitive)


def parameter(primitive: str, name: str) -> str:
    """Return the meaning of a primitive's parameter, in a few words; empty if unknown."""
    known, shared = card(primitive), _all()[1]
    return (known.params.get(name) if known else None) or shared.get(name, "")


@cache
def _all() -> tuple[Mapping[str, Card], Mapping[str, str]]:
    """Return all cards by every name, and the meanings of parameters that many primitives share."""
    every: dict[str, Card] = {}
    shared: Mapping[str, str] = {}
    for file in sorted(_FOLDER.glob("*.toml")):
        table = tomllib.loads(file.read_text("utf-8"))
        if file.stem == "parameters":
            shared = table
            continue
        for name, entry in table.items():
            made = Card(
                name=name,
                does=entry["does"],
                docs=entry.get("docs", f"jax.lax.{name}"),
                params=entry.get("params", {}),
                also=tuple(entry.get("also", ())),
                versions=entry.get("versions", f"from JAX {entry['since']} on" if "since" in entry else ""),
            )
            every |= dict.fromkeys((name, *made.also), made)
    return every, shared


def card_lines(stage: StageText, line: int, width: int, height: int = HEIGHT, below: Sequence[Line] = ()) -> list[Line]:
    """Return the card of the equation, operation or instruction at a line: its variables, its effect, its parameters.

    Parameters that do not fit in `height` rows, together with the caller's lines `below`, are dropped and counted.
    """
    equation = equation_at(stage, begins(stage, line))
    own = range(equation.line, equation.last + 1) if equation else range(line, line + 1)
    origin = stage.origin_of(own[0])
    primitive = equation.name if equation else origin.name
    outs, ins = stage.names_of(own[0])
    given = [operand.text for operand in equation.operands] if equation else ins
    operands = [_operand(stage, own, name) for name in given[:_LOOKED_UP]]
    results = [variable(stage, own[0], name) for name in outs[:_LOOKED_UP]]
    more = len(given) - len(operands), len(outs) - len(results)
    parts = [_head(stage, origin, primitive, width), _table(stage, own, operands, results, more, width)]
    tail = _tail(origin, primitive, width)
    if equation:
        takes = [*(bound for bound, _ in operands), *(TypedName(name, "") for name in given[_LOOKED_UP:])]
        parts.append([((" " * 2, ""), *row) for row in drawing(equation, takes, equation.outs)])
        if equation.everything:
            room = height - sum(map(len, parts)) - len(tail) - len(below)
            parts.append(_parameters(primitive, equation.everything, width, max(1, room)))
    return clip_lines(_apart([*parts, tail, list(below)], height), width)


def _apart(parts: Sequence[list[Line]], height: int) -> list[Line]:
    """Return the parts one below the other, with blank lines between them if everything fits."""
    parts = [part for part in parts if part]
    gap: list[Line] = [()] if sum(map(len, parts)) + len(parts) - 1 <= height else []
    return [row for place, part in enumerate(parts) for row in (*(gap if place else ()), *part)]


def _operand(stage: StageText, own: range, name: str) -> tuple[TypedName, str]:
    """Return a name or a value with its type, and its origin."""
    value, colon, kind = name.rpartition(":")
    if colon and value:
        return TypedName(value, kind), "literal"
    found = variable(stage, own[0], name)
    if found.defined is None:
        return TypedName(name, found.type), "from outside"
    about = {"input": "an input", "constant": "a captured constant"}.get(found.kind, "")
    if not about:
        made = stage.origin_of(found.defined).name
        about = f"line {found.defined + 1}" + (f", {made}" if made else "")
    here = bisect_right(found.uses, own[-1]) - bisect_left(found.uses, own[0])
    others = len(found.uses) - here
    return TypedName(name, found.type), about + (f"; {plural(others, 'other use')}" if others else "")


def _head(stage: StageText, origin: Origin, primitive: str, width: int) -> list[Line]:
    if stage.language == "jaxpr":
        known = card(primitive)
        said: StyledText = (known.does, "") if known else (_NO_CARD, "muted")
        return wrap([(primitive or "not an equation", "primitive"), ("  ", ""), said], width, indent="  ")
    lines: list[Line] = [((origin.name or "not an operation", "primitive"),)]
    source = origin.path.rpartition("/")[2].partition("[")[0]
    if known := card(source):
        lines += wrap([(f"  lowered from {source}: ", "muted"), (known.does, "")], width, indent="    ")
    return lines


def _table(
    stage: StageText,
    own: range,
    operands: Sequence[tuple[TypedName, str]],
    results: Sequence[Variable],
    more: tuple[int, int],
    width: int,
) -> list[Line]:
    """Return a row for each operand and result: name, type in words, and origin, or uses outside its `own` lines."""
    taken = [(each.name, avals.spelled(each.type), about) for each, about in operands]
    root = stage.texts[own[0]].lstrip().startswith("ROOT ")
    given = [(each.name, each.spelled, "the result" if root else _used(each.uses, own)) for each in results]
    rows: list[tuple[str, str, str, str]] = []
    for head, part, left in (("takes", taken, more[0]), ("gives", given, more[1])):
        rows += [(head if place == 0 else "", *row) for place, row in enumerate(part[:_ROWS])]
        if left := left + max(0, len(part) - _ROWS):
            rows.append(("", "…", f"{left} more", ""))
    if not rows:
        return []
    names = min(max(width_of(row[1]) for row in rows), width // 4)
    types, notes = (max(width_of(row[place]) for row in rows) for place in (2, 3))
    if names + types + notes + 12 > width:
        types = min(types, width * 2 // 5)
    return [
        clip_line(
            (
                (f"  {head:<5} ", "muted"),
                (pad(name, names) + "  ", "name"),
                (pad(said, types) + "  ", "type"),
                (about, "muted"),
            ),
            width,
        )
        for head, name, said, about in rows
    ]


def _used(uses: Sequence[int], own: range) -> str:
    places = [str(use + 1) for use in islice((use for use in uses if use not in own), 5)]
    said = ", ".join(places[:4]) + (", …" if len(places) > 4 else "")
    return f"used in line{'s' * (len(places) != 1)} {said}" if places else "not used"


def _parameters(primitive: str, params: Mapping[str, Parameter], width: int, room: int) -> list[Line]:
    """Return name, value and meaning of each parameter, set ones first; those that do not fit are counted."""
    lines: list[Line] = []
    order = sorted(params, key=lambda name: params[name].text == "None")
    for place, name in enumerate(order):
        value = params[name].text
        means = parameter(primitive, name)
        spans: list[StyledText] = [(f"  {name}", "muted"), ("=", ""), (clip(value, _VALUE if means else width), "")]
        row = wrap([*spans, (f"  {means}", "faint")] if means else spans, width, indent="    ")
        left = len(order) - place
        if len(lines) + len(row) > room - (left > 1):
            return [*lines, ((f"  … {left} more: {', '.join(order[place:])}", "faint"),)]
        lines += row
    return lines


def _tail(origin: Origin, primitive: str, width: int) -> list[Line]:
    """Return the effect of transformations, and the link to the docs."""
    lines: list[Line] = []
    if said := in_words(origin.transforms):
        mark = glyph(origin.transforms)
        lines += wrap([("  ", ""), (mark.glyph, mark.style), (f" {said}", "")], width, indent="    ")
    known = card(primitive)
    if known and known.versions:
        lines += wrap([(f"  {known.versions}", "faint")], width, indent="    ")
    if known and known.link:
        # A clipped link would not work.
        lines += chop((("  ", ""), (known.link.removeprefix("https://"), "link")), width, indent="  ")
    return lines
