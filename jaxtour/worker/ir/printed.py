"""The text of a jaxpr, at most one equation per line, with the origin, variables and folds of every line.

This module observes JAX's printer; if that is impossible, the text comes without these.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import compat
from .origins import Parsed, cut
from .structure import Structure
from .walk import Walk

_BINDER = re.compile(r"([^\W\d]\w*):")


def printed(jaxpr: Any, walk: Walk, above: Sequence[Any] = (), begun: dict[int, int] | None = None) -> Parsed:
    """Return the lines of a walked jaxpr.

    `above` leaves an empty line for each of its equations, or for None; `begun` gets the first line of each equation,
    by its `id`.
    """
    found = compat.marked(jaxpr)
    if found:
        return _by_marks(found, walk, above, {} if begun is None else begun)
    texts = [""] * len(above) + [cut(compat.tidy(line)) for line in str(jaxpr).split("\n")]
    return Parsed(
        texts, [walk.table.add(kind="equation", unlinked="not available on this version of JAX")] * len(texts)
    )


def _by_marks(found: compat.Marked, walk: Walk, above: Sequence[Any], begun: dict[int, int]) -> Parsed:
    parsed = Parsed([""] * len(above) + [cut(line) for line in found.lines])
    parsed.names = [""] * len(parsed.texts)
    parsed.typed = [""] * len(parsed.texts)
    other = walk.table.add()
    rows: list[list[int]] = [[] for _ in found.marks]
    last = [-1] * len(found.marks)
    parsed.lines = [other if equation is None else walk.place(equation) for equation in above]
    for row, owners in enumerate(found.owners, len(above)):
        for number in owners if len(owners) == 1 else dict.fromkeys(owners):
            rows[number].append(row)
        owner = owners[0] if owners else -1
        if owner >= 0 and not found.marks[owner].is_equation:
            owner = found.marks[owner].around
        parsed.lines.append(other if owner < 0 else walk.place(found.marks[owner].thing))
        parsed.call(walk.calls, 0 if owner < 0 else walk.call(found.marks[owner].thing))
    for number in range(len(found.marks) - 1, -1, -1):
        # Inner marks follow their outer mark in the list.
        if rows[number]:
            last[number] = max(last[number], rows[number][-1])
            if (around := found.marks[number].around) >= 0:
                last[around] = max(last[around], last[number])
    folds = set()
    for number, mark in enumerate(found.marks):
        if not rows[number]:
            continue
        first = rows[number][0]
        if mark.is_equation:
            begun[id(mark.thing)] = first
            _name_equation(parsed, mark, rows[number])
        else:
            _name_jaxpr(parsed, mark, rows[number])
        if last[number] > first and (
            mark.is_equation or first > len(above) or "{ lambda" not in parsed.texts[first][:9]
        ):
            folds.add((first, last[number]))
    parsed.folds = sorted(folds, key=lambda fold: (fold[0], -fold[1]))
    Structure(parsed, found.marks, rows, last).tell()
    return parsed


def _variables(parsed: Parsed, row: int, atoms: Any, mark: compat.Met, kind: str = "") -> dict[str, str]:
    """Return the names of variables, each with its kind and the place of its type in the table."""
    names = [(atom, compat.printed_atom(atom, mark.context)) for atom in atoms if not hasattr(atom, "val")]
    return {name: f"{kind}{parsed.type_of(atom, row)}" for atom, name in names if name != "_"}


def _name_equation(parsed: Parsed, mark: compat.Met, rows: list[int]) -> None:
    outs = _variables(parsed, rows[0], mark.thing.outvars, mark)
    ins = _variables(parsed, rows[0], mark.thing.invars, mark)
    if len(rows) == 1:
        _name(parsed, rows[0], outs, ins)
        return
    begins = next((row for row in rows if " = " in parsed.texts[row]), rows[0])
    for row in rows[: rows.index(begins) + 1]:
        head = parsed.texts[row].partition(" = ")[0]
        _name(parsed, row, {name: outs[name] for name in _BINDER.findall(head) if name in outs})
    for row in reversed(rows[rows.index(begins) :]):
        line = parsed.texts[row].lstrip()
        closing, ends = line.startswith("]"), row == begins
        words = line[1:].split() if closing else line.rpartition(" = ")[2].split()[ends:]
        _name(parsed, row, {}, [name for name in words if name in ins])
        if closing or ends:
            return


def _name_jaxpr(parsed: Parsed, mark: compat.Met, rows: list[int]) -> None:
    """Note that a jaxpr defines its inputs on its first line and uses its outputs on its last."""
    jaxpr = mark.thing
    binders = _variables(parsed, rows[0], jaxpr.constvars, mark, "c")
    binders |= _variables(parsed, rows[0], jaxpr.invars, mark, "i")
    results = _variables(parsed, rows[0], jaxpr.outvars, mark)
    begins = True
    for row in rows:
        text = parsed.texts[row]
        head, let, rest = (text.rpartition("{ lambda ")[2] if begins else text).partition(". let")
        if begins:
            _name(parsed, row, {name: binders[name] for name in _BINDER.findall(head) if name in binders})
        if not begins or rest:
            words = re.findall(r"\w+", (text if not begins else rest).rpartition(" in ")[2] or text)
            _name(parsed, row, {}, [name for name in words if name in results])
        begins = begins and not let


def _name(parsed: Parsed, row: int, outs: Mapping[str, str], ins: Iterable[str] = ()) -> None:
    """Add to the variables that a line defines and uses."""
    if parsed.names[row]:
        known_outs, _, known_ins = parsed.names[row].partition("=")
        outs = {**dict(zip(known_outs.split(), parsed.typed[row].split(), strict=False)), **outs}
        ins = dict.fromkeys((*known_ins.split(), *ins))
    if outs or ins:
        parsed.names[row] = f"{' '.join(outs)}={' '.join(ins)}"
        parsed.typed[row] = " ".join(outs.values())
