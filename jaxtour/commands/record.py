"""`jaxtour record`: run a program as Python would, and list what JAX compiled while it ran, as text or JSON."""

import asyncio
import contextlib
import functools
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from jaxtour import interrupts
from jaxtour.commands.common import ascii_only, coloured, headless, tell_findings, write, write_json
from jaxtour.commands.files import lesson_of
from jaxtour.commands.launch import Script
from jaxtour.commands.lens import failure_line
from jaxtour.course.model import Step
from jaxtour.engine.headless import Headless
from jaxtour.engine.record import program_record
from jaxtour.engine.report import Report
from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.messages import Event, Text, Warned
from jaxtour.render.processes import stdout_apart
from jaxtour.render.programs import program_lines
from jaxtour.render.text.plain import section, text_of
from jaxtour.render.value import failure_lines, output_text
from jaxtour.streams import warn


def record(program: Script, config: WorkerConfig, *, as_json: bool, width: int) -> int:
    """Run the program and print what it compiled; the exit code is 1 if it raised or died, 130 after Ctrl-C."""
    lesson = lesson_of(program.path, launch=program.launch)
    step = lesson.steps[0]
    assert isinstance(step, Step)

    async def run() -> Report:
        async with headless(config) as engine:
            tell_findings(await engine.facts())
            engine.heard = None if as_json else functools.partial(_pass_on, program.path)
            with _stopping(engine):
                return await engine.request(lesson, step)

    report = interrupts.run(run())
    done = report.done
    if as_json:
        write_json(program_record(report))
    else:
        if report.failure and report.failure.type != "SystemExit":
            lines = failure_lines(report.failure, width)
            _pass_to_stderr(text_of(lines, ascii_only(sys.stderr), coloured(sys.stderr)))
        apart = stdout_apart(report, None)
        lines = [*(section("output by process", apart) if apart else []), *program_lines(report, width, program.path)]
        write(text_of(lines, ascii_only(), coloured()))
    if report.failure:
        warn(failure_line(report.failure, program.path))
    elif done and done.status not in ("ok", "error", "interrupted"):
        warn(f"{program.path}: {done.reason or done.status}")
    if done and done.status == "interrupted":
        return interrupts.CODE
    return int(report.failure is not None or (done is not None and done.status != "ok"))


def _pass_on(path: Path, event: Event) -> None:
    """Write what the program writes, and its warnings as Python does, as they arrive."""
    if isinstance(event, Warned):
        place = event.elsewhere if event.line is None else f"{path}:{event.line}"
        _pass_to_stderr(f"{place}: {event.category}: {event.message}\n".removeprefix(": "))
    elif isinstance(event, Text) and event.stream == "stdout":
        write(output_text(event.text))
    elif isinstance(event, Text):
        _pass_to_stderr(output_text(event.text))


def _pass_to_stderr(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


@contextlib.contextmanager
def _stopping(engine: Headless) -> Iterator[None]:
    """Have a first Ctrl-C stop the program, so that the command still prints the list, and a second one the command."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    tasks: set[asyncio.Task[None]] = set()

    def handle(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        loop.call_soon_threadsafe(lambda: tasks.add(loop.create_task(engine.session.interrupt())))

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
