"""The cells of the table of recorded programs."""

import pytest

from jaxtour.engine.wire.messages import EagerLine, Program
from jaxtour.render.programs import calls_of, eager_lines, function_of, inputs, table, timing_of, varying
from jaxtour.render.text.plain import text_of


def program(**facts):
    return Program(run=1, index=0, function="step", **facts)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "—"),
        ({"calls": 1200, "function_calls": 1200}, "1 200"),
        ({"function_calls": 7}, "of 7"),
        ({"calls": 1, "function_calls": 1, "at_least": True}, "at least 1"),
        ({"function_calls": 7, "at_least": True}, "of at least 7"),
    ],
)
def test_calls(facts, said):
    assert calls_of(program(**facts)) == said


def test_inputs_are_the_first_ones_and_short_static_values():
    names = tuple("abcdef")
    static = {"long": "x" * 25, **dict.fromkeys("nopqr", "1")}
    line = inputs(program(arg_names=names, avals=("f32[]",) * 6, static=static))
    text = "".join(text for text, _ in line)
    assert text == "a:f32[] b:f32[] c:f32[] d:f32[] and 2 more n=1 o=1 p=1 q=1 "


def test_what_differs_among_the_programs_of_a_function_comes_first():
    names = ("w", "v", "x", "y", "z")
    common = ("f32[3]", "f32[3]")
    programs = [
        program(arg_names=names, avals=(*common, "f32[8]", "i32[]", "f32[9]"), static={"k": "1", "n": "4"}),
        program(arg_names=names, avals=(*common, "f32[8]", "i32[]", "f32[7]"), static={"k": "1", "n": "5"}),
        Program(run=1, index=2, function="other", arg_names=("w",), avals=("f32[4]",)),
    ]
    differ = varying(programs)
    assert differ[function_of(programs[0])] == {"z", "n"} and not differ[function_of(programs[2])]
    line = inputs(programs[1], differ[function_of(programs[1])])
    assert "".join(text for text, _ in line) == "n=5 k=1 z:f32[7] w:f32[3] v:f32[3] x:f32[8] and 1 more "
    first, second = text_of(table(programs, 120)).splitlines()[2:4]
    assert "n=4 k=1 z:f32[9]" in first and "n=5 k=1 z:f32[7]" in second


def test_seconds_of_running_are_a_column_where_they_are_known():
    cells = {"compile_s": 0.5, "trace_s": 0.25, "calls": 3, "file": "a.py", "line": 2}
    (plain, _, without), (timed, _, with_runs) = (
        text_of(table([program(**cells, **more)], 80)).splitlines() for more in ({}, {"run_s": 0.004})
    )
    assert plain.split()[:3] == ["compile", "trace", "calls"] and without.split()[4:6] == ["3", "step"]
    assert timed.split()[:4] == ["compile", "trace", "run", "calls"]
    assert with_runs.split()[4:8] == ["4.00", "ms", "3", "step"]
    assert text_of(timing_of(program(**cells), 80)).startswith("trace 250 ms   lower —   compile 500 ms\n")
    lines = text_of(timing_of(program(**cells, run_s=0.004, first_run_s=0.003), 80))
    assert "run 4.00 ms in 3 runs, of which the first took 3.00 ms" in lines
    assert "run" not in text_of(timing_of(program(**cells), 80))


def test_inputs_without_names_show_their_types():
    assert "".join(text for text, _ in inputs(program(avals=("f32[3]", "i32[]")))) == "f32[3] i32[] "


def test_lines_with_single_operations_come_by_compiling_and_running():
    rows = [
        EagerLine(file="a.py", line=1, primitive="add", count=5, seconds=0.2, compile_s=0.0),
        EagerLine(file="a.py", line=2, primitive="sin", count=1, seconds=0.001, compile_s=0.5),
    ]
    text = text_of(eager_lines(rows, 80))
    _, _, slowest, other = text.splitlines()[:4]
    assert slowest.split() == ["500", "ms", "1.00", "ms", "1", "a.py:2", "sin"]
    assert other.split() == ["0", "s", "200", "ms", "5", "a.py:1", "add"]
