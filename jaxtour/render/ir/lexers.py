"""The Pygments lexers of the three stages: `pygmentize -l jaxpr`, `-l stablehlo`, `-l hlo`."""

import re
from collections.abc import Mapping
from typing import Any

from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace, _TokenType

from jaxtour.render.ir.highlight import HLO_RULES, JAXPR_RULES, STABLEHLO_RULES, Rules
from jaxtour.render.text.layout import Style

TOKENS: Mapping[Style, _TokenType] = {
    "keyword": Keyword,
    "constant": Keyword.Constant,
    "type": Keyword.Type,
    "primitive": Name.Function,
    "muted": Name.Attribute,
    "name": Name.Label,
    "string": String,
    "number": Number,
    "comment": Comment.Single,
    "": Name.Variable,
}


def _states(rules: Rules) -> dict[str, list[Any]]:
    """Return the rules, followed by rules for the text between their matches."""
    return {
        "root": [
            *((pattern, TOKENS[style]) for pattern, style in rules),
            (r"\s+", Whitespace),
            (r"[=*+/@%&|^~!?<>-]", Operator),
            (r"[^\w\s]", Punctuation),
            (r"\w", Name.Variable),
        ]
    }


class JaxprLexer(RegexLexer):
    """A lexer for jaxprs, as JAX 0.9 to 0.12 print them."""

    name = "jaxpr"
    aliases = ["jaxpr"]
    filenames = ["*.jaxpr"]
    url = "https://docs.jax.dev/en/latest/jaxpr.html"
    tokens = _states(JAXPR_RULES)

    @staticmethod
    def analyse_text(text: str) -> float:
        """Return the confidence that the text is a jaxpr: 0 or 0.9."""
        return 0.9 if text.lstrip().startswith("{ lambda") else 0.0


class StableHloLexer(RegexLexer):
    """A lexer for StableHLO modules, with or without locations."""

    name = "StableHLO"
    aliases = ["stablehlo", "mlir-stablehlo"]
    filenames = ["*.stablehlo", "*.mlir"]
    url = "https://openxla.org/stablehlo/spec"
    tokens = _states(STABLEHLO_RULES)

    @staticmethod
    def analyse_text(text: str) -> float:
        """Return the confidence that the text is StableHLO: 0 or 1."""
        return 1.0 if re.search(r"^module @", text, re.M) and "stablehlo." in text else 0.0


class HloLexer(RegexLexer):
    """A lexer for HLO modules, as XLA prints them before or after its passes."""

    name = "HLO"
    aliases = ["hlo", "xla-hlo"]
    filenames = ["*.hlo"]
    url = "https://openxla.org/xla/operation_semantics"
    tokens = _states(HLO_RULES)

    @staticmethod
    def analyse_text(text: str) -> float:
        """Return the confidence that the text is HLO: 0 or 1."""
        return 1.0 if text.lstrip().startswith("HloModule ") else 0.0
