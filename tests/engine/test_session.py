"""The rule of state, against a model of the worker that knows which cells made its state."""

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given, settings
from hypothesis import strategies as st

from jaxtour.course.model import Ask, Exercise, Lesson, Requires, Step
from jaxtour.engine.messages import (
    Cell,
    Command,
    Device,
    Died,
    Done,
    Event,
    Facts,
    Host,
    Interrupt,
    Open,
    Restart,
    Run,
    State,
)
from jaxtour.engine.session import Session, WorkerConfig, cell

LESSON = Lesson(
    id="lesson",
    title="A lesson",
    summary="",
    minutes=1,
    steps=(
        Step(id="a", title="a", text="", code="a = 1"),
        Step(id="b", title="b", text="", code="b = a + 1", time=("b",)),
        Step(id="c", title="c", text="", exercise=Exercise(starter="c = ?", check="assert c", solution="c = a + b")),
        Step(id="d", title="d", text="", code="d = c", ask=Ask(question="?", value="d")),
        Step(id="e", title="e", text="", code="e = d"),
    ),
)
WIDE = Lesson(
    id="wide",
    title="Devices",
    summary="",
    minutes=1,
    requires=Requires(devices=8),
    steps=(Step(id="x", title="x", text="", code="x = 1"), Step(id="y", title="y", text="", code="y = x")),
)


class ModelWorker:
    """Does to a list of cells what the guard and its runner do to a namespace; commands are answered on `pump`."""

    def __init__(self) -> None:
        self.cells: list[Cell] | None = []
        self.devices = 1
        self.pending: list[Event] = []
        self.ran: list[tuple[tuple[Cell, ...], Cell | None, int]] = []

    async def start(self) -> None:
        pass

    async def send(self, command: Command) -> None:
        match command:
            case Open():
                self.cells, self.devices = [], command.devices or 1
                self.pending += [State(state="ready"), self.facts()]
            case Restart() | Interrupt():
                self.cells = []
                self.pending.append(State(state="ready"))
            case Run():
                if command.fresh:
                    self.cells = []
                assert self.cells is not None
                self.cells += command.replay
                if command.cell:
                    self.ran.append((tuple(self.cells), command.cell, self.devices))
                    self.cells.append(command.cell)
                spent = bool(command.time or command.ask or command.check)
                self.pending.append(Done(run=command.run, status="ok", spent=spent))
                if spent:
                    self.cells = [Cell(name="probes")]
            case _:
                pass

    def facts(self) -> Facts:
        devices = tuple(Device(id=i, platform="cpu", kind="cpu") for i in range(self.devices))
        host = Host(cpu="", cores=1, memory_bytes=1)
        return Facts(
            python="", jax="0.10", jaxlib="", numpy="", platforms=("cpu",), simulated=False, devices=devices, host=host
        )

    async def events(self) -> AsyncIterator[Event]:
        while self.pending:
            yield self.pending.pop(0)

    async def close(self) -> None:
        pass

    def die(self) -> None:
        self.cells = []
        self.pending.append(Died(reason="killed"))


ACTIONS = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 4)),
    st.tuples(st.just("edit"), st.integers(0, 4)),
    st.tuples(st.just("plain"), st.integers(0, 4)),
    st.tuples(st.just("prepare"), st.integers(0, 4)),
    st.tuples(st.just("wide"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["interrupt", "restart", "die", "pump"]), st.just(0)),
)


async def drain(session: Session) -> None:
    async for _ in session.events():
        pass


async def play(actions: list[tuple[str, int]]) -> None:
    worker = ModelWorker()
    session = Session(worker, WorkerConfig())
    await session.start()
    await drain(session)
    for action, index in actions:
        before = len(worker.ran)
        lesson = WIDE if action == "wide" else LESSON
        step = lesson.steps[index]
        assert isinstance(step, Step)
        match action:
            case "run" | "wide":
                await session.run(lesson, step)
            case "edit":
                await session.run(lesson, step, "edited = True")
            case "plain":
                await session.run(lesson, step, timings=False)
            case "prepare":
                await session.prepare(lesson, step)
            case "interrupt":
                await session.interrupt()
            case "restart":
                await session.restart()
            case "die":
                worker.die()
                await drain(session)
            case "pump":
                await drain(session)
        for state, cell_run, devices in worker.ran[before:]:
            reference = tuple(cell(lesson, earlier) for earlier in lesson.steps[:index] if isinstance(earlier, Step))
            assert state == reference, f"{action} {step.id} ran in another state"
            assert cell_run is not None and cell_run.name == f"{lesson.id}/{step.id}"
            assert devices == (8 if lesson is WIDE else 1)


@settings(deadline=None, max_examples=300)
@given(st.lists(ACTIONS, max_size=25))
def test_a_step_runs_in_the_state_its_lesson_leaves_whatever_came_before(actions: list[tuple[str, int]]) -> None:
    asyncio.run(play(actions))


async def started() -> tuple[Session, ModelWorker]:
    worker = ModelWorker()
    session = Session(worker)
    await session.start()
    await drain(session)
    return session, worker


def step(index: int) -> Step:
    found = LESSON.steps[index]
    assert isinstance(found, Step)
    return found


async def test_the_next_step_goes_on_from_where_the_last_one_ended() -> None:
    session, worker = await started()
    await session.run(LESSON, step(0))
    await drain(session)
    await session.run(LESSON, step(1), timings=False)
    assert [(len(state), cell.name) for state, cell, _ in worker.ran if cell] == [(0, "lesson/a"), (1, "lesson/b")]
    assert session.current == 2
    await drain(session)
    assert session.current is None


async def test_an_edit_is_run_but_later_steps_build_on_the_lessons_own_code() -> None:
    session, worker = await started()
    await session.run(LESSON, step(0), "a = 100")
    await drain(session)
    await session.run(LESSON, step(1))
    state, _, _ = worker.ran[-1]
    assert [cell.code for cell in state] == ["a = 1"]


async def test_later_steps_build_on_an_edit_when_asked_to() -> None:
    session, worker = await started()
    await session.run(LESSON, step(0), "a = 100")
    await drain(session)
    await session.run(LESSON, step(1), base={"a": "a = 100"})
    state, _, _ = worker.ran[-1]
    assert [cell.code for cell in state] == ["a = 100"]


async def test_prepare_says_when_there_is_nothing_to_do() -> None:
    session, _ = await started()
    await session.run(LESSON, step(0))
    await drain(session)
    assert await session.prepare(LESSON, step(1)) is None
    assert await session.prepare(LESSON, step(3)) == 2


async def test_a_step_that_needs_devices_waits_until_it_is_known_how_many_there_are() -> None:
    worker = ModelWorker()
    session = Session(worker)
    await session.start()
    wide = WIDE.steps[0]
    assert isinstance(wide, Step)
    waiting = asyncio.create_task(session.run(WIDE, wide))
    await drain(session)
    await waiting
    assert worker.ran[-1][2] == 8 and session.simulating == 8


async def test_a_run_asked_for_before_the_start_waits_for_it() -> None:
    worker = ModelWorker()
    session = Session(worker)
    waiting = asyncio.create_task(session.run(LESSON, step(0)))
    await asyncio.sleep(0)
    assert not worker.ran
    await session.start()
    assert await waiting == 1
    assert [state for state, _, _ in worker.ran] == [()]
