"""Highlights jaxprs line by line; and names each stage's highlighter and unit."""

from collections.abc import Callable, Mapping

from jaxtour.engine.commands import StageName
from jaxtour.engine.messages import Trace
from jaxtour.render.ir.hlo import hlo_line
from jaxtour.render.ir.mlir import stablehlo_line
from jaxtour.render.text.rules import RulePainter, Rules
from jaxtour.render.text.spans import Line
from jaxtour.text.words import grouped

_NAME = r"[A-Za-z_][\w\-]*"
_SHAPE = r"\[[^\]\n]*\]"
_BRACES = r"\{[^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)*\}"
TYPE = rf"~?(?:Tok\b|[A-Za-z]\w*(?:<\w+>)?(?:{_SHAPE}(?:{_BRACES})?|{_BRACES}))"
"""A variable's type, after its name and a colon."""

RULES: Rules = (
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

jaxpr_line = RulePainter(RULES)

LINES: Mapping[StageName, Callable[[str], Line]] = {
    "jaxpr": jaxpr_line, "stablehlo": stablehlo_line, "hlo": hlo_line,
}  # fmt: skip
UNITS: Mapping[StageName, str] = {"jaxpr": "equation", "stablehlo": "operation", "hlo": "instruction"}


def line_of(stage: StageName) -> Callable[[str], Line]:
    """The highlighter of a stage's lines."""
    return LINES[stage]


def jaxpr_lines(text: str) -> list[Line]:
    """All lines of a jaxpr, highlighted."""
    return [jaxpr_line(line) for line in text.split("\n")]


def trace_facts(trace: Trace) -> Line:
    """The border's text for a trace: `predict_many(w, X)   5 equations`."""
    if trace.error is not None:
        return ((trace.call.line, "muted"),)
    return stage_facts(trace.call.line, "jaxpr", trace.equations)


def stage_facts(call: str, stage: StageName, count: int) -> Line:
    """The border's text for a stage: `predict_many(w, X)   12 instructions`."""
    unit = UNITS[stage] if count == 1 else f"{UNITS[stage]}s"
    return (call, "muted"), (f"   {grouped(count)} {unit}", "muted")
