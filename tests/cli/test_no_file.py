"""Paths that name something other than a file are reported in one line and without waiting."""

import os
import socket
from pathlib import Path

import pytest
from inside import command as inside
from shell import jaxtour

KINDS = ["pipe", "socket", "device", "terminal", "loop", "folder loop", "unreadable", "large", "folder"]
COMMANDS = ["list", "run", "check", "explore", "lens", "time", "snapshot", "tour"]


def made(folder: Path, kind: str, name: str) -> Path:
    """Make something of that kind, with that name if possible."""
    path = folder / name
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(path))
        case "device":
            path.symlink_to("/dev/zero")
        case "terminal":
            path.symlink_to("/dev/tty")
        case "loop":
            path.symlink_to(path)
        case "folder loop":
            (folder / "inner").symlink_to(folder)
            path = folder.joinpath(*["inner"] * 50, name)
        case "unreadable":
            # Even root cannot read this file.
            path.symlink_to("/proc/self/mem")
        case "large":
            path.write_bytes(b"# " + b"x" * (2 * 1024 * 1024))
        case "folder":
            path.mkdir()
    return path


@pytest.mark.row("pipes, sockets, loops and 2 MB as a lesson or program")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_file_is_one_line(tmp_path: Path, kind: str, command: str) -> None:
    name = "it.py" if command in ("explore", "lens", "time") else "it.yaml"
    path = made(tmp_path, kind, name)
    words = (str(path),) if command == "tour" else (command, str(path))
    # Each kind is tested once in a real process.
    done = jaxtour(*words) if command == "list" else inside(*words)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stdout == "" and done.stderr.startswith("jaxtour: ") and done.stderr.count("\n") == 1, done.stderr
    assert ("inner" if kind == "folder loop" else name) in done.stderr


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder loop"])
@pytest.mark.parametrize(
    ("name", "variable"), [("settings.toml", "XDG_CONFIG_HOME"), ("progress.json", "XDG_STATE_HOME")]
)
def test_what_is_no_file_of_settings_or_progress_is_told_and_not_waited_for(
    tmp_path: Path, kind: str, name: str, variable: str
) -> None:
    (tmp_path / "jaxtour").mkdir()
    made(tmp_path / "jaxtour", kind, name)
    command = ("list",) if name == "progress.json" else ("run", "nothing-of-that-name")
    done = inside(*command, **{variable: str(tmp_path)})
    # For a link to something else, the message describes the target.
    told = [line for line in done.stderr.splitlines() if "cannot" in line or "larger" in line]
    assert len(told) == 1 and "Traceback" not in done.stderr, done.stderr
    assert done.returncode == (0 if command == ("list",) else 2)
