"""Finds the worker's Python, as a path that is valid in any working folder."""

import os
import shutil
from pathlib import Path

from jaxtour.course.model import CourseError


def interpreter(named: str) -> str:
    """Return the absolute path of a Python named by its path, its environment's folder, or its name on PATH.

    Raises `CourseError` if there is none.
    """
    path = Path(named).expanduser()
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
