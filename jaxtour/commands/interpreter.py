"""The Python that was named for the worker, as a path that holds wherever the worker is started."""

import os
import shutil
from pathlib import Path

from jaxtour.course.model import CourseError


def interpreter(named: str) -> str:
    """The absolute path of a Python that is named by its path, its environment's folder, or its name on PATH.

    Raises `CourseError` when there is none.
    """
    path = Path(named).expanduser()
    if named and path.is_dir():
        # Absolute, but not resolved: an environment is known by the link that its Python is.
        path = path.absolute() / "bin" / "python"
        if not path.exists():
            raise CourseError(f"{named}: a folder without bin/python: name the Python of the worker")
    elif os.sep not in named:
        if not (found := shutil.which(named)):
            raise CourseError(f"no program {named!r} here: name the Python of the worker by its path")
        path = Path(found)
    elif not path.exists():
        raise CourseError(f"{named}: no such file: name the Python of the worker by its path")
    return str(path.absolute())
