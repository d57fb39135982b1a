"""Highlights StableHLO as MLIR prints it, line by line."""

from jaxtour.render.text.rules import RulePainter, Rules

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_ANGLES = r"<(?:[^<>\n]|<(?:[^<>\n]|<[^<>\n]*>)*>)*>"
_SCALAR = r"(?:[su]?i\d+|ui\d+|f\d+(?:E\d+M\d+\w*)?|bf16|tf32|index|none)"
_DIALECT = r"[a-z]\w*(?:\.[a-z]\w*)+"

RULES: Rules = (
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

stablehlo_line = RulePainter(RULES)
