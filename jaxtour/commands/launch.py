"""What `FILE.py -- ARGS` and `-m MODULE -- ARGS` run: the file, and how it runs as a program."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtour.commands.files import parse_target
from jaxtour.course.model import CourseError, Launch
from jaxtour.text import Raw

MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_STOP = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>s?)")


@dataclass(frozen=True)
class Script:
    """A file that runs as a program."""

    path: Path
    function: str | None
    """The function in `FILE.py::FUNCTION`."""
    launch: Launch
    launched: bool = False
    """Whether the command line names more than a file: a module, or arguments."""


def program(
    target: str | None,
    module: str | None,
    args: Sequence[str],
    *,
    main: bool = True,
    stop_after: str | None = None,
    run_times: bool = False,
) -> Script:
    """Return the program that a command line names; raises `CourseError` if it does not exist.

    With a `module` the first word is the first of the program's own arguments.
    """
    if module is not None:
        path, function = _file_of(module), None
        argv = (str(path.absolute()), *([target] if target is not None else []), *args)
    elif target is None:
        raise CourseError("name a Python file, or a module as in -m package.train")
    else:
        path, function = parse_target(target)
        argv = (str(path), *args)
    compilations, seconds = _stop(stop_after)
    launch = Launch(
        argv=tuple(map(Raw, argv)),
        module=module or "",
        main=main,
        stop_after=compilations,
        stop_after_s=seconds,
        run_times=run_times,
    )
    return Script(path, function, launch, bool(module or args))


def _file_of(module: str) -> Path:
    """Return the file that `python -m` would run; searches from here and along PYTHONPATH."""
    if not MODULE.fullmatch(module):
        raise CourseError(f"-m {module}: not a module's name: write it with dots, as in -m package.train")
    parts = module.split(".")
    roots = ["", *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    for root in dict.fromkeys(roots):
        place = Path(root, *parts)
        for path in (place.with_name(f"{place.name}.py"), place / "__main__.py"):
            if path.is_file():
                return path
        if (place / "__init__.py").is_file():
            raise CourseError(f"-m {module}: a package without __main__.py: name a module in it")
    raise CourseError(f"-m {module}: no such module here or along PYTHONPATH: name its file instead")


def _stop(written: str | None) -> tuple[int | None, float | None]:
    """Return `20` as compilations, `30s` as seconds."""
    if written is None:
        return None, None
    match = _STOP.fullmatch(written)
    if match is None or float(match["number"]) == 0 or (not match["unit"] and "." in written):
        raise CourseError(f"--stop-after {written}: write a number of compilations, as in 20, or of seconds, as in 30s")
    return (None, float(match["number"])) if match["unit"] else (int(match["number"]), None)
