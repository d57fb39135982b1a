"""Highlights HLO as XLA prints it, line by line."""

from jaxtour.render.text.rules import RulePainter, Rules

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_ELEMENT = r"(?:pred|[su]\d+|f\d+(?:e\d+m\d+\w*)?|bf16|c64|c128|token|opaque)"

RULES: Rules = (
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

hlo_line = RulePainter(RULES)
