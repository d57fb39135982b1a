"""A lesson, and a model of the worker that knows which cells made its state."""

from collections.abc import AsyncIterator

from jaxtour.course.model import Ask, Exercise, Lesson, Requires, Step
from jaxtour.engine.session import Session
from jaxtour.engine.wire.commands import (
    Cell,
    Command,
    Interrupt,
    Open,
    Restart,
    Run,
    StageRequest,
)
from jaxtour.engine.wire.messages import (
    Device,
    Died,
    Done,
    Event,
    Facts,
    Host,
    State,
)
from jaxtour.text import harmless

LESSON = harmless(
    Lesson(
        id="lesson",
        title="A lesson",
        summary="",
        minutes=1,
        steps=(
            Step(id="a", title="a", text="", code="a = 1"),
            Step(id="b", title="b", text="", code="b = a + 1", time=("b",)),
            Step(
                id="c", title="c", text="", exercise=Exercise(starter="c = ?", check="assert c", solution="c = a + b")
            ),
            Step(id="d", title="d", text="", code="d = c", ask=Ask(question="?", value="d")),
            Step(id="e", title="e", text="", code="e = d"),
        ),
    )
)
WIDE = harmless(
    Lesson(
        id="wide",
        title="Devices",
        summary="",
        minutes=1,
        requires=Requires(devices=8),
        steps=(Step(id="x", title="x", text="", code="x = 1"), Step(id="y", title="y", text="", code="y = x")),
    )
)


BROKEN = "edited = "
"""Code that does not compile."""
LOOKS = (StageRequest(index=0, stage="hlo"),)


class ModelWorker:
    """Does to a list of cells what the guard and its runner do to a namespace; commands are answered on `pump`."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.devices = 1
        self.pending: list[Event] = []
        self.ran: list[tuple[tuple[Cell, ...], Cell | None, int]] = []
        self.looked: list[tuple[tuple[Cell, ...], Cell, int]] = []
        self.clean = True
        """Whether nothing but cells made the state; requests ignore earlier requests, runs do not."""

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
            case Run() if command.cell and command.cell.code == BROKEN:
                self.pending.append(Done(run=command.run, status="error", refused=True))
            case Run():
                if command.fresh:
                    self.clear()
                if command.cell or command.replay:
                    self.cells += () if self.clean else (Cell(name="requests"),)
                self.cells += command.replay
                if command.cell:
                    self.ran.append((tuple(self.cells), command.cell, self.devices))
                    self.cells.append(command.cell)
                if command.probe:
                    self.looked.append((tuple(self.cells), command.probe, self.devices))
                    self.clean = False
                asked = bool(command.time or command.ask or command.checks)
                self.pending.append(Done(run=command.run, status="ok", dirty=asked or bool(command.probe)))
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


async def drain(session: Session) -> None:
    async for _ in session.events():
        pass


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
