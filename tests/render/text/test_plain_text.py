"""A step becomes text, for a pager or a log."""

import msgspec
from msgspec.structs import replace

from jaxtour.course.model import Ask, Broken, Choice, Exercise, Lesson, Problem, Requires, Step
from jaxtour.engine.report import Report
from jaxtour.engine.stage import assembled
from jaxtour.engine.wire.messages import (
    Checked,
    CheckOutcome,
    Device,
    Done,
    Facts,
    Failure,
    Host,
    Span,
    Stage,
    Timing,
    Trace,
    TracebackFrame,
    Value,
    Warned,
)
from jaxtour.render.text.plain import lesson_heading, requirements, step_text, worker_text
from jaxtour.text import Raw, harmless

FAILS = harmless(
    Step(
        id="fails",
        title="A function for one example",
        text="`predict` takes **one** example.",
        setup="import jax\nw = 1\n",
        code="def f(x):\n    return x.y\n\nf(1)\n",
        raises="AttributeError",
        after="The error names `y`.",
    )
)
VMAP = harmless(
    Step(
        id="vmap",
        title="For a batch",
        text="Read.",
        code="many(w, X)\n",
        ask=Ask(question="How many equations?", value="equations of many(w, X)"),
    )
)
WRITE = harmless(
    Step(
        id="write",
        title="Yours",
        text="Write it.",
        ask=Ask(question="Which?", choices=("this", "that"), answer=2),
        exercise=Exercise(starter="...", check="assert x", solution="x = 1"),
    )
)
BROKEN = harmless(
    Broken(id="bad", title="Bad", error=Problem(file="a.yaml", line=3, column=4, message="unknown key `cod`"))
)
LESSON = Lesson(
    id="vmap",
    title="One example, then many",
    summary="Write it for one.",
    minutes=4,
    steps=(FAILS, VMAP, WRITE, BROKEN),
    requires=Requires(devices=8),
)
FAILED = Report(
    run=1,
    stdout=Raw("before\n"),
    failure=harmless(
        Failure(
            run=1,
            type="AttributeError",
            bases=("AttributeError", "Exception"),
            message="no y",
            frames=(
                TracebackFrame(file="vmap/fails", line=4, column=1, end_column=5, text="f(1)"),
                TracebackFrame(
                    file="vmap/fails", line=2, column=12, end_column=15, text="    return x.y", function="f"
                ),
            ),
        )
    ),
    done=Done(run=1, status="error"),
)
JAXPR = "{ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }"
RAN = Report(
    run=2,
    stderr=Raw("note\n"),
    warnings=(Warned(run=2, category="UserWarning", message="careful", line=1),),
    value=harmless(
        Value(type="Array", text="[1. 2.]", shape=(2,), dtype="float32", devices=("cpu:0",), committed=False)
    ),
    traces=(
        harmless(Trace(run=2, index=0, label="many", call="many(w, X)", equations=1)),
        harmless(Trace(run=2, index=1, label="g(1)", call="g(1)", error="g is no function")),
    ),
    stages={(0, "jaxpr"): assembled(None, Stage(run=2, index=0, stage="jaxpr", text=JAXPR))},
    timings=(
        harmless(
            Timing(run=2, index=0, label="many", call="many(w, X)", platform="cpu", median_s=2e-3, first_s=0.1, runs=15)
        ),
    ),
    answer="5",
    background=Raw("late\n"),
    done=Done(run=2, status="ok"),
)


def test_a_step_that_fails_as_it_should():
    assert step_text(LESSON, FAILS, FAILED, width=60) == (
        "1 of 4  A function for one example  vmap/fails\n"
        "──────────────────────────────────\n"
        "\n"
        "`predict` takes one example.\n"
        "\n"
        "  (2 lines of setup run first)\n"
        "   1  def f(x):\n"
        "   2      return x.y\n"
        "   3\n"
        "   4  f(1)\n"
        "\n"
        "── output\n"
        "before\n"
        "\n"
        "── error, as expected\n"
        "AttributeError  no y\n"
        "\n"
        "line 4         f(1)\n"
        "               ────\n"
        "line 2  in f   return x.y\n"
        "                      ───\n"
        "\n"
        "The error names `y`.\n"
    )


def test_a_step_with_everything():
    assert step_text(LESSON, VMAP, RAN, width=40) == (
        "2 of 4  For a batch  vmap/vmap\n"
        "───────────────────\n"
        "\n"
        "Read.\n"
        "\n"
        "How many equations?\n"
        "\n"
        "   1  many(w, X)\n"
        "\n"
        "── standard error\n"
        "note\n"
        "\n"
        "── warnings\n"
        "⚑ UserWarning  line 1  careful\n"
        "\n"
        "── result\n"
        "Array float32[2]  on cpu:0, uncommitted\n"
        "[1. 2.]\n"
        "\n"
        "── jaxpr of many: many(w, X), 1 equation\n"
        "{ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }\n"
        "\n"
        "── jaxpr of g(1)\n"
        "none: g is no function\n"
        "\n"
        "── time, 15 runs, CPU, blocked\n"
        "       complete   first call\n"
        "many    2.00 ms      100  ms\n"
        "\n"
        "── written after the end\n"
        "late\n"
        "\n"
        "── answer\n"
        "the answer: 5\n"
    )


def test_an_answer_is_graded():
    ask = Ask(question="Which?", choices=(Choice(text="2", reply="One too few."), "3"), value=Raw("x"))
    step = harmless(msgspec.structs.replace(VMAP, ask=ask))
    told = [step_text(LESSON, step, replace(RAN, answer=answer), 40, said=said).rpartition("── ")[2]
            for said, answer in (("3", "3"), ("2", "3"), ("2", None))]  # fmt: skip
    assert told == [
        "answer\nthe answer: 3\nyou said:   3  ✓ right\n",
        "answer\nthe answer: 3\nyou said:   2  ✗ not this time\nOne too few.\n",
        "answer\nyou said:   2  not graded\n",
    ]


def test_an_unexpected_error_is_no_expected_one():
    text = step_text(LESSON, VMAP, FAILED)
    assert "── error\n" in text and "as expected" not in text


def test_an_exercise_shows_what_is_run_and_its_check():
    text = step_text(LESSON, WRITE, Report(run=1, checked=Checked(run=1, passed=False, message="x is 2")))
    assert "  1. this\n  2. that\n" in text and text.endswith("── answer\nthe answer: that\n")
    assert "  (an exercise: this is its solution)\n   1  x = 1\n" in text
    assert "── check\n✗ not yet  x is 2\n" in text
    failed = CheckOutcome(
        what="f(x) agrees with the solution",
        passed=False,
        say="It\noverflows.",
        expected="[1, 0]",
        got="[nan, 0]",
        given="x = 1.0\ny = 2.0",
        spans=(Span("a/write", 2, 5, 2, 9), Span("a/write", 4, 1, 4, 9)),
    )
    outcomes = (CheckOutcome(what="it is so", passed=True), failed, CheckOutcome(what="it is fast"))
    text = step_text(LESSON, WRITE, Report(run=1, checked=Checked(run=1, passed=False, message="x", outcomes=outcomes)))
    assert text.partition("── check\n")[2] == (
        "✗ not yet\n"
        "✓ it is so\n"
        "✗ f(x) agrees with the solution\n"
        "  It\n"
        "  overflows.\n"
        "  expected  [1, 0]\n"
        "  got       [nan, 0]\n"
        "  for       x = 1.0\n"
        "            y = 2.0\n"
        "  lines 2, 4\n"
        "· it is fast: not checked yet\n"
        "\n"
        "── answer\n"
        "the answer: that\n"
    )
    assert "answer" not in step_text(LESSON, WRITE)


def test_how_a_run_ended():
    died = Report(run=1, done=Done(run=1, status="died", seconds=1.2, reason="killed by SIGSEGV"))
    assert step_text(LESSON, VMAP, died).endswith("── died\nthe worker died after 1.20 s: killed by SIGSEGV\n")
    late = Report(run=1, done=Done(run=1, status="timeout", seconds=60.0))
    assert step_text(LESSON, VMAP, late).endswith("── timeout\nstopped after 60.0 s\n")


def test_a_value_on_several_devices_is_drawn():
    value = harmless(Value(type="Array", text="", shape=(2,), dtype="float32", devices=("cpu:0", "cpu:1")))
    assert "── sharding\non 2 devices, cpu:0-1\n" in step_text(LESSON, VMAP, Report(run=1, value=value))


def test_a_step_without_a_run_and_a_broken_one():
    assert step_text(LESSON, VMAP).endswith("How many equations?\n\n   1  many(w, X)\n")
    assert step_text(LESSON, BROKEN).splitlines()[-1] == "this step does not load: a.yaml:3:4: unknown key `cod`"


def test_the_lesson():
    assert lesson_heading(LESSON) == (
        "One example, then many\n══════════════════════\n\nWrite it for one.\n\nvmap  4 min, 4 steps, 8 devices\n\n"
    )
    assert "1 of 4" in step_text(LESSON, FAILS, FAILED) and "4 of 4  Bad" in step_text(LESSON, BROKEN)


def test_the_worker_is_named_with_what_is_simulated():
    cpus = tuple(Device(id=number, platform="cpu", kind="cpu", simulated=True) for number in range(8))
    host = Host(cpu="AMD EPYC", cores=2, memory_bytes=24 * 2**30)
    versions = {"python": "3.12.1", "jax": "0.10.2", "jaxlib": "0.10.2", "numpy": "2.4", "host": host}
    facts = Facts(**versions, platforms=("cpu",), simulated=True, devices=cpus)
    assert worker_text(facts) == ("jax 0.10.2, Python 3.12.1, 8 simulated CPU devices, AMD EPYC, 2 cores, 24 GiB\n\n")
    gpu = harmless(Device(id=0, platform="gpu", kind="NVIDIA\x1b H200"))
    one = Device(id=0, platform="cpu", kind="cpu")
    facts = Facts(**versions, platforms=("gpu", "cpu"), simulated=False, devices=(gpu, one))
    assert worker_text(facts).startswith("jax 0.10.2, Python 3.12.1, NVIDIA␛ H200, CPU, AMD EPYC")


def test_what_a_lesson_requires():
    assert requirements(Requires()) == []
    everything = Requires(jax=">=0.10", devices=4, platform="tpu")
    assert requirements(everything) == ["4 devices", "a TPU", "jax >=0.10"]


def test_ascii_and_hostile_text():
    step = harmless(Step(id="x", title="[red]\x1b", text="a\u202e", code="print('\x07')", after="→ π"))
    report = Report(run=1, stdout=Raw("\x1b[31mred\x1b[0m →\n"), done=Done(run=1, status="ok"))
    lesson = harmless(Lesson(id="x", title="\x1bt", summary="s\x07", minutes=1, steps=(step,)))
    text = lesson_heading(lesson) + step_text(lesson, step, report)
    assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
    assert "[red]␛" in text and "␛[31mred␛[0m →" in text
    assert (lesson_heading(lesson, ascii=True) + step_text(lesson, step, report, ascii=True)).isascii()
