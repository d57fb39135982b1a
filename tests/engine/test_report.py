import pytest

from jaxtour.engine import messages as wire
from jaxtour.engine.report import Report, advance


def folded(*events: wire.Event) -> Report:
    report = Report(run=7)
    for event in events:
        report = advance(report, event)
    return report


def text(part: str, stream: str = "stdout", **fields) -> wire.Text:
    return wire.Text(run=7, stream=stream, text=part, **fields)


def test_a_whole_run():
    value = wire.Value(type="float", text="1.0")
    trace = wire.Trace(run=7, index=0, label="f", call="f()")
    hlo = wire.Hlo(run=7, index=0, opcodes=("add",))
    timing = wire.Timing(run=7, index=0, label="f", call="f()", platform="cpu")
    warned = wire.Warned(run=7, category="UserWarning", message="x")
    executed = wire.Executed(run=7, status="ok", seconds=0.5, compiles=2)
    checked = wire.Checked(run=7, passed=True)
    done = wire.Done(run=7, status="ok", seconds=2.0)
    report = folded(
        wire.Progress(run=7, phase="running"),
        text("a"),
        text("e", "stderr"),
        warned,
        text("b"),
        wire.Result(run=7, value=value),
        executed,
        trace,
        hlo,
        wire.Answer(run=7, text="3"),
        checked,
        wire.Progress(run=7, phase="timing", done=1, of=3),
        timing,
        done,
    )
    assert report == Report(
        run=7,
        phase="done",
        stdout="ab",
        stderr="e",
        value=value,
        warnings=(warned,),
        traces=(trace,),
        hlo=(hlo,),
        timings=(timing,),
        answer="3",
        checked=checked,
        executed=executed,
        done=done,
    )
    assert report.progress is None
    assert (report.compiles, report.seconds) == (2, 0.5)


def test_phases():
    report = Report(run=7)
    assert report.phase == "waiting" and report.seconds is None and report.compiles == 0
    report = advance(report, wire.Progress(run=7, phase="running"))
    assert report.phase == "running" and report.progress is not None
    report = advance(report, wire.Executed(run=7, status="error", seconds=1.0))
    assert report.phase == "executed"
    # What is written while it is traced does not make it run again.
    report = advance(advance(report, text("late")), wire.Progress(run=7, phase="tracing"))
    assert report.phase == "executed"
    assert advance(report, wire.Done(run=7, status="ok")).phase == "done"


def test_without_executed_the_whole_time_is_told():
    assert folded(wire.Done(run=7, status="timeout", seconds=3.0)).seconds == 3.0


@pytest.mark.parametrize(
    "event",
    [
        wire.Text(run=6, stream="stdout", text="old"),
        wire.Done(run=8, status="ok"),
        wire.State(state="ready"),
        wire.Died(reason="killed"),
        wire.Pong(),
        wire.Log(text="x"),
    ],
)
def test_what_belongs_to_others_changes_nothing(event):
    report = folded(text("a"))
    assert advance(report, event) is report


def test_bytes_left_out_are_counted_and_marked():
    report = folded(text("a"), text("z", dropped=100), text("e", "stderr", dropped=11))
    assert report.dropped == 111
    assert report.stdout == "a\n… 100 bytes left out …\nz"
    assert report.stderr == "\n… 11 bytes left out …\ne"


def test_background_output_is_kept_apart():
    report = folded(text("a"), wire.Done(run=7, status="ok"), text("late", background=True), text("r", background=True))
    assert (report.stdout, report.background, report.phase) == ("a", "later", "done")


def test_a_failure_is_kept():
    failure = wire.Failure(run=7, type="TypeError", bases=("TypeError",), message="no")
    assert folded(failure).failure == failure


def test_two_reports_differ_by_what_is_shown_and_not_by_progress():
    assert folded(text("a")) == folded(wire.Progress(run=7, phase="running"), text("a"))
