"""The equations and jaxprs of a printed jaxpr as rows of JSON, so that readers need not parse the text."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import compat
from .origins import Parsed, cut

_row = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_DEFAULTS: list[Any] = [0, None, 0, None, []]
_REFERENCES = ("get", "swap", "addupdate")
"""Reads and writes of references, printed as `a[0] <- b`: without the old value, and without indices as operands."""


class Structure:
    """The printer's marks, with the lines of each mark and the last line of its nested marks."""

    def __init__(self, parsed: Parsed, marks: Sequence[compat.Met], rows: list[list[int]], last: list[int]) -> None:
        self._parsed = parsed
        self._marks = marks
        self._rows = rows
        self._last = last
        self._jaxprs = [number for number, mark in enumerate(marks) if not mark.is_equation and rows[number]]
        self._places = {number: place for place, number in enumerate(self._jaxprs)}
        self._inside = {(marks[number].around, id(marks[number].thing)): number for number in self._jaxprs}

    def tell(self) -> None:
        """Add the row of every equation and of every jaxpr."""
        parsed = self._parsed
        parsed.equations = [""] * len(parsed.texts)
        parsed.parameters.add("{}", 0)
        for number, mark in enumerate(self._marks):
            if mark.is_equation and self._rows[number]:
                parsed.equations[self._rows[number][0]] = _row(self._equation(number, mark))
        for number in self._jaxprs:
            parsed.jaxprs.append(_row(self._jaxpr(number)), self._rows[number][0])
        parsed.top = max((self._places[each] for each in self._jaxprs if self._marks[each].around < 0), default=None)

    def _equation(self, number: int, mark: compat.Met) -> list[Any]:
        """Return the fields of an `EquationRow` on the wire, without trailing defaults."""
        parsed, equation = self._parsed, mark.thing
        line = self._rows[number][0]
        bodies = list(self._bodies(number, equation)) if mark.parameters else []
        outs = self._bound(equation.outvars, mark, line)
        operands = self._operands(equation.invars, mark)
        if equation.primitive.name in _REFERENCES:
            outs = [bound for bound in outs if bound[0] != "_"]
            operands = [name for name in operands if ":" not in name]
        defined, _, used = parsed.names[line].partition("=")
        row: list[Any] = [
            parsed.parameters.add(_row(self._parameters(mark, bodies)), line) if mark.parameters else 0,
            None if operands == used.split() else operands,
            self._last[number] - line,
            None if [name for name, _ in outs] == defined.split() else outs,
            [(label, self._places[body]) for label, body in bodies],
        ]
        while row and row[-1] == _DEFAULTS[len(row) - 1]:
            row.pop()
        return row

    def _jaxpr(self, number: int) -> list[Any]:
        mark, rows, texts = self._marks[number], self._rows[number], self._parsed.texts
        jaxpr, line = mark.thing, rows[0]
        ends = next((row for row in reversed(rows) if texts[row].lstrip().startswith("in (")), rows[-1])
        bound = [self._bound(variables, mark, line) for variables in (jaxpr.constvars, jaxpr.invars)]
        return [line, ends, *bound, self._operands(jaxpr.outvars, mark)]

    def _bodies(self, number: int, equation: Any) -> Iterator[tuple[str, int]]:
        """Yield the label and the mark of each jaxpr in the parameters, in the printed order."""
        nested = sorted(compat.nested(equation), key=lambda each: each[0])
        marks = ((key, self._inside.get((number, id(it)), self._inside.get((-1, id(it))))) for key, _, it in nested)
        found = [(key, body) for key, body in marks if body is not None]
        keys = [key for key, _ in found]
        for place, (key, body) in enumerate(found):
            yield f"{key} {keys[:place].count(key)}" if keys.count(key) > 1 else key, body

    def _parameters(self, mark: compat.Met, bodies: list[tuple[str, int]]) -> dict[str, Any]:
        """Return the printed parameters; a jaxpr is its name in the text, or `{ … }` where it is printed in place."""
        told: dict[str, Any] = {}
        for key, value in mark.parameters.items():
            own = [body for label, body in bodies if label.partition(" ")[0] == key]
            # A jaxpr with several users is printed above the others: `let f = { lambda`.
            texts = [self._parsed.texts[self._rows[body][0]] for body in own if self._marks[body].around < 0]
            names = " ".join(text.split()[1] for text in texts)
            told[key] = names or "{ … }" if own else parameter(value)
        return told

    def _bound(self, variables: Any, mark: compat.Met, line: int) -> list[tuple[str, int]]:
        return [(compat.printed_atom(each, mark.context), self._parsed.type_of(each, line)) for each in variables]

    def _operands(self, atoms: Any, mark: compat.Met) -> list[str]:
        return [compat.printed_atom(atom, mark.context) for atom in atoms]


def parameter(value: Any) -> Any:
    """Return a parameter as JSON: its parts, the text of a value without parts, or both if Python prints it otherwise.

    A list stands for a tuple, as `(0, 1)` is printed far more often than `[0, 1]`.
    """
    whole = compat.printed_parameter(value)
    text = cut(whole)
    try:
        plain = _plain(value)
    except TypeError:
        return "{ … }" if "{ lambda" in text else text
    if isinstance(value, str) or text is not whole:
        return text
    return plain if str(_tupled(plain)) == text else {"text": text, "value": plain}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if names := getattr(value, "_fields", None):
        return {name: _plain(each) for name, each in zip(names, value, strict=True)}
    if type(value) in (tuple, list):
        return [_plain(each) for each in value]
    if (groups := compat.tree_groups(value)) is not None:
        return groups
    raise TypeError(type(value))


def _tupled(plain: Any) -> Any:
    return tuple(map(_tupled, plain)) if isinstance(plain, list) else plain
