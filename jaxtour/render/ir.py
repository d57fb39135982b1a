"""Jaxprs, line by line: a line needs nothing of the lines before it, so that only lines in view cost anything."""

import re

from jaxtour.engine.messages import Source, Trace
from jaxtour.render.clean import clean
from jaxtour.render.spans import Line, Span, Style

_NAME = r"[A-Za-z_][\w\-]*"
_SHAPE = r"\[[^\]\n]*\]"
_BRACES = r"\{[^{}\n]*(?:\{[^{}\n]*\}[^{}\n]*)*\}"

RULES: tuple[tuple[str, Style], ...] = (
    # An equation without results begins its line; `b[0] <- c` is a write to a reference instead.
    (rf"(?<=  )(?:{_NAME}(?=\[(?![^={{\n]* (?:<-|\+=) ))|[A-Za-z_][\w\-]{{3,}}(?= (?:[a-z]|$)))", "primitive"),
    (rf"(?:(?<=\. let )|(?<=; )){_NAME}(?=\[)", "primitive"),
    (rf"(?<= = ){_NAME}(?=[\[ \n;]|$)", "primitive"),
    (r"(?<= )(?:<-|\+=)(?= )", "primitive"),
    (r"(?:(?<=\s)|^)#[^\n]*", "comment"),
    (r"(?<=\{ )lambda\b|(?<=\. )let\b|^let(?= \S+ = \{)|\bin(?= \()|(?<=\} )in$", "keyword"),
    (rf"(?<=:)~?(?:Tok\b|[A-Za-z]\w*(?:<\w+>)?(?:{_SHAPE}(?:{_BRACES})?|{_BRACES}))", "type"),
    (rf"\b(?<!\.)(?:bool|b?float\d+(?:_\w+)?|bfloat16|u?int\d+|complex\d+|key<\w+>)(?!\w)(?:{_SHAPE})?", "type"),
    # Text of the learner's own: to the end of the line, or to what `debug.print` has behind it.
    (r"(?<=\bfmt=).+?(?= (?:has_placeholders|in_tree|ordered|effect)=|$)", "string"),
    (r"(?<=\bname=)[^\s\]]+", "name"),
    (r"[A-Za-z_]\w*(?==(?!=))", "muted"),
    (r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", "string"),
    (r"<(?!-)[^<>\n]*(?:<[^<>\n]*>[^<>\n]*)*>", "name"),
    (r"(?<![\w.])-?\d[\d.]*(?:e[+-]?\d+)?j?(?!\w)|\b(?:True|False|None)\b|(?<=[ (])-?(?:inf|nan)(?=[:+-])", "number"),
    (r"[A-Za-z_]\w*", ""),
)
"""What stands for what, the first that fits; between them lie spaces and punctuation."""

# Runs of punctuation first: they are most of the places where nothing can begin, and cost half the time otherwise.
_LINE = re.compile(r"[\s()\[\]{},:;.=]+|" + "|".join(f"({pattern})" for pattern, _ in RULES), re.M)
COLOURED = 4000
"""Characters of a line that are told apart; what is beyond is plain."""
_STYLES: tuple[Style, ...] = ("", *(style for _, style in RULES))


def jaxpr_line(text: str) -> Line:
    """One line of a jaxpr."""
    text = clean(text, keep_newlines=False)
    spans: list[Span] = []
    done = 0
    for match in _LINE.finditer(text, 0, COLOURED):
        style = _STYLES[match.lastindex or 0]
        if style:
            start, end = match.span()
            if start > done:
                spans.append((text[done:start], ""))
            spans.append((text[start:end], style))
            done = end
    if done < len(text) or not spans:
        spans.append((text[done:], ""))
    return tuple(spans)


def jaxpr_lines(text: str) -> list[Line]:
    """All lines of a jaxpr."""
    return [jaxpr_line(line) for line in text.split("\n")]


def trace_facts(trace: Trace) -> Line:
    """What a border says of a trace: `predict_many(w, X)   5 equations`."""
    call = clean(trace.call, keep_newlines=False)
    if trace.error is not None:
        return ((call, "muted"),)
    unit = "equation" if trace.equations == 1 else "equations"
    return (call, "muted"), (f"   {trace.equations} {unit}", "muted")


def place(source: Source | None) -> str:
    """Where a line comes from, as a gutter says it: `9:19`, or nothing."""
    return f"{source.line}:{source.column}" if source else ""
