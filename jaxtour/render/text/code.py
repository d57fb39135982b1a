"""Renders Python source as styled lines."""

from collections.abc import Mapping
from functools import cache

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String, _TokenType

from jaxtour.render.text.layout import Line, Style, StyledText

STYLES: Mapping[_TokenType, Style] = {
    Comment: "comment",
    Error: "",
    Keyword: "keyword",
    Keyword.Constant: "constant",
    Name: "name",
    Name.Class: "function",
    Name.Decorator: "function",
    Name.Function: "function",
    Number: "number",
    Operator: "operator",
    Operator.Word: "keyword",
    Punctuation: "",
    String: "string",
    String.Interpol: "operator",
}


@cache
def style_of(token: _TokenType) -> Style:
    """Return the style of a token, or of its nearest parent kind."""
    kind: _TokenType | None = token
    while kind is not None:
        if kind in STYLES:
            return STYLES[kind]
        kind = kind.parent
    return ""


@cache
def _lexer() -> PythonLexer:
    # The lexer must not strip anything, because the tokens must add up to the text.
    return PythonLexer(stripnl=False, ensurenl=False)


def python_lines(source: str) -> list[Line]:
    """Return harmless source highlighted, line by line."""
    lines: list[Line] = []
    line: list[StyledText] = []
    for token, text in _lexer().get_tokens(source):
        style = style_of(token)
        first, *rest = text.split("\n")
        _add(line, first, style)
        for part in rest:
            lines.append(tuple(line))
            line = []
            _add(line, part, style)
    if line or not source.endswith("\n"):
        lines.append(tuple(line))
    return lines


def _add(line: list[StyledText], text: str, style: Style) -> None:
    if not text:
        return
    if line and (line[-1][1] == style or text.isspace()):
        # Spaces look the same in every style.
        line[-1] = (line[-1][0] + text, line[-1][1])
    else:
        line.append((text, style))
