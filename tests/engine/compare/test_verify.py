import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.course.model import Ask, Exercise, Expect, NameRules, Step, TimeSpec, TraceSpec
from jaxtour.engine.compare.tokens import difference, spread, tokens
from jaxtour.engine.compare.verify import Mismatch, mismatches, needs_hlo, over, status, verify
from jaxtour.engine.report import Report, advance
from jaxtour.engine.wire import messages as wire
from jaxtour.text import Raw, harmless

ENDED = wire.Done(run=1, status="ok")
FAILED = wire.Done(run=1, status="error")
EXECUTED = wire.Executed(run=1, status="ok", seconds=0.1)


def step(**fields) -> Step:
    return harmless(Step(**{"id": "one", "title": "One", "text": "", "code": "x", **fields}))


def expecting(**fields) -> Step:
    return step(expect=Expect(**fields))


def report(**fields) -> Report:
    return Report(**{"run": 1, "done": ENDED, **fields})


def array(text: str = "[1. 2.]", **fields) -> wire.Value:
    return harmless(
        wire.Value(
            **{"type": "Array", "text": text, "shape": (2,), "dtype": "float32", "devices": ("cpu:0",), **fields}
        )
    )


def failure(kind: str = "TypeError", message: str = "no such thing", **fields) -> wire.Failure:
    bases = {"TypeError": (), "ConcretizationTypeError": ("jax.errors.ConcretizationTypeError", "TypeError")}
    names = (kind, *bases.get(kind, ()), "Exception", "BaseException")
    return wire.Failure(run=1, type=kind, bases=names, message=message, **fields)


def trace(label: str = "f(x)", *primitives: str, equations: int = 1, error: str | None = None) -> wire.Trace:
    return harmless(
        wire.Trace(run=1, index=0, label=label, call="f(x)", primitives=primitives, equations=equations, error=error)
    )


EXERCISE = step(exercise=Exercise(starter="x = ?", check="assert x", solution="x = 1"))


# How a step ended -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "seen", "expected", "problems"),
    [
        (step(), report(), "ok", []),
        (step(), report(value=array(), stdout=Raw("anything")), "ok", []),
        (step(), report(done=None), "failed", ["the step did not end"]),
        (
            step(),
            report(failure=failure(line=3), done=FAILED),
            "failed",
            ["raised TypeError: no such thing (line 3)"],
        ),
        (
            step(),
            report(failure=failure(message="first\n\nsecond"), done=FAILED),
            "failed",
            ["raised TypeError: first"],
        ),
        (step(), report(failure=failure(message=""), done=FAILED), "failed", ["raised TypeError"]),
        (step(raises="TypeError"), report(failure=failure(), done=FAILED), "raised", []),
        (step(raises="TypeError"), report(failure=failure("ConcretizationTypeError"), done=FAILED), "raised", []),
        (
            step(raises="jax.errors.ConcretizationTypeError"),
            report(failure=failure("ConcretizationTypeError"), done=FAILED),
            "raised",
            [],
        ),
        (
            step(raises="ValueError"),
            report(failure=failure(line=2), done=FAILED),
            "failed",
            ["expected ValueError, got TypeError: no such thing (line 2)"],
        ),
        (
            step(raises="ConcretizationTypeError"),
            report(failure=failure(), done=FAILED),
            "failed",
            ["expected ConcretizationTypeError, got TypeError: no such thing"],
        ),
        (step(raises="TypeError"), report(), "failed", ["expected TypeError, but nothing was raised"]),
        (
            step(),
            report(done=wire.Done(run=1, status="died", reason="killed by SIGSEGV")),
            "died",
            ["the worker died: killed by SIGSEGV"],
        ),
        (
            step(timeout=2.5),
            report(done=wire.Done(run=1, status="timeout")),
            "timeout",
            ["ran past its time limit of 2.5 s"],
        ),
        (step(), report(done=wire.Done(run=1, status="interrupted")), "failed", ["the step was interrupted"]),
        # An expected error does not make up for the end of the worker.
        (
            step(raises="TypeError"),
            report(failure=failure(), done=wire.Done(run=1, status="died")),
            "died",
            ["the worker died"],
        ),
    ],
)
def test_how_it_ended(made, seen, expected, problems):
    assert status(made, seen) == expected
    assert verify(made, seen) == problems


def test_what_is_expected_after_an_expected_error():
    made = step(raises="TypeError", expect=Expect(stdout="1"))
    seen = report(failure=failure(), done=FAILED, stdout=Raw("2\n"))
    assert verify(made, seen) == ["stdout: expected 1, got 2"]
    assert status(made, seen) == "raised"


def test_an_unexpected_error_is_one_line_not_many():
    seen = report(failure=failure(), done=FAILED)
    assert len(verify(expecting(stdout="1", shape=(2,), primitives=NameRules(has=("sin",))), seen)) == 1


# Values and output ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expect", "value", "problems"),
    [
        ({"value": "1 2"}, array(), []),
        ({"value": (("1", "2"),)}, array("[[1. 2.]]"), []),
        ({"value": ("1", "3")}, array(), ["value: expected 3 after 1, got 2."]),
        ({"value": "30"}, array("30.000002"), []),
        ({"value": "30"}, array("30.01"), ["value: expected 30, got 30.01"]),
        ({"type": "Array", "shape": (2,), "dtype": "float32", "devices": 1}, array(), []),
        ({"type": "float"}, array(), ["type: expected float, got Array"]),
        ({"shape": (3, 2)}, array(), ["shape: expected [3, 2], got [2]"]),
        ({"shape": ()}, array("1.", shape=()), []),
        ({"shape": (1,)}, harmless(wire.Value(type="float", text="1.0")), ["shape: expected [1], got none"]),
        ({"dtype": "int32"}, array(), ["dtype: expected int32, got float32"]),
        ({"devices": 8}, array(), ["devices: expected 8, got 1"]),
        ({"value": "1", "shape": ()}, None, ["value, shape: the last expression has no value"]),
    ],
)
def test_values(expect, value, problems):
    assert verify(expecting(**expect), report(value=value)) == problems


def test_output():
    assert verify(expecting(stdout="0.51 ... 3 rows"), report(stdout=Raw("0.51001\nand then\n(3, rows)\n"))) == []
    [problem] = verify(expecting(stdout="f(3) = 30.0"), report(stdout=Raw("f(3) = 31.0\nmore\n")))
    assert problem == "stdout: expected 30.0 after f 3 =, got 31.0 more"
    [problem] = verify(expecting(stdout="yes"), report(stdout=Raw("no " * 1000)))
    assert len(problem) < 120 and problem.endswith("…")


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("1 2", "[1., 2.00001]"),
        ("[[1, 2], [3, 4]]", "[[1 2]\n [3 4]]"),
        ("a ... b", "a x y b"),
        ("a ... b", "a b"),
        ("...", ""),
        ("... 3", "1 2 3"),
        ("1 ...", "1 2 3"),
        ("a ... b ... c", "a 1 b b 2 c"),
        ("nan -inf inf", "nan -inf inf"),
        ("-0.0", "0."),
        ("1e-8", "0"),
        ("1e3", "1000"),
        ("True", "True"),
        ("", "  \n"),
        ("float32[3]", "float32(3)"),
        ("1+2j", "(1+2j)"),
        ("0.10.2", "0.10.2"),
    ],
)
def test_texts_that_agree(expected, got):
    assert difference(expected, got) is None


@pytest.mark.parametrize(
    ("expected", "got", "told"),
    [
        ("1 2 3", "1 2", "expected 3 after 1 2, got nothing more"),
        ("1 2", "1 2 3", "expected nothing more after 1 2, got 3"),
        ("inf", "-inf", "expected inf, got -inf"),
        ("1", "1.001", "expected 1, got 1.001"),
        ("True", "False", "expected True, got False"),
        ("float32", "float64", "expected float32, got float64"),
        ("1", "one", "expected 1, got one"),
        ("a ... b", "a c", "expected b, got c"),
        ("a ... a", "a", "expected a, got nothing more"),
        ("a", "", "expected a, got nothing"),
        ("... x ... b", "b a", "expected x, got b a"),
        ("x ... y 1", "x y 2", "expected 1 after y, got 2"),
        ("a b", "A b", "expected a b, got A b"),
    ],
)
def test_texts_that_differ(expected, got, told):
    assert difference(expected, got) == told


@given(st.lists(st.floats(allow_nan=False, width=32), max_size=20))
def test_numbers_agree_however_they_are_laid_out(numbers):
    assert difference(spread(tuple(str(number) for number in numbers)), f"[{', '.join(map(repr, numbers))}]") is None


@given(st.text(max_size=100), st.text(max_size=100))
def test_comparing_never_fails(expected, got):
    assert difference(expected, expected.replace("...", " ")) is None or "..." in expected
    assert difference(f"... {got}" if got else "...", got) is None or "..." in got
    assert (difference(expected, got) is None) or tokens(expected) != tokens(got)


# What JAX made of it --------------------------------------------------------------------------------------------------


def test_primitives_are_taken_over_all_traces():
    seen = report(traces=(trace("one", "dot_general", "tanh"), trace("two", "pjit", "while")))
    assert verify(expecting(primitives=NameRules(has=("dot_general", "jit|pjit"), lacks=("scan",))), seen) == []
    assert verify(expecting(primitives=NameRules(has=("sin|cos",), lacks=("while", "scan|tanh"))), seen) == [
        "primitives: expected sin or cos, got dot_general, pjit, tanh, while",
        "primitives: did not expect while",
        "primitives: did not expect tanh",
    ]
    assert verify(expecting(primitives=NameRules(lacks=("while",))), report()) == ["primitives: nothing was traced"]


def test_opcodes_count_in_their_asynchronous_parts():
    def opcodes(*names: str, error: str | None = None) -> Report:
        return report(hlo=(wire.Hlo(run=1, index=0, opcodes=names, error=error),))

    wants = expecting(hlo=NameRules(has=("all-reduce",), lacks=("all-gather",)))
    assert needs_hlo(wants) and not needs_hlo(step()) and not needs_hlo(expecting(stdout=""))
    assert verify(wants, opcodes("all-reduce", "fusion")) == []
    assert verify(wants, opcodes("all-reduce-start", "all-reduce-done")) == []
    assert verify(wants, opcodes("fusion")) == ["hlo: expected all-reduce, got fusion"]
    assert verify(wants, opcodes("all-reduce", "all-gather-start")) == ["hlo: did not expect all-gather"]
    assert verify(wants, report()) == ["hlo: nothing was compiled"]
    assert "hlo: no backend" in verify(wants, opcodes(error="no backend"))


def test_equations_by_label():
    seen = report(traces=(trace("one", equations=3), trace("two", equations=5)))
    assert verify(expecting(equations={"one": 3, "two": 9}), seen) == []
    assert verify(expecting(equations={"two": 4, "three": 1}), seen) == [
        "equations of two: expected at most 4, got 5",
        "equations: no trace is labelled three; labels: one, two",
    ]


def test_compiles_and_warnings():
    executed = wire.Executed(run=1, status="ok", seconds=0.1, compiles=2)
    warned = wire.Warned(run=1, category="UserWarning", message="x")
    seen = report(executed=executed, warnings=(warned,))
    assert verify(expecting(compiles=2, warns="UserWarning"), seen) == []
    assert verify(expecting(compiles=0, warns="jax.DepWarning"), seen) == [
        "compiles: expected 0, got 2",
        "warns: expected jax.DepWarning, got UserWarning",
    ]
    assert verify(expecting(warns="UserWarning"), report()) == ["warns: expected UserWarning, got no warning"]


def test_traces_that_failed_count_if_the_step_asks_for_them():
    seen = report(traces=(trace("f(x)", error="TypeError: no"),))
    assert verify(step(), seen) == []
    assert verify(step(trace=(harmless(TraceSpec(call="f(x)")),)), seen) == ["trace f(x): TypeError: no"]
    seen = report(traces=(trace("f(x)"), trace("g(x)", error="TypeError: no")))
    assert verify(step(trace=("f(x)", "g(x)")), seen) == ["trace g(x): TypeError: no"]


def test_timings_that_failed():
    bad = harmless(wire.Timing(run=1, index=0, label="f", call="f(x)", platform="cpu", error="TypeError: no"))
    good = harmless(wire.Timing(run=1, index=1, label="g", call="g(x)", platform="cpu", median_s=1e-6))
    seen = report(timings=(bad, good))
    assert verify(step(time=(harmless(TimeSpec(call="f(x)")), "g(x)")), seen) == ["timing f on cpu: TypeError: no"]


def test_a_mark_must_be_in_a_jaxpr_that_proves_the_answer():
    marked = step(ask=Ask(question="Q", choices=("a", "b"), answer=1, proof="jaxpr", mark="sinh"))
    stage = wire.Stage(run=1, index=0, stage="jaxpr", text="a = sin b", lines=(), origins=())
    seen = advance(report(traces=(trace(),), done=None), stage)
    assert mismatches(marked, msgspec.structs.replace(seen, done=ENDED)) == [
        Mismatch("ask: `sinh` is in no jaxpr, so no line is marked", ("ask", "mark"))
    ]
    # A part of a word is not marked. Without a proof, the lines of the pane that the step is about are.
    for other in ({"mark": "si"}, {"proof": None}):
        assert verify(step(ask=msgspec.structs.replace(marked.ask, **other)), msgspec.structs.replace(seen, done=ENDED))
    for other in ({"mark": "sin"}, {"proof": "result"}):
        fine = msgspec.structs.replace(marked.ask, **other)
        assert verify(step(ask=fine), msgspec.structs.replace(seen, done=ENDED)) == []


# What the learner does ------------------------------------------------------------------------------------------------


def test_a_question_needs_its_answer():
    asked = step(ask=Ask(question="Q", value="f(x)"))
    assert verify(asked, report(answer="3")) == []
    assert verify(asked, report()) == ["ask: `f(x)` has no answer"]
    assert verify(step(ask=Ask(question="Q", choices=("a", "b"), answer=1)), report()) == []
    chosen = step(ask=Ask(question="Q", choices=("2, since", "3"), value="f(x)"))
    assert verify(chosen, report(answer="2")) == []
    assert verify(chosen, report(answer="4")) == ["ask: `f(x)` is 4, which is not among the choices"]
    said = report(unanswered="NameError: f")
    assert verify(asked, said) == ["ask: `f(x)` has no answer: NameError: f"]
    raced = step(ask=Ask(question="Q", choices=("f", "g"), value="fastest of f | g"))
    assert verify(raced, report(answer="about the same")) == [] != verify(raced, report())


def test_an_exercise_is_right_when_its_check_says_so():
    made = step(code="", exercise=harmless(Exercise(starter="a", check="b", solution="c")))
    assert (status(made, report(checked=wire.Checked(run=1, passed=True))), verify(made, report())) == (
        "ok",
        ["exercise: the check did not run"],
    )
    wrong = report(checked=wire.Checked(run=1, passed=False, message="not\nyet"))
    assert status(made, wrong) == "failed"
    assert verify(made, wrong) == ["exercise: the solution fails its check: not yet"]


def test_every_expectation_is_verified():
    """Every expectation is verified: one that is added to the model and forgotten here would pass whatever comes."""
    impossible = {"value": "1", "stdout": "1", "type": "x", "shape": (9,), "dtype": "x", "devices": 9, "compiles": 9}
    impossible |= {
        "primitives": NameRules(has=("x",)),
        "hlo": NameRules(has=("x",)),
        "equations": {"x": 1},
        "warns": "x",
    }
    assert set(impossible) == {field.name for field in msgspec.structs.fields(Expect)}
    for name, wanted in impossible.items():
        assert len(verify(expecting(**{name: wanted}), report())) == 1


def test_a_tuple_of_arrays_is_compared_by_its_numbers() -> None:
    text = "(Array(30., dtype=float32, weak_type=True), Array([15., 2.], dtype=float32))"
    found = report(value=harmless(wire.Value(type="tuple", text=text)))
    assert verify(expecting(value=["30", ["15", "2"]]), found) == []
    assert "expected 16" in verify(expecting(value=["30", ["16", "2"]]), found)[0]
    assert verify(expecting(value="(Array(30., ...), Array([15., 2.], ...))"), found) == []


@pytest.mark.parametrize(("raises", "limit"), [("TimeoutError", 2.0), ("TimeoutError", None), ("ValueError", 2.0)])
def test_a_step_may_be_expected_to_run_out_of_time(raises: str, limit: float | None) -> None:
    step = Step(id="s", title="S", text="", code=Raw("wait()"), raises=raises, timeout=limit)
    report = Report(run=1, done=wire.Done(run=1, status="timeout", reason="the run took longer than 2 s"))
    expected = raises == "TimeoutError" and limit is not None
    assert (status(step, report), bool(verify(step, report))) == (("raised", False) if expected else ("timeout", True))


@pytest.mark.parametrize(
    ("made", "seen", "expected"),
    [
        (step(), None, False),
        (step(), report(done=None), False),
        (step(), report(), True),
        (step(), report(failure=failure(), done=FAILED), False),
        (step(raises="TypeError"), report(failure=failure(), done=FAILED), True),
        (step(raises="TypeError"), report(), False),
        (step(), report(done=None, executed=EXECUTED), True),
        (step(raises="TypeError"), report(done=None, executed=EXECUTED), False),
        (step(raises="TypeError"), report(done=None, executed=EXECUTED, failure=failure()), True),
        (EXERCISE, report(done=None, executed=EXECUTED), False),
        (EXERCISE, report(done=None, executed=EXECUTED, checked=wire.Checked(run=1, passed=False)), False),
        (EXERCISE, report(done=None, executed=EXECUTED, checked=wire.Checked(run=1, passed=True)), True),
    ],
)
def test_a_step_is_over_once_its_code_has_run_as_intended(made: Step, seen: Report | None, expected: bool) -> None:
    assert over(made, seen) is expected
