"""The timings of a run as records for other programs."""

from typing import Any

from jaxtour.engine.messages import Timing
from jaxtour.engine.report import Report
from jaxtour.engine.timings import Difference, Spread

_FIELDS = (
    "label", "call", "platform", "baseline", "simulated", "trace_s", "lower_s", "compile_s", "first_s", "dispatch",
    "complete", "median_s", "runs", "flops", "bytes", "cost_notes", "differs", "verdicts",
)  # fmt: skip
_OPTIONAL = ("size", "transfer_bytes", "error")


def timing_records(report: Report) -> dict[str, Any]:
    """`timings` and `retraces` of a report: seconds, operations and bytes of one call, null if unknown.

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
