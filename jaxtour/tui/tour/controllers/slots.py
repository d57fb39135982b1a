"""Tracks which pane has the focus and which one fills the screen, and copies its text."""

import os
import re
from functools import partialmethod
from pathlib import Path

from textual.app import App

from jaxtour import paths
from jaxtour.render.text.layout import plain
from jaxtour.tui.messages import Turned
from jaxtour.tui.panes.source import rows_of
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.widgets.arrange import Slot
from jaxtour.tui.widgets.pane import Pane


class SlotController:
    """The actions that go from pane to pane, zoom one, and copy its text."""

    def __init__(self, host: ScreenHost) -> None:
        self.host = host
        self.panes = host.panes
        self.source = self.panes.by_slot["source"]
        self.stages = self.panes.by_slot["stage"]

    def _focus_by(self, by: int) -> None:
        """Focus the next pane, or the previous one."""
        slots = [*self.panes.by_slot]
        here = slots.index(self.host.pane.spec.name)
        self.focus(slots[(here + by) % len(slots)])

    next_pane = partialmethod(_focus_by, 1)
    previous_pane = partialmethod(_focus_by, -1)

    def focus(self, slot: Slot) -> None:
        """Focus a pane, and bring it to the front."""
        self.panes.bring(slot, by_hand=True)
        if self.panes.zoomed:
            self.panes.zoom(slot)
        pane = self.panes.by_slot[slot]
        if pane.focusable:
            # At once: keys typed ahead are for this pane.
            self.host.set_focus(pane, scroll_visible=False)
        else:
            pane.focus(scroll_visible=False)
        self.host.post_message(Turned())

    def keep_focus(self) -> None:
        """Move the focus to a visible pane, unless it is on one or on the editor."""
        if self.panes.editor is not None:
            return
        focused = self.host.focused
        slot = focused.spec.name if isinstance(focused, Pane) else self.panes.front
        if self.panes.zoomed:
            slot = self.panes.zoomed
        elif not self.panes.wide and self.panes.by_slot[slot].spec.tab:
            slot = self.panes.front
        if focused is not self.panes.by_slot[slot]:
            self.panes.by_slot[slot].focus(scroll_visible=False)

    def zoom(self) -> None:
        """Let the pane fill the screen, or bring the others back."""
        self._fill_with(None if self.panes.zoomed else self.host.pane.spec.name)

    def unzoom(self) -> None:
        """Bring the other panes back."""
        if self.panes.zoomed:
            self._fill_with(None)
        else:
            self.focus("lesson")
        self.host.post_message(Turned())

    def _fill_with(self, slot: Slot | None) -> None:
        self.panes.zoom(slot)
        self.host.refresh_view()
        self.keep_focus()

    def yank(self) -> None:
        """Copy the pane's text; code as it was written."""
        pane, tour = self.host.pane, self.host.tour
        what = tour.state.stage if pane.spec.name == "stage" else pane.spec.name
        name = f"{tour.lesson.id}-{tour.step.id}-{what}"
        text = rows_of(tour.view).written if what == "source" else ""
        if what == "values":
            # Its figures are in the gutter.
            rows = zip(pane.document.gutter, pane.document.texts, strict=False)
            text = "".join(f"{plain(beside)}{line}".rstrip() + "\n" for beside, line in rows)
        self.host.note(copied(self.host.app, name, text or pane.document.text))


CLIPBOARD_CAP = 74_000
"""In characters: terminals drop longer OSC 52 sequences, xterm those over 100 000 bytes of base64."""


def copied(app: App[object], name: str, text: str) -> str:
    """Copy a text to the clipboard and to a file, in case the terminal has none; return a line that says where."""
    try:
        path = write(name, text)
    except OSError as error:
        app.copy_to_clipboard(text)
        return f"copied to the clipboard; no file: {error.strerror or error}"
    if len(text) > CLIPBOARD_CAP:
        return f"too long for the clipboard: {short(path)}"
    app.copy_to_clipboard(text)
    if "TMUX" in os.environ:
        # By default tmux silently drops what programs copy.
        return f"in {short(path)}, and copied if tmux has set-clipboard on"
    return f"copied, and in {short(path)}"


def write(name: str, text: str) -> Path:
    """Write a text below the state directory and return the file."""
    folder = paths.state_dir() / "yank"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / (re.sub(r"[^a-zA-Z0-9-]+", "-", name) + ".txt")
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def short(path: Path) -> str:
    """Return the path with `~` for the home directory."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)
