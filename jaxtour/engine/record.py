"""The timings of a run, and what a program compiled, as records for other programs."""

from typing import Any

import msgspec

from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Failure, Inner, Timing
from jaxtour.engine.wire.timings import Difference, Spread

_FIELDS = (
    "label", "call", "platform", "baseline", "simulated", "trace_s", "lower_s", "compile_s", "first_s", "dispatch",
    "complete", "median_s", "runs", "flops", "bytes", "cost_notes", "differs", "verdicts",
)  # fmt: skip
_OPTIONAL = ("size", "transfer_bytes", "error")


def timing_records(report: Report) -> dict[str, Any]:
    """Return `timings` and `retraces` of a report: seconds, operations and bytes of one call, null if unknown.

    The first trace of a function is not a retrace.
    """
    again = [each for each in report.retraces if each.reason or each.count > 1]
    return {
        "timings": [_timing(timing) for timing in report.timings],
        "retraces": [
            {"function": each.function, "count": each.count, "reason": each.reason, "line": each.line} for each in again
        ],
    }


def _timing(timing: Timing) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(timing, name) for name in _FIELDS}
    record |= {
        "call": timing.call.text,
        "dispatch": timing.dispatch and _spread(timing.dispatch),
        "complete": timing.complete and _spread(timing.complete),
        "cost_notes": list(timing.cost_notes),
        "differs": [_difference(found) for found in timing.differs],
        "verdicts": [{"code": verdict.code, "message": verdict.message} for verdict in timing.verdicts],
    }
    return record | {name: value for name in _OPTIONAL if (value := getattr(timing, name)) is not None}


def _difference(found: Difference) -> dict[str, Any]:
    record: dict[str, Any] = {"against": found.against, "absolute": found.absolute, "ulp": found.ulp}
    return record | ({"shapes": found.shapes} if found.shapes else {})


def _spread(spread: Spread) -> dict[str, Any]:
    return {name: getattr(spread, name) for name in ("best_s", "median_s", "q1_s", "q3_s", "runs", "group")}


VERSION = 1
_WIRE_ONLY = ("run", "index", "key")


def program_record(report: Report) -> dict[str, Any]:
    """Return `programs`, `eager`, `stdout` and `error` of a recorded run; seconds, and null for what is unknown."""
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
    """Return the exception, at the innermost line of the user's code, and those in it if it is a group."""
    told = _raised(failure)
    told["line"] = told["line"] or failure.line
    return {**told, "inner": [_raised(each) for each in failure.inner]} if failure.inner else told


def _raised(error: Failure | Inner) -> dict[str, Any]:
    frame = error.frames[-1] if error.frames else None
    return {
        "type": error.type,
        "message": error.message,
        "file": frame.file if frame else None,
        "line": frame.line if frame else None,
    }
