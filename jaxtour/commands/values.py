"""`jaxtour values`: evaluates a call equation by equation, and prints its figures and its first nan or inf."""

from collections.abc import Sequence

from jaxtour import interrupts
from jaxtour.commands.common import ascii_only, coloured, headless, tell_findings, warn, write, write_json
from jaxtour.commands.files import lesson_of, parse_target
from jaxtour.commands.lens import ended, failure_line
from jaxtour.course.model import CourseError, Step
from jaxtour.engine.messages import Span
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.values import record
from jaxtour.render.text.plain import text_of
from jaxtour.render.values import value_lines
from jaxtour.text import Raw


def values(target: str, calls: Sequence[str], config: WorkerConfig, *, as_json: bool, width: int) -> int:
    """Run the file, evaluate one call and print; the exit code is 1 if the file or the call fails."""
    path, function = parse_target(target)
    lesson = lesson_of(path, function, calls)
    step = lesson.steps[0]
    assert isinstance(step, Step)

    async def run() -> Report:
        async with headless(config) as engine:
            tell_findings(await engine.facts())
            report = await engine.request(lesson, step)
            if len(report.traces) > 1:
                raise CourseError(f"{path} makes several calls: name one, as in --call '{report.traces[0].call}'")
            return await engine.request_more(lesson, step, report, report.traces, ("values",))

    report = interrupts.run(run())
    if told := ended(report, path):
        warn(told)
    if told or not report.traces:
        return 1
    trace, stage = report.traces[0], report.stage(report.traces[0].index, "values")
    if stage is None or stage.error is not None or stage.evaluated is None:
        why = trace.error or (stage.error if stage else None) or "the worker has nothing to show"
        warn(failure_line(trace.raised, path, f"{trace.label}: ") if trace.raised else f"{trace.label}: {why}")
        return 1
    if as_json:
        write_json(record(stage))
        return 0
    code = step.code.text.split("\n")

    def expression(span: Span) -> str:
        here = span.file == lesson.file.line and span.line == span.end_line and span.line <= len(code)
        text = code[span.line - 1][span.column - 1 : span.end_column - 1] if here else ""
        return f"{Raw(text).line}  ({span.line}:{span.column})" if here else f"{span.file}:{span.line}:{span.column}"

    write(text_of(value_lines(stage, lesson.file.line, width, expression), ascii_only(), coloured()))
    return 0
