"""The equations of a jaxpr as a tree, decoded from the worker's rows on demand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import msgspec

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import EquationRow, JaxprRow, Origin
from jaxtour.text import clean

_Row = TypeVar("_Row")


class TypedName(NamedTuple):
    """A bound name, with its type as printed."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand of an equation: a variable, or a literal such as `2.0:f32[]`."""

    text: str

    @property
    def literal(self) -> bool:
        """Whether it is a literal."""
        return ":" in self.text

    @property
    def value(self) -> str:
        """A literal without its type, or the variable's name."""
        return self.text.rpartition(":")[0] or self.text


class Parameter(NamedTuple):
    """A parameter as printed, and its value; None if it is known as text only."""

    text: str
    value: Any = None


@dataclass(frozen=True)
class Equation:
    """One equation, at any depth."""

    line: int
    """Its first line in the stage, counted from 0."""
    last: int
    name: str
    """The primitive."""
    outs: tuple[TypedName, ...]
    operands: tuple[Operand, ...]
    everything: Mapping[str, Parameter]
    """All parameters by name; the text of a jaxpr is its name, or `{ … }`."""
    origin: Origin
    bodies: tuple["Jaxpr", ...] = ()
    """The jaxprs in its parameters, in the printed order."""

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Each parameter's text by name, without those that are jaxprs."""
        jaxprs = {body.label.partition(" ")[0] for body in self.bodies}
        return {name: each.text for name, each in self.everything.items() if name not in jaxprs}


@dataclass(frozen=True)
class Jaxpr:
    """A jaxpr at the top, or a body inside an equation."""

    stage: StageText
    line: int
    label: str
    """Its parameter, `cond_jaxpr`, with its index if there are several, `branches 1`; empty at the top."""
    constants: tuple[TypedName, ...]
    inputs: tuple[TypedName, ...]
    outputs: tuple[Operand, ...]
    outputs_line: int

    @cached_property
    def lines(self) -> tuple[int, ...]:
        """The first lines of its own equations."""
        found = []
        line, rows = self.line + 1, self.stage.equations
        while line < min(self.outputs_line, len(rows)):
            row = _decoded(rows[line], EquationRow)
            if row is not None:
                found.append(line)
            line += 1 + (max(0, row.more) if row else 0)
        return tuple(found)

    @property
    def equations(self) -> Iterator[Equation]:
        """Its own equations."""
        return (each for line in self.lines if (each := equation_at(self.stage, line)) is not None)


def jaxpr_of(stage: StageText) -> Jaxpr:
    """Return the jaxpr of the traced call; raises `ValueError` with the reason if the stage has none."""
    found = _jaxpr(stage, -1 if stage.top is None else stage.top, "")
    if found is None:
        told = any(origin.kind == "equation" for origin in stage.origins)
        raise ValueError("not available on this version of JAX" if told else "this stage has no jaxpr")
    return found


def equation_at(stage: StageText, line: int) -> Equation | None:
    """Return the equation that begins at a line."""
    row = _decoded(stage.equations[line], EquationRow) if 0 <= line < len(stage.equations) else None
    if row is None:
        return None
    defined, used = stage.names_of(line)
    types = stage.typed(line)
    outs = [(name, next(iter(types[name][1]), "")) for name in defined] if row.outs is None else _bound(stage, row.outs)
    bodies = (_jaxpr(stage, place, _clean(label)) for label, place in row.bodies)
    return Equation(
        line,
        min(line + max(0, row.more), len(stage.texts) - 1),
        _clean(stage.origin_of(line).name),
        tuple(TypedName(_clean(name), _clean(type_)) for name, type_ in outs),
        tuple(Operand(_clean(text)) for text in (used if row.operands is None else row.operands)),
        _parameters(stage, row.parameters),
        stage.origin_of(line),
        tuple(body for body in bodies if body is not None),
    )


def _jaxpr(stage: StageText, place: int, label: str) -> Jaxpr | None:
    row = _decoded(stage.jaxprs[place], JaxprRow) if 0 <= place < len(stage.jaxprs) else None
    if row is None or not 0 <= row.line <= row.outputs_line < len(stage.texts):
        return None
    constants, inputs = (_bound(stage, rows) for rows in (row.constants, row.inputs))
    outputs = tuple(Operand(_clean(text)) for text in row.outputs)
    return Jaxpr(stage, row.line, label, constants, inputs, outputs, row.outputs_line)


def _bound(stage: StageText, rows: tuple[tuple[str, int], ...]) -> tuple[TypedName, ...]:
    return tuple(TypedName(_clean(name), _clean(stage.type_at(place))) for name, place in rows)


def _parameters(stage: StageText, place: int) -> Mapping[str, Parameter]:
    told = _decoded(stage.parameters[place], dict[str, Any]) if 0 <= place < len(stage.parameters) else None
    return {_clean(name): _parameter(value) for name, value in (told or {}).items()}


def _parameter(told: Any) -> Parameter:
    if isinstance(told, str):
        return Parameter(_clean(told))
    if isinstance(told, dict):
        return Parameter(_clean(str(told.get("text", ""))), told.get("value"))
    return Parameter(_clean(str(_tupled(told))), told)


def _tupled(value: Any) -> Any:
    return tuple(map(_tupled, value)) if isinstance(value, list) else value


def _decoded(text: str, row: type[_Row]) -> _Row | None:
    """Return a row of the wire, decoded; None for an empty or unknown row."""
    try:
        return msgspec.json.decode(text, type=row) if text else None
    except (msgspec.MsgspecError, RecursionError):
        return None


def _clean(text: str) -> str:
    """Return harmless text; cleaning a frame does not reach the strings inside rows of JSON."""
    return clean(text, keep_newlines=False)
