"""Provides what several commands share: finding lessons, opening a worker, and printing."""

import difflib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from jaxtour.course.catalogue import NOTEBOOKS, SUFFIXES, Catalogue, bundled, has_lessons, open_path
from jaxtour.course.model import CourseError, Lesson
from jaxtour.course.progress import Progress
from jaxtour.course.trust import Trust
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.guards.processes import LOOPBACK, Processes
from jaxtour.engine.guards.remote import remote_command
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.messages import Event, Facts, RunProgress
from jaxtour.streams import mute_stdout, warn
from jaxtour.text import UNCLEAN, plain_value
from jaxtour.text import ascii_only as to_ascii

if TYPE_CHECKING:
    from jaxtour.engine.headless import Headless


def catalogue_for(target: str | None) -> tuple[Catalogue, str | None]:
    """Return the catalogue that a command's argument names, and the rest of the argument to look up in it.

    `vmap` and `vmap/jit` name the course. `my.yaml`, `my.yaml/step`, `my-lessons`, `my-lessons/first` and
    `my-lessons/first/step` name the user's lessons, `my.ipynb` and `my.ipynb/cell-3` a notebook. A folder with the name
    of a lesson needs a slash, as in `./vmap` or `vmap/`. Raises `CourseError` if nothing has the name.
    """
    if target is None:
        return bundled(), None
    path = Path(target)
    if target.partition("::")[0].endswith(".py") and not path.is_file():
        raise CourseError(f"{target}: a Python file, not a lesson: open it with `jaxtour explore {target}`")
    pathlike = target.startswith((".", "/", "~")) or target.endswith(("/", *SUFFIXES, *NOTEBOOKS))
    there = os.path.lexists(path) and target != ""
    if not (there and pathlike) and (course := _course_with(path.parts[0] if path.parts else "")):
        return course, str(path)
    if there:
        return open_path(path), None
    folder = next((parent for parent in path.parents if os.path.lexists(parent)), Path())
    rest = path.relative_to(folder).parts
    if folder.is_dir():
        if folder != Path() and len(rest) <= 2 and has_lessons(folder):
            return open_path(folder), "/".join(rest)
        if pathlike or folder != Path():
            raise CourseError(f"{target}: no such file or folder")
        return bundled(), target
    catalogue = open_path(folder)
    return catalogue, f"{catalogue.entries[0].id}/{'/'.join(rest)}"


def lessons_for(target: str | None) -> list[Lesson]:
    """Return every lesson that a command's argument names; raises `CourseError` if it names a step, or nothing."""
    catalogue, wanted = catalogue_for(target)
    name, _, step = (wanted or "").partition("/")
    if step:
        raise CourseError(f"{target}: name a lesson, not one of its steps")
    return lessons_of(catalogue, name or None)


def lessons_of(catalogue: Catalogue, name: str | None) -> list[Lesson]:
    """Return the lesson of this name; every lesson without one. Raises `CourseError` if there is no such lesson."""
    entries = catalogue.entries if name is None else [catalogue.entry(name)]
    return [entry.lesson() for entry in entries]


def near_command(target: str | None, commands: Sequence[str]) -> str | None:
    """Return the command that the user probably meant, or None if a lesson's name is closer."""
    if not target or "/" in target or os.path.lexists(target):
        return None
    lessons = [entry.id for entry in bundled().entries]
    near = [] if target in lessons else difflib.get_close_matches(target, [*lessons, *commands], n=1)
    return near[0] if near and near[0] in commands else None


def _course_with(name: str) -> Catalogue | None:
    """Return the course, if it is installed and one of its files has this name."""
    try:
        course = bundled()
    except CourseError:
        return None
    return course if any(entry.id == name for entry in course.entries) else None


def session(config: WorkerConfig, *, trust: bool = False) -> Session:
    """Return a session with its own guard; without `trust` it runs no lesson that the learner does not trust."""
    hosts = config.hosts

    def connect(process: int) -> ProcessEngine:
        if not config.worker:
            return ProcessEngine()
        prefix = config.worker.replace("{host}", hosts[process % len(hosts)]) if hosts else config.worker
        return ProcessEngine(remote_command(prefix, config.python))

    address = hosts[0].rpartition("@")[2] if hosts else LOOPBACK
    return Session(Processes(connect, address), config, Trust(everything=trust))


def headless(config: WorkerConfig, *, trust: bool = False) -> "Headless":
    """Return a session for commands that only print."""
    # Imported here, since the tour does not use it: it imports packaging, 11 ms.
    from jaxtour.engine.headless import Headless

    return Headless(session(config, trust=trust))


def opened_progress() -> Progress:
    """Open the learner's progress; raises `CourseError` if it cannot be read or saved."""
    progress = Progress.open()
    if progress.notice:
        raise CourseError(progress.notice)
    return progress


def agreed(question: str, *, nobody: str) -> bool:
    """Ask on the terminal, where Enter means no; without a terminal, raises `CourseError` with the message `nobody`."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CourseError(nobody)
    import click  # the tour opens without it

    return click.confirm(question, err=True)


def write_json(value: Any) -> None:
    """Print one JSON document in UTF-8, whatever the locale is."""
    _put(json_text(value, indent=2) + "\n", "utf-8")


def json_text(value: Any, *, indent: int = -1) -> str:
    """Return the value as JSON with invisible characters escaped, since it may be printed on a terminal."""
    import json

    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=plain_value), indent=indent).decode()
    return UNCLEAN.sub(lambda match: json.dumps(match[0])[1:-1], text)


def write(text: str) -> None:
    """Print text that is already clean, in characters that the locale can show."""
    _put(to_ascii(text) if ascii_only() else text, sys.stdout.encoding or "utf-8")


def _put(text: str, encoding: str) -> None:
    """Print; a closed pipe (`| head`) ends the command silently, a full disk ends it with one line and code 2."""
    try:
        if buffer := getattr(sys.stdout, "buffer", None):
            sys.stdout.flush()
            buffer.write(text.encode(encoding, "replace"))
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        mute_stdout()
        raise SystemExit(0) from None
    except OSError as error:
        mute_stdout()
        warn(f"cannot write the output: {error.strerror or error}")
        raise SystemExit(2) from None


def tell_findings(facts: Facts) -> Facts:
    """Report problems with the machine's accelerators, including a fallback to the CPU; return the facts."""
    for finding in facts.findings:
        warn(f"{finding.message}: {finding.remedy}" if finding.remedy else finding.message)
    return facts


def tell_progress(event: Event) -> None:
    """Show on a terminal what the worker is doing."""
    if isinstance(event, RunProgress):
        done = f" {event.done} of {event.of}" if event.of > 1 else ""
        sys.stderr.write(f"\r\x1b[K{event.phase} {event.label}{done}"[:200])
    else:
        sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()


def ascii_only(stream: TextIO | None = None) -> bool:
    """Return whether stdout, or another stream, can show only ASCII."""
    return "utf" not in ((stream or sys.stdout).encoding or "").lower().replace("-", "")


def coloured(stream: TextIO | None = None) -> bool:
    """Return whether to print in colour: on a terminal that supports it, unless `NO_COLOR` is set."""
    terminal = (stream or sys.stdout).isatty()
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def interpreter(named: str) -> str:
    """Return the absolute path of a Python named by its path, its environment's folder, or its name on PATH.

    Raises `CourseError` if there is none.
    """
    try:
        path = Path(named).expanduser()
    except RuntimeError:
        raise CourseError(f"{named}: no such user: name the worker's Python by its path") from None
    if named and path.is_dir():
        # Absolute, but not resolved: an environment's Python is a link, and the link identifies the environment.
        path = path.absolute() / "bin" / "python"
        if not path.exists():
            raise CourseError(f"{named}: this folder has no bin/python: name the worker's Python")
    elif os.sep not in named:
        if not (found := shutil.which(named)):
            raise CourseError(f"no program {named!r} on PATH: name the worker's Python by its path")
        path = Path(found)
    elif not path.exists():
        raise CourseError(f"{named}: no such file: name the worker's Python by its path")
    return str(path.absolute())
