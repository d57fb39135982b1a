"""What each command does around its work: the worker that it asks for, and its exit code."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from jaxtour.engine.session import WorkerConfig


def config(python: str | None, platform: str | None, devices: int | None) -> "WorkerConfig":
    """The worker that options and settings ask for; raises `CourseError` for a Python that is not there."""
    from jaxtour.commands.interpreter import interpreter
    from jaxtour.course.model import CourseError
    from jaxtour.engine.session import WorkerConfig
    from jaxtour.settings import load

    on_screen = sys.stdout.isatty() and click.get_current_context().info_name in ("tour", "explore")
    settings, problems = load()
    if not on_screen:
        for problem in problems:
            say(problem)
    if python is not None:
        python = interpreter(python)
    elif (python := settings.python) is not None:
        try:
            python = interpreter(python)
        except CourseError as error:
            # The tour itself opens whatever the settings say, and its worker tells what is wrong.
            if not on_screen:
                raise CourseError(f"python in settings.toml: {error}") from None
    return WorkerConfig(python=python, platform=platform or settings.platform, devices=devices)


def finish(action: Callable[[], int]) -> None:
    """Run a command's work; what the user got wrong becomes one line and exit code 2."""
    from jaxtour.course.catalogue import CourseError
    from jaxtour.engine.session import EngineError

    try:
        code = action()
    except ExceptionGroup as group:
        known, rest = group.split((CourseError, EngineError))
        if rest or known is None:
            raise
        fail(str(_first(known)))
    except (CourseError, EngineError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code)


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr, in one line, and leave with code 2."""
    say(" ".join(message.split("\n")))
    sys.exit(2)


def say(message: str) -> None:
    """Say something on stderr, in one line."""
    from jaxtour.render.text.clean import clean

    click.echo(f"jaxtour: {clean(message, keep_newlines=False)}", err=True)


def terminal_width() -> int:
    """Columns for printed text: at most 100, and no more than the terminal has that a pager may show it on."""
    import os

    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return min(int(columns), 100)
    for stream in (1, 2, 0):
        try:
            if width := os.get_terminal_size(stream).columns:
                return min(width, 100)
        except OSError:
            continue
    return 100
