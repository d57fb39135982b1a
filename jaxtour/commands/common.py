"""What several commands share: finding lessons, opening a worker, and one line for what goes wrong."""

import difflib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jaxtour.course.catalogue import SUFFIXES, Catalogue, bundled, has_lessons, open_path
from jaxtour.course.model import CourseError, Lesson
from jaxtour.engine.client import ProcessEngine
from jaxtour.engine.messages import Facts
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.render.text.clean import UNCLEAN, clean
from jaxtour.render.text.clean import ascii_only as to_ascii
from jaxtour.streams import mute_stdout

if TYPE_CHECKING:
    from jaxtour.engine.headless import Headless


def catalogue_for(target: str | None) -> tuple[Catalogue, str | None]:
    """The lessons that a command's argument speaks of, and what is left of it to look up in them.

    `vmap` and `vmap/jit` are looked up in the course. `my.yaml`, `my.yaml/step`, `my-lessons`, `my-lessons/first` and
    `my-lessons/first/step` are one's own, and so is a folder that has a lesson's name where it is written with a
    slash, like `./vmap` or `vmap/`. Raises `CourseError` for what is not there.
    """
    if target is None:
        return bundled(), None
    path = Path(target)
    if target.partition("::")[0].endswith(".py"):
        raise CourseError(f"{target}: a Python file and no lesson: `jaxtour explore {target}` looks into it")
    pathlike = target.startswith((".", "/", "~")) or target.endswith(("/", *SUFFIXES))
    there = os.path.lexists(path) and target != ""
    if _is_bundled(path.parts[0] if path.parts else "") and not (there and pathlike):
        return bundled(), str(path)
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
    """Every lesson that a command's argument speaks of; raises `CourseError`, also where it speaks of a step."""
    catalogue, wanted = catalogue_for(target)
    if wanted is None:
        return [entry.lesson() for entry in catalogue.entries]
    name, _, step = wanted.partition("/")
    if step:
        raise CourseError(f"{target}: name a lesson, not one of its steps")
    return [catalogue.entry(name).lesson()]


def near_command(target: str | None, commands: Sequence[str]) -> str | None:
    """The command that was probably meant by what is no lesson."""
    if not target or "/" in target or os.path.lexists(target):
        return None
    near = difflib.get_close_matches(target, [*(entry.id for entry in bundled().entries), *commands], n=1)
    return near[0] if near and near[0] in commands else None


def _is_bundled(name: str) -> bool:
    try:
        return any(entry.id == name for entry in bundled().entries)
    except CourseError:
        return False


def session(config: WorkerConfig) -> Session:
    """A session on a guard of its own."""
    return Session(ProcessEngine(), config)


def headless(config: WorkerConfig) -> "Headless":
    """A session for commands that only print."""
    # Imported here, as the tour has no use for it: it brings packaging, 11 ms.
    from jaxtour.engine.headless import Headless

    return Headless(session(config))


def write_json(value: Any) -> None:
    """Print one JSON document, in UTF-8 whatever the locale says."""
    _put(json_text(value, indent=2) + "\n", "utf-8")


def json_text(value: Any, *, indent: int = -1) -> str:
    """The value as JSON in which what is invisible is escaped: a terminal may be what it is printed on."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()
    return UNCLEAN.sub(lambda match: json.dumps(match[0])[1:-1], text)


def write(text: str) -> None:
    """Print text that is already clean, in what the locale can show."""
    _put(to_ascii(text) if ascii_only() else text, sys.stdout.encoding or "utf-8")


def _put(text: str, encoding: str) -> None:
    """Print; a reader that went away (`| head`) ends the command quietly, a full disk with a line and code 2."""
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


def warn(message: str) -> None:
    """Say something beside the output, in one line on stderr."""
    sys.stderr.write(f"jaxtour: {clean(message, keep_newlines=False)}\n")
    sys.stderr.flush()


def tell_findings(facts: Facts) -> Facts:
    """Say what is amiss with the machine's accelerators; a run on the CPU that nobody asked for is among it."""
    for finding in facts.findings:
        warn(f"{finding.message}: {finding.remedy}" if finding.remedy else finding.message)
    return facts


def ascii_only() -> bool:
    """Whether stdout cannot show more than ASCII."""
    return "utf" not in (sys.stdout.encoding or "").lower().replace("-", "")


def coloured() -> bool:
    """Whether what is printed may have colours: on a terminal that knows them, unless `NO_COLOR` asks for none."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def plural(count: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
