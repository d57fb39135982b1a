"""A real worker runs notebooks: each cell gives what plain Python gives, and what IPython adds to it."""

import ast
import contextlib
import io
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from nbformat import v4
from notebooks import ran, saved

from jaxtour.course.catalogue import open_path
from jaxtour.course.model import Lesson, Step
from jaxtour.engine.compare.verify import _SHOWN as SHOWN
from jaxtour.engine.compare.verify import stored_differences, texts_differ
from jaxtour.text import Raw

ONCE = """\
import numpy as np
seen, numbers = [], iter(range(9))
def touched(x, n=1):
    seen.append(1)
    return jnp.sin(x) * n
jitted, static = jax.jit(touched), jax.jit(touched, static_argnames="n")
touched(1.0)"""
"""Cells with JAX values that would change what later cells give if they ran twice."""

CELLS = [
    ("import asyncio, helper\nimport jax, jax.numpy as jnp\nhelper.seven", "import helper\nhelper.seven"),
    ("%matplotlib inline\ndef f(x):\n    return x * 2\nf(3)", "def f(x):\n    return x * 2\nf(3)"),
    ("%time y = f(4)\ny", "y = f(4)\ny"),
    ("%timeit -n 5 f(6)", "None"),
    ("%%timeit z = 1\nprint('once')\nf(z)", "print('once')"),
    ("%%time\nprint('whole')\nf(9)", "print('whole')\nf(9)"),
    ("!exit 1\n%pip install nothing\n%odd\n5", "5"),
    ("%%bash\nexit 1", "None"),
    ("%env PAGES=3\nimport os\nos.environ['PAGES']", "'3'"),
    ("%%capture out\nprint('shown')\nf(1);", "print('shown')"),
    ("f?\n?f\npip install nothing\n6", "6"),
    ("files = !ls\nvalue = %odd 3\nfiles, value", "([], None)"),
    ("if True:\n    %time f(3)\n    !ls\nf(3)", "f(3)"),
    ("%%html\n<b>", "None"),
    ("open('data.txt').read()", "open('data.txt').read()"),
    ("await asyncio.sleep(0, f(5))", "f(5)"),
    ("async def g():\n    return 8\nh = await g()\nprint(h)\nh + 1", "h = 8\nprint(h)\nh + 1"),
    ("_ + __", "9 + 10"),
    ("Out[2] + _3", "6 + 8"),
    ("display({'a': 1}, 'b')\n_", "print({'a': 1})\nprint(repr('b'))\n14"),
    ("f(1);  # hidden", "None"),
    ("[await g() for _ in range(2)]", "[8, 8]"),
    ("jnp.arange(3) + f(1)", "import jax.numpy as jnp\njnp.arange(3) + 2"),
    ("calls = []\ndef count(x):\n    calls.append(x)\n    return len(calls)\ncount(1)", "1"),
    ("count(2)", "2"),
    ("_ = 3\nf(2)", "4"),
    ("_", "3"),
    ("f", "None"),
    (ONCE, f"import jax\n{ONCE}"),
    ("jitted(2.0)", "jitted(2.0)"),
    ("jitted(np.ones(2, np.int32))", "jitted(np.ones(2, np.int32))"),
    ("static(jnp.ones(2), 3)", "static(jnp.ones(2), 3)"),
    ("static(2, n=3)", "static(2, n=3)"),
    ("jax.vmap(touched)(jnp.ones(2))", "jax.vmap(touched)(jnp.ones(2))"),
    ("jax.vmap(jitted)(jnp.ones(2))", "jax.vmap(jitted)(jnp.ones(2))"),
    ("touched(next(numbers))", "touched(next(numbers))"),
    ("{'a': jnp.ones(2) * len(seen), 'b': next(numbers)}", "{'a': jnp.ones(2) * len(seen), 'b': next(numbers)}"),
    ("touched.model = (jnp.ones(2), 'a', [np.zeros(3)])\ntouched.model", "(jnp.ones(2), 'a', [np.zeros(3)])"),
    ("class Seen:\n    def __repr__(self): return f'{next(numbers)}'\nSeen()", "print(end=''); next(numbers)"),
    ("len(seen), next(numbers)", "len(seen), next(numbers)"),
    ("1 / 0", "1 / 0"),
]
"""The notebook's cells, and what means the same in plain Python."""


def plain_python(code: str, space: dict[str, Any]) -> tuple[str, str, str]:
    """Return what the code prints, the text of its value, and the class of what it raises."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    out = io.StringIO()
    value = None
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(tree, "plain", "exec"), space)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "plain", "eval"), space)
        except Exception as error:
            return out.getvalue(), "", type(error).__name__
    return out.getvalue(), "" if value is None else repr(value), ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text("seven = 7\n")
    (tmp_path / "data.txt").write_text("data")
    return tmp_path


async def test_each_cell_gives_what_plain_python_gives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = saved(folder, *(cell for cell, _ in CELLS))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    space: dict[str, Any] = {}
    for outcome, (code, plain) in zip(await ran(lesson), CELLS, strict=True):
        report = outcome.report
        assert report is not None
        value = report.value.plain.text if report.value else ""
        if code == "f":
            assert value == "<function __main__.f(x)>"
            continue
        got = report.stdout.text, value, report.failure.type if report.failure else ""
        assert got == plain_python(plain, space), code
        assert outcome.status == ("raised" if code == "1 / 0" else "ok"), code
        assert outcome.problems == (), code


@pytest.mark.parametrize(("name", "form"), [("book.md", "md:myst"), ("book.py", "py:percent")])
def test_a_page_and_a_script_have_the_same_cells_as_the_notebook(folder: Path, name: str, form: str) -> None:
    """A page and a script have the same cells as the notebook, so what holds for that holds for these, too."""
    lesson = saved(folder, *(cell for cell, _ in CELLS))
    jupytext.write(nbformat.read(folder / "book.ipynb", 4), folder / name, fmt=form)
    other = open_path(folder / name).entries[0].load()
    for own, step in zip(other.steps, lesson.steps, strict=True):
        assert isinstance(own, Step) and isinstance(step, Step)
        assert (own.id, own.code, own.time, own.after, own.raises) == (
            step.id, step.code, step.time, step.after, step.raises,
        )  # fmt: skip
    assert list(other.cells) == list(lesson.cells)


async def test_a_check_measures_what_ipython_would_and_traces_calls_in_their_place(folder: Path) -> None:
    lesson = saved(
        folder, "import jax.numpy as jnp\n\ndef f(x):\n    return jnp.sin(x)", "%timeit f(1.0)\n%time f(2.0)"
    )
    outcomes = await ran(lesson, survey=True)
    report = outcomes[1].report
    assert report is not None and outcomes[1].problems == ()
    assert [timing.label for timing in report.timings] == ["f(1.0)", "f(2.0)"]
    (trace,) = report.traces
    stage = report.stage(trace.index, "jaxpr")
    assert (trace.call.text, trace.primitives) == ("f(2.0)", ("sin",))
    assert stage is not None
    places = {(span.file, span.line, span.column) for origin in stage.origins for span in origin.spans}
    assert ("book-ipynb/cell-1", 4, 12) in places


async def test_errors_stand_where_the_notebook_has_them(folder: Path) -> None:
    lesson = saved(folder, "%matplotlib inline\n!ls\n%time int('x')", "x = 1\nawait x")
    first, second = [outcome.report for outcome in await ran(lesson)]
    assert first is not None and first.failure is not None
    assert (first.failure.type, first.failure.line, first.failure.column) == ("ValueError", 3, len("%time ") + 1)
    assert second is not None and second.failure is not None
    assert (second.failure.type, second.failure.line) == ("TypeError", 2)


async def test_a_lesson_has_nothing_of_a_notebook(tmp_path: Path) -> None:
    codes = ("display(1)", "import asyncio\nawait asyncio.sleep(0)", "Out", "_")
    steps = tuple(Step(id=f"s{n}", title="T", text="", code=Raw(code)) for n, code in enumerate(codes))
    lesson = Lesson(id="plain", title="T", summary="", minutes=1, steps=steps)
    failures = [outcome.report and outcome.report.failure for outcome in await ran(lesson)]
    assert [failure and failure.type for failure in failures] == ["NameError", "SyntaxError", "NameError", "NameError"]


async def test_what_differs_from_the_stored_outputs_is_told_with_both_texts(folder: Path) -> None:
    stored = {
        "c1": [v4.new_output("execute_result", data={"text/plain": "Array(0.3781, dtype=float32)"})],
        "c2": [v4.new_output("stream", name="stdout", text="loss 0.50001\n")],
        "c3": [v4.new_output("execute_result", data={"text/plain": "<__main__.C at 0x7f0123>"})],
        "c4": [v4.new_output("stream", name="stdout", text="a\nb\n")],
        "c5": [v4.new_output("execute_result", data={"text/plain": "3"})],
        "c7": [v4.new_output("execute_result", data={"text/plain": "6"})],
        "c8": [v4.new_output("error", ename="TypeError", evalue="", traceback=[])],
    }
    codes = (
        "import jax.numpy as jnp\njnp.float32(0.3792)",
        "print('loss', 0.5)",
        "class C: pass\nC()",
        "print('a')",
        "x = 3",
    )
    lesson = saved(folder, *codes, "import numpy", "numpy.int64(6)", "1 / 0", **stored)
    told = [stored_differences(lesson, outcome.step, outcome.report) for outcome in await ran(lesson)]
    assert told == [
        ["cell 1: the notebook says Array(0.3781, dtype=float32), here Array(0.3792, dtype=float32)"],
        [],
        [],
        ["cell 4 printed: the notebook says a b, here a"],
        ["cell 5: the notebook says 3, here nothing"],
        [],
        [],
        ["cell 8: the notebook says TypeError, here ZeroDivisionError"],
    ]


@pytest.mark.parametrize(
    ("stored", "got"),
    [
        ("<__main__.C object at 0x7f0123>", "<__main__.C object at 0x55aa>"),
        ("DeviceArray([1., 2.], dtype=float32)", "Array([1., 2.], dtype=float32)"),
        ("PartitionSpec(None, 'x')", "P(None, 'x')"),
        ("<class 'jaxlib.xla_extension.ArrayImpl'>", "<class 'jaxlib._jax.ArrayImpl'>"),
        ("[5.0, 1]", "[np.float64(5.0), np.int64(1)]"),
        ("\x1b[32mok\x1b[0m", "ok"),
        (" 50%|##  |\r100%|####|\ndone\r\n", " 10%|#   |\r100%|####|\ndone\n"),
        ('File "<ipython-input-3-46b5594773cb>", line 2, in f', 'File "<jaxtour:book/cell-3>", line 2, in f'),
        ('File "/tmp/ipykernel_12/345.py", line 2, in f', 'File "<jaxtour:book/cell-3>", line 2, in f'),
        ("sampled in 12.8 seconds, 3 steps", "sampled in 0.51 s, 3 steps"),
        ("took 375µs (100 it/s)", "took 1.5e-3 ms (7.25it/s)"),
    ],
)
def test_what_differs_from_run_to_run_or_between_shells_is_no_difference(stored: str, got: str) -> None:
    assert texts_differ("cell 1", stored, got) == ()


@pytest.mark.parametrize(
    ("stored", "got"),
    [
        ("Took 34 steps in 0.1 seconds", "Took 451 steps in 0.1 seconds"),
        ("3 samples", "4 samples"),
        ("x2s 1", "x3s 1"),
        ("a\rb", "a\rc"),
        ("f32[3]", "f32[4]"),
        ("1.5 s", "1.5 m"),
    ],
)
def test_everything_else_is_a_difference(stored: str, got: str) -> None:
    [told] = texts_differ("cell 1", stored, got)
    assert told.startswith("cell 1: the notebook says ")


@pytest.mark.parametrize(("length", "first"), [(0, "a"), (1, "b")])
def test_a_long_text_is_told_from_the_first_line_that_differs(length: int, first: str) -> None:
    long = "a\n" + "b" * (SHOWN - 2 + length)
    [told] = texts_differ("cell 1", long, "a\nc")
    assert told.startswith(f"cell 1: the notebook says {first}") and told.endswith(
        "here a c" if first == "a" else "here c"
    )
