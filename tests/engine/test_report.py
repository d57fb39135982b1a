import pytest

from jaxtour.engine.report import Report, Request, advance, files_of, requested
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire import messages as wire
from jaxtour.engine.wire.commands import StageRequest
from jaxtour.engine.wire.records import Program, Site
from jaxtour.engine.wire.timings import Peak
from jaxtour.text import Raw, harmless


def folded(*events: wire.Event, onto: Report | None = None) -> Report:
    report = onto or Report(run=7)
    for event in events:
        report = advance(report, event)
    return report


def text(part: str, stream: str = "stdout", **fields) -> wire.Text:
    return harmless(wire.Text(run=7, stream=stream, text=part, **fields))


def test_a_whole_run():
    value = harmless(wire.Value(type="float", text="1.0"))
    trace = harmless(wire.Trace(run=7, index=0, label="f", call="f()"))
    hlo = wire.Hlo(run=7, index=0, opcodes=("add",))
    timing = harmless(wire.Timing(run=7, index=0, label="f", call="f()", platform="cpu"))
    warned = wire.Warned(run=7, category="UserWarning", message="x")
    executed = wire.Executed(run=7, status="ok", seconds=0.5, compiles=2)
    checked = wire.Checked(run=7, passed=True)
    done = wire.Done(run=7, status="ok", seconds=2.0)
    report = folded(
        wire.RunProgress(run=7, phase="running"),
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
        wire.RunProgress(run=7, phase="timing", done=1, of=3),
        timing,
        done,
    )
    assert report == Report(
        run=7,
        phase="done",
        stdout=Raw("ab"),
        stderr=Raw("e"),
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
    report = advance(report, wire.RunProgress(run=7, phase="running"))
    assert report.phase == "running" and report.progress is not None
    report = advance(report, wire.Executed(run=7, status="error", seconds=1.0))
    assert report.phase == "executed"
    # A change of what is written while tracing does not make it run again.
    report = advance(advance(report, text("late")), wire.RunProgress(run=7, phase="tracing"))
    assert report.phase == "executed"
    assert advance(report, wire.Done(run=7, status="ok")).phase == "done"


def test_without_executed_the_whole_time_is_told():
    assert folded(wire.Done(run=7, status="timeout", seconds=3.0)).seconds == 3.0


@pytest.mark.parametrize(
    "event",
    [
        harmless(wire.Text(run=6, stream="stdout", text="old")),
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
    assert report.stdout.text == "a\n… 100 bytes left out …\nz"
    assert report.stderr.text == "\n… 11 bytes left out …\ne"


def test_what_was_written_while_jax_traced_is_told_by_ranges():
    report = folded(
        text("before\n"), text("one ", tracing=True), text("two\n", tracing=True), text("e\n", "stderr", tracing=True),
        text("between\n"), text("three ", tracing=True, dropped=5), text("four\n", tracing=True),
    )  # fmt: skip
    assert [report.stdout.text[start:end] for start, end in report.traced] == ["one two\n", "three four\n"]
    assert report.stderr.text == "e\n"


def test_retraces_and_peaks_are_kept_in_their_order():
    retraces = tuple(wire.Retrace(run=7, function="f", count=count) for count in (1, 2))
    peaks = tuple(Peak(run=7, platform=name, kind=name, flops_per_s=1e9, bytes_per_s=1e9) for name in ("cpu", "gpu"))
    report = folded(retraces[0], peaks[0], retraces[1], peaks[1])
    assert (report.retraces, report.peaks) == (retraces, peaks)


def test_background_output_is_kept_apart():
    report = folded(text("a"), wire.Done(run=7, status="ok"), text("late", background=True), text("r", background=True))
    assert (report.stdout.text, report.background.text, report.phase) == ("a", "later", "done")


def test_a_failure_is_kept():
    failure = wire.Failure(run=7, type="TypeError", bases=("TypeError",), message="no")
    assert folded(failure).failure == failure


def test_two_reports_differ_by_what_is_shown_and_not_by_progress():
    assert folded(text("a")) == folded(wire.RunProgress(run=7, phase="running"), text("a"))


# Requests
# --------------------------------------------------------------------------------------------------------------


def part(stage: str, text_of_it: str = "a", **fields) -> wire.Stage:
    return wire.Stage(**{"run": 7, "index": 0, "stage": stage, "text": text_of_it, **fields})


LOOKED = {"run": 9}


def test_jaxprs_come_with_the_run_and_other_stages_with_looks():
    report = folded(part("jaxpr"), part("jaxpr", "b", index=1), wire.Done(run=7, status="ok"))
    assert [report.stage(index, "jaxpr").text for index in (0, 1)] == ["a", "b"]
    assert report.stage(0, "hlo") is None
    report = requested(report, 9, (StageRequest(index=0, stage="hlo"),))
    report = folded(
        wire.RunProgress(run=9, phase="compiling", label="f"),
        part("hlo", "x", parts=2, **LOOKED),
        onto=report,
    )
    assert not report.stage(0, "hlo").complete and report.progress.label == "f" and report.phase == "done"
    report = folded(part("hlo", "y", part=1, parts=2, **LOOKED), wire.Done(run=9, status="ok", dirty=True), onto=report)
    assert report.stage(0, "hlo").text == "x\ny"
    assert (report.request, report.progress, report.done.run) == (None, None, 7)


def test_stages_may_come_mixed():
    one, two = part("hlo", "1", parts=2), part("stablehlo", "3", parts=2)
    report = folded(
        one, two, part("stablehlo", "4", part=1, parts=2), part("hlo", "5", index=1), part("hlo", "2", part=1, parts=2)
    )
    assert {key: stage.text for key, stage in report.stages.items()} == {
        (0, "hlo"): "1\n2", (0, "stablehlo"): "3\n4", (1, "hlo"): "5",
    }  # fmt: skip


def test_a_look_that_executes_the_step_once_more_adds_nothing_but_stages():
    report = requested(folded(text("a"), wire.Done(run=7, status="ok")), 9, (StageRequest(index=0, stage="hlo"),))
    again = folded(
        harmless(wire.Text(run=9, stream="stdout", text="a")),
        harmless(wire.Trace(run=9, index=0, label="f", call="f()")),
        wire.Executed(run=9, status="ok", seconds=9.0),
        onto=report,
    )
    assert again is report


def test_what_was_looked_at_is_looked_at_anew_and_the_rest_stays():
    report = folded(part("jaxpr"), part("hlo", "old"), part("hlo", "other", index=1), wire.Done(run=7, status="ok"))
    report = requested(report, 9, (StageRequest(index=0, stage="hlo"),))
    assert (report.stage(0, "hlo"), report.stage(1, "hlo").text, report.stage(0, "jaxpr").text) == (None, "other", "a")
    report = folded(part("hlo", "new", **LOOKED), wire.Done(run=9, status="ok"), onto=report)
    assert report.stage(0, "hlo").text == "new"


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        ("interrupted", "", "interrupted"),
        ("died", "killed by SIGKILL", "the worker died: killed by SIGKILL"),
        ("timeout", "it took longer than 3 s", "stopped: it took longer than 3 s"),
        ("ok", "", "the worker has nothing to show"),
    ],
)
def test_a_stage_that_does_not_come_says_why(status, reason, says):
    done = wire.Done(run=9, status=status, reason=reason)
    requests = tuple(StageRequest(index=0, stage=stage) for stage in ("stablehlo", "hlo"))
    report = requested(folded(part("jaxpr"), wire.Done(run=7, status="ok")), 9, requests)
    report = folded(part("stablehlo", **LOOKED), part("hlo", parts=2, **LOOKED), done, onto=report)
    assert report.stage(0, "stablehlo").text == "a"
    assert (report.stage(0, "hlo").error, report.stage(0, "hlo").complete) == (says, True)
    nothing = folded(done, onto=requested(report, 9, requests))
    assert [nothing.stage(0, stage).error for stage in ("stablehlo", "hlo")] == [says, says]
    assert nothing.stage(0, "jaxpr").text == "a"


def test_a_jaxpr_that_was_cut_says_why():
    report = folded(part("jaxpr", parts=2), wire.Done(run=7, status="died", reason="killed"))
    assert report.stage(0, "jaxpr").error == "the worker died: killed"


def timed(call, median, run=7, **rest):
    return harmless(wire.Timing(run=run, index=0, label=call, call=call, platform="cpu", median_s=median, **rest))


def test_what_is_measured_again_takes_the_place_of_what_was():
    report = folded(timed("f()", 1.0), timed("g()", 2.0), timed("g()", 3.0, size=8), wire.Done(run=7, status="ok"))
    report = folded(
        timed("g()", 4.0, run=9), timed("h()", 5.0, run=9), timed("g()", 6.0, run=9, size=8),
        onto=requested(report, 9, timings=True),
    )  # fmt: skip
    assert [(each.call.text, each.median_s) for each in report.timings] == [
        ("f()", 1.0), ("g()", 4.0), ("g()", 6.0), ("h()", 5.0)
    ]  # fmt: skip
    done = folded(wire.Done(run=9, status="ok"), onto=report)
    assert (done.request, done.timing_error, done.done.run) == (None, None, 7)
    cut = folded(wire.Done(run=9, status="died", reason="killed"), onto=report)
    assert cut.timing_error == "the worker died: killed" and cut.timings == report.timings
    assert requested(cut, 10, timings=True).timing_error is None
    assert requested(cut, 10, (StageRequest(index=0, stage="hlo"),)).timing_error is not None


def test_a_ladder_is_its_levels():
    levels = tuple(wire.Level(run=9, index=index, label=label) for index, label in enumerate(("f", "grad(f)")))
    report = requested(folded(part("jaxpr")), 9, (), ladder=True)
    report = folded(
        levels[0], part("jaxpr", "r0", level=True, **LOOKED),
        levels[1], part("jaxpr", "r1", index=1, level=True, **LOOKED),
        wire.Done(run=9, status="ok"), onto=report,
    )  # fmt: skip
    assert report.levels == levels and [report.level_stages[index, "jaxpr"].text for index in (0, 1)] == ["r0", "r1"]
    assert report.stage(0, "jaxpr").text == "a" and report.ladder_error is None
    again = requested(report, 10, (), ladder=True)
    assert (again.levels, again.level_stages.get((0, "jaxpr"))) == ((), None)
    cut = folded(wire.Done(run=10, status="interrupted"), onto=again)
    assert (cut.ladder_error, cut.request) == ("interrupted", None)
    assert requested(cut, 11, (StageRequest(index=0, stage="hlo"),)).ladder_error == "interrupted"
    assert requested(cut, 11, (), ladder=True).ladder_error is None


def test_a_level_that_was_cut_says_why():
    report = requested(folded(part("jaxpr")), 9, (), ladder=True)
    level = wire.Level(run=9, index=0, label="f")
    done = wire.Done(run=9, status="timeout", reason="stopped")
    report = folded(level, part("jaxpr", "r0", parts=2, level=True, **LOOKED), done, onto=report)
    assert report.level_stages[0, "jaxpr"].error == report.ladder_error == "stopped"
    assert report.stage(0, "jaxpr").error is None


def test_a_look_at_stages_that_was_cut_says_nothing_of_ladders_and_timings():
    look = StageRequest(index=0, stage="hlo")
    report = advance(Report(run=9, request=Request(9, (look,))), wire.Done(run=9, status="interrupted"))
    assert report.stage(0, "hlo").error == "interrupted"
    assert (report.request, report.ladder_error, report.timing_error) == (None, None, None)


def test_another_look_takes_the_place_of_one_that_is_under_way():
    report = requested(folded(part("jaxpr")), 9, (StageRequest(index=0, stage="hlo"),))
    report = requested(report, 10, (StageRequest(index=0, stage="stablehlo"),))
    assert folded(part("hlo", **LOOKED), wire.Done(run=9, status="interrupted"), onto=report) is report
    assert not report.takes(part("hlo", **LOOKED)) and report.takes(part("stablehlo", run=10))


def test_the_users_files_that_a_report_names():
    def span(file: str) -> wire.Span:
        return wire.Span(file, 1, 1, 1, 2)

    origin = wire.Origin(
        kind="equation", spans=(span("/x/at.py"), span("lesson/step")), callers=(span("/x/caller.py"),)
    )
    frame = wire.TracebackFrame(file="/x/raised.py", line=1)
    inner = wire.Inner(type="E", message="", frames=(wire.TracebackFrame(file="/x/inner.py", line=1),))
    site = Site(file="/x/calls.py", line=3)
    report = Report(
        run=7,
        failure=wire.Failure(run=7, type="E", bases=(), message="", frames=(frame,), inner=(inner,)),
        programs=(Program(run=7, index=0, function="f", file="/x/defined.py", called_at=(site,)),),
        stages={(0, "jaxpr"): StageText(index=0, stage="jaxpr", origins=(origin,))},
    )
    assert sorted(path.stem for path in files_of(report)) == ["at", "caller", "calls", "defined", "inner", "raised"]
