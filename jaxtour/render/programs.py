"""Shows what the user's program compiled, as lines: a table, and the single operations outside of any jit."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path, PurePath
from typing import TypeAlias

from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import EagerLine, Program
from jaxtour.render.text.layout import Line, StyledText, clip, table_lines, wrap
from jaxtour.render.text.plain import section
from jaxtour.text import UNKNOWN, grouped, plural, seconds

FunctionKey: TypeAlias = tuple[str, str | None, int | None]

MOST_EAGER = 12
_MOST_INPUTS = 4
_STATIC_CELLS = 24


def program_lines(report: Report, width: int, path: Path) -> list[Line]:
    """Return everything that was recorded, under headings."""
    recorded = report.recorded
    lines: list[Line] = []
    if report.programs:
        lines += section(heading(report.programs), table(report.programs, width))
        lines += reasons(report.programs, width)
    elif recorded:
        why = "the program raised before JAX compiled a function" if report.failure else "no jitted function was called"
        lines += section("compiled", [((f"nothing: {why}", "muted"),)])
    if recorded and recorded.eager:
        lines += section("single operations, outside of any jit", eager_lines(recorded.eager, width))
    for note in (recorded.stopped and f"stopped {recorded.stopped}", recorded.missing) if recorded else ():
        if note:
            lines += [(), *wrap((("! ", "warning"), (note, "")), width, indent="  ")]
    if recorded is None:
        lines += [(), (("✗ ", "warning"), (f"nothing was recorded in {path}", ""))]
    return lines


def heading(programs: Sequence[Program]) -> str:
    """Return `compiled: 3 programs of 2 functions in 1.2 s`."""
    functions = len(set(map(function_of, programs)))
    took = sum(program.compile_s or 0.0 for program in programs)
    return f"compiled: {plural(len(programs), 'program')} of {plural(functions, 'function')} in {seconds(took)}"


def table(programs: Sequence[Program], width: int) -> list[Line]:
    """Return a row for each program."""
    timed = bool(programs and _ran(programs[0]))
    differ = varying(programs)
    names = ("compile", "trace", *["run"] * timed, "calls", "function", "defined at", "inputs")
    rows: list[Sequence[Line]] = [[((name, "muted"),) for name in names]]
    rows += [
        [
            ((duration(program.compile_s), "number"),),
            ((duration(program.trace_s), ""),),
            *_ran(program),
            ((calls_of(program), ""),),
            ((program.function, "strong"),),
            ((place(program.file, program.line), "link"),),
            inputs(program, differ[function_of(program)]),
        ]
        for program in programs
    ]
    return table_lines(rows, [True] * (3 + timed) + [False] * 3, width)


def _ran(program: Program) -> list[Line]:
    """Return the cell with the seconds of its runs, where runs were timed."""
    return [] if program.run_s is None else [((duration(program.run_s), "number"),)]


def reasons(programs: Sequence[Program], width: int) -> list[Line]:
    """Return why functions were compiled again."""
    again = [program for program in programs if program.reason or program.compiles > 1]
    if not again:
        return []
    lines: list[Line] = []
    for program in again:
        times = f"compiled {program.compiles} times; " if program.compiles > 1 else ""
        where = program.compiled_at
        at = f"  {place(where.file, where.line)}" if where else ""
        words = times + (program.reason or "")
        lines += wrap(
            ((program.function, "strong"), (at, "link"), ("  ", ""), (words.removesuffix("; "), "warning")),
            width,
            indent="  ",
        )
    return section("compiled again", lines)


def eager_lines(eager: Sequence[EagerLine], width: int) -> list[Line]:
    """Return the lines that ran single operations, with how many and how long."""
    by_place: dict[tuple[str, int], list[EagerLine]] = {}
    for each in eager:
        by_place.setdefault((each.file, each.line), []).append(each)
    rows: list[Sequence[Line]] = [[((name, "muted"),) for name in ("compile", "run", "count", "line", "operations")]]
    slowest = sorted(by_place.items(), key=lambda each: -sum(map(_took, each[1])))
    for (file, line), group in slowest[:MOST_EAGER]:
        took = sum(each.seconds or 0.0 for each in group) if all(each.seconds is not None for each in group) else None
        count = sum(each.count or 0 for each in group) if all(each.count is not None for each in group) else None
        names = ", ".join(dict.fromkeys(each.primitive for each in group))
        rows.append(
            [
                ((duration(sum(each.compile_s or 0.0 for each in group)), "number"),),
                ((duration(took), "number"),),
                ((UNKNOWN if count is None else grouped(count), ""),),
                ((place(file, line), "link"),),
                ((clip(names, 60), "primitive"),),
            ]
        )
    lines = table_lines(rows, [True, True, True, False, False], width)
    more = len(by_place) - MOST_EAGER
    return [*lines, ((f"and {plural(more, 'more line')}: --json has all", "muted"),)] if more > 0 else lines


def timing_of(program: Program, width: int) -> list[Line]:
    """Return the seconds of one program: tracing, lowering and compiling it, and its function's calls."""
    parts = [("trace", program.trace_s), ("lower", program.lower_s), ("compile", program.compile_s)]
    took: list[StyledText] = []
    for name, value in parts:
        took += [(f"{'   ' * bool(took)}{name} ", "muted"), (duration(value), "number")]
    lines = wrap(took, width)
    if program.run_s is not None:
        lines += wrap((("run ", "muted"), *ran(program)), width, indent="  ")
    calls = program.function_calls
    if calls is not None:
        bound = "at least " if program.at_least else ""
        said = f"{bound}{grouped(calls)} call{'s' * (calls != 1)} of {program.function}"
        spent = f", {seconds(program.call_s)} in the calling thread" if program.call_s is not None else ""
        lines += wrap(((said + spent, ""),), width, indent="  ")
    return lines


def calls_of(program: Program) -> str:
    """Return how often the program was called; for a function with several, how often that was: `of 120`."""
    bound = "at least " if program.at_least else ""
    if program.calls is not None:
        return f"{bound}{grouped(program.calls)}"
    return UNKNOWN if program.function_calls is None else f"of {bound}{grouped(program.function_calls)}"


def ran(program: Program) -> Line:
    """Return `2.3 s in 40 runs, of which the first took 0.2 s`."""
    runs = program.calls or 0
    first = f", of which the first took {duration(program.first_run_s)}" if runs > 1 else ""
    return ((duration(program.run_s), "number"), (f" in {plural(runs, 'run')}{first}", ""))


def inputs(program: Program, first: Collection[str] = ()) -> Line:
    """Return `w:f32[3] x:f32[8,4]`, and static arguments: the first of each, and no long value.

    Those named in `first` come before the others.
    """
    typed = list(zip_longest(program.arg_names[: len(program.avals)], program.avals, fillvalue=""))
    typed.sort(key=lambda each: each[0] not in first)
    fixed = [(name, value) for name, value in program.static.items() if len(value) <= _STATIC_CELLS]
    fixed.sort(key=lambda each: each[0] not in first)
    spans: list[StyledText] = []
    for name, aval in typed[:_MOST_INPUTS]:
        spans += [(f"{name}:", "name")] if name else []
        spans += [(f"{aval} ", "type")]
    more = len(typed) - _MOST_INPUTS
    spans += [(f"and {more} more ", "muted")] if more > 0 else []
    values: list[StyledText] = [(f"{name}={value} ", "constant") for name, value in fixed[:_MOST_INPUTS]]
    return (*values, *spans) if fixed and fixed[0][0] in first else (*spans, *values)


def varying(programs: Iterable[Program]) -> Mapping[FunctionKey, Collection[str]]:
    """Return for each function the names of the inputs that differ among its programs."""
    seen: dict[tuple[FunctionKey, str], str] = {}
    differ: dict[FunctionKey, set[str]] = {}
    for program in programs:
        function = function_of(program)
        names = differ.setdefault(function, set())
        typed = zip(program.arg_names, program.avals, strict=False)
        names |= {
            name
            for name, value in (*typed, *program.static.items())
            if seen.setdefault((function, name), value) != value
        }
    return differ


def function_of(program: Program) -> FunctionKey:
    """Return what identifies the program's function."""
    return program.function, program.file, program.line


def place(file: str | None, line: int | None) -> str:
    """Return `train.py:17`; for a library's file, enough of the path to identify it."""
    if not file:
        return ""
    path = PurePath(file)
    name = path.name if path.is_relative_to(Path.cwd()) or len(path.parts) < 2 else f"{path.parent.name}/{path.name}"
    return f"{name}:{line}" if line else name


def eager_words(eager: Sequence[EagerLine]) -> str:
    """Return `outside of any jit: 1 000 single operations in 0.4 s, most at train.py:18`."""
    counts = [each.count for each in eager]
    first = place(eager[0].file, eager[0].line)
    if any(count is None for count in counts):
        return f"outside of any jit: single operations in {len({(each.file, each.line) for each in eager})} lines"
    took = seconds(sum(map(_took, eager)))
    total = grouped(sum(count or 0 for count in counts))
    return f"outside of any jit: {total} single operations in {took}, most of it at {first}"


def _took(line: EagerLine) -> float:
    """Return the seconds of compiling and running."""
    return (line.seconds or 0.0) + (line.compile_s or 0.0)


def duration(value: float | None) -> str:
    """Return `543 ms`, or a dash if unknown."""
    return UNKNOWN if value is None else seconds(value)
