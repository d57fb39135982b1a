"""Names the files of jaxtour, and gives others absolute names; this module creates none of them."""

import os
from pathlib import Path

import platformdirs


def absolute(path: str | Path) -> str:
    """Return the absolute path, with `..` removed as the worker does it: pathlib would follow links."""
    return os.path.abspath(path)  # noqa: PTH100


def state_dir() -> Path:
    """Return the folder of progress and other state: `$XDG_STATE_HOME/jaxtour` on Linux."""
    return platformdirs.user_state_path("jaxtour", appauthor=False)


def config_dir() -> Path:
    """Return the folder of the user's settings: `$XDG_CONFIG_HOME/jaxtour` on Linux."""
    return platformdirs.user_config_path("jaxtour", appauthor=False)


def cache_dir() -> Path:
    """Return the folder of what can be made again: `$XDG_CACHE_HOME/jaxtour` on Linux."""
    return platformdirs.user_cache_path("jaxtour", appauthor=False)


def lessons_dir() -> Path:
    """Return the folder of the course: inside the package if installed from a wheel, next to it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "lessons"
    return installed if installed.is_dir() else package.parent / "lessons"
