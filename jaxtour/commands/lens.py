"""`jaxtour lens`: prints a stage of a file's calls as text or JSON, with the source place of each line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from jaxtour import interrupts
from jaxtour.commands.common import ascii_only, coloured, headless, json_text, tell_findings, warn, write, write_json
from jaxtour.commands.files import lesson_of, parse_target
from jaxtour.course.model import Step
from jaxtour.engine.commands import StageName
from jaxtour.engine.messages import Failure, Trace
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.stage import StageText
from jaxtour.render.text.listing import stage_lines
from jaxtour.render.text.plain import section, text_of


def lens(
    target: str, calls: Sequence[str], config: WorkerConfig, *, stage: StageName, links: bool, as_json: bool
) -> int:
    """Run the file and print a stage of each call; the exit code is 1 if the file fails, or a call lacks the stage."""
    path, function = parse_target(target)
    lesson = lesson_of(path, function, calls)
    step = lesson.steps[0]
    assert isinstance(step, Step)

    async def run() -> Report:
        async with headless(config) as engine:
            # Without a worker there is nothing to print, and its problems are reported first.
            tell_findings(await engine.facts())
            report = await engine.request(lesson, step)
            return report if stage == "jaxpr" else await engine.request_more(lesson, step, report, stage)

    report = interrupts.run(run())
    if told := ended(report, path):
        warn(told)
        return 1
    failed = False
    shown: list[tuple[Trace, StageText]] = []
    for trace in report.traces:
        found = report.stage(trace.index, stage)
        why = trace.error or (found.error if found else "the worker has nothing to show")
        if why is not None or found is None:
            failed = True
            label = f"{trace.label}: " if trace.label else ""
            warn(failure_line(trace.raised, path, label) if trace.raised else f"{label}{why}")
        else:
            shown.append((trace, found))
    if as_json:
        documents = [document(trace, found) for trace, found in shown]
        if len(report.traces) == 1 and documents:
            write_json(documents[0])
        else:
            for each in documents:
                write(json_text(each) + "\n")
        return int(failed)
    for trace, found in shown:
        lines = stage_lines(found, lesson.file.line if links else None)
        if len(report.traces) > 1:
            lines = section(trace.label, lines)[found is shown[0][1] :]
        write(text_of(lines, ascii_only(), coloured()))
    return int(failed)


def ended(report: Report, path: Path) -> str | None:
    """Return why the file did not run to its end, with the place, or None if it did."""
    if report.failure:
        return failure_line(report.failure, path)
    if report.done and report.done.status not in ("ok", "error"):
        return f"{path}: {report.done.reason or report.done.status}"
    return None


def failure_line(failure: Failure, path: Path, label: str = "") -> str:
    """Return `FILE:LINE:COLUMN: TypeError: message`, with the place in the file, and where it was raised if elsewhere.

    A label comes before the exception.
    """
    message = failure.message.partition("\n")[0]
    what = label + (f"{failure.type}: {message}" if message else failure.type)
    inner = failure.frames[-1] if failure.frames else None
    if failure.line is None:
        return f"{inner.file}:{inner.line}:{max(inner.column, 1)}: {what}" if inner else f"{path}: {what}"
    elsewhere = inner is not None and inner.file != failure.frames[0].file
    raised = f" (raised in {Path(inner.file).name}:{inner.line})" if inner and elsewhere else ""
    return f"{path}:{failure.line}:{max(failure.column, 1)}: {what}{raised}"


def document(trace: Trace, stage: StageText) -> dict[str, Any]:
    """Return the document that `--json` prints for a call, with an entry for each line of the text."""
    rows = []
    for line in range(len(stage.texts)):
        origin = stage.origin_of(line)
        rows.append(
            {
                "kind": origin.kind,
                "name": origin.name,
                "spans": [msgspec.structs.asdict(span) for span in origin.spans],
                "transforms": origin.transforms,
                "unlinked": origin.unlinked,
            }
        )
    cost = {} if stage.cost is None else msgspec.to_builtins(stage.cost)
    return {"stage": stage.stage, "call": trace.call, "text": stage.text, "lines": rows, "cost": cost}
