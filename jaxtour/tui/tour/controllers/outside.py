"""Edits a step's code in the learner's own editor, and picks up its saves."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from jaxtour.course.model import Step, StepKey
from jaxtour.files import replace
from jaxtour.tui.outside import NoEditorError, Saves, beside, editor_command, in_foreground, opened_beside, telling
from jaxtour.tui.tour.controllers.slots import short
from jaxtour.tui.tour.host import ScreenHost

POLL_S = 0.5
"""Time between two looks at the file, while an editor may save it."""
FORKED_S = 2.0
"""An editor that ends sooner without a save has its own window, and continues there."""


@dataclass
class _Edited:
    """A step whose code is in an editor."""

    key: StepKey
    step: Step
    path: Path
    saves: Saves
    ended: Path | None
    """The file that reports the editor's end; None if nothing does."""
    anew: bool = True
    """Whether nothing has been saved yet."""


class OutsideEditing:
    """Opens editors, and turns what they save into the learner's edits."""

    def __init__(self, host: ScreenHost) -> None:
        self.host = host
        self.tour = host.tour
        self._beside: set[Path] = set()
        """The files that are open in an editor next to the app."""

    async def open(self, file: Path | None) -> None:
        """Edit the code of the step shown; with a `file`, that file itself, whose saves another part notices."""
        step, path = self.tour.step, file or self._path
        if path in self._beside:
            self.host.note(f"{path.name} is open next to the tour: each save there becomes your edit")
            return
        edited = None
        try:
            argv = editor_command()
            if file is None and isinstance(step, Step):
                edited = await asyncio.to_thread(self._written, step, path)
        except (NoEditorError, OSError) as error:
            self.host.note(str(error))
            return
        ended = path.with_name(f".{path.name}.ended") if edited else None
        columns, rows = self.host.app.size
        command = beside(telling([*argv, str(path)], ended) if ended else [*argv, str(path)], columns, rows)
        if command is not None and await opened_beside(command):
            if edited:
                self._beside.add(path)
                edited.ended = ended
                self.host.note("your editor is open: each save becomes your edit")
                self._watch(edited)
            return
        self._give_terminal([*argv, str(path)], path, edited)

    def _give_terminal(self, argv: list[str], path: Path, edited: _Edited | None) -> None:
        """Run the editor in this terminal, and take what it saved."""
        ran = in_foreground(self.host.app, argv)
        if ran is None:
            self.host.note(f"edit {short(path)}: each save becomes your edit")
        text = edited.saves.new() if edited else None
        if edited and text is not None:
            self._take(edited, text)
        elif edited and (ran is None or (ran[1] < FORKED_S and not ran[0])):
            self._watch(edited)
        if ran and ran[0]:
            self.host.note(ran[0])

    @property
    def _path(self) -> Path:
        """The file for the code of the step shown."""
        lesson, step = (re.sub(r"[^a-zA-Z0-9._-]+", "-", part).strip(".") or "step" for part in self.tour.key)
        return self.tour.progress.path.parent / "edits" / lesson / f"{step}.py"

    def _written(self, step: Step, path: Path) -> _Edited:
        """Write the code of the step shown to a file; raises OSError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.with_name(f".{path.name}.ended").unlink(missing_ok=True)
        data = (self.tour.code.text.rstrip("\n") + "\n").encode("utf-8", "replace")
        replace(path, data)
        return _Edited(self.tour.key, step, path, Saves(path, data.decode()), None)

    def _watch(self, edited: _Edited) -> None:
        self.host.app.run_worker(self._saved(edited), group=str(edited.path), exclusive=True, exit_on_error=False)

    async def _saved(self, edited: _Edited) -> None:
        """Take each save until the editor has ended; if nothing reports that, until the learner leaves the step."""
        while edited.ended or self.tour.key == edited.key:
            await asyncio.sleep(POLL_S)
            # The editor's last save comes before its end.
            over = edited.ended is not None and await asyncio.to_thread(edited.ended.exists)
            text = await asyncio.to_thread(edited.saves.new)
            if text is not None:
                self._take(edited, text)
            if over and edited.ended:
                code = edited.ended.read_text().strip()
                edited.ended.unlink(missing_ok=True)
                self._beside.discard(edited.path)
                if code not in ("", "0"):
                    self.host.note(f"the editor ended with exit code {code}")
                return

    def _take(self, edited: _Edited, text: str) -> None:
        """Make a saved text the edit of its step."""
        tour, editor = self.tour, self.host.panes.editor
        here = tour.key == edited.key
        if here and editor is not None:
            tour.edits.write(edited.key, edited.step, editor.text)
            edited.anew = True
            editor.text = text
        tour.edits.write(edited.key, edited.step, text, anew=edited.anew)
        edited.anew = False
        if here:
            self.host.refresh_view()
            self.host.note(f"{edited.path.name} was saved: it is your edit now, and {tour.keys.first('run')} runs it")
