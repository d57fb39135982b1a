"""What the session asks of the worker when calls are timed."""

from fake_engine import FakeEngine

from jaxtour.course.model import Lesson, Step, TimeSpec
from jaxtour.engine.session import Session
from jaxtour.engine.wire.commands import Run
from jaxtour.engine.wire.messages import Done
from jaxtour.text import harmless

STEP = harmless(
    Step(id="a", title="a", text="", code="a = 1", time=(TimeSpec(call="f(n)", sizes=(10, 100), baseline=True),))
)
LESSON = Lesson(id="lesson", title="A lesson", summary="", minutes=1, steps=(STEP,))


async def asked(session, engine, run):
    """Return the command of a run, once it is done."""
    async for event in session.events():
        if isinstance(event, Done) and event.run == run:
            break
    return next(sent for sent in engine.sent if isinstance(sent, Run) and sent.run == run)


async def test_patience_and_sizes_reach_the_worker() -> None:
    engine = FakeEngine({})
    session = Session(engine)
    await session.start()
    command = await asked(session, engine, await session.run(LESSON, STEP, patience=4.0))
    assert command.patience == 4.0
    assert command.time[0].sizes == (10, 100) and command.time[0].baseline
    await session.close()


async def test_after_peaks_were_measured_the_next_run_is_fresh() -> None:
    engine = FakeEngine({})
    session = Session(engine)
    await session.start()
    command = await asked(session, engine, await session.peaks())
    assert command.peaks and command.cell is None
    command = await asked(session, engine, await session.run(LESSON, STEP))
    assert command.fresh and not command.peaks and command.patience == 1.0
    await session.close()
