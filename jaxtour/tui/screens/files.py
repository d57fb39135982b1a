"""The list of a program's files: the one that runs, and those that its operations come from."""

import os
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Vertical

from jaxtour.render.text.layout import Line, clip
from jaxtour.tui.actions import bindings
from jaxtour.tui.screens.box import BoxScreen, choosing
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.widgets.chooser import Chooser

WIDEST = 96


class FilesScreen(BoxScreen[str | None]):
    """Returns the path of the chosen file, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("files")

    def __init__(self, tour: Tour) -> None:
        self._tour = tour
        self._view = tour.view
        self._files = (self._view.own, *self._view.state.files)
        self._list = Chooser("files", ascii_only=tour.ascii)
        super().__init__(Vertical(self._list, id="files-box"), lead=self._list, ascii_only=tour.ascii)

    def refill(self) -> None:
        """A line for each file; the cursor is on the one that is shown."""
        width = self.inside(WIDEST) - 2
        here = self._files.index(self._view.cell) if self._view.cell in self._files else 0
        rows: list[Line] = [
            (("● " if place == here else "  ", "success"), (clip(_shorter(file), width), ""))
            for place, file in enumerate(self._files)
        ]
        self._list.fill(rows, here)
        self.entitle("Files of the program", choosing("files", "show", self._tour.keys))

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Show the file."""
        self.dismiss(self._files[message.option_index])


def _shorter(file: str) -> str:
    """The path from here, if it is shorter."""
    relative = os.path.relpath(file)
    return relative if len(relative) < len(file) else file
