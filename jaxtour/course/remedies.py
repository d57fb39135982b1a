"""Explains YAML errors in a lesson author's words, and says what to write instead."""

import re

from yaml.error import Mark, MarkedYAMLError

from jaxtour.text import short

QUOTE = "quote it, or use |"
INDENT = "this line's indentation differs from the lines around it: align it with the keys it belongs to"

DASH = re.compile(r"-(\s|$)")


def explain(error: Exception, lines: list[str]) -> tuple[int, int, str]:
    """Return line, column and message for an error of PyYAML's parsers, with a remedy if the cause is known."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return 1, 1, f"this is not YAML: {short(str(error), 120)}"
    mark, message = _cause(error, error.problem_mark, lines)
    if mark.line >= len(lines):
        # libyaml puts the end of a file without a final newline there.
        return len(lines), len(lines[-1]) + 1, message
    return mark.line + 1, mark.column + 1, message


def _cause(error: MarkedYAMLError, mark: Mark, lines: list[str]) -> tuple[Mark, str]:
    """Return the place and the message; libyaml and PyYAML word `problem` differently."""
    problem, context = error.problem or "", error.context or ""
    start = error.context_mark or mark
    line = lines[mark.line] if mark.line < len(lines) else ""
    before, rest = line[: mark.column], line[mark.column :]
    if "tab character" in problem:
        return mark, "a tab cannot indent: use spaces"
    if "mapping values" in problem:
        return mark, f"`: ` inside a value begins a new key: {QUOTE}" if ":" in before else INDENT
    if "cannot start any token" in problem:
        if rest.startswith("\t"):
            return mark, "a tab cannot indent: use spaces"
        return mark, f"a value cannot begin with {_sign(rest)}: {QUOTE}"
    if "sequence entries" in problem:
        return mark, f"`- ` cannot begin a list in the middle of a line: {QUOTE}"
    if "unknown escape" in problem:
        return mark, "this backslash escape is not allowed in double quotes: use single quotes, or |"
    if "quoted scalar" in context or "-quoted" in context:
        return start, f"this quote is not closed ({short(problem, 60)}): close it, or use |"
    for what in ("alias", "anchor", "tag"):
        if what in context:
            sign = lines[start.line][start.column : start.column + 1] if start.line < len(lines) else ""
            return start, f"`{sign}` begins a YAML {what}, which jaxtour does not read: {QUOTE}"
    return _structure(problem, context, mark, start, before, rest)


def _structure(problem: str, context: str, mark: Mark, start: Mark, before: str, rest: str) -> tuple[Mark, str]:
    """Return the place and the message for faults in lines and brackets."""
    if "block scalar" in context:
        return start, f"after `|` or `>` the text begins on the next line: if this is a value, {QUOTE}"
    if "node content" in problem:
        if DASH.match(rest):
            return mark, "`- ` cannot begin a list inside brackets: is a bracket above not closed?"
        if rest:
            return mark, f"a value cannot begin with {_sign(rest)}: {QUOTE}"
        return mark, "a value is missing here: is a bracket above not closed?"
    if "flow" in context:
        bracket = "[" if "sequence" in context else "{"
        return start, f"`{bracket}` begins a list or a mapping that is not closed: if this is text, {QUOTE}"
    if "simple key" in context:
        return start, "this line is not `key: value`: indent it if it belongs to the text above, or add the colon"
    if "block mapping" in context or "block collection" in context or "block sequence" in context:
        if not before.strip() and re.match(r"-\w", rest):
            return mark, "a list entry needs a space after its dash: write `- `"
        if before.strip(" -"):
            return mark, f"the value ended before this, at its closing bracket or quote: {QUOTE}"
        return mark, INDENT
    if "document start" in problem:
        return mark, "the document ended above: keep one lesson per file"
    return mark, f"this is not YAML: {short(problem, 120)}"


def _sign(rest: str) -> str:
    return "a backtick" if rest.startswith("`") else f"`{rest[:1]}`"
