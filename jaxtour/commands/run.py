"""`jaxtour run`: runs a lesson's steps without a screen and prints them as text or JSON."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from jaxtour import __version__, interrupts
from jaxtour.commands.answers import NO_ANSWERS, Answers, graded, read_answers, summary
from jaxtour.commands.common import (
    ascii_only,
    catalogue_for,
    coloured,
    headless,
    tell_findings,
    write,
    write_json,
)
from jaxtour.commands.page import STAGES, checked_path, page_call, sources, write_page
from jaxtour.commands.trust import check_trusted
from jaxtour.course.catalogue import why_empty
from jaxtour.course.model import Broken, CourseError, Lesson, Step
from jaxtour.engine.compare.apart import each_of, stdout_of
from jaxtour.engine.compare.verify import stored_differences
from jaxtour.engine.headless import Headless, Outcome
from jaxtour.engine.record import timing_records
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.messages import Facts, Trace
from jaxtour.render.page.document import WIDTH
from jaxtour.render.page.model import PageCall
from jaxtour.render.text.layout import Line
from jaxtour.render.text.plain import lesson_heading, result_sections, section, step_text, text_of, worker_text
from jaxtour.streams import warn
from jaxtour.text import plural

BAD = ("failed", "timeout", "died")


def run(
    target: str,
    config: WorkerConfig,
    *,
    as_json: bool,
    html: str | None = None,
    answers: str | None = None,
    width: int,
    trust: bool = False,
) -> int:
    """Run the lesson or step and print it; the exit code is 1 if a step failed, timed out or died.

    `answers` is a file of answers to grade, as for `read_answers`; a wrong answer is not a failure.
    With `html` it writes a page, and prints only JSON, if requested.
    """
    page = checked_path(html)
    lessons = _chosen(target)
    if not any(steps for _, steps in lessons):
        raise CourseError(why_empty(lessons[0][0]))
    check_trusted((lesson for lesson, _ in lessons), trust=trust)
    for lesson, steps in lessons:
        for problem in lesson.problems:
            # Problems of a step are printed with the step.
            if problem.step is None or not steps:
                warn(str(problem))
    said = read_answers(answers, [lesson for lesson, _ in lessons]) if answers is not None else {}
    return interrupts.run(_run(lessons, config, said, as_json=as_json, page=page, width=width, trust=trust))


def _chosen(target: str) -> list[tuple[Lesson, Sequence[Step | Broken]]]:
    catalogue, wanted = catalogue_for(target)
    if wanted is None:
        lessons = [entry.lesson() for entry in catalogue.entries]
        return [(lesson, lesson.steps) for lesson in lessons]
    lesson, step = catalogue.find(wanted)
    return [(lesson, (step,) if "/" in wanted else lesson.steps)]


async def _run(
    lessons: list[tuple[Lesson, Sequence[Step | Broken]]],
    config: WorkerConfig,
    said: Answers,
    *,
    as_json: bool,
    page: Path | None,
    width: int,
    trust: bool,
) -> int:
    failed = False
    calls: list[PageCall] = []
    documents = []
    async with headless(config, trust=trust) as engine:
        # Waits for the worker before printing anything: without one there is nothing to print.
        facts = tell_findings(await engine.facts())
        printer = None if as_json or page else Printer(engine, width, said)
        for lesson, steps in lessons:
            outcomes = []
            async for outcome in _outcomes(engine, lesson, steps, printer):
                outcomes.append(outcome)
                if page is not None:
                    calls += await _page_calls(engine, lesson, outcome)
            failed |= not steps or any(outcome.status in BAD for outcome in outcomes)
            documents.append(document(lesson, engine.session.facts or facts, outcomes, said))
    if page is not None:
        heading = lessons[0][0].title if len(lessons) == 1 else plural(len(lessons), "lesson")
        write_page(page, heading, engine.session.facts or facts, calls, quiet=as_json)
    if as_json:
        write_json(documents[0] if len(documents) == 1 else documents)
    return int(failed)


async def _page_calls(engine: Headless, lesson: Lesson, outcome: Outcome) -> list[PageCall]:
    """Return the step's calls with all their stages, the first with the step's output; or the step without calls."""
    step, report = outcome.step, outcome.report
    if isinstance(step, Broken) or report is None:
        return [PageCall(step.title, "", sections=(("", [((outcome.reason, "error"),)]),))]
    report = await engine.request_more(lesson, step, report, report.traces, STAGES)
    shown = list(result_sections(step, replace(report, traces=()), WIDTH))
    title = f"{step.id}  {step.title}"
    if not report.traces:
        return [PageCall(title, "", sources(lesson, step), sections=shown)]
    return [
        page_call(lesson, step, report, trace, title=title, sections=() if at else shown)
        for at, trace in enumerate(report.traces)
    ]


async def _outcomes(
    engine: Headless, lesson: Lesson, steps: Sequence[Step | Broken], printer: "Printer | None"
) -> AsyncIterator[Outcome]:
    if printer and steps:
        printer.begin(lesson)
    outcomes = []
    for step in steps:
        outcome = await engine.step(lesson, step)
        if printer:
            printer.step(lesson, outcome)
        outcomes.append(outcome)
        yield outcome
    if printer and len(steps) > 1:
        printer.end(lesson, outcomes)


class Printer:
    """Prints a lesson while its steps run, and the worker they run on."""

    def __init__(self, engine: Headless, width: int, said: Answers = NO_ANSWERS) -> None:
        self._engine = engine
        self._said = said
        self._width = width
        self._looks = {"ascii": ascii_only(), "colour": coloured()}
        self._worker = ""

    def begin(self, lesson: Lesson) -> None:
        """Print title and summary."""
        write(lesson_heading(lesson, self._width, **self._looks))

    def step(self, lesson: Lesson, outcome: Outcome) -> None:
        """Print the step with its results; first the worker, if it has changed."""
        facts = self._engine.session.facts
        worker = worker_text(facts, self._width, **self._looks) if facts else ""
        if worker != self._worker:
            write(worker)
            self._worker = worker
        said = self._said.get((lesson.id, outcome.step.id))
        write(outcome_text(lesson, outcome, self._width, said=said, **self._looks))

    def end(self, lesson: Lesson, outcomes: Sequence[Outcome]) -> None:
        """Print how many answers were right, and how many steps had which status unless all were ok."""
        found: dict[str, list[str]] = {}
        for outcome in outcomes:
            found.setdefault("ok" if outcome.status == "raised" else outcome.status, []).append(outcome.step.id)
        answers = [graded(each, self._said.get((lesson.id, each.step.id))) for each in outcomes]
        if told := summary(answers):
            write(f"{told}\n")
        if found.keys() - {"ok"}:
            counts = [
                f"{len(ids)} {status.replace('timeout', 'timed out')}"
                + (f" ({', '.join(ids)})" if status != "ok" else "")
                for status, ids in found.items()
            ]
            write(f"{plural(len(outcomes), 'step')}: {', '.join(counts)}\n")


def outcome_text(
    lesson: Lesson,
    outcome: Outcome,
    width: int,
    *,
    ascii: bool,  # noqa: A002
    colour: bool,
    said: str | None = None,
) -> str:
    """Return one step as text, with what differs from the lesson's expectations; `said` is an answer to grade."""
    text = step_text(lesson, outcome.step, outcome.report, width, ascii, colour, said)
    lines: list[Line] = []
    if outcome.status == "skipped":
        lines = section("skipped", [((outcome.reason, ""),)])
    elif outcome.status in BAD and outcome.report and not _told(outcome.report):
        problems = [each.message for each in outcome.problems] or [outcome.reason]
        lines = section("failed", [((problem, "error"),) for problem in problems])
    for left_out in outcome.report.without if outcome.report else ():
        lines += section("state", [((f"ran {left_out}", "warning"),)])
    if told := stored_differences(lesson, outcome.step, outcome.report):
        lines += section("the notebook says otherwise", [((line, "warning"),) for line in told])
    return text + text_of([*lines, ()], ascii, colour)


def _told(report: Report) -> bool:
    """Return whether the step's text already says why the run did not end on its own."""
    return report.done is not None and report.done.status not in ("ok", "error")


def document(lesson: Lesson, facts: Facts, outcomes: list[Outcome], said: Answers = NO_ANSWERS) -> dict[str, Any]:
    """Return the document that `run --json` prints for a lesson; `said` are answers to grade."""
    worker = {name: getattr(facts, name) for name in ("python", "jax", "jaxlib", "numpy", "platforms", "simulated")}
    return {
        "lesson": lesson.id,
        "jaxtour": __version__,
        "worker": worker,
        "steps": [
            _step(lesson, outcome) | graded(outcome, said.get((lesson.id, outcome.step.id))) for outcome in outcomes
        ],
    } | ({"problems": list(lesson.problems)} if lesson.problems else {})


def _step(lesson: Lesson, outcome: Outcome) -> dict[str, Any]:
    report = outcome.report
    entry: dict[str, Any] = {
        "id": outcome.step.id,
        "status": outcome.status,
        "seconds": report.seconds if report else None,
        "stdout": stdout_of(report) if report else "",
        "stderr": report.stderr.text if report else "",
        "result": None,
        "error": None,
        "traces": [],
        "timings": [],
        "retraces": [],
    }
    if outcome.reason:
        entry["reason"] = outcome.reason
    if outcome.problems:
        entry["problems"] = [each.message for each in outcome.problems]
    if stored := stored_differences(lesson, outcome.step, outcome.report):
        entry["stored"] = stored
    if report is None:
        return entry
    if report.without:
        entry["without"] = [left_out.step for left_out in report.without]
    entry |= _ended(report)
    if report.failure and report.failure.who:
        entry["error"]["who"] = report.failure.who
    if own := each_of(report):
        each = {process: {"stdout": own[process].stdout.text, "stderr": own[process].stderr.text} for process in own}
        entry["processes"] = [each[process] | _ended(own[process]) for process in own]
    entry["traces"] = [_trace(report, trace) for trace in report.traces]
    return entry | timing_records(report)


def _ended(report: Report) -> dict[str, Any]:
    """Return the value and the error of the step, or of one process that ran it."""
    value, failure = report.value, report.failure
    result = value and {name: getattr(value, name) for name in ("type", "shape", "dtype", "devices", "text")}
    error = failure and {name: getattr(failure, name) for name in ("type", "bases", "message", "line")}
    return {"result": result, "error": error}


def _trace(report: Report, trace: Trace) -> dict[str, Any]:
    stage = report.stage(trace.index, "jaxpr")
    error = trace.error or (stage.error if stage else None)
    return {"label": trace.label, "jaxpr": stage.text if stage else ""} | ({"error": error} if error else {})
