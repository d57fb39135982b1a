"""What a program compiled, as a record for other programs."""

from typing import Any

import msgspec

from jaxtour.engine.messages import Failure
from jaxtour.engine.report import Report

VERSION = 1
_WIRE_ONLY = ("run", "index", "key")


def program_record(report: Report) -> dict[str, Any]:
    """`programs`, `eager`, `stdout` and `error` of a recorded run; seconds, and null for what is not known."""
    recorded = report.recorded
    return {
        "version": VERSION,
        "programs": [_without(msgspec.to_builtins(program)) for program in report.programs],
        "eager": [msgspec.to_builtins(line) for line in recorded.eager] if recorded else [],
        "stdout": report.stdout,
        "stopped": recorded.stopped if recorded else "",
        "missing": recorded.missing if recorded else "",
        "error": report.failure and _error(report.failure),
    }


def _without(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in ("event", *_WIRE_ONLY)}


def _error(failure: Failure) -> dict[str, Any]:
    """The exception, at the innermost line of the user's."""
    inner = failure.frames[-1] if failure.frames else None
    return {
        "type": failure.type,
        "message": failure.message,
        "file": inner.file if inner else None,
        "line": inner.line if inner else failure.line,
    }
