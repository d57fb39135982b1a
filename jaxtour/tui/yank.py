"""Text out of the tour: to the clipboard of the terminal, and to a file for when the terminal has none."""

import os
import re
from pathlib import Path

from textual.app import App

from jaxtour import paths

CLIPBOARD_CAP = 74_000
"""Characters: terminals drop longer OSC 52 sequences, xterm from 100 000 bytes of base64 on."""


def yank(app: App[object], name: str, text: str) -> str:
    """Copy the text and say, in one line, where it went."""
    try:
        path = write(name, text)
    except OSError as error:
        app.copy_to_clipboard(text)
        return f"copied to the clipboard; no file: {error.strerror or error}"
    if len(text) > CLIPBOARD_CAP:
        return f"too long for the clipboard: {short(path)}"
    app.copy_to_clipboard(text)
    if "TMUX" in os.environ:
        # By default tmux keeps what programs copy from the terminal, and does not say so.
        return f"in {short(path)}, and copied if tmux has set-clipboard on"
    return f"copied, and in {short(path)}"


def write(name: str, text: str) -> Path:
    """Write the text under the state directory and return the file."""
    folder = paths.state_dir() / "yank"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / (re.sub(r"[^a-zA-Z0-9-]+", "-", name) + ".txt")
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def short(path: Path) -> str:
    """The path with `~` for the home directory."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)
