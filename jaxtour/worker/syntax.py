"""Code that is not Python: whether it is, and where it breaks; on the standard library alone."""

import warnings
from typing import Any

_TEXT_CAP = 1000
_CHARACTERS = 100_000
"""The most characters of code that the guard compiles, as it serves nothing else meanwhile."""


def broken(code: str, file: str) -> SyntaxError | None:
    """Return why this code does not compile; None if it does, or if that would take long."""
    if len(code) > _CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError):
        return None  # whoever runs it reports that
    return None


def place(error: SyntaxError) -> dict[str, Any]:
    """Return the wire's fields for where it breaks."""
    column = max(error.offset or 0, 0)
    end = error.end_offset if error.end_offset and error.end_lineno == error.lineno else 0
    return {
        "line": error.lineno,
        "column": column,
        "end_column": end if end > column else column + 1,
        "function": "",
        "text": (error.text or "").rstrip()[:_TEXT_CAP],
    }
