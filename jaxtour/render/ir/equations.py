"""The equations of a printed jaxpr as a tree: what each defines and uses, and the jaxprs inside it, read when asked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import overload

from jaxtour.engine.messages import Origin
from jaxtour.engine.stage import StageText
from jaxtour.render.ir import equation_text as words

_LET = re.compile(r"\. let(?: |$)")
_DEFINED = re.compile(r"^(?:let )?\s*([\w.<>\-]+) = \{ lambda\b")
_BINDER = re.compile(r"([A-Za-z_]\w*)(?::(\S+))?")
_LITERAL = r"\S+:[^\s\[\]]+\[[^\[\]\s]*\](?:\{\S*\})?"
_OPERAND = re.compile(rf"{_LITERAL}|[A-Za-z_*]\w*")
_OPERANDS = rf"(?P<operands>(?: (?:{_LITERAL}|[A-Za-z_*]\w*))*)"
_APPLICATION = re.compile(rf"^(?P<name>[\w\-.<>]+)(?:\[(?P<inside>.*?)\])?{_OPERANDS} *$", re.DOTALL)
_MOVE = re.compile(r"^(.*?) (<-|\+=) (.*)$")
_INDEXED = re.compile(r"^\w+\[")
_INDEX = re.compile(r"(?<![:\w])([A-Za-z_]\w*)\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Bound:
    """A name where it is bound, with its type as printed."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Operand:
    """What an equation is applied to: a variable, or a literal such as `2.0:f32[]`."""

    text: str

    @property
    def literal(self) -> bool:
        """Whether it is a value."""
        return ":" in self.text

    @property
    def value(self) -> str:
        """A literal without its type, or the variable's name."""
        return self.text.rpartition(":")[0] or self.text


@dataclass(frozen=True)
class Equation:
    """One equation, wherever it stands in the stage."""

    line: int
    """Its first line in the stage, counted from 0."""
    last: int
    name: str
    """The primitive."""
    outs: tuple[Bound, ...]
    operands: tuple[Operand, ...]
    inside: str
    """Its parameters as printed between brackets, jaxprs included, in one line."""
    origin: Origin
    reader: "Reader" = field(repr=False, compare=False)

    @cached_property
    def bodies(self) -> tuple["Jaxpr", ...]:
        """The jaxprs in its parameters, in the order in which they are printed."""
        return tuple(self.reader.bodies(self))

    @cached_property
    def nests(self) -> bool:
        """Whether there are any."""
        return "{ lambda" in self.inside or any(True for _ in self.reader.references(self.inside))

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Each parameter's text by name, without those that are jaxprs."""
        return dict(words.parameters(words.without_jaxprs(self.inside), self.reader.defined))


@dataclass(frozen=True)
class Jaxpr:
    """A jaxpr at the top, or a body inside an equation."""

    line: int
    label: str
    """The parameter that it is, as in `cond_jaxpr`, and of several its place; empty at the top."""
    constants: tuple[Bound, ...]
    inputs: tuple[Bound, ...]
    outputs: tuple[Operand, ...]
    outputs_line: int
    equations: Sequence[Equation]

    def every(self) -> Iterator[Equation]:
        """All equations, each before those inside it."""
        for equation in self.equations:
            yield equation
            for body in equation.bodies:
                yield from body.every()


class Equations(Sequence[Equation]):
    """Equations that are read when they are looked at."""

    def __init__(self, reader: "Reader", spans: Sequence[tuple[int, int]]) -> None:
        self._reader = reader
        self._spans = spans

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, index: int) -> Equation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Equation]: ...
    def __getitem__(self, index: int | slice) -> Equation | Sequence[Equation]:
        if isinstance(index, slice):
            return Equations(self._reader, self._spans[index])
        return self._reader.equation(*self._spans[index])


class Reader:
    """Reads the jaxprs of one stage; a line at a time, as their layout tells which lines belong together."""

    def __init__(self, stage: StageText) -> None:
        self.stage = stage
        self.texts: list[str] = list(stage.texts)
        self.defined: dict[str, int] = {}
        """Jaxprs that are printed once above the others and referred to by name: their first lines."""
        self.top = 0
        for line, text in enumerate(self.texts):
            if text.startswith("{ lambda"):
                self.top = line
            elif text.startswith("let ") and (found := _DEFINED.match(text)):
                self.defined[found[1]] = line

    def whole(self) -> Jaxpr:
        """The jaxpr of the traced call; `ValueError` where the text has none."""
        return self.jaxpr(self.top, "")

    def jaxpr(self, line: int, label: str, column: int = 0) -> Jaxpr:
        """The jaxpr that begins at a line, from `column` on."""
        header, text = self._header(line, column)
        constants, inputs, rest = words.head(text)
        if rest:
            return self._one_line(line, label, text)
        spans = list(self._starts(header + 1))
        end = spans[-1][1] + 1 if spans else header + 1
        return Jaxpr(
            line,
            label,
            _variables(constants),
            _variables(inputs),
            _outputs(self._joined(end, self._closed(end))),
            end,
            Equations(self, spans),
        )

    def bodies(self, equation: Equation) -> Iterator[Jaxpr]:
        """The jaxprs inside an equation, also those that are only referred to."""
        found = list(self._bodies_within(equation))
        found += [self.jaxpr(self.defined[name], label) for label, name in self.references(equation.inside)]
        many: dict[str, int] = {}
        for body in found:
            many[body.label] = many.get(body.label, 0) + 1
        seen: dict[str, int] = {}
        for body in found:
            place = seen.get(body.label, 0)
            seen[body.label] = place + 1
            yield body if many[body.label] == 1 else replace(body, label=f"{body.label} {place}")

    def references(self, inside: str) -> Iterator[tuple[str, str]]:
        """The parameter and the name of every jaxpr that is printed elsewhere."""
        if not self.defined:
            return
        for label, text in words.pieces(words.without_jaxprs(inside)):
            if words.OF_JAXPRS.search(label):
                yield from ((label, word) for word in re.split(r"[\s(),]+", text) if word in self.defined)

    def _bodies_within(self, equation: Equation) -> Iterator[Jaxpr]:
        if equation.line == equation.last:
            for label, text in words.pieces(equation.inside):
                starts = [
                    found.start() for found in words.HEADER.finditer(text) if words.depth(text[: found.start()]) <= 1
                ]
                yield from (self._one_line(equation.line, label, text[start:]) for start in starts)
            return
        line, label = equation.line, ""
        while line <= equation.last:
            text = self.texts[line]
            found = words.HEADER.search(text)
            names = [match[1] for match in words.PARAMETER.finditer(text[: found.start()] if found else text)]
            label = next((name for name in reversed(names) if words.OF_JAXPRS.search(name)), label)
            if found is None:
                line += 1
                continue
            body = self.jaxpr(line, label, found.start())
            yield body
            line = max(self._closed(body.outputs_line), line) + 1

    def _header(self, line: int, column: int = 0) -> tuple[int, str]:
        """The last line of a jaxpr's head, and the head in one piece; of a jaxpr in one line all of it."""
        text = self.texts[line] if line < len(self.texts) else ""
        text = text[column:] if column else text[text.find("{ lambda") :]
        if not text.startswith("{ lambda"):
            raise ValueError("this text has no jaxpr")
        while not _LET.search(text):
            line += 1
            if line >= len(self.texts):
                raise ValueError("this jaxpr ends before its equations")
            text += " " + self.texts[line].strip()
        return line, text

    def _starts(self, line: int) -> Iterator[tuple[int, int]]:
        """First and last line of every equation of the body that begins at a line."""
        if line >= len(self.texts) or self._ends(line):
            return
        indent = words.indent(self.texts[line])
        first = line
        for at in range(line + 1, len(self.texts)):
            text = self.texts[at]
            own = words.indent(text)
            if own > indent or (own == indent and text.startswith("]", own)):
                continue
            yield first, at - 1
            if own < indent:
                return
            first = at
        yield first, len(self.texts) - 1

    def _ends(self, line: int) -> bool:
        return self.texts[line].lstrip().startswith("in (")

    def _closed(self, line: int) -> int:
        """The last line of the outputs that begin at a line."""
        while line < len(self.texts) - 1 and ")" not in self.texts[line]:
            line += 1
        return line

    def _joined(self, first: int, last: int) -> str:
        return " ".join(text.strip() for text in self.texts[first : last + 1])

    def equation(self, first: int, last: int) -> Equation:
        """What stands in some lines."""
        closing = indent = 0
        if last > first:
            indent = words.indent(self.texts[first])
            closing = next((at for at in range(last, first, -1) if self.texts[at].startswith("]", indent)), 0)
        if not closing:
            return self._read(self._joined(first, last), first, last)
        head = self._joined(first, closing - 1)
        opening = head.find("[", words.equals(head))
        tail = self._joined(closing, last).removeprefix("]")
        outs, name = words.sides(head[:opening])
        return self._made(first, last, outs, name, head[opening + 1 :].strip(), tail)

    def _read(self, text: str, first: int, last: int) -> Equation:
        outs, right = words.sides(text.strip())
        found = _APPLICATION.match(right)
        if found is not None:
            return self._made(first, last, outs, found["name"], found["inside"] or "", found["operands"])
        if moved := _MOVE.match(text.strip()):
            return self._moving(first, last, *moved.groups())
        name = self.stage.origin_of(first).name or right.partition(" ")[0]
        return self._made(first, last, outs, name, right, " ".join(self.stage.names_of(first)[1]))

    def _moving(self, first: int, last: int, left: str, sign: str, right: str) -> Equation:
        """A reference that is read or written: `b:f32[] <- a[0]`, `c:f32[], a[0] <- a[0], b`, `a[0] += b`."""
        outs, _, into = left.rpartition(", ") if _INDEXED.match(left.rpartition(", ")[2]) else (left, "", "")
        name = "addupdate" if sign == "+=" else "swap" if into else "get"
        used = dict.fromkeys(_INDEX.sub(r"\1", f"{into}, {right}").replace(",", " ").split())
        return self._made(first, last, outs, name, "", " ".join(used))

    def _made(self, first: int, last: int, outs: str, name: str, inside: str, operands: str) -> Equation:
        used = tuple(Operand(found[0]) for found in _OPERAND.finditer(operands))
        return Equation(first, last, name, _variables(outs), used, inside, self.stage.origin_of(first), self)

    def _one_line(self, line: int, label: str, text: str) -> Jaxpr:
        constants, inputs, rest = words.head(text)
        *equations, last = words.parts(rest)
        final, _, outputs = last.rpartition("in (")
        texts = [text for text in (*equations, final.strip()) if text]
        return Jaxpr(
            line,
            label,
            _variables(constants),
            _variables(inputs),
            _outputs(f"in ({outputs}"),
            line,
            [self._read(text, line, line) for text in texts],
        )


def _variables(text: str) -> tuple[Bound, ...]:
    return tuple(Bound(found[1], found[2] or "") for found in _BINDER.finditer(text))


def _outputs(text: str) -> tuple[Operand, ...]:
    body = text.strip().removeprefix("in (").partition(")")[0]
    return tuple(Operand(part) for part in re.split(r",\s*", body.strip()) if part)
