"""One equation of a jaxpr read from its lines, without reading those around it: what it is applied to, and how.

What JAX prints changes with every release: whatever does not fit is left out, never an error.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LONGEST = 5000
"""Lines of one equation that are looked at; a body of more shows its first line all the same."""
_PARAMETER = re.compile(r"(?:^|(?<= ))([A-Za-z_]\w*)=(?!=)")
_HEAD = re.compile(r"^\s*(?:(?P<outs>\S+:\S+(?: \S+:\S+)*) = )?(?P<name>[A-Za-z_][\w\-.]*)(?P<rest>.*)$", re.S)
_NUMPY = re.compile(r"\bnp\.\w+\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Applied:
    """A primitive, its parameters as printed, and its operands: names, or literals such as `2.0:f32[]`."""

    name: str
    params: Mapping[str, str]
    """Of a jaxpr only its head: `{ lambda ; a:f32[] b:f32[]. let`."""
    operands: tuple[str, ...]
    first: int = 0
    last: int = 0
    """The lines of the equation."""

    def value(self, name: str) -> Any:
        """A parameter as Python has it; None where it is not there or is not made of numbers, texts and tuples."""
        text = self.params.get(name)
        if text is None:
            return None
        try:
            return ast.literal_eval(_NUMPY.sub(r"\1", text))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None


def applied(texts: Sequence[str], line: int) -> Applied | None:
    """The equation that begins at a line; None where the line begins none, as a read of a reference does."""
    match = _HEAD.match(texts[line])
    if match is None or " <- " in texts[line] or " += " in texts[line]:
        return None
    rest = match["rest"]
    if rest.rstrip() == "[":
        params, last = _over_lines(texts, line)
        operands = texts[last].strip().removeprefix("]") if last > line else ""
    else:
        inside, operands = _bracketed(rest)
        params, last = _in_line(inside), line
    return Applied(match["name"], params, tuple(operands.split()), line, last)


def operands_at(texts: Sequence[str], line: int) -> Applied | None:
    """The equation whose line this is: its first, or the last, `] a b`, that its operands stand in."""
    text = texts[line]
    if not text.lstrip().startswith("]"):
        return applied(texts, line)
    indent = _indent(text)
    for above in range(line - 1, max(line - _LONGEST, -1), -1):
        if _indent(texts[above]) <= indent:
            return applied(texts, above)
    return None


def inputs_of(head: str) -> tuple[str, ...]:
    """The variables that a jaxpr's head takes, `{ lambda a:i32[]; b:f32[]. let` two of them, constants first."""
    before = head.partition(". let")[0].removeprefix("{ lambda")
    return tuple(re.findall(r"(\w+):", before))


def _over_lines(texts: Sequence[str], line: int) -> tuple[dict[str, str], int]:
    """Parameters that stand two further in than the equation, each on lines of its own."""
    indent = _indent(texts[line])
    params: dict[str, str] = {}
    name = ""
    for at in range(line + 1, min(len(texts), line + _LONGEST)):
        text = texts[at]
        own = _indent(text)
        if own <= indent:
            return params, at if text.lstrip().startswith("]") else line
        if own == indent + 2 and (match := _PARAMETER.match(text.strip())):
            name = match[1]
            params[name] = text.strip()[match.end() :]
        elif name and own == indent + 4:
            # The branches of a cond, one below the other.
            params[name] += f" {text.strip()}"
    return params, line


def _bracketed(rest: str) -> tuple[str, str]:
    """What stands between the brackets that a text begins with, and what behind them."""
    if not rest.startswith("["):
        return "", rest
    depth = 0
    for place, character in enumerate(rest):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return rest[1:place], rest[place + 1 :]
    return rest[1:], ""


def _in_line(inside: str) -> dict[str, str]:
    """Parameters that stand one behind the other; `=` inside of brackets belongs to a value."""
    starts = []
    depth = at = 0
    for match in _PARAMETER.finditer(inside):
        before = inside[at : match.start()]
        depth += sum(map(before.count, "([{")) - sum(map(before.count, ")]}"))
        at = match.start()
        if depth == 0:
            starts.append(match)
    ends = [match.start() for match in starts] + [len(inside)]
    return {match[1]: inside[match.end() : end].strip() for match, end in zip(starts, ends[1:], strict=True)}


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
