"""Shows the time of a call as a tree: each line, the library functions that it called, and their instructions."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from jaxtour.engine.wire.profile import InstructionTime, Profile
from jaxtour.render.profile.tables import NO_SOURCE, SourceOf, percent
from jaxtour.render.programs import place
from jaxtour.render.text.layout import Line, Style, clip_line
from jaxtour.text import seconds

Fold = tuple[int, int]
"""The first and the last line of a block."""

LEAST = 0.001
"""The least share of the call for a row."""
_WRAPPED = re.compile(r"(?:jit|pjit|vmap|jvp|transpose|linearize|pmap|checkpoint|remat|custom_[jv][vj]p_call)\((.*)\)")
_SCOPES = re.compile(
    r"(?:while|body|cond|scan|shard_map|checkpoint|remat2?|rematted_computation|closed_call|branch_\d+_fun"
    r"|custom_[jv][vj]p_call)?"
)
_OWN = "the line itself"


@lru_cache(maxsize=4096)
def function_of(path: str) -> str:
    """Return the functions and named scopes in a name stack, without the outermost jit: `sort`, `Dense_0/relu`.

    The last name is the primitive.
    """
    names = []
    for number, name in enumerate(_split(path)[:-1]):
        inner = name
        while match := _WRAPPED.fullmatch(inner):
            inner = match[1]
        is_outermost = number == 0 and name.startswith(("jit(", "pjit("))
        if not (is_outermost or _SCOPES.fullmatch(inner)):
            names.append(inner)
    return "/".join(names)


def _split(path: str) -> list[str]:
    """Split at slashes outside brackets."""
    names, depth = [""], 0
    for character in path:
        depth += (character == "(") - (character == ")")
        if character == "/" and depth == 0:
            names.append("")
        else:
            names[-1] += character
    return names


Part = tuple[float, InstructionTime, bool]
"""Seconds of an instruction, and whether they belong to the backward pass."""


def tree_lines(
    profile: Profile, width: int, source: SourceOf, *, own: str = "", by_time: bool = True
) -> tuple[list[Line], list[Fold]]:
    """Return the rows of the tree, and its blocks; the hottest line is the first, or else the first of the source."""
    places: dict[tuple[str, int] | None, dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for each in profile.instructions:
        for part in each.parts:
            span = profile.spans[part.span] if 0 <= part.span < len(profile.spans) else None
            path = profile.paths[part.path] if 0 <= part.path < len(profile.paths) else ""
            taken = each.self_s * part.share
            at = (span.file, span.line) if span else None
            places[at][function_of(path)].append((taken, each, part.backward))
    lines: list[Line] = []
    folds: list[Fold] = []
    shown = sorted(places, key=lambda at: -_sum(places[at]))
    if not by_time:
        shown.sort(key=lambda at: (at is None, at is not None and at[0] != own, at or ("", 0)))
    for at in shown:
        if _sum(places[at]) < LEAST * profile.wall_s:
            continue
        first = len(lines)
        text = NO_SOURCE if at is None else source(*at).strip()
        name = "" if at is None else f"{at[1]}" if at[0] == own else place(*at)
        indent = " " * max(0, 4 - len(name))
        lines.append((*_taken(profile, _sum(places[at])), (indent, ""), (name, "link"), (f"  {text}", "")))
        for row, block in _functions(profile, places[at]):
            lines.append(row)
            if block:
                folds.append((len(lines) - 1, len(lines) - 1 + len(block)))
                lines += block
        folds.append((first, len(lines) - 1))
    return [clip_line(line, width) for line in lines], folds


def _functions(profile: Profile, functions: dict[str, list[Part]]) -> Iterator[tuple[Line, list[Line]]]:
    """Yield the row of each function of a line, and those of its instructions; without calls, only the latter."""
    for name in sorted(functions, key=lambda each: -sum(taken for taken, _, _ in functions[each])):
        parts = functions[name]
        taken = sum(each for each, _, _ in parts)
        if taken < LEAST * profile.wall_s:
            continue
        instructions: dict[tuple[str, bool], float] = defaultdict(float)
        for own, each, backward in parts:
            instructions[each.name, backward] += own
        block: list[Line] = []
        indent = " " * (6 if set(functions) == {""} else 8)
        for (called, backward), own in sorted(instructions.items(), key=lambda item: -item[1]):
            if own >= LEAST * profile.wall_s:
                way = "  backward" if backward else ""
                block.append((*_taken(profile, own), (indent, ""), (called, "primitive"), (way, "muted")))
        if set(functions) == {""}:
            yield from ((row, []) for row in block)
            continue
        style: Style = "function" if name else "muted"
        yield (*_taken(profile, taken), ("      ", ""), (name or _OWN, style)), block


def _sum(functions: dict[str, list[Part]]) -> float:
    return sum(taken for parts in functions.values() for taken, _, _ in parts)


def _taken(profile: Profile, taken: float) -> Line:
    return ((f"{percent(taken / profile.wall_s):>6}", "number"), (f"  {seconds(taken):>7}  ", ""))
