"""A session's events tell which cells ended the worker."""

import pytest

from jaxtour.engine.cells import Halted
from jaxtour.engine.wire.commands import Cell, Run
from jaxtour.engine.wire.messages import Done, Event, Executed, RunProgress

A, B, C = (Cell(name=f"lesson/{name}", code=name) for name in "abc")
RUN = Run(run=7, replay=(A, B), cell=C)


def replaying(name: str) -> Event:
    return RunProgress(run=7, phase="replaying", label=f"lesson/{name}")


def done(status: str, run: int = 7) -> Event:
    return Done(run=run, status=status)  # type: ignore[arg-type]  # a parameter of the test


RUNNING = RunProgress(run=7, phase="running")
EXECUTED = Executed(run=7, status="ok", seconds=0.1)


@pytest.mark.parametrize(
    ("events", "guilty"),
    [
        ([replaying("a"), replaying("b"), RUNNING, EXECUTED, done("ok")], []),
        ([replaying("a"), done("died")], [A]),
        ([replaying("a"), replaying("b"), done("timeout")], [B]),
        ([replaying("a"), RUNNING, done("died")], [C]),
        ([RUNNING, EXECUTED, RunProgress(run=7, phase="timing", label="f"), done("died")], []),
        ([RUNNING, done("interrupted")], []),
        ([RUNNING, done("died", run=6)], []),
        ([done("died")], []),
    ],
)
def test_the_cell_whose_code_ran_is_the_one(events: list[Event], guilty: list[Cell]) -> None:
    halted = Halted()
    halted.begin(RUN)
    for event in events:
        halted.note(event)
    assert halted.without([A, B, C]) == tuple(cell for cell in (A, B, C) if cell not in guilty)
    assert [left_out.step for left_out in halted.among([A, B, C])] == [cell.name[-1] for cell in guilty]


def test_a_cell_that_runs_to_its_end_leaves_a_state_again_and_other_code_is_another_cell() -> None:
    halted = Halted()
    halted.begin(RUN)
    for event in (RUNNING, done("died")):
        halted.note(event)
    assert str(halted.among([C])[0]) == "without c, which ended the worker"
    assert not halted.among([Cell(name=C.name, code="edited")])
    halted.begin(RUN)
    for event in (RUNNING, EXECUTED, done("ok")):
        halted.note(event)
    assert not halted.among([C])
