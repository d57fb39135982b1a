"""The text of a jaxpr, at most one equation a line, and for every line its origin, its variables and its folds.

This watches JAX's printer as it prints; if that is not possible, it parses the comments after each equation.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import compat
from .origins import Parsed, cut
from .spans import Span, span
from .structure import Structure
from .walk import Walk

_PLACE = r"(?P<file>[^\s:]*(?:<[^>]*>)?):(?P<line>\d+)(?::(?P<column>\d+))? \((?P<in>[^#]*)\)"
_COMMENT = re.compile(rf"\s+#(?: {_PLACE})?\s*$")
_ONE_LINE = re.compile(r"^(?P<indent>\s*)(?P<head>[^{]*\{ lambda .*?\. let) +(?=\S)")
_BINDER = re.compile(r"([^\W\d]\w*):")
_PRIMITIVE = re.compile(r" = ([\w-]+)|^\s*([\w-]+)[\[ ]")
_LITERAL = re.compile(r"\S+:\w+\[[^\]]*\]")


def printed(jaxpr: Any, walk: Walk) -> Parsed:
    """The lines of a walked jaxpr."""
    found = compat.marked(jaxpr)
    return _by_marks(found, walk) if found else by_comments(compat.printed(jaxpr), walk)


def _by_marks(found: compat.Marked, walk: Walk) -> Parsed:
    parsed = Parsed([cut(line) for line in found.lines])
    parsed.names = [""] * len(parsed.texts)
    parsed.typed = [""] * len(parsed.texts)
    other = walk.table.add()
    rows: list[list[int]] = [[] for _ in found.marks]
    last = [-1] * len(found.marks)
    for row, owners in enumerate(found.owners):
        for number in owners if len(owners) == 1 else dict.fromkeys(owners):
            rows[number].append(row)
        owner = owners[0] if owners else -1
        if owner >= 0 and not found.marks[owner].is_equation:
            owner = found.marks[owner].around
        parsed.lines.append(other if owner < 0 else walk.place(found.marks[owner].thing))
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
            _name_equation(parsed, mark, rows[number])
        else:
            _name_jaxpr(parsed, mark, rows[number])
        if last[number] > first and (mark.is_equation or first > 0 or "{ lambda" not in parsed.texts[first][:9]):
            folds.add((first, last[number]))
    parsed.folds = sorted(folds, key=lambda fold: (fold[0], -fold[1]))
    Structure(parsed, found.marks, rows, last).tell()
    return parsed


def _variables(parsed: Parsed, row: int, atoms: Any, mark: compat.Mark, kind: str = "") -> dict[str, str]:
    """The names of variables, each with its kind and the place of its type in the table."""
    names = [(atom, compat.printed_atom(atom, mark.context)) for atom in atoms if not hasattr(atom, "val")]
    return {name: f"{kind}{parsed.type_of(atom, row)}" for atom, name in names if name != "_"}


def _name_equation(parsed: Parsed, mark: compat.Mark, rows: list[int]) -> None:
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


def _name_jaxpr(parsed: Parsed, mark: compat.Mark, rows: list[int]) -> None:
    """A jaxpr defines its inputs on its first line and uses its outputs on its last."""
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


# By comments ---------------------------------------------------------------------------------------------------------


@dataclass
class _Open:
    """An equation; its lines are those indented further."""

    indent: int
    place: int
    spans: tuple[Span, ...]


def by_comments(text: str, walk: Walk) -> Parsed:
    """The lines of JAX's text with `# file:line:column (function)` after the first line of each equation.

    An equation without a source gets that of the enclosing equation.
    """
    parsed = Parsed()
    other = walk.table.add()
    around: list[_Open] = []
    for line, comment in (row for full, comments in _uncommented(text) for row in _split(full, comments)):
        indent = len(line) - len(line.lstrip())
        closes = line.lstrip().startswith("]")
        while around and (around[-1].indent > indent or (around[-1].indent == indent and not closes)):
            around.pop()
        if comment is not None:
            own = _span(comment)
            spans = (own,) if own else (around[-1].spans if around else walk.around)
            match = _PRIMITIVE.search(line)
            place = walk.table.add(
                kind="equation",
                name=(match[1] or match[2]) if match else "",
                spans=spans,
                unlinked=None if spans else "JAX keeps no source for it",
            )
            around.append(_Open(indent, place, spans))
        parsed.texts.append(cut(line))
        parsed.lines.append(around[-1].place if around else other)
        parsed.names.append("")
        parsed.typed.append("")
    defined = {name for line in parsed.texts for name in _BINDER.findall(line)}
    for row, line in enumerate(parsed.texts):
        head, equals, rest = line.partition(" = ")
        used = _LITERAL.sub("", rest or line)
        words = used.rpartition("]")[2] if equals or "]" in used else used.rpartition("in (")[2]
        outs = _BINDER.findall(head) if equals or "{ lambda" in line else []
        used_names = [name for name in re.findall(r"\w+", words) if name in defined and name not in outs]
        _name(parsed, row, dict.fromkeys(outs, ""), used_names)
    return parsed


def _uncommented(printed: str) -> list[tuple[str, list[re.Match[str]]]]:
    """The lines, each with its comments; JAX puts some on a line of their own, and they belong to the line above."""
    found: list[tuple[str, list[re.Match[str]]]] = []
    for full in printed.split("\n"):
        line = full
        comments: list[re.Match[str]] = []
        while match := _COMMENT.search(line):
            comments.insert(0, match)
            line = line[: match.start()]
        if comments and not line.strip() and found:
            found[-1][1].extend(comments)
        elif line.strip():
            found.append((compat.tidy(line), comments))
    return found


def _split(line: str, comments: list[re.Match[str]]) -> list[tuple[str, re.Match[str] | None]]:
    """Split a jaxpr on one line into lines, as JAX prints longer ones; other lines stay as they are."""
    whole = _ONE_LINE.match(line)
    if not whole or not comments or (len(comments) == 1 and whole["indent"]):
        return [(line, comments[0] if comments else None)]
    *equations, last = _parts(line[whole.end() :])
    final, _, result = last.rpartition(" in (")
    if not final or len(equations) + 1 != len(comments):
        return [(line, comments[0])]
    indent = whole["indent"]
    body = [f"{indent}    {equation}" for equation in [*equations, final]]
    return [
        (f"{indent}{whole['head']}", None),
        *zip(body, comments, strict=True),
        (f"{indent}  in ({result}", None),
    ]


def _parts(text: str) -> list[str]:
    """Split at semicolons outside brackets."""
    depth, start, parts = 0, 0, []
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and text.startswith("; ", place):
            parts.append(text[start:place])
            start = place + 2
    return [*parts, text[start:]]


def _span(comment: re.Match[str]) -> Span | None:
    if not comment["file"]:
        return None
    line, column = int(comment["line"]), int(comment["column"] or 0)
    return span(comment["file"], line, column, line, column, comment["in"])
