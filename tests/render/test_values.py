"""Values are described in words and figures."""

import json
from typing import Any

import pytest

from jaxtour.engine.stage import assembled
from jaxtour.engine.values import record, statistics_at
from jaxtour.engine.wire.messages import Birth, BirthOperand, Evaluated, Origin, Span, Stage
from jaxtour.render.text.layout import plain
from jaxtour.render.values import WIDE, ValueFigures, head_lines, number, value_lines

SPAN = Span("a/b", 1, 5, 1, 11)
ARRAY = BirthOperand(shape=(3, 2), dtype="float16", min=0.0, max=65504.0)


def stage(*results: list[list[Any]]) -> Any:
    """Return a stage whose equations, one a line below two empty lines, have these statistics."""
    made = Stage(
        run=1,
        index=0,
        stage="values",
        text="\n".join(["", "", *(f"    a:f32[] = exp{place} b" for place in range(len(results)))]),
        lines=(0, 0, *(1 for _ in results)),
        origins=(Origin(), Origin(kind="equation", name="exp", spans=(SPAN,))),
        values="\n".join(["", "", *map(json.dumps, results)]),
        evaluated=Evaluated(heads=2, evaluated=len(results)),
    )
    return assembled(None, made)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"), (1.5, "1.5"), (-1.2345678e-5, "-1.23e-05"), (123456.0, "1.235e+05"), (True, "True"), (7, "7"),
        (2**40, "1.1e+12"), (-(2**40), "-1.1e+12"), ("inf", "inf"), (None, ""), (-1.5e-300, "-1.5e-300"),
    ],
)  # fmt: skip
def test_a_number_takes_nine_cells_at_most(value: Any, said: str) -> None:
    assert number(value) == said and len(number(value)) <= 9
    assert len(number(value, 8)) <= 9


def test_an_equation_with_several_results_has_one_row_of_figures() -> None:
    made = stage([[[2], "float32", -1.0, 2.0, 0.5, 0, 0, 0.5], [[], "float32", 7.0, 7.0, 7.0, 3, 0, 0.0]], [])
    wide, narrow = ValueFigures(made, WIDE), ValueFigures(made, WIDE - 1)
    assert plain(wide.line(2)).split() == ["-1", "7", "nan", "3"], "no mean of two results"
    assert plain(narrow.line(2)).split() == ["-1", "7", "nan", "3"]
    assert plain(wide.line(3)).strip() == "" and len(plain(wide.line(3))) == wide.width == len(plain(wide.line(2)))
    assert plain(wide.titles).split() == ["min", "mean", "max", "zeros"]
    assert len(statistics_at(made, 2)) == 2 and statistics_at(made, 0) == () == statistics_at(made, 99)


@pytest.mark.parametrize(
    ("row", "wide", "narrow"),
    [
        ([1.0, 2.0, 1.5, 12, 0, 0.0], "nan 12", "nan 12"),
        ([1.0, 2.0, 1.5, 0, 123456, 0.0], "inf 123k", "inf 123k"),
        ([1.0, 2.0, 1.5, 1, 1, 0.0], "nan+inf", "nan+inf"),
        ([1.0, 2.0, 1.5, 0, 0, 0.0, 1, 1], "near max", "huge"),
        ([1.0, 2.0, 1.5, 0, 0, 0.0, 1, 0], "subnormal", "tiny"),
    ],
)
def test_what_is_wrong_is_marked(row: list[Any], wide: str, narrow: str) -> None:
    made = stage([[[9], "float32", *row]])
    assert plain(ValueFigures(made, WIDE).line(2)).rstrip().endswith(f" {wide}")
    assert f" {narrow}" in plain(ValueFigures(made, WIDE - 1).line(2))


def test_a_birth_is_told_with_its_loop_and_its_operands() -> None:
    birth = Birth(primitive="dot_general", kind="inf", iteration=3, loops=2, operands=(ARRAY, ARRAY), index=(1, 0))
    first, second, done = map(plain, head_lines(Evaluated(first=birth, notes=("while: compiled",)), lambda _: ("", "")))
    assert first == "✗ inf made by dot_general, iteration 3 of the inner loop"
    assert second == "  of float16[3,2] from 0 to 6.55e+04 and float16[3,2] from 0 to 6.55e+04, at [1, 0]"
    assert done == "· while: compiled"
    many = Birth(primitive="scatter", kind="nan", operands=(ARRAY,) * 6, spans=(SPAN,))
    first, second = map(plain, head_lines(Evaluated(first=many), lambda span: ("f(x)", f"{span.line}:3")))
    assert first == "✗ nan made by scatter: f(x)"
    assert second.startswith("  1:3  of float16[3,2]") and second.endswith(" and 2 more")


def test_a_second_birth_is_a_consequence_only_if_it_has_the_inf() -> None:
    first = Birth(primitive="log", kind="inf", operands=(BirthOperand(shape=(), dtype="float32", value=0.0),))
    for value, word in (("-inf", "then"), (0.0, "also")):
        then = Birth(primitive="mul", kind="nan", operands=(BirthOperand(shape=(), dtype="float32", value=value),))
        assert plain(head_lines(Evaluated(first=first, then=then), lambda _: ("", ""))[2]) == f"✗ {word} nan in mul"


def test_lines_to_print_and_json_have_every_equation() -> None:
    made = stage([[[2], "float32", -1.0, 2.0, 0.5, 0, 0, 0.5]], [])
    words, titles, row, other = map(plain, value_lines(made, "a/b", 100, lambda _: ("", "")))
    assert words == "✓ no nan and no inf in 2 equations" and titles.split()[0] == "min"
    assert row.split()[:5] == ["1:5", "-1", "0.5", "2", "50%"] and other.endswith("a:f32[] = exp1 b")
    document = record(made)
    assert document["first_bad"] is None and [each["max"] for each in document["equations"]] == [2.0]
