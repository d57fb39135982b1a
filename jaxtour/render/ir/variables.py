"""Variables of a stage: where they are defined and used, and what type they have.

Names come from the worker line by line; whether two are the same variable is told by nesting, as JAX and MLIR give a
name out again in another function.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from jaxtour.engine.commands import StageName
from jaxtour.engine.messages import Origin
from jaxtour.render.ir import avals
from jaxtour.render.ir.highlight import TYPE, line_of

Kind = Literal["line", "input", "constant", "unknown"]

_LET = re.compile(r"\{ lambda (?P<constants>[^;]*);")
_OPENS = re.compile(r"\{ lambda |^\s*(?:func\.func\b|\^\w+\(|reducer\()|^(?:ENTRY )?%?[\w.\-]+ \(.*\{$")
_MLIR_BINDER = re.compile(r"^\s*(?:func\.func\b|\^\w+\(|reducer\()")
_CLOSES = re.compile(r"\}\)? :")
_ELEMENT_OF = re.compile(r"[#:]\d+$")


class StageLike(Protocol):
    """What is needed of an `engine.stage.StageText`."""

    @property
    def stage(self) -> StageName: ...
    @property
    def texts(self) -> Sequence[str]: ...
    def names_of(self, line: int) -> tuple[tuple[str, ...], tuple[str, ...]]: ...
    def defining(self, name: str) -> Sequence[int]: ...
    def using(self, name: str) -> Sequence[int]: ...
    @property
    def indents(self) -> bytes: ...
    def origin_of(self, line: int) -> Origin: ...


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a stage; lines count from 0."""

    name: str
    kind: Kind
    defined: int | None
    """The line that gives it its value, or that lists it as an input."""
    uses: Sequence[int]
    """Ascending."""
    type: str = ""
    """As it is printed."""

    @property
    def spelled(self) -> str:
        """The type in words."""
        return avals.spelled(self.type)


def variable(stage: StageLike, line: int, name: str) -> Variable:
    """The variable that a name stands for in a line."""
    whole = base(name)
    definitions, uses = stage.defining(whole), stage.using(name)
    if len(definitions) == 1:
        # Then there is nothing to tell apart, however far away it is.
        defined: int | None = definitions[0]
    else:
        defined, uses = _own(stage, definitions, uses, line)
    if defined is None:
        return Variable(name, "unknown", None, uses)
    return Variable(name, _kind(stage, defined, whole), defined, uses, type_at(stage, defined, name))


def base(name: str) -> str:
    """The name of the operation's results as a whole, of one of several: `%1` of `%1#2`."""
    return _ELEMENT_OF.sub("", name) if name.startswith("%") else name


def name_stops(stage: StageName, text: str, names: Iterable[str]) -> list[tuple[int, int]]:
    """The columns, from 0 and end exclusive, at which variables stand in a line of clean text, from left to right."""
    wanted = {name.lstrip("%") for name in names}
    if not wanted:
        return []
    every = "|".join(re.escape(name) for name in sorted(wanted, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w.\-@#'\"%])%?(?:{every})(?![\w=]|[.\-]\w)")
    stops = []
    start = 0
    for part, style in line_of(stage)(text):
        if not style:
            # Only inside its part, yet with what stands around it in view.
            stops += [match.span() for match in pattern.finditer(text, start, start + len(part))]
        start += len(part)
    return [(first, end) for first, end in stops if text[end : end + 1] != "=" or text[first] == "%"]


def name_at(stage: StageName, text: str, column: int, names: Iterable[str]) -> str | None:
    """The variable that stands at a column of a line, of those that the line has."""
    names = list(names)
    for first, end in name_stops(stage, text, names):
        if first <= column < end:
            found = text[first:end].lstrip("%")
            return next(name for name in names if name.lstrip("%") == found)
    return None


def type_at(stage: StageLike, line: int, name: str) -> str:
    """The type that a line gives to a variable that it defines, as it is printed; empty where it does not say."""
    text = stage.texts[line]
    if stage.stage == "jaxpr":
        match = re.search(rf"(?<![\w.]){re.escape(name)}:({TYPE})", text)
        return match[1] if match else ""
    if stage.stage == "hlo":
        return _hlo_type(text, name)
    return _mlir_type(stage, line, name)


def _own(
    stage: StageLike, definitions: Sequence[int], uses: Sequence[int], line: int
) -> tuple[int | None, Sequence[int]]:
    """The nearest definition above whose scope reaches the line, and those of the uses that are of it."""
    above = definitions[: bisect_right(definitions, line)]
    defined = next((at for at in reversed(above) if line < _end(stage, at)), None)
    if defined is None:
        return None, ()
    end = _end(stage, defined)
    own = list(uses[bisect_left(uses, defined) : bisect_left(uses, end)])
    # Names that are not used, `_` above all, are defined over and over.
    for at in definitions[bisect_right(definitions, defined) : bisect_left(definitions, end)] if own else ():
        own[bisect_left(own, at) : bisect_left(own, _end(stage, at))] = []
    return defined, own


def _end(stage: StageLike, definition: int) -> int:
    """The first line below that does not see what a line defines."""
    limit = _limit(stage, definition)
    if limit <= 0:
        return len(stage.texts)
    less = re.compile(b"[\x00-" + re.escape(bytes([limit - 1])) + b"]", re.S).search(stage.indents, definition + 1)
    return less.start() if less else len(stage.texts)


def _limit(stage: StageLike, definition: int) -> int:
    """The least indent of the lines that see what a line defines."""
    text = stage.texts[definition]
    if _OPENS.search(text):
        return _indent(text) + 1
    # `in (…)` stands two to the left of the equations that it ends.
    return _indent(text) - 2 if stage.stage == "jaxpr" else _indent(text)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _kind(stage: StageLike, line: int, name: str) -> Kind:
    text = stage.texts[line]
    if stage.stage == "jaxpr":
        if not (match := _LET.search(text)):
            # A head of many inputs goes on below its first line.
            return "line" if " = " in text or " <- " in text else "input"
        if re.search(rf"(?<!\w){re.escape(name)}:", match["constants"]):
            return "constant"
        return "line" if f". let {name}:" in text or f"; {name}:" in text[match.end() :] else "input"
    if stage.stage == "hlo":
        return "input" if " parameter(" in text or text.endswith("{") else "line"
    return "input" if _MLIR_BINDER.search(text) else "line"


def _hlo_type(text: str, name: str) -> str:
    bare = re.escape(name.lstrip("%"))
    if match := re.search(rf"(?<![\w.\-]){bare} = ", text):
        rest = text[match.end() :]
        if not rest.startswith("("):
            return rest.split(" ", 1)[0]
        depth = 0
        for place, character in enumerate(rest):
            depth += (character == "(") - (character == ")")
            if depth == 0:
                return rest[: place + 1]
    header = re.search(rf"(?<![\w.\-]){bare}: (\([^)]*\)|[^,)\s]*\[[^\]]*\])", text)
    return header[1] if header else ""


def _mlir_type(stage: StageLike, line: int, name: str) -> str:
    text = stage.texts[line]
    whole = re.escape(base(name))
    if match := re.search(rf"{whole}: (?=[a-z!])", text):
        types = avals.split_types(re.split(r" loc\(|\) ?(?:->|\(|\{|:|$)", text[match.end() :], maxsplit=1)[0])
        return re.split(r" [{l]", types[0], maxsplit=1)[0] if types else ""
    iterated = re.search(rf"{whole} = %", text)
    source = _signature(stage, line)
    types = avals.split_types(source)
    if iterated and "(" in text:
        # `while(%iterArg = %arg0, …) : types`, one for each.
        listed = re.findall(r"(%[\w$.-]+) = %", text)
        return types[listed.index(base(name))] if base(name) in listed and len(types) == len(listed) else ""
    number = re.search(r"#(\d+)$", name)
    place = int(number[1]) if number else 0
    if place < len(types) and (number or len(types) == 1):
        return types[place]
    return f"({', '.join(types)})" if types else ""


def _signature(stage: StageLike, line: int) -> str:
    """The types of an operation's results, from its last line: of `: (a) -> b` they are b."""
    text = stage.texts[line]
    indent = _indent(text)
    last = line
    if text.rstrip().endswith("{"):
        while last + 1 < len(stage.texts) and not (last > line and _CLOSES.match(stage.texts[last], indent)):
            last += 1
            if _indent(stage.texts[last]) < indent:
                return ""
        text = stage.texts[last]
    text = re.sub(r" loc\((?:[^()]|\([^()]*\))*\)$", "", text)
    before, _, text = text.rpartition(" -> " if " -> " in text else " : ")
    text = text.strip() if before else ""
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text
