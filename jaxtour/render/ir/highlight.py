"""Highlights jaxprs, StableHLO and HLO line by line, and names each stage's highlighter and unit."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.messages import Trace
from jaxtour.render.ir.gutter import UNITS, is_continued, place_of
from jaxtour.render.text.layout import Line, Style, StyledText, pad, width_of
from jaxtour.text import grouped

Rules: TypeAlias = Sequence[tuple[str, Style]]
"""Patterns without groups, with their styles; the first match counts. Spaces and punctuation separate tokens."""

COLOURED = 4000
"""The number of characters highlighted in a line; the rest is plain."""


class RulePainter:
    """Highlights a line of text: call it with the text, and it returns the styled line."""

    def __init__(self, rules: Rules) -> None:
        # Runs of punctuation come first: no token begins there, and they would otherwise cost half of the time.
        self._pattern = re.compile(r"[\s()\[\]{},:;.=]+|" + "|".join(f"({pattern})" for pattern, _ in rules), re.M)
        self._styles: tuple[Style, ...] = ("", *(style for _, style in rules))

    def __call__(self, text: str) -> Line:
        spans: list[StyledText] = []
        done = 0
        for match in self._pattern.finditer(text, 0, COLOURED):
            style = self._styles[match.lastindex or 0]
            if style:
                start, end = match.span()
                if start > done:
                    spans.append((text[done:start], ""))
                spans.append((text[start:end], style))
                done = end
        if done < len(text) or not spans:
            spans.append((text[done:], ""))
        return tuple(spans)


_STRING = r'"(?:[^"\\\n]|\\.)*"'
_ELEMENT = r"(?:pred|[su]\d+|f\d+(?:e\d+m\d+\w*)?|bf16|c64|c128|token|opaque)"

HLO_RULES: Rules = (
    (r"/\*[^*\n]*\*/|//[^\n]*", "comment"),
    # Metadata is for the links; highlighted, it would distract from the operation.
    (rf"metadata=\{{(?:[^{{}}\"\n]|{_STRING})*\}}", "comment"),
    (r"%[\w.\-]+", ""),
    (_STRING, "string"),
    (r"^HloModule\b|^ENTRY\b|(?<=  )ROOT\b", "keyword"),
    (r"(?<=^HloModule )[\w.\-]+", "name"),
    (rf"(?<![\w.\-]){_ELEMENT}\[[\d,<=?]*\](?:\{{[^{{}}\n]*\}})?", "type"),
    (r"(?<=[\])}] )[a-z][\w\-]*(?=\()", "primitive"),
    (r"(?<=direction=)\w+|(?<=kind=)\w+|(?<=comparison_type=)\w+|(?<=dim_labels=)[\w?>-]+", "constant"),
    (r"[A-Za-z_]\w*(?==(?!=))", "muted"),
    (r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])|(?<![\w.\-])-?(?:true|false|nan|inf)\b", "number"),
    (r"[A-Za-z_][\w.\-]*", ""),
)

hlo_line = RulePainter(HLO_RULES)


_ANGLES = r"<(?:[^<>\n]|<(?:[^<>\n]|<[^<>\n]*>)*>)*>"
_SCALAR = r"(?:[su]?i\d+|ui\d+|f\d+(?:E\d+M\d+\w*)?|bf16|tf32|index|none)"
_DIALECT = r"[a-z]\w*(?:\.[a-z]\w*)+"

STABLEHLO_RULES: Rules = (
    (r"//[^\n]*", "comment"),
    (r"\bloc\((?:#loc\d*|unknown|\"[^\"\n]*\")\)", "comment"),
    (r"[%^][\w$.-]+(?:[:#]\d+)?", ""),
    (rf'"{_DIALECT}"(?=\()', "primitive"),
    (_STRING, "string"),
    (r"@(?:[\w$.-]+|\"[^\"\n]*\")", "name"),
    (r"\b(?:module|func\.func|public|private|attributes|(?:\w+\.)?return)\b(?! =)", "keyword"),
    (r"\b(?:cond|do|reducer|init|applies|across)\b(?! =)", "keyword"),
    (rf"(?:(?<== )|(?<=  )|(?<=applies )){_DIALECT}(?! ?=)", "primitive"),
    (r"(?:(?<== )|(?<=  ))call(?= @)", "primitive"),
    (rf"(?:tensor|memref|vector|complex|tuple){_ANGLES}|!\w[\w.]*(?:{_ANGLES})?|(?<![\w.]){_SCALAR}(?![\w.])", "type"),
    (r"#[A-Za-z_][\w.]*", "muted"),
    (r"[A-Za-z_][\w.\-]*(?= = )", "muted"),
    (r"\b(?:dense|array|dense_resource)(?=<)|\bcallsite\b|\bloc(?=\()|\bat(?= #)|\bto(?= )", "muted"),
    (r"\b(?:EQ|NE|LT|LE|GT|GE|SIGNED|UNSIGNED|FLOAT|TOTALORDER|DEFAULT|HIGHEST|HIGH)\b", "constant"),
    (r"0x[0-9A-Fa-f]+|(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|\b(?:true|false|unit|nan|inf)\b", "number"),
    (r"[A-Za-z_][\w.]*", ""),
)

stablehlo_line = RulePainter(STABLEHLO_RULES)


_NAME = r"[A-Za-z_][\w\-]*"
_SHAPE = r"\[[^\]\n]*\]"
_BRACES = r"\{[^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)*\}"
TYPE = rf"~?(?:Tok\b|[A-Za-z]\w*(?:<\w+>)?(?:{_SHAPE}(?:{_BRACES})?|{_BRACES}))"
"""A variable's type, after its name and a colon."""

JAXPR_RULES: Rules = (
    # An equation without results begins its line; `b[0] <- c` is a write to a reference instead.
    (rf"(?<=  )(?:{_NAME}(?=\[(?![^={{\n]* (?:<-|\+=) ))|[A-Za-z_][\w\-]{{3,}}(?= (?:[a-z]|$)))", "primitive"),
    (rf"(?:(?<=\. let )|(?<=; )){_NAME}(?=\[)", "primitive"),
    (rf"(?<= = ){_NAME}(?=[\[ \n;]|$)", "primitive"),
    (r"(?<= )(?:<-|\+=)(?= )", "primitive"),
    (r"(?:(?<=\s)|^)#[^\n]*", "comment"),
    (r"(?<=\{ )lambda\b|(?<=\. )let\b|^let(?= \S+ = \{)|\bin(?= \()|(?<=\} )in$", "keyword"),
    (rf"(?<=:){TYPE}", "type"),
    (rf"\b(?<!\.)(?:bool|b?float\d+(?:_\w+)?|bfloat16|u?int\d+|complex\d+|key<\w+>)(?!\w)(?:{_SHAPE})?", "type"),
    # The learner's own text: to the end of the line, or to the next parameter of `debug.print`.
    (r"(?<=\bfmt=).+?(?= (?:has_placeholders|in_tree|ordered|effect)=|$)", "string"),
    (r"(?<=\bname=)[^\s\]]+", "name"),
    (r"[A-Za-z_]\w*(?==(?!=))", "muted"),
    (r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", "string"),
    (r"<(?!-)[^<>\n]*(?:<[^<>\n]*>[^<>\n]*)*>", "name"),
    (r"(?<![\w.])-?\d[\d.]*(?:e[+-]?\d+)?j?(?!\w)|\b(?:True|False|None)\b|(?<=[ (])-?(?:inf|nan)(?=[:+-])", "number"),
    (r"[A-Za-z_]\w*", ""),
)

jaxpr_line = RulePainter(JAXPR_RULES)

LINES: Mapping[StageName, Callable[[str], Line]] = {
    "jaxpr": jaxpr_line, "stablehlo": stablehlo_line, "hlo": hlo_line, "values": jaxpr_line,
}  # fmt: skip


def line_of(stage: StageName) -> Callable[[str], Line]:
    """Return the highlighter of a stage's lines."""
    return LINES[stage]


def jaxpr_lines(text: str) -> list[Line]:
    """Return all lines of a jaxpr, highlighted."""
    return [jaxpr_line(line) for line in text.split("\n")]


def trace_facts(trace: Trace) -> Line:
    """Return the border's text for a trace: `predict_many(w, X)   5 equations`."""
    if trace.error is not None:
        return ((trace.call.line, "muted"),)
    return stage_facts(trace.call.line, "jaxpr", trace.equations)


def stage_facts(call: str, stage: StageName, count: int) -> Line:
    """Return the border's text for a stage: `predict_many(w, X)   12 instructions`."""
    unit = UNITS[stage] if count == 1 else f"{UNITS[stage]}s"
    return (call, "muted"), (f"   {grouped(count)} {unit}", "muted")


_GAP = "  "


def stage_lines(stage: StageText, cell: str | None = None) -> list[Line]:
    """Return the stage's lines; with a `cell`, also their source places, without the file's name for the cell's own.

    An unlinked line ends with the reason.
    """
    paint = line_of(stage.stage)
    if cell is None:
        return [paint(text) for text in stage.texts]
    places = [place_of(cell, origin) for origin in stage.origins]
    width = max(map(width_of, places), default=0)
    lines: list[Line] = []
    for number, text in enumerate(stage.texts):
        goes_on = is_continued(stage, number)
        place = "" if goes_on else places[stage.ids[number]]
        unlinked = None if goes_on else stage.origin_of(number).unlinked
        why: Line = ((f"{_GAP}({unlinked})", "muted"),) if unlinked else ()
        lines.append(((pad(place, width, right=True) + _GAP, "faint"), *paint(text), *why))
    return lines


def name_columns(stage: StageName, text: str, names: Iterable[str]) -> list[tuple[int, int]]:
    """Return the columns of variables in a line of clean text, from left to right, from 0 and with exclusive ends."""
    wanted = {name.lstrip("%") for name in names}
    if not wanted:
        return []
    every = "|".join(re.escape(name) for name in sorted(wanted, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w.\-@#'\"%])%?(?:{every})(?![\w=]|[.\-]\w)")
    columns = []
    start = 0
    for part, style in line_of(stage)(text):
        if not style:
            # The match stays inside the part, but its lookarounds see the whole line.
            columns += [match.span() for match in pattern.finditer(text, start, start + len(part))]
        start += len(part)
    return [(first, end) for first, end in columns if text[end : end + 1] != "=" or text[first] == "%"]


def name_at(stage: StageName, text: str, column: int, names: Iterable[str]) -> str | None:
    """Return the one of these variables that is at a column of a line; None without one."""
    names = list(names)
    for first, end in name_columns(stage, text, names):
        if first <= column < end:
            found = text[first:end].lstrip("%")
            return next(name for name in names if name.lstrip("%") == found)
    return None
