"""The Python that was named for the worker, as a path that holds wherever the worker starts it."""

import os
import shutil
from pathlib import Path

from jaxtour.course.model import CourseError


def interpreter(named: str) -> str:
    """The absolute path of a Python, which may be named by path, by its environment's folder, or by a name on PATH.

    Raises `CourseError` when there is none.
    """
    path = Path(named).expanduser()
    if path.is_dir():
        # Not resolved: an environment is known by the link in it.
        python = path.absolute() / "bin" / "python"
        if not python.exists():
            raise CourseError(
                f"{named} is a folder without bin/python: name a Python, like {named.rstrip('/')}/bin/python3"
            )
        return str(python)
    if os.sep not in named:
        if found := shutil.which(named):
            return found
        raise CourseError(f"no {named!r} on PATH: name the Python of the worker by its path")
    if not path.exists():
        raise CourseError(f"{named}: no such file: name the Python of the worker")
    return str(path.absolute())
