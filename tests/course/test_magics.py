"""Commands of IPython become Python, line for line."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.course.magics import Runnable, runnable

BLOCK = "for n in y:\n    %timeit f(n)\n    !ls\nn"


@pytest.mark.parametrize(
    ("code", "run", "calls"),
    [
        ("%timeit f(x)", "None  ; f(x); None", ("f(x)",)),
        ("x = 1\n%timeit -n 10 -r3 f(x)  # slow\n", "x = 1\nNone            ; f(x); None\n", ("f(x)",)),
        ("%timeit (f(x))", "None  ; (f(x)); None", ("f(x)",)),
        ("%timeit é(f(x))  # ü", "None  ; é(f(x)); None", ("é(f(x))",)),
        ("%time y = f(x)\ny", "None; y = f(x)\ny", ("f(x)",)),
        ("%time f(x)", "None; f(x)", ("f(x)",)),
        ("%%timeit -n 3 y = 2\nf(y)\n", "None        ; y = 2\nf(y); None\n", ("f(y)",)),
        ("%%time\n\nf(y)", "\n\nf(y)", ("f(y)",)),
        ("%matplotlib inline\nimport a", "pass\nimport a", ()),
        ("%config A.b = 1\n%load_ext c", "pass\npass", ()),
        ("%env A=b", "__import__('os').environ['A'] = 'b'", ()),
        ("%time", "pass", ()),
        ("%%time", "", ()),
    ],
)
def test_what_runs_silently(code: str, run: str, calls: tuple[str, ...]) -> None:
    assert runnable(code) == Runnable(run, calls)


@pytest.mark.parametrize(
    ("code", "run", "notes", "withheld"),
    [
        ("!pip install x\nimport x", "pass\nimport x", "Line 1: `!pip install x` is shown, but does not run.", True),
        ("%pip install a \\\n   b\nx", "pass\n\nx", "Line 1: `%pip install a \\ b` is shown, but does not run.", True),
        ("a = !ls *.py\na", "a = []\na", "Line 1: `a = !ls *.py` is shown, but does not run.", True),
        ("pip install x", "pass", "Line 1: `pip install x` is shown, but does not run.", True),
        ("f(x\n)\nx?", "f(x\n)\npass", "Line 3: `x?` is shown, but does not run.", True),
        ("%%bash\nls\nrm", "\n\n", "Line 1: `%%bash` is shown, but does not run.", True),
        (
            "s = '''\n%timeit no\n'''\n%foo bar",
            "s = '''\n%timeit no\n'''\npass",
            "Line 4: `%foo bar` is an IPython command that jaxtour does not know: it does not run.",
            True,
        ),
        (
            "%%foo\nx = 1",
            "\n",
            "Line 1: `%%foo` is an IPython command that jaxtour does not know: the cell does not run.",
            True,
        ),
        ("%%capture\nf()", "\nf()", "Line 1: `%%capture` hides the output in the notebook; jaxtour shows it.", False),
        (
            "%%time\nx = 1\n%time y = 2; z = 3",
            "\nx = 1\nNone; y = 2; z = 3",
            "Line 3: the code runs once and is not measured, because it is not one plain expression."
            " Line 1: the code runs once and is not measured, because it is not one plain expression.",
            False,
        ),
        (
            BLOCK,
            "for n in y:\n    None  ; f(n); None\n    pass\nn",
            "Line 2: the code runs once and is not measured, because it is inside a block."
            " Line 3: `!ls` is shown, but does not run.",
            True,
        ),
        (
            "r = %timeit -o f(x)",
            "r = None",
            "Line 1: `r = %timeit -o f(x)`: jaxtour does not keep the result of a timing, so the name is `None`.",
            False,
        ),
    ],
)
def test_what_is_noted(code: str, run: str, notes: str, withheld: bool) -> None:
    found = runnable(code)
    assert (found.code, " ".join(found.notes), found.withheld) == (run, notes, withheld)


@pytest.mark.parametrize("code", ["y = (a\n% b)", "a %= 3", "print('%s' % a)\n", "def f(:\n%x", "'''\n!ls\n'''", "x\n"])
def test_what_is_python_or_nothing_that_is_known_stays(code: str) -> None:
    assert runnable(code) == Runnable(code)


PIECES = st.sampled_from(
    ["%timeit ", "%%time\n", "!ls", "f(x)", "\n", "    ", "'''", "(", ")", "\\\n", "# c", "x = ", "?"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_lines_stay_where_they_are(code: str) -> None:
    found = runnable(code)
    assert found.code.count("\n") == code.count("\n")
    for call in found.calls:
        ast.parse(call, mode="eval")


@pytest.mark.parametrize(
    "code",
    ["%x\n" + "\\'" * 100_000, "\n" * 100_000 + "%x", "%x\n" * 10_000, "%%time\n" * 10_000, "a= " * 100_000 + "%"],
)
@pytest.mark.timeout(60)
def test_long_cells_take_no_time(code: str) -> None:
    assert runnable(code).code.count("\n") == code.count("\n")
