"""Two lines show what a change did."""

from typing import Any

import pytest

from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Executed, Failure, Trace, Value, Warned
from jaxtour.render.changes import change_lines
from jaxtour.render.text.layout import plain
from jaxtour.text import Raw


def report(text: str = "[1. 2.]", kind: str = "float32", shape: tuple[int, ...] = (2,), **rest: Any) -> Report:
    value = Value(type="Array", text=Raw(text), dtype=kind, shape=shape)
    return Report(run=1, executed=Executed(run=1, status="ok", seconds=0.1), **{"value": value, **rest})


def traced(equations: int, *primitives: str) -> dict[str, Any]:
    trace = Trace(run=1, index=0, label="f(x)", call=Raw("f(x)"), equations=equations, primitives=primitives)
    return {"traces": (trace,)}


FAILED = {"value": None, "failure": Failure(run=1, type="TypeError", bases=(), message="no")}
WARNED = {"warnings": (Warned(run=1, category="UserWarning", message="careful"),)}
LONG = " ".join(f"{number}." for number in range(100))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (report(), report(), "= as with the lesson's own code: the same value"),
        (report(**traced(1, "sin")), report(**traced(1, "sin")),
         "= as with the lesson's own code: the same value, as many equations"),
        (report(), report("[1. 3.]"), "≠ was  [1. 2.] /   now  [1. 3.]"),
        (report(), report(kind="float64"), "≠ was  float32[2] /   now  float64[2]"),
        (report(**traced(2, "mul", "sin")), report(**traced(1, "cos")),
         "≠ was  2 equations with mul and sin /   now  1 equation with cos"),
        (report(), report(**FAILED), "≠ was  float32[2], [1. 2.] /   now  TypeError, raised"),
        (report(**FAILED), report(**FAILED), "= as with the lesson's own code: the same exception"),
        (report(), report(**WARNED), "≠ was  no warning /   now  UserWarning"),
        (report(), report(stdout=Raw("hello\n")), "≠ was  printed nothing /   now  printed hello"),
        (report(), report(value=None), "≠ was  float32[2], [1. 2.] /   now  no value"),
        (report(LONG), report(LONG.replace("60.", "x.")),
         "≠ was  … 58. 59. 60. 61. 62. 63. 64. 65. 66. 67. 68. 6… / "
         "  now  … 58. 59. x. 61. 62. 63. 64. 65. 66. 67. 68. 69…"),
    ],
)  # fmt: skip
def test_what_differs_is_said(before: Report, after: Report, said: str) -> None:
    assert " / ".join(map(plain, change_lines(before, after, 0, 120))) == said


def test_nothing_is_said_before_the_code_has_run() -> None:
    assert change_lines(report(), Report(run=2), 0, 80) == []
