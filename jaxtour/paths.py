"""Where jaxtour's files live; nothing here is created."""

from pathlib import Path

import platformdirs


def state_dir() -> Path:
    """Progress and what else jaxtour remembers: `$XDG_STATE_HOME/jaxtour` on Linux."""
    return platformdirs.user_state_path("jaxtour", appauthor=False)


def config_dir() -> Path:
    """What the user sets: `$XDG_CONFIG_HOME/jaxtour` on Linux."""
    return platformdirs.user_config_path("jaxtour", appauthor=False)


def lessons_dir() -> Path:
    """The course: inside the package where it was installed from a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "lessons"
    return installed if installed.is_dir() else package.parent / "lessons"
