"""The user's settings in `settings.toml`; a mistake there costs that setting and a message, never the start."""

import difflib
from pathlib import Path
from typing import Any, Literal

import msgspec

from jaxtour import paths
from jaxtour.files import read_bytes

NAME = "settings.toml"
MAX_BYTES = 1024 * 1024


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings file."""

    theme: str | None = None
    """`dark`, `light`, `ansi`, or any theme of Textual's."""
    mouse: bool = True
    python: str | None = None
    """The Python of the worker; `~` is the home directory."""
    platform: Literal["cpu", "gpu", "tpu"] | None = None
    worker: str | None = None
    """A prefix that runs a command on the worker's machine; `python` is then a path there."""
    keys: dict[str, str] = {}
    """Keys by action, separated by commas: `run = "r,f5"`."""


FIELDS = {field.name: field.type for field in msgspec.structs.fields(Settings)}


def load(path: Path | None = None) -> tuple[Settings, list[str]]:
    """Return the settings, and one line for each mistake in the file."""
    path = path or paths.config_dir() / NAME
    try:
        data = read_bytes(path, MAX_BYTES)
        if len(data) > MAX_BYTES:
            return Settings(), [f"{path}: larger than 1 MiB: shorten it"]
        # Most users have no such file, and need no parser.
        import tomllib

        table = tomllib.loads(data.decode("utf-8-sig"))
    except FileNotFoundError:
        return Settings(), []
    except OSError as error:
        return Settings(), [f"{path}: cannot be read: {error.strerror or error}"]
    except UnicodeDecodeError:
        return Settings(), [f"{path}: not UTF-8: save it as UTF-8"]
    except (ValueError, RecursionError) as error:
        return Settings(), [f"{path}: not TOML: {error}"]
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in table.items():
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(FIELDS)}"
            problems.append(f"{path}: unknown setting {name!r}: {hint}")
        elif name == "keys" and isinstance(value, dict):
            values[name] = _keys(value, path, problems)
        else:
            try:
                values[name] = msgspec.convert(value, FIELDS[name])
            except msgspec.ValidationError as error:
                problems.append(f"{path}: {name}: {_reason(str(error))}")
    if values.get("python"):
        values["python"] = _home(values["python"])
    return Settings(**values), problems


def in_short(problems: list[str]) -> list[str]:
    """Return the lines without the folder, which would push out the rest where there is only one row."""
    return [problem.removeprefix(f"{paths.config_dir()}/") for problem in problems]


def _keys(table: dict[str, Any], path: Path, problems: list[str]) -> dict[str, str]:
    """Return the keys that are text; the app checks whether their actions exist."""
    keys = {}
    for action, value in table.items():
        if isinstance(value, str):
            keys[action] = value
        else:
            problems.append(f'{path}: keys.{action}: must be text, like "r,f5"')
    return keys


def _reason(message: str) -> str:
    what = message.replace("`", "").replace("bool", "true or false").replace(" | null", "").replace("str", "text")
    choices = {"Invalid enum value": "must be cpu, gpu or tpu"}
    return next((text for start, text in choices.items() if what.startswith(start)), what[:1].lower() + what[1:])


def _home(path: str) -> str:
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        return path
