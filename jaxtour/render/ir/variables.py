"""Finds the definition, uses and type of a stage's variables.

The worker gives the names of each line. Nesting decides whether two names are the same variable, as JAX and MLIR reuse
names in other functions.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jaxtour.engine.stage import StageText
from jaxtour.render.ir import avals

Kind = Literal["line", "input", "constant", "unknown"]

_KINDS: Mapping[str, Kind] = {"": "line", "i": "input", "c": "constant"}
_ELEMENT_OF = re.compile(r"[#:]\d+$")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a stage; lines count from 0."""

    name: str
    kind: Kind
    defined: int | None
    """The line that defines it, or lists it as an input."""
    uses: Sequence[int]
    """Ascending."""
    type: str = ""
    """Its type, as printed."""

    @property
    def spelled(self) -> str:
        """The type, spelled out."""
        return avals.spelled(self.type)


def variable(stage: StageText, line: int, name: str) -> Variable:
    """Return the variable that a name refers to in a line."""
    whole = _base(name)
    definitions, uses = stage.defining(whole), stage.using(name)
    if len(definitions) == 1:
        # A single definition is unambiguous, however far away.
        defined: int | None = definitions[0]
    else:
        defined, uses = _own(stage, whole, definitions, uses, line)
    if defined is None:
        return Variable(name, "unknown", None, uses)
    kind, types = stage.typed(defined).get(whole, ("", ()))
    return Variable(name, _KINDS[kind], defined, uses, _type(types, name))


def _base(name: str) -> str:
    """Return the name of an operation's results together: `%1` for `%1#2`."""
    return _ELEMENT_OF.sub("", name) if name.startswith("%") else name


def _type(types: Sequence[str], name: str) -> str:
    """Return a variable's type from those of its operation's results: `%1#2` has one of them, `%1` all."""
    number = re.search(r"#(\d+)$", name) if name.startswith("%") else None
    if number and int(number[1]) < len(types):
        return types[int(number[1])]
    return types[0] if len(types) == 1 else f"({', '.join(types)})" if types else ""


def _own(
    stage: StageText, whole: str, definitions: Sequence[int], uses: Sequence[int], line: int
) -> tuple[int | None, Sequence[int]]:
    """Return the nearest definition above whose scope contains the line, and its own uses."""
    above = definitions[: bisect_right(definitions, line)]
    defined = next((at for at in reversed(above) if line < _end(stage, at, whole)), None)
    if defined is None:
        return None, ()
    end = _end(stage, defined, whole)
    own = list(uses[bisect_left(uses, defined) : bisect_left(uses, end)])
    # Unused names, such as `_`, are defined many times.
    for at in definitions[bisect_right(definitions, defined) : bisect_left(definitions, end)] if own else ():
        own[bisect_left(own, at) : bisect_left(own, _end(stage, at, whole))] = []
    return defined, own


def _end(stage: StageText, definition: int, whole: str) -> int:
    """Return the end of the scope of a name that a line defines."""
    limit = _limit(stage, definition, whole)
    if limit <= 0:
        return len(stage.texts)
    less = re.compile(b"[\x00-" + re.escape(bytes([limit - 1])) + b"]", re.S).search(stage.indents, definition + 1)
    return less.start() if less else len(stage.texts)


def _limit(stage: StageText, definition: int, name: str) -> int:
    """Return the least indentation of lines in the scope of a name that a line defines."""
    indent = stage.indents[definition]
    is_input = stage.typed(definition).get(name, ("", ()))[0] != ""
    if is_input and (stage.stage == "stablehlo" or "{ lambda" in stage.texts[definition]):
        return indent + 1
    # `in (…)` is two columns left of the equations above it, and of a long head's continuation.
    return indent - 2 if stage.language == "jaxpr" else indent
