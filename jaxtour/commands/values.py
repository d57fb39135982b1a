"""`jaxtour values`: evaluates a call equation by equation, and prints its figures and its first nan or inf."""

from collections.abc import Sequence

from jaxtour import interrupts
from jaxtour.commands.common import ascii_only, coloured, headless, tell_findings, write, write_json
from jaxtour.commands.launch import Script
from jaxtour.commands.lens import check_one, chosen_of, ended, missing, opened
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.stage import StageText
from jaxtour.engine.values import record
from jaxtour.engine.wire.messages import Span, Trace
from jaxtour.render.text.layout import Line
from jaxtour.render.text.plain import section, text_of
from jaxtour.render.values import Source, value_lines
from jaxtour.streams import warn
from jaxtour.text import Raw


def values(
    program: Script, calls: Sequence[str], at: str | None, config: WorkerConfig, *, as_json: bool, width: int
) -> int:
    """Run the file, evaluate its calls and print; the exit code is 1 if the file or a call fails.

    With `at` the file runs as a program, and the calls are the compiled programs of that line or function, with the
    inputs of their first run.
    """
    path = program.path
    lesson, step = opened(program, calls, at)

    async def run() -> tuple[Report, Sequence[Trace]]:
        async with headless(config) as engine:
            tell_findings(await engine.facts())
            report = await engine.request(lesson, step)
            found = chosen_of(report, at)
            if as_json:
                check_one(found)
            for trace in found:
                # Each recorded program is evaluated at its own point in the file's run.
                report = await engine.request_more(lesson, step, report, (trace,), ("values",))
            return report, found

    report, found = interrupts.run(run())
    if told := ended(report, path):
        warn(told)
    stages: list[tuple[Trace, StageText]] = []
    for trace in found:
        stage = report.stage(trace.index, "values")
        if stage is not None and stage.evaluated is not None:
            stages.append((trace, stage))
            continue
        why = trace.error or (stage.error if stage else None) or "the worker has nothing to show"
        warn(missing(trace, why, path))
    if as_json and stages:
        write_json(record(stages[0][1]))
    elif stages:
        write(text_of(_lines(stages, lesson.file.line, step.code, width), ascii_only(), coloured()))
    return int(told is not None or not stages or len(stages) < len(found))


def _lines(stages: Sequence[tuple[Trace, StageText]], file: str, code: Raw, width: int) -> list[Line]:
    """Return the values of each call, under headings if there are several."""
    texts = code.text.split("\n")

    def source_of(span: Span) -> Source:
        here = span.file == file and span.line == span.end_line and span.line <= len(texts)
        text = texts[span.line - 1][span.column - 1 : span.end_column - 1] if here else ""
        place = f"{span.line}:{span.column}"
        return Raw(text).line, place if here else f"{span.file}:{place}"

    lines: list[Line] = []
    for trace, stage in stages:
        own = value_lines(stage, file, width, source_of)
        lines += section(trace.label, own)[not lines :] if len(stages) > 1 else own
    return lines
