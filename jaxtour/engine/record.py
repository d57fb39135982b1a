"""The timings of a run as records for other programs."""

from typing import Any

from jaxtour.engine.messages import Timing
from jaxtour.engine.report import Report
from jaxtour.engine.timings import Difference, Spread


def timing_records(report: Report) -> dict[str, Any]:
    """`timings` and `retraces` of a report; seconds, operations and bytes of one call, and null for what is not known.

    A retrace is a trace that an earlier one did not save; the first of each function is none.
    """
    again = [each for each in report.retraces if each.reason or each.count > 1]
    return {
        "timings": [_timing(timing) for timing in report.timings],
        "retraces": [
            {"function": each.function, "count": each.count, "reason": each.reason, "line": each.line} for each in again
        ],
    }


def _timing(timing: Timing) -> dict[str, Any]:
    record: dict[str, Any] = {
        "label": timing.label,
        "call": timing.call.text,
        "platform": timing.platform,
        "baseline": timing.baseline,
        "simulated": timing.simulated,
        "trace_s": timing.trace_s,
        "lower_s": timing.lower_s,
        "compile_s": timing.compile_s,
        "first_s": timing.first_s,
        "dispatch": timing.dispatch and _spread(timing.dispatch),
        "complete": timing.complete and _spread(timing.complete),
        "median_s": timing.median_s,
        "runs": timing.runs,
        "flops": timing.flops,
        "bytes": timing.bytes,
        "cost_notes": list(timing.cost_notes),
        "differs": [_difference(found) for found in timing.differs],
        "verdicts": [{"code": verdict.code, "message": verdict.message} for verdict in timing.verdicts],
    }
    if timing.size is not None:
        record["size"] = timing.size
    if timing.transfer_bytes is not None:
        record["transfer_bytes"] = timing.transfer_bytes
    return record | ({"error": timing.error} if timing.error else {})


def _difference(found: Difference) -> dict[str, Any]:
    record: dict[str, Any] = {"against": found.against, "absolute": found.absolute, "ulp": found.ulp}
    return record | ({"shapes": found.shapes} if found.shapes else {})


def _spread(spread: Spread) -> dict[str, Any]:
    return {name: getattr(spread, name) for name in ("best_s", "median_s", "q1_s", "q3_s", "runs", "group")}
