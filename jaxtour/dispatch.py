"""Provides what all commands share: the worker's configuration and the exit code."""

import errno
import gc
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from jaxtour.streams import mute_stdout, open_standard_streams, warn

if TYPE_CHECKING:
    from types import TracebackType

    from jaxtour.engine.session import WorkerConfig


class WorkerOptions(NamedTuple):
    """The options that choose the worker and its devices, as the user wrote them."""

    python: str | None = None
    platform: str | None = None
    devices: int | None = None
    processes: int = 1
    hosts: str | None = None
    """A file with one host per line, or `tpu`."""
    isolate: bool = False
    worker: str | None = None
    """A prefix that runs a command on another machine, such as `ssh -T tpu-vm`; empty means this machine despite the
    settings."""


def config(options: WorkerOptions, python: str | None = None, *, screen: bool = False) -> "WorkerConfig":
    """Return the worker's configuration from options and settings; raises `CourseError` for a missing Python.

    With `screen`, the app shows mistakes in the settings. `python` takes precedence over the option of that name. It is
    a path on the worker's machine.
    """
    from jaxtour.commands.common import interpreter
    from jaxtour.course.model import CourseError
    from jaxtour.engine.session import WorkerConfig
    from jaxtour.settings import load

    on_screen = screen and sys.stdout.isatty()
    settings, problems = load()
    if not on_screen:
        for problem in problems:
            warn(problem)
    python = python or options.python
    worker = settings.worker if options.worker is None else options.worker
    if worker:
        if options.worker is None:
            python = python or settings.python
    elif python is not None:
        python = interpreter(python)
    elif (python := settings.python) is not None:
        try:
            python = interpreter(python)
        except CourseError as error:
            # The tour opens even if the settings are wrong; its worker reports the error.
            if not on_screen:
                raise CourseError(f"python in settings.toml: {error}") from None
    platform = options.platform or settings.platform
    hosts: tuple[str, ...] = ()
    if options.hosts is not None:
        from jaxtour.commands.hosts import hosts_of

        hosts = hosts_of(options.hosts)
    if hosts and options.processes > 1:
        raise CourseError("--hosts starts one process on each host: leave out --processes")
    if hosts:
        worker = worker or "ssh -T {host}"
    if bool(hosts) != ("{host}" in (worker or "")):
        remedy = "put {host} where the host's name goes" if hosts else "name the hosts with --hosts FILE"
        raise CourseError(f"--worker {worker}: {remedy}")
    if options.processes > 1:
        if options.platform in ("gpu", "tpu"):
            raise CourseError(f"--processes starts processes on the CPU: leave out --platform {options.platform}")
        platform = "cpu"
    return WorkerConfig(
        python=python,
        platform=platform,
        devices=options.devices,
        worker=worker or None,
        processes=len(hosts) or options.processes,
        hosts=hosts,
        isolate=options.isolate,
    )


def finish(action: Callable[[], int], *, collecting: bool = True) -> NoReturn:
    """Run a command's work; a user's mistake becomes one line and exit code 2.

    Enables garbage collection, unless `collecting` is false: then the work itself enables it.
    """
    _import_asyncio()
    from jaxtour.course.model import CourseError
    from jaxtour.engine.session import EngineError

    if collecting:
        gc.enable()
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


def open_tour(
    target: str | None,
    options: WorkerOptions,
    *,
    trust: bool = False,
    theme: str | None = None,
    mouse: bool = True,
    commands: Sequence[str] = (),
) -> NoReturn:
    """Open the tour, or print a lesson if stdout is not a terminal.

    `commands` lists what a wrong name may have meant.
    """

    def action() -> int:
        from jaxtour.commands.common import near_command

        if near := near_command(target, commands):
            fail(f"unknown lesson or command {target!r}: did you mean jaxtour {near}?")
        from jaxtour.commands.tour import print_lesson, tour

        worker = config(options, screen=True)
        if not sys.stdout.isatty():
            return print_lesson(target, worker, width=terminal_width(), trust=trust)
        return tour(target, worker, theme=theme, mouse=mouse, trust=trust)

    # The app collects from its first frame on.
    finish(action, collecting=False)


def protected(work: Callable[[], int]) -> NoReturn:
    """Do the work and exit with its code, whatever the standard streams are and however they fail."""
    open_standard_streams()
    sys.excepthook = _harmless
    try:
        code = work()
    except BrokenPipeError:
        mute_stdout()
        code = 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        mute_stdout()
        fail(f"cannot write: {error.strerror}")
    sys.exit(code)


def _harmless(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    """Print jaxtour's own traceback without control characters: it may quote a lesson or a program."""
    import traceback

    from jaxtour.text import clean

    sys.stderr.write(clean("".join(traceback.format_exception(kind, error, trace))))


def _import_asyncio() -> None:
    """Import asyncio without ssl, which it can do without, as we do: OpenSSL alone takes 5 ms to load."""
    if "asyncio" not in sys.modules and "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment] # an import of it fails
        try:
            import asyncio  # noqa: F401
        finally:
            del sys.modules["ssl"]


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def fail(message: str) -> NoReturn:
    """Print an error on stderr, in one line, and exit with code 2."""
    warn(" ".join(message.split("\n")))
    sys.exit(2)


def terminal_width() -> int:
    """Return the columns for printed text: at most 100, and at most those of the terminal, even behind a pager."""
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
