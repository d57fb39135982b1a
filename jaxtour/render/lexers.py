"""The Pygments lexer for jaxprs: `pygmentize -l jaxpr`."""

from collections.abc import Mapping

from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace, _TokenType

from jaxtour.render.ir import RULES
from jaxtour.render.spans import Style

TOKENS: Mapping[Style, _TokenType] = {
    "keyword": Keyword,
    "type": Keyword.Type,
    "primitive": Name.Function,
    "muted": Name.Attribute,
    "name": Name.Label,
    "string": String,
    "number": Number,
    "comment": Comment.Single,
    "": Name.Variable,
}


class JaxprLexer(RegexLexer):
    """Tells the parts of a jaxpr apart, as JAX 0.9 to 0.12 print it."""

    name = "jaxpr"
    aliases = ["jaxpr"]
    filenames = ["*.jaxpr"]
    url = "https://docs.jax.dev/en/latest/jaxpr.html"
    tokens = {
        "root": [
            *((pattern, TOKENS[style]) for pattern, style in RULES),
            (r"\s+", Whitespace),
            (r"[=*+/@%&|^~!?<>-]", Operator),
            (r"[^\w\s]", Punctuation),
            (r"\w", Name.Variable),
        ]
    }

    @staticmethod
    def analyse_text(text: str) -> float:
        """How surely the text is a jaxpr: 0 or 0.9."""
        return 0.9 if text.lstrip().startswith("{ lambda") else 0.0
