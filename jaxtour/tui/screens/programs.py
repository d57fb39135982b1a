"""The lists of a program's parts: what it compiled, the most expensive first, and its files."""

import os
from collections.abc import Collection, Mapping, Sequence

from textual.containers import Vertical
from textual.widgets import Static

from jaxtour.engine.wire.messages import Program
from jaxtour.render.programs import (
    FunctionKey,
    calls_of,
    duration,
    eager_words,
    function_of,
    heading,
    inputs,
    place,
    ran,
    varying,
)  # fmt: skip
from jaxtour.render.text.layout import Line, StyledText, clip, clip_line, pad, width_of, wrap
from jaxtour.text import plural
from jaxtour.tui.actions import bindings
from jaxtour.tui.screens.box import BoxScreen, choosing
from jaxtour.tui.styling import contents
from jaxtour.tui.tour.model import Tour
from jaxtour.tui.tour.state import StepState
from jaxtour.tui.widgets.chooser import Chooser

WIDEST = 108
FUNCTION_CELLS = 24
PLACE_CELLS = 20


class ProgramsScreen(BoxScreen[int | None]):
    """Returns the index of the chosen program, or None."""

    BINDINGS = bindings("programs")

    def __init__(self, tour: Tour, state: StepState) -> None:
        self._tour = tour
        self._state = state
        self._list = Chooser("programs", ascii_only=tour.ascii)
        self._about = Static(id="about", markup=False)
        self._differ: Mapping[FunctionKey, Collection[str]] = {}
        super().__init__(Vertical(self._list, self._about, id="programs-box"), lead=self._list, ascii_only=tour.ascii)

    @property
    def programs(self) -> tuple[Program, ...]:
        """The recorded programs."""
        return self._state.report.programs if self._state.report else ()

    def refill(self) -> None:
        """Show a line for each program."""
        self._differ = varying(self.programs)
        self._list.fill(rows(self.programs, self._differ, self.inside(WIDEST)), self._state.trace)
        # As tall as the tallest text, so that the box keeps its size while the cursor moves.
        tallest = max((len(self._lines(program)) for program in self.programs), default=0)
        self._about.styles.height = min(tallest, self.app.size.height // 2)
        self._describe()

    def _lines(self, program: Program) -> list[Line]:
        """Return the program's inputs, where it is called, and why it was compiled again."""
        lines = about(program, self._differ.get(function_of(program), ()))
        recorded = self._state.report.recorded if self._state.report else None
        if recorded and recorded.eager:
            lines.append(((eager_words(recorded.eager), "muted"),))
        return [row for line in lines for row in wrap(line, self.inside(WIDEST), indent="  ")]

    def _describe(self) -> None:
        """Describe the program under the cursor."""
        if not self.programs:
            return
        program = self.programs[min(self._list.cursor, len(self.programs) - 1)]
        self._about.update(contents(self._lines(program), ansi=self.app.native_ansi_color))
        self.entitle(heading(self.programs), choosing("programs", "show", self._tour.keys))

    def on_option_list_option_highlighted(self) -> None:
        """Describe the program under the cursor."""
        self._describe()

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Show the program in the lens."""
        self.dismiss(self.programs[message.option_index].index)


def rows(programs: Sequence[Program], differ: Mapping[FunctionKey, Collection[str]], width: int) -> list[Line]:
    """Return `  543 ms   of 7  step  train.py:8  f32[3] ...` for each program; inputs that `differ` come first."""
    function = min(FUNCTION_CELLS, max((width_of(each.function) for each in programs), default=0))
    where = min(PLACE_CELLS, max((width_of(place(each.file, each.line)) for each in programs), default=0))
    lines: list[Line] = []
    for program in programs:
        head: list[StyledText] = [
            (pad(duration(program.compile_s), 8, right=True), "number"),
            (pad(calls_of(program), 9, right=True), "muted"),
            ("  ", ""),
            (pad(program.function, function), "strong"),
            ("  ", ""),
            (pad(place(program.file, program.line), where), "link"),
            (" ⚑ " if program.reason or program.compiles > 1 else "   ", "warning"),
        ]
        lines.append(clip_line((*head, *inputs(program, differ[function_of(program)])), width))
    return lines


def about(program: Program, first: Collection[str]) -> list[Line]:
    """Return what does not fit into the program's row; the inputs named in `first` come before the others."""
    lines: list[Line] = [inputs(program, first) or (("no inputs", "muted"),)]
    sites = ", ".join(
        f"{place(site.file, site.line)}" + (f" ({plural(site.calls, 'time')})" if site.calls is not None else "")
        for site in program.called_at[:3]
    )
    lines.append((("called at ", "muted"), (sites or "an unknown place", "link")))
    if program.run_s is not None:
        lines.append((("ran ", "muted"), *ran(program)))
    if program.reason or program.compiles > 1:
        times = f"compiled {program.compiles} times" if program.compiles > 1 else "compiled again"
        lines.append((("⚑ ", "warning"), (f"{times}: {program.reason or 'jit was called anew'}", "warning")))
    return lines


WIDEST_FILE = 96


class FilesScreen(BoxScreen[str | None]):
    """Returns the path of the chosen file, or None."""

    BINDINGS = bindings("files")

    def __init__(self, tour: Tour) -> None:
        self._tour = tour
        self._view = tour.view
        self._files = (self._view.own, *self._view.state.files)
        self._list = Chooser("files", ascii_only=tour.ascii)
        super().__init__(Vertical(self._list, id="files-box"), lead=self._list, ascii_only=tour.ascii)

    def refill(self) -> None:
        """Show a line for each file; the cursor is on the one that is shown."""
        width = self.inside(WIDEST_FILE) - 4
        here = self._files.index(self._view.cell) if self._view.cell in self._files else 0
        rows: list[Line] = [
            (("  ● " if place == here else "    ", "success"), (clip(_shorter(file), width), ""))
            for place, file in enumerate(self._files)
        ]
        self._list.fill(rows, here)
        self.entitle("Files of the program", choosing("files", "show", self._tour.keys))

    def on_option_list_option_selected(self, message: Chooser.OptionSelected) -> None:
        """Show the file."""
        self.dismiss(self._files[message.option_index])


def _shorter(file: str) -> str:
    """Return the path from here, if it is shorter."""
    relative = os.path.relpath(file)
    return relative if len(relative) < len(file) else file
