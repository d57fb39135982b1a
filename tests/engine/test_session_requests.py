"""Requests about a step replay what they need, and leave nothing behind."""

import pytest
from model_worker import LESSON, LOOKS, drain, recorded, step

from jaxtour.course.model import Lesson
from jaxtour.engine.cells import cell
from jaxtour.engine.wire.commands import (
    TimeCall,
)
from jaxtour.engine.wire.messages import (
    Done,
)
from jaxtour.text import Raw


async def test_a_look_right_after_the_run_needs_no_replay_and_neither_does_the_next() -> None:
    session, worker = await recorded()
    await session.run(LESSON, step(0))
    await drain(session)
    for _ in range(2):
        await session.request(LESSON, step(0), requests=LOOKS)
        await drain(session)
    requests = worker.runs[1:]
    assert [(look.fresh, look.replay, look.cell) for look in requests] == [(False, (), None)] * 2
    assert [(look.probe, look.requests) for look in requests] == [(cell(LESSON, step(0)), LOOKS)] * 2
    assert not requests[0].time and requests[0].timeout_s is None


async def test_what_was_prepared_for_the_next_step_can_be_looked_into() -> None:
    """What was prepared for the next step serves requests.

    A step with timings spends its worker, and the tour has the next one brought to where the step ended.
    """
    session, worker = await recorded()
    await session.run(LESSON, step(1))
    await drain(session)
    await session.prepare(LESSON, step(2))
    await drain(session)
    await session.request(LESSON, step(1), requests=LOOKS)
    assert not worker.runs[-1].fresh and worker.looked[-1][0] == (cell(LESSON, step(0)), cell(LESSON, step(1)))


async def test_measuring_is_a_look_too() -> None:
    session, worker = await recorded()
    calls = (TimeCall(label="a", call="a"),)
    await session.run(LESSON, step(0))
    await drain(session)
    await session.request(LESSON, step(0), calls=calls, patience=10.0)
    await drain(session)
    await session.request(LESSON, step(0), requests=LOOKS)
    await drain(session)
    await session.request(LESSON, step(0), calls=calls)
    await drain(session)
    assert worker.runs.pop().patience == 1.0, "if nothing else is said"
    measured, looked = worker.runs[1:]
    assert (measured.time, measured.patience, measured.timeout_s) == (calls, 10.0, None)
    assert measured.probe == cell(LESSON, step(0)) and measured.cell is None
    assert not (measured.fresh or measured.replay or looked.fresh or looked.replay)
    await session.run(LESSON, step(1))
    assert worker.runs[-1].fresh


async def test_a_run_after_a_look_is_fresh() -> None:
    session, worker = await recorded()
    await session.run(LESSON, step(0))
    await drain(session)
    await session.request(LESSON, step(0), requests=LOOKS)
    await drain(session)
    await session.run(LESSON, step(1))
    assert worker.runs[-1].fresh and [each.name for each in worker.runs[-1].replay] == ["lesson/a"]


async def test_a_look_at_what_is_not_there_replays_up_to_the_end_of_the_step() -> None:
    session, worker = await recorded()
    await session.request(LESSON, step(1), "b = 7", requests=LOOKS, ladder="grad(f)(x)")
    look = worker.runs[-1]
    assert look.fresh and [each.code for each in look.replay] == ["a = 1", "b = 7"]
    assert look.probe == look.replay[-1] and look.ladder == "grad(f)(x)"


async def test_a_look_that_was_cut_short_leaves_nothing_to_look_into() -> None:
    session, worker = await recorded()
    await session.run(LESSON, step(0))
    await drain(session)
    await session.request(LESSON, step(0), requests=LOOKS)
    await session.interrupt()
    await drain(session)
    await session.request(LESSON, step(0), requests=LOOKS)
    assert worker.runs[-1].fresh


@pytest.mark.parametrize("status", ["died", "timeout", "interrupted", "error"])
async def test_a_look_that_did_not_end_well_leaves_nothing_to_look_into(status: str) -> None:
    session, worker = await recorded()
    await session.run(LESSON, step(0))
    await drain(session)
    await session.request(LESSON, step(0), requests=LOOKS)
    worker.pending = [Done(run=2, status=status, dirty=True)]
    await drain(session)
    await session.request(LESSON, step(0), requests=LOOKS)
    assert worker.runs[-1].fresh


def test_a_file_is_compiled_as_itself() -> None:
    plain = Lesson(id="f", title="", summary="", minutes=0, steps=LESSON.steps, file=Raw("/x/f.py"), plain=True)
    assert cell(plain, step(0)).path == "/x/f.py"
    assert cell(LESSON, step(0)).path is None
