"""Parses the sources of lines according to JAX and XLA themselves, separately from the worker under test."""

import ast
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from traced import PROGRAMS, Called, source_of, text_of

from jaxtour.engine.wire.messages import Origin, Span

Where: TypeAlias = tuple[str, int, int, int, int]
"""File, line, column, end line and end column, counted as in spans."""
Verdict: TypeAlias = Literal["true", "justified", "unlinked", "false"]
_LESSON = re.compile(r"<jaxtour:([^>]+)>$")


@functools.cache
def where(file: str, line: int, column: int, end_line: int, end_column: int) -> Where | None:
    """Return a place with columns from 0 in bytes; None if it is in no program and no lesson."""
    if match := _LESSON.match(file):
        file = match[1]
    elif not file.startswith(str(PROGRAMS)):
        return None
    lines = source_of(file).splitlines()

    def characters(number: int, offset: int) -> int:
        return len(lines[number - 1].encode()[:offset].decode()) + 1

    return file, line, characters(line, column), end_line, characters(end_line, end_column)


def place(span: Span) -> Where:
    """Return the place of a link."""
    return span.file, span.line, span.column, span.end_line, span.end_column


def is_call(span: Span, call: str) -> bool:
    """Return whether an expression is the traced call as written."""
    try:
        return ast.dump(ast.parse(text_of(span).strip(), mode="eval")) == ast.dump(ast.parse(call, mode="eval"))
    except SyntaxError:
        return False


@dataclass
class Tally:
    """The verdicts on the lines of a stage."""

    counts: dict[Verdict, int] = field(
        default_factory=lambda: dict.fromkeys(("true", "justified", "unlinked", "false"), 0)
    )
    wrong: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict, says: str) -> None:
        """Count a line; `says` describes a false one."""
        self.counts[verdict] += 1
        if verdict == "false":
            self.wrong.append(says)

    def __str__(self) -> str:
        """Return one row of the table."""
        lines = sum(self.counts.values())
        linked = lines - self.counts["unlinked"]
        return (
            f"{lines} lines, {linked} linked: {self.counts['true']} as JAX says, "
            f"{self.counts['justified']} by evidence, {self.counts['false']} false; "
            f"{self.counts['unlinked']} unlinked with a reason"
        )


def judged(
    each: Called, origin: Origin, own: Iterable[Where], evidence: Iterable[Where], *, vague: bool = False
) -> Verdict:
    """Return the verdict on a line with these places of its own, and evidence for others.

    A line is linked to its own places, unless these only name something around it. The traced call itself is around
    everything; for operations that JAX had lowered for an equal call before, it is the only place.
    """
    if not origin.spans:
        assert origin.unlinked
        return "unlinked"
    own = set(own)
    left = [span for span in origin.spans if place(span) not in own]
    if not left:
        return "true"
    if all(is_call(span, each.trace.call.text) for span in origin.spans):
        return "justified"
    if own and not vague and len(left) == len(origin.spans):
        return "false"
    allowed = set(evidence)
    return (
        "justified" if all(place(span) in allowed or is_call(span, each.trace.call.text) for span in left) else "false"
    )


def said(each: Called, text: str, origin: Origin, own: Iterable[Where]) -> str:
    """Return a description of a line that is linked to the wrong place."""
    links = [f"{span.line}:{span.column} {text_of(span)}" for span in origin.spans]
    return f"{each.name}: {text.strip()[:100]} -> {links}, told {sorted(own)}"


def known(each: Called) -> set[Where]:
    """Return the places of a call's own equations; other places come from earlier calls with the same lowering."""
    told = (frame for _, frames, _, around in each.told["jaxpr"]["equations"] for frame in (*frames, *around))
    return {found for frame in told if (found := where(*frame[:5]))}


def by_path(each: Called) -> dict[str, tuple[set[Where], set[Where]]]:
    """Return, for each path, the places of its equations and of the calls around them."""
    found: dict[str, tuple[set[Where], set[Where]]] = {}
    for row, frames, _, around in each.told["jaxpr"]["equations"]:
        own, outer = found.setdefault(row.get("path", ""), (set(), set()))
        places = [place for frame in frames if (place := where(*frame[:5]))]
        own.update(places[:1])
        outer.update(places[1:])
        outer.update(place for frame in around if (place := where(*frame[:5])))
    return found


def of_branch(paths: dict[str, tuple[set[Where], set[Where]]], path: str, own: set[Where]) -> set[Where]:
    """Return the source of the equation of a path, if JAX 0.9.0 gives only the place of the branch around it."""
    if not own or not re.search(r"(^|/)cond/branch_\d+_fun/((closed_call|eval_jaxpr)/)*[^/]+$", path):
        return set()
    path = re.sub(r"\b(closed_call|eval_jaxpr|core_call)/", "", path)
    mine, outer = paths.get(path) or paths.get(path.partition("/")[2], (set(), set()))
    return mine if own <= outer and len(mine) == 1 else set()


# Equations -----------------------------------------------------------------------------------------------------------


def equations(calls: Iterable[Called]) -> Tally:
    """Check every equation against the frames that JAX keeps for it."""
    tally = Tally()
    for each in calls:
        for row, frames, _, around in each.told["jaxpr"]["equations"]:
            origin = Origin(
                kind="equation", spans=tuple(Span(*span) for span in row.get("spans", ())), unlinked=row.get("unlinked")
            )
            own = [found for frame in frames[:5] if (found := where(*frame[:5]))][:1]
            outer = [found for frame in around if (found := where(*frame[:5]))]
            # An equation of a library function has the place of the call to it.
            verdict = judged(each, origin, own or outer, ())
            tally.add(verdict, said(each, row.get("name", ""), origin, own or outer))
    return tally
