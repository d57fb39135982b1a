"""Timings become records for other programs."""

import json

from jaxtour.engine.record import timing_records
from jaxtour.engine.report import Report, advance
from jaxtour.engine.wire.messages import Retrace, Text, Timing, Verdict
from jaxtour.engine.wire.timings import Difference, Spread
from jaxtour.text import harmless

SPREAD = Spread(best_s=1.0, q1_s=2.0, median_s=3.0, q3_s=4.0, runs=30, group=2, quantiles=(1.0, 4.0))


def test_the_record_of_a_report():
    timing = harmless(Timing(
        run=1, index=0, label="f", call="f(x)", platform="cpu", trace_s=0.1, first_s=0.5, dispatch=SPREAD,
        complete=SPREAD, median_s=3.0, runs=30, flops=8.0, bytes=4.0,
        differs=(Difference(against="host", absolute=0.5),),
        verdicts=(Verdict(code="folded", message="Gone."),),
    ))  # fmt: skip
    report = advance(Report(run=1), timing)
    for count, reason in ((1, ""), (2, "x was f32[8], now f32[9]")):
        report = advance(report, Retrace(run=1, function="f", count=count, reason=reason, line=3))
    record = json.loads(json.dumps(timing_records(report)))
    (found,) = record["timings"]
    assert found["complete"] == {"best_s": 1.0, "median_s": 3.0, "q1_s": 2.0, "q3_s": 4.0, "runs": 30, "group": 2}
    assert (found["trace_s"], found["lower_s"], found["compile_s"], found["first_s"]) == (0.1, None, None, 0.5)
    assert found["verdicts"] == [{"code": "folded", "message": "Gone."}]
    assert found["differs"] == [{"against": "host", "absolute": 0.5, "ulp": None}]
    assert not {"size", "transfer_bytes", "error"} & found.keys()
    assert record["retraces"] == [{"function": "f", "count": 2, "reason": "x was f32[8], now f32[9]", "line": 3}]


def test_what_is_not_known_is_null_and_what_failed_says_why():
    timing = harmless(Timing(run=1, index=0, label="f", call="f(n)", platform="cpu", size=8, error="TypeError: no"))
    (found,) = timing_records(advance(Report(run=1), timing))["timings"]
    assert found["dispatch"] is None and found["complete"] is None
    assert (found["size"], found["error"]) == (8, "TypeError: no")


def test_what_was_printed_while_tracing_is_known_by_its_characters():
    report = Report(run=1)
    for text, tracing in (("a\n", False), ("in", True), ("\n", True), ("b\n", False), ("c", True)):
        report = advance(report, harmless(Text(run=1, stream="stdout", text=text, tracing=tracing)))
    report = advance(report, harmless(Text(run=1, stream="stderr", text="err", tracing=True)))
    assert [report.stdout.text[start:end] for start, end in report.traced] == ["in\n", "c"]
    gap = advance(Report(run=1), harmless(Text(run=1, stream="stdout", text="x", dropped=7, tracing=True)))
    assert [gap.stdout.text[start:end] for start, end in gap.traced] == ["x"]
