"""Keeps the cells whose code ended the worker: they left no state, so later steps run on what came before them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from jaxtour.engine.wire.commands import Cell, Run
from jaxtour.engine.wire.messages import Done, Event, Executed, RunProgress

HOW: Mapping[str, str] = {
    "died": "ended the worker", "timeout": "ran out of time", "interrupted": "was interrupted"
}  # fmt: skip
"""How code ended without leaving a state, by the run's status."""

IN_ONE = "raised in one process, while another one waited for it"


class LeftOut(NamedTuple):
    """A step that later ones run without."""

    step: str
    how: str

    def __str__(self) -> str:
        return f"without {self.step}, which {self.how}"


class Halted:
    """Learns from a session's events which cells ended the worker; one that runs to its end does not count."""

    def __init__(self) -> None:
        self._cells: dict[Cell, str] = {}
        self._run: Run | None = None
        self._running: Cell | None = None
        """The cell of that run whose code is running."""

    def begin(self, command: Run) -> None:
        """Note a run that is sent."""
        self._run, self._running = command, None

    def note(self, event: Event) -> None:
        """Learn from an event."""
        run = self._run
        if run is None:
            return
        match event:
            case RunProgress(run=run.run, phase="replaying", label=name):
                self._running = next((cell for cell in run.replay if cell.name == name), None)
            case RunProgress(run=run.run, phase="running"):
                self._running = run.cell
            case Executed(run=run.run):
                self._cells.pop(run.cell, None) if run.cell else None
                self._running = None
            case Done(run=run.run, stopped=True):
                if cell := self._running or run.cell:
                    self._cells[cell] = IN_ONE
                self._run = self._running = None
            case Done(run=run.run, status=status):
                if self._running and status in ("died", "timeout"):
                    self._cells[self._running] = HOW[status]
                self._run = self._running = None
            case _:
                pass

    def mark(self, cell: Cell, how: str) -> None:
        """Note a cell that left no state for another reason."""
        self._cells[cell] = how

    def without(self, cells: Iterable[Cell]) -> tuple[Cell, ...]:
        """Return the cells that leave a state."""
        return tuple(cell for cell in cells if cell not in self._cells)

    def among(self, cells: Iterable[Cell]) -> tuple[LeftOut, ...]:
        """Return the cells that leave none."""
        return tuple(LeftOut(cell.name.partition("/")[2], self._cells[cell]) for cell in cells if cell in self._cells)
