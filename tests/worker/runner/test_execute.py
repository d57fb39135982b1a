import builtins
import sys
import warnings

import pytest

from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.runner.execute import (
    Source,
    Workspace,
    hush_warnings,
    last_expression,
    parsed_expression,
    show_warnings,
    written,
)
from jaxtour.worker.runner.failures import attempt, bases, failure, message


@pytest.fixture
def workspace(monkeypatch):
    space = Workspace(CompileEvents())
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(builtins, "input", builtins.input)
    space.install()
    return space


def raised(workspace, code, name="a/b", setup=""):
    outcome = workspace.run(name, setup, code)
    assert outcome.error is not None
    return failure(outcome.error, name)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", 2),
        ("x = 3\nx", 3),
        ("x = 3; x;", 3),
        ("x = 3", None),
        ("", None),
        ("# only a comment", None),
        ("for i in range(3): i", None),
        ("from __future__ import annotations\ndef f(x: nowhere): ...\nf.__annotations__['x']", "nowhere"),
        ("(\n  1\n  + 2\n)", 3),
        ("x = [1]\nif x:\n    x.append(2)\nx", [1, 2]),
    ],
)
def test_the_value_of_the_last_expression_is_kept(workspace, code, value):
    outcome = workspace.run("a/b", "", code)
    assert outcome.error is None
    assert outcome.value == value
    assert "_" not in workspace.namespace


def test_a_future_import_holds_in_the_last_expression_too(workspace):
    code = "from __future__ import annotations\n(lambda: 0).__code__.co_flags"
    import __future__

    assert workspace.run("a/b", "", code).value & __future__.annotations.compiler_flag


def test_setup_and_code_and_later_steps_share_a_namespace(workspace):
    assert workspace.run("a/b", "x = 2", "y = x + 1").error is None
    assert workspace.run("a/c", "", "x + y").value == 5


def test_classes_are_those_of_main_and_can_be_pickled(workspace):
    code = """
        import dataclasses, pickle
        @dataclasses.dataclass
        class Point:
            x: "int"
        pickle.loads(pickle.dumps(Point(3))) == Point(3)
    """
    import textwrap

    assert workspace.run("a/b", "", textwrap.dedent(code)).value is True


def test_inspect_finds_the_source(workspace):
    code = "import inspect\ndef f(x):\n    return x + 1\ninspect.getsource(f)"
    assert workspace.run("a/b", "", code).value == "def f(x):\n    return x + 1\n"


def test_input_raises_at_once(workspace):
    assert raised(workspace, "input('name? ')")["type"] == "EOFError"


def test_an_interrupt_goes_through_and_an_exit_does_not(workspace):
    with pytest.raises(KeyboardInterrupt):
        workspace.run("a/b", "", "raise KeyboardInterrupt")
    event = raised(workspace, "import sys\nsys.exit(3)")
    assert (event["type"], event["message"], event["line"]) == ("SystemExit", "3", 2)


def test_an_error_in_the_setup_keeps_the_code_from_running(workspace):
    outcome = workspace.run("a/b", "1/0", "ran = True")
    assert "ran" not in workspace.namespace
    event = failure(outcome.error, "a/b")
    assert "line" not in event
    assert event["frames"][0]["setup"] is True


def test_only_the_learners_frames_are_told_with_their_columns(workspace):
    workspace.run("a/first", "", "def helper(x):\n    return x.nothing\n")
    event = raised(workspace, "import functools\ny = 'é' + functools.reduce(lambda a, b: helper(a), [1, 2])")
    own, inside, helper = event["frames"]
    assert (own["file"], own["line"], own["column"]) == ("a/b", 2, 11)
    assert own["text"][own["column"] - 1 : own["end_column"] - 1].startswith("functools.reduce(")
    assert inside["function"] == "<lambda>"
    assert inside["text"][inside["column"] - 1 : inside["end_column"] - 1] == "helper(a)"
    assert (helper["file"], helper["function"], helper["text"]) == ("a/first", "helper", "    return x.nothing")
    assert (event["line"], event["column"]) == (2, inside["column"])


def test_a_syntax_error_tells_line_and_column(workspace):
    event = raised(workspace, "x = 1\ny = = 2")
    assert (event["type"], event["message"]) == ("SyntaxError", "invalid syntax")
    assert (event["line"], event["column"], event["end_column"]) == (2, 5, 6)
    assert event["frames"][-1]["text"] == "y = = 2"


@pytest.mark.parametrize("code", ["x = '\\0'\0", "(" * 2000 + ")" * 2000, "\ud800"])
def test_code_that_cannot_be_compiled_is_an_error_of_the_step(workspace, code):
    assert raised(workspace, code)["type"] in ("SyntaxError", "ValueError", "MemoryError", "UnicodeEncodeError")


def test_deep_recursion_is_cut_to_its_ends(workspace):
    event = raised(workspace, "def f(n):\n    return f(n + 1)\nf(0)")
    assert event["type"] == "RecursionError"
    assert len(event["frames"]) == 60
    assert event["frames"][0]["line"] == 3
    assert event["line"] == 2


def test_classes_are_named_plain_and_qualified(workspace):
    event = raised(workspace, "import jax\njax.jit(lambda x: 1 if x else 2)(3)")
    assert event["type"] == "TracerBoolConversionError"
    assert {"TypeError", "ConcretizationTypeError", "jax.errors.ConcretizationTypeError"} <= set(event["bases"])
    assert "object" not in event["bases"]
    assert bases(KeyError)[:2] == ["KeyError", "LookupError"]


def test_jaxs_own_notes_are_left_out_and_others_kept(workspace):
    event = raised(workspace, "import jax\njax.jit(lambda x: 1 if x else 2)(3)")
    assert "For simplicity" not in event["message"]
    assert "-----" not in event["message"]
    assert event["message"].splitlines()[-1].startswith("See https://")
    error = ValueError("x")
    error.add_note("a note")
    assert message(error) == "x\na note"


def test_exceptions_with_odd_texts_are_told(workspace):
    assert raised(workspace, "class E(Exception):\n    def __str__(self): raise ValueError\nraise E")["message"] == (
        "(its text raised ValueError)"
    )
    assert raised(workspace, "raise ExceptionGroup('many', [ValueError('a')])")["message"] == "many (1 sub-exception)"
    causes = "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('no a') from error"
    assert raised(workspace, causes)["message"] == "no a\nraised from KeyError: 'a'"
    itself = "error = ValueError('round')\nraise error from error"
    assert raised(workspace, itself)["message"].count("raised from") <= 5
    hidden = "import jax, numpy as np\njax.jit(lambda x: jax.pure_callback(lambda x: 1 / 0, x, x))(1.0)"
    assert "JaxStackTraceBeforeTransformation" not in raised(workspace, hidden)["message"]
    assert raised(workspace, "raise type('Odd', (BaseException,), {})('odd')")["type"] == "Odd"
    assert len(raised(workspace, "raise ValueError('x' * 10**6)")["message"]) < 70_000


GROUP = """
def fails(x):
    return 1 / x

def caught(x):
    try:
        fails(x)
    except ZeroDivisionError as error:
        return error

raise ExceptionGroup("all", [caught(0), ExceptionGroup("inner", [KeyError("b"), caught(0)])])
"""


def test_each_exception_of_a_group_has_its_own_frames(workspace):
    first, bare, second = raised(workspace, GROUP)["inner"]
    assert [(frame["line"], frame["function"]) for frame in first["frames"]] == [(7, "caught"), (3, "fails")]
    assert first == second == {**first, "type": "ZeroDivisionError", "message": "division by zero"}
    assert bare == {"type": "KeyError", "message": "'b'", "frames": []}


def test_a_large_group_has_frames_for_its_first_exceptions(workspace):
    inner = raised(workspace, GROUP.partition("raise")[0] + "raise ExceptionGroup('', [caught(0) for _ in range(200)])")
    assert [len(each["frames"]) for each in inner["inner"]] == [2] * 10 + [0] * 90


@pytest.fixture
def warned(workspace):
    events = []
    shown, filters = warnings.showwarning, warnings.filters[:]
    warnings.resetwarnings()
    warnings.simplefilter("default")
    show_warnings(events.append, 7, Source("a/b", "").file)
    yield events
    warnings.showwarning, warnings.filters[:] = shown, filters


def test_a_warning_tells_its_line_when_it_is_the_steps_own(workspace, warned):
    workspace.run("a/b", "import warnings\nwarnings.warn('in setup')", "\nwarnings.warn('é', DeprecationWarning)")
    assert warned == [
        {"event": "warning", "run": 7, "category": "UserWarning", "message": "in setup"},
        {"event": "warning", "run": 7, "category": "DeprecationWarning", "message": "é", "line": 2},
    ]


def test_a_warning_is_shown_again_in_the_next_run_but_not_when_hushed(workspace, warned):
    code = "import warnings\nfor _ in range(3): warnings.warn('again')"
    workspace.run("a/b", "", code)
    workspace.run("a/b", "", code)
    assert len(warned) == 2
    hush_warnings()
    workspace.run("a/b", "", code)
    assert len(warned) == 2


def test_warnings_are_capped(workspace, warned):
    workspace.run("a/b", "", "import warnings\nfor i in range(500): warnings.warn(str(i))")
    assert len(warned) == 100


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("f(x)", ("f(x)", True)),
        ("y = 1\nf(\n  x\n)", ("f(\n  x\n)", True)),
        ("x", ("x", False)),
        ("x = f(3)", None),
        ("", None),
    ],
)
def test_last_expression(code, found):
    assert last_expression(code) == found


def test_place_of_an_expression_is_where_it_was_written_last():
    code = "f(x)\né = f( x )\ng(1)"
    found = written(code, "f(x)")
    assert (found.lineno, found.col_offset, found.end_col_offset) == (2, 5, 11)
    assert written(code, "g(2)") is None
    assert written("x = = 1", "x") is None


def test_a_form_feed_ends_no_line(workspace):
    event = raised(workspace, "x = 1\n\f\ny = '\u2028'\n1/0")
    assert (event["line"], event["frames"][-1]["text"]) == (4, "1/0")
    assert written("\f\nf(x)", "f(x)").lineno == 2


def test_an_expression_may_span_lines(workspace):
    assert workspace.evaluate("[1,\n 2]\n .count(1)") == 1
    with pytest.raises(SyntaxError):
        parsed_expression("  ")


def test_attempt_lets_only_an_interrupt_through():
    assert attempt(int, "3") == (3, None)
    assert isinstance(attempt(sys.exit, 1)[1], SystemExit)

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(interrupted)
