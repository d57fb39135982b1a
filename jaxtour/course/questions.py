"""Questions whose answer takes the worker more than the value of an expression: `WHAT of CALL`."""

import ast
import re
from collections.abc import Mapping

from jaxtour.course.model import Proof

PROOFS: Mapping[str, Proof] = {
    "equations": "jaxpr", "primitives": "jaxpr", "shape": "result", "dtype": "result", "compilations": "result",
    "device": "devices", "devices": "devices", "fastest": "time",
}  # fmt: skip
"""What the worker can answer about a call, and what proves the answer."""
_COUNTS = ("equations", "compilations")
_NUMBERS = ("int", "float", "round", "len", "count")
"""Functions and methods whose values are numbers."""
_WHAT_OF = re.compile(r"\s*([a-z]+)\s+of\s+(\S.*)", re.S)


def what_of(value: str) -> tuple[str, str]:
    """Split such a question into `WHAT`, which may be unknown, and `CALL`; an expression has an empty `WHAT`."""
    match = _WHAT_OF.fullmatch(value)
    return (match[1], match[2]) if match else ("", value)


def is_number(value: str) -> bool:
    """Return whether the question alone shows that the answer is a number."""
    what, rest = what_of(value)
    if what:
        return what in _COUNTS
    try:
        call = ast.parse(rest.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return False  # a problem of the lesson, which reports it
    name = call.func if isinstance(call, ast.Call) else None
    return (name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else "") in _NUMBERS
