"""Renders styled lines as text in the terminal's own sixteen colours."""

from collections import Counter
from collections.abc import Iterable, Mapping

from jaxtour.course.model import Ask, Broken, Lesson, Requires, Step
from jaxtour.engine.compare.answers import Judgement, grade, reply, truth
from jaxtour.engine.report import Report
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Facts, Trace
from jaxtour.render.checks import outcomes_lines
from jaxtour.render.devices.panel import host_text
from jaxtour.render.devices.sharding import sharding_lines
from jaxtour.render.ir.highlight import jaxpr_lines, trace_facts
from jaxtour.render.processes import stderr_apart, stdout_apart, values_apart
from jaxtour.render.text.code import python_lines
from jaxtour.render.text.layout import Line, Style, in_ascii, plain, plain_lines, width_of, wrap
from jaxtour.render.text.markdown import markdown_lines
from jaxtour.render.timing.rows import retrace_lines, timing_footer, timing_lines
from jaxtour.render.value import failure_lines, output_lines, printed_lines, value_lines, warning_lines
from jaxtour.text import one_line, plural, seconds

SGR: Mapping[Style, str] = {
    "muted": "2",
    "faint": "2",
    "strong": "1",
    "emphasis": "3",
    "title": "1;94",
    "link": "4;94",
    "code": "1",
    "type": "32",
    "primitive": "1;94",
    "keyword": "35",
    "constant": "36",
    "number": "36",
    "string": "32",
    "comment": "2;3",
    "function": "94",
    "error": "1;31",
    "warning": "33",
    "success": "32",
    "mark": "33",
    "bar": "94",
    "bar-baseline": "2",
    "bar-muted": "2",
    "chip-on": "7",
    "found": "4",
    "series-1": "7;34",
    "series-2": "7;32",
    "series-3": "7;33",
    "series-4": "7;35",
    "series-5": "7;36",
    "series-6": "7;31",
    "series-rest": "7;2",
}
"""The parameters of `ESC [ … m` by style; other styles look like plain text."""


VERDICTS: Mapping[Judgement, Line] = {
    "right": (("  ✓ right", "success"),),
    "wrong": (("  ✗ not this time", "warning"),),
    "open": (("  not graded", "muted"),),
}
"""The words for a verdict."""


def ansi_lines(lines: Iterable[Line]) -> str:
    """Return the lines' text; each line ends in a newline and resets the colours. The text must be clean."""
    return "".join(_line(line) + "\n" for line in lines)


def _line(line: Line) -> str:
    room = len(plain(line).rstrip())
    text = ""
    for part, style in line:
        shown = part[:room]
        room -= len(shown)
        text += f"\x1b[{SGR[style]}m{shown}\x1b[0m" if shown and style in SGR else shown
    return text


def text_of(lines: list[Line], ascii: bool = False, colour: bool = False) -> str:
    """Return the lines as printed text."""
    fitting = in_ascii(lines, ascii)
    return ansi_lines(fitting) if colour else plain_lines(fitting)


def section(heading: str, lines: Iterable[Line]) -> list[Line]:
    """Return the lines below a heading and an empty line."""
    return [(), ((f"── {heading}", "muted"),), *lines]


def lesson_heading(lesson: Lesson, width: int = 100, ascii: bool = False, colour: bool = False) -> str:
    """Return title, summary, duration and requirements."""
    lines = [*wrap([(lesson.title, "title")], width), _rule("═", lesson.title, width), ()]
    lines += markdown_lines(lesson.summary, width, ticks=True)
    needs = [f"{lesson.minutes} min"] if lesson.minutes else []
    needs += [plural(len(lesson.steps), "step"), *requirements(lesson.requires)]
    lines += [(), *wrap([(f"{lesson.id}  {', '.join(needs)}", "muted")], width), ()]
    return text_of(lines, ascii, colour)


def requirements(requires: Requires) -> list[str]:
    """Return the requirements that differ from the defaults: `8 devices`, `a TPU`, `jax >=0.10`."""
    needs = []
    if requires.devices > 1:
        needs.append(f"{requires.devices} devices")
    if requires.processes > 1:
        needs.append(f"{requires.processes} processes")
    if requires.platform:
        needs.append(f"a {requires.platform.upper()}")
    if requires.jax != Requires().jax:
        needs.append(f"jax {requires.jax}")
    return needs


def worker_text(facts: Facts, width: int = 100, ascii: bool = False, colour: bool = False) -> str:
    """Return what the results come from: `jax 0.10.2, Python 3.11.7, 8 simulated CPU devices, AMD EPYC, 2 cores`."""
    counts = Counter((device.platform, device.kind, device.simulated) for device in facts.devices)
    said = [f"jax {facts.jax}", f"Python {facts.python}"]
    said += [f"{facts.processes} processes"] if facts.processes > 1 else []
    for (platform, kind, simulated), count in counts.items():
        name = platform.upper() if kind.lower() in (platform, "") else kind
        pretend = "simulated " if simulated else ""
        said.append(f"{count} {pretend}{name} devices" if count > 1 else f"{pretend}{name}")
    said.append(host_text(facts))
    text = ", ".join(said)
    return text_of([*wrap([(text, "muted")], width), ()], ascii, colour)


def step_text(
    lesson: Lesson,
    step: Step | Broken,
    report: Report | None = None,
    width: int = 100,
    ascii: bool = False,
    colour: bool = False,
    said: str | None = None,
) -> str:
    """Return a step and, with a report, its results; `said` is an answer to its question, to be graded."""
    number = next((at for at, other in enumerate(lesson.steps, 1) if other.id == step.id), 0)
    title = f"{number} of {len(lesson.steps)}  {step.title}"
    name = f"{lesson.id}/{step.id}"
    lines = [*wrap([(title, "title"), (f"  {name}", "muted")], width), _rule("─", title, width), ()]
    if isinstance(step, Broken):
        # Not wrapped: editors and terminals turn the place into a link.
        lines.append((("this step does not load: ", "error"), (str(step.error), "")))
        return text_of(lines, ascii, colour)
    lines += markdown_lines(step.text, width, ticks=not colour)
    if step.ask:
        lines += _question(step.ask, width)
    lines += _source(step)
    if report:
        for heading, found in result_sections(step, report, width):
            if found:
                lines += section(heading, found)
        told = step.ask and _answer(step.ask, report.answer, said, width)
        lines += section("answer", told) if told else []
        if step.after:
            lines += [(), *markdown_lines(step.after, width, ticks=not colour)]
    return text_of(lines, ascii, colour)


def _rule(glyph: str, text: str, width: int) -> Line:
    return ((glyph * min(width, width_of(text)), "faint"),)


def _question(ask: Ask, width: int) -> list[Line]:
    lines: list[Line] = [(), *markdown_lines(ask.question, width, ticks=True)]
    for number, choice in enumerate(ask.texts, 1):
        lines += wrap([(f"  {number}. {one_line(choice)}", "")], width, indent="     ")
    return lines


def _answer(ask: Ask, answer: str | None, said: str | None, width: int) -> list[Line]:
    """Return the right answer, and whether the given one is right."""
    right = truth(ask, answer)
    told: list[Line] = [] if right is None else [(("the answer: ", "muted"), (one_line(right), "strong"))]
    if said is not None:
        told.append((("you said:   ", "muted"), (one_line(said), "strong"), *VERDICTS[grade(ask, said, answer)]))
        told += [((reply(ask, said), ""),)] if right is not None and reply(ask, said) else []
    return [line for each in told for line in wrap(each, width, indent="  ")]


def _source(step: Step) -> list[Line]:
    """Return the code that runs without edits, with the line numbers that errors use."""
    code = python_lines(step.solved_code.shown.removesuffix("\n"))
    digits = max(2, len(str(len(code))))
    lines: list[Line] = [()]
    if step.setup:
        count = len(step.setup.text.splitlines())
        lines.append(((f"  ({plural(count, 'line')} of setup run first)", "muted"),))
    if step.exercise:
        lines.append((("  (an exercise: this is its solution)", "muted"),))
    return lines + [((f"  {number:>{digits}}  ", "faint"), *line) for number, line in enumerate(code, 1)]


def result_sections(step: Step, report: Report, width: int) -> Iterable[tuple[str, list[Line]]]:
    """Yield the results of the run in reading order."""
    yield "output", stdout_apart(report, None) or printed_lines(report.stdout, report.traced)
    yield "standard error", stderr_apart(report, None) or output_lines(report.stderr)
    yield "warnings", warning_lines(report.warnings, width)
    if report.failure:
        expected = step.raises is not None and step.raises in report.failure.bases
        yield "error, as expected" if expected else "error", failure_lines(report.failure, width)
    if apart_values := values_apart(report, width):
        yield "result", apart_values
    elif report.value:
        yield "result", value_lines(report.value, width)
        yield "sharding", sharding_lines(report.value, width)
    for trace in report.traces:
        yield _trace_heading(trace), _trace(trace, report.stage(trace.index, "jaxpr"), width)
    yield "traced again", retrace_lines(report.retraces, width)
    footer = timing_footer(report.timings)
    yield f"time, {footer}" if footer else "time", timing_lines(report.timings, width)
    yield "check", _check(report, width)
    yield report.done.status if report.done else "", _end(report, width)
    yield "written after the end", output_lines(report.background)


def _trace_heading(trace: Trace) -> str:
    facts = plain(trace_facts(trace)).replace("   ", ", ")
    return f"jaxpr of {facts}" if trace.label in ("", str(trace.call)) else f"jaxpr of {trace.label}: {facts}"


def _trace(trace: Trace, stage: StageText | None, width: int) -> list[Line]:
    error = trace.error if trace.error is not None or stage is None else stage.error
    if error is not None:
        return wrap([("none: ", "muted"), (error, "error")], width, indent="  ")
    return jaxpr_lines(stage.text) if stage else []


def _check(report: Report, width: int) -> list[Line]:
    if report.checked is None:
        return []
    if report.checked.passed:
        return [(("✓ right", "success"),)]
    if report.checked.outcomes and not report.failure:
        return [(("✗ not yet", "error"),), *outcomes_lines(report.checked.outcomes, width)]
    return wrap([(f"✗ not yet  {one_line(report.checked.message)}", "error")], width, indent="  ")


def _end(report: Report, width: int) -> list[Line]:
    """Return how the run ended, if it did not end on its own."""
    if report.done is None or report.done.status in ("ok", "error"):
        return []
    who = f"; {report.done.who}" if report.done.who else ""
    words = {"interrupted": "interrupted", "timeout": "stopped", "died": "the worker died"}
    said = f"{words[report.done.status]} after {seconds(report.done.seconds)}"
    reason = f": {report.done.reason}" if report.done.reason else ""
    return wrap([(said + reason + who, "error")], width, indent="  ")
