"""The rule of state, against a model of the worker that knows which cells made its state."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxtour.course.model import Ask, Exercise, Lesson, Requires, Step
from jaxtour.engine.cells import cell
from jaxtour.engine.commands import (
    Cell,
    Command,
    Interrupt,
    Look,
    Open,
    Restart,
    Run,
    TimeCall,
)
from jaxtour.engine.messages import (
    Device,
    Died,
    Done,
    Event,
    Facts,
    Host,
    State,
)
from jaxtour.engine.session import Session, WorkerConfig

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


LOOKS = (Look(index=0, stage="hlo"),)


class ModelWorker:
    """Does to a list of cells what the guard and its runner do to a namespace; commands are answered on `pump`."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.devices = 1
        self.pending: list[Event] = []
        self.ran: list[tuple[tuple[Cell, ...], Cell | None, int]] = []
        self.looked: list[tuple[tuple[Cell, ...], Cell, int]] = []
        self.clean = True
        """Whether nothing but cells made the state; looks see through looks before them, runs do not."""

    async def start(self) -> None:
        pass

    async def send(self, command: Command) -> None:
        match command:
            case Open():
                self.clear()
                self.devices = command.devices or 1
                self.pending += [State(state="restarting"), self.facts(), State(state="ready")]
            case Restart() | Interrupt():
                self.clear()
                self.pending.append(State(state="ready"))
            case Run():
                if command.fresh:
                    self.clear()
                if command.cell or command.replay:
                    self.cells += () if self.clean else (Cell(name="looks"),)
                self.cells += command.replay
                if command.cell:
                    self.ran.append((tuple(self.cells), command.cell, self.devices))
                    self.cells.append(command.cell)
                if command.probe:
                    self.looked.append((tuple(self.cells), command.probe, self.devices))
                    self.clean = False
                asked = bool(command.time or command.ask or command.check)
                self.pending.append(Done(run=command.run, status="ok", spent=asked or bool(command.probe)))
                if asked:
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

    def clear(self) -> None:
        self.cells, self.clean = [], True

    def die(self) -> None:
        self.clear()
        self.pending.append(Died(reason="killed"))


ACTIONS = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 4)),
    st.tuples(st.just("edit"), st.integers(0, 4)),
    st.tuples(st.just("plain"), st.integers(0, 4)),
    st.tuples(st.just("prepare"), st.integers(0, 4)),
    st.tuples(st.just("wide"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["look", "look at edit"]), st.integers(0, 4)),
    st.tuples(st.just("look wide"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["interrupt", "restart", "die"]), st.just(0)),
    st.tuples(st.just("configure"), st.sampled_from([0, 2, 16])),
)


async def drain(session: Session) -> None:
    async for _ in session.events():
        pass


async def play(actions: list[tuple[tuple[str, int], bool]]) -> None:
    worker = ModelWorker()
    session = Session(worker, WorkerConfig())
    await session.start()
    await drain(session)
    chosen = 1
    for (action, index), waited in actions:
        before, looked = len(worker.ran), len(worker.looked)
        if action == "configure":
            chosen = max(index, 1)
            await session.configure(None, index or None, None)
            await drain(session)
            continue
        lesson = WIDE if "wide" in action else LESSON
        step = lesson.steps[index]
        assert isinstance(step, Step)
        match action:
            case "run" | "wide":
                await session.run(lesson, step)
            case "edit":
                await session.run(lesson, step, "edited = True")
            case "plain":
                await session.run(lesson, step, timings=False)
            case "look" | "look wide":
                await session.look(lesson, step, looks=LOOKS)
            case "look at edit":
                await session.look(lesson, step, "edited = True", looks=LOOKS)
            case "prepare":
                await session.prepare(lesson, step)
            case "interrupt":
                await session.interrupt()
            case "restart":
                await session.restart()
            case "die":
                worker.die()
                await drain(session)
        reference = tuple(cell(lesson, earlier) for earlier in lesson.steps[:index] if isinstance(earlier, Step))
        assert (len(worker.looked) > looked) == action.startswith("look")
        for state, cell_looked_at, devices in worker.looked[looked:]:
            own = cell(lesson, step, "edited = True" if action == "look at edit" else None)
            assert state == (*reference, own), f"{action} {step.id} saw another state"
            assert cell_looked_at == own
            assert devices == max(8 if lesson is WIDE else 1, chosen)
        for state, cell_run, devices in worker.ran[before:]:
            assert state == reference, f"{action} {step.id} ran in another state"
            assert cell_run is not None and cell_run.name == f"{lesson.id}/{step.id}"
            assert devices == max(8 if lesson is WIDE else 1, chosen)
        if waited:
            await drain(session)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(ACTIONS, st.booleans()), max_size=25))
def test_a_step_runs_in_the_state_its_lesson_leaves_whatever_came_before(
    actions: list[tuple[tuple[str, int], bool]],
) -> None:
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


async def test_another_configuration_replays_and_keeps_what_is_not_chosen() -> None:
    worker = Recorder()
    session = Session(worker, WorkerConfig(python="/py"))
    await session.start()
    await drain(session)
    await session.run(LESSON, step(0))
    await drain(session)
    await session.configure("cpu", 4, 2)
    assert worker.opened[-1] == Open(python="/py", platform="cpu", devices=4, device=2)
    assert session.facts is None and session.simulating == 4
    await drain(session)
    await session.prepare(LESSON, step(1))
    assert not worker.runs[-1].fresh and [each.name for each in worker.runs[-1].replay] == ["lesson/a"]


async def test_a_chosen_device_stays_where_a_step_needs_more_of_its_kind() -> None:
    worker = Recorder()
    session = Session(worker)
    await session.start()
    await drain(session)
    wide = WIDE.steps[0]
    assert isinstance(wide, Step)
    for devices, device in ((2, 1), (None, 0)):
        await session.configure("cpu", devices, device)
        await drain(session)
        await session.run(WIDE, wide)
        await drain(session)
        assert worker.opened[-1] == Open(platform="cpu", devices=8, device=1 if devices else None)


async def test_a_run_that_is_cut_short_by_another_configuration_leaves_no_state() -> None:
    session, worker = await recorded()
    run = await session.run(LESSON, step(0))
    await session.configure("cpu", None, None)
    worker.pending.insert(0, Done(run=run, status="interrupted"))
    await drain(session)
    assert session.current is None
    await session.run(LESSON, step(1))
    assert [each.name for each in worker.runs[-1].replay] == ["lesson/a"]


async def test_facts_of_the_runner_before_say_nothing_about_the_next() -> None:
    """Devices may be told about every second, also between the command and the end of the runner that it replaces."""
    worker = ModelWorker()
    session = Session(worker, WorkerConfig(devices=8))
    await session.start()
    await drain(session)
    await session.configure(None, None, None)
    worker.devices = 8
    late = worker.facts()
    worker.devices = 1
    worker.pending.insert(0, late)
    wide = WIDE.steps[0]
    assert isinstance(wide, Step)
    waiting = asyncio.create_task(session.run(WIDE, wide))
    await drain(session)
    await waiting
    assert worker.ran[-1][2] == 8 and session.simulating == 8


class Recorder(ModelWorker):
    """Keeps the runs and configurations that it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []
        self.opened: list[Open] = []

    async def send(self, command: Command) -> None:
        if isinstance(command, Run):
            self.runs.append(command)
        elif isinstance(command, Open):
            self.opened.append(command)
        await super().send(command)


async def recorded() -> tuple[Session, Recorder]:
    worker = Recorder()
    session = Session(worker)
    await session.start()
    await drain(session)
    return session, worker


async def test_a_look_right_after_the_run_needs_no_replay_and_neither_does_the_next() -> None:
    session, worker = await recorded()
    await session.run(LESSON, step(0))
    await drain(session)
    for _ in range(2):
        await session.look(LESSON, step(0), looks=LOOKS)
        await drain(session)
    looks = worker.runs[1:]
    assert [(look.fresh, look.replay, look.cell) for look in looks] == [(False, (), None)] * 2
    assert [(look.probe, look.looks) for look in looks] == [(cell(LESSON, step(0)), LOOKS)] * 2
    assert not looks[0].time and looks[0].timeout_s is None


async def test_what_was_prepared_for_the_next_step_can_be_looked_into() -> None:
    """A step with timings spends its worker, and the tour has the next one brought to where the step ended."""
    session, worker = await recorded()
    await session.run(LESSON, step(1))
    await drain(session)
    await session.prepare(LESSON, step(2))
    await drain(session)
    await session.look(LESSON, step(1), looks=LOOKS)
    assert not worker.runs[-1].fresh and worker.looked[-1][0] == (cell(LESSON, step(0)), cell(LESSON, step(1)))


async def test_measuring_is_a_look_too() -> None:
    session, worker = await recorded()
    calls = (TimeCall(label="a", call="a"),)
    await session.run(LESSON, step(0))
    await drain(session)
    await session.measure(LESSON, step(0), calls=calls, patience=10.0)
    await drain(session)
    await session.look(LESSON, step(0), looks=LOOKS)
    await drain(session)
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
    await session.look(LESSON, step(0), looks=LOOKS)
    await drain(session)
    await session.run(LESSON, step(1))
    assert worker.runs[-1].fresh and [each.name for each in worker.runs[-1].replay] == ["lesson/a"]


async def test_a_look_at_what_is_not_there_replays_up_to_the_end_of_the_step() -> None:
    session, worker = await recorded()
    await session.look(LESSON, step(1), "b = 7", looks=LOOKS, ladder="grad(f)(x)")
    look = worker.runs[-1]
    assert look.fresh and [each.code for each in look.replay] == ["a = 1", "b = 7"]
    assert look.probe == look.replay[-1] and look.ladder == "grad(f)(x)"


async def test_a_look_that_was_cut_short_leaves_nothing_to_look_into() -> None:
    session, worker = await recorded()
    await session.run(LESSON, step(0))
    await drain(session)
    await session.look(LESSON, step(0), looks=LOOKS)
    await session.interrupt()
    await drain(session)
    await session.look(LESSON, step(0), looks=LOOKS)
    assert worker.runs[-1].fresh


@pytest.mark.parametrize("status", ["died", "timeout", "interrupted", "error"])
async def test_a_look_that_did_not_end_well_leaves_nothing_to_look_into(status: str) -> None:
    session, worker = await recorded()
    await session.run(LESSON, step(0))
    await drain(session)
    await session.look(LESSON, step(0), looks=LOOKS)
    worker.pending = [Done(run=2, status=status, spent=True)]
    await drain(session)
    await session.look(LESSON, step(0), looks=LOOKS)
    assert worker.runs[-1].fresh


def test_a_file_is_compiled_as_itself() -> None:
    plain = Lesson(id="f", title="", summary="", minutes=0, steps=LESSON.steps, file="/x/f.py", plain=True)
    assert cell(plain, step(0)).path == "/x/f.py"
    assert cell(LESSON, step(0)).path is None
