"""Questions that the worker answers in another way than by the value of an expression: `WHAT of CALL`."""

import re
from collections.abc import Mapping

from jaxtour.course.model import Proof

PROOFS: Mapping[str, Proof] = {
    "equations": "jaxpr", "primitives": "jaxpr", "shape": "result", "dtype": "result", "compilations": "result",
    "device": "devices", "devices": "devices", "fastest": "time",
}  # fmt: skip
"""What the worker can answer of a call, and what proves the answer."""
_WHAT_OF = re.compile(r"\s*([a-z]+)\s+of\s+(\S.*)", re.S)


def what_of(value: str) -> tuple[str, str]:
    """`WHAT` and `CALL` of such a question, which may be unknown; nothing and all of it for an expression."""
    match = _WHAT_OF.fullmatch(value)
    return (match[1], match[2]) if match else ("", value)
