"""Makes a worker of two processes, as the commands and the tour do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

from table import Row

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.guards.processes import Processes
from jaxtour.engine.headless import Headless, Outcome
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.messages import Died, Event, RunProgress
from jaxtour.text import Raw

MESH = """
import jax, jax.numpy as jnp, numpy as np
mesh = jax.make_mesh((jax.device_count(),), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
rows = jax.NamedSharding(mesh, jax.P("x"))
x = jax.make_array_from_process_local_data(rows, np.arange(4.0) + 4 * jax.process_index(), (8,))
"""


def lesson(*codes: str, **fields: object) -> Lesson:
    """Return a lesson with a step for each code."""
    steps = tuple(Step(id=f"s{n}", title=f"Step {n}", text="", code=Raw(code)) for n, code in enumerate(codes, 1))
    return Lesson(id="two", title="Two", summary="", minutes=0, steps=steps, **fields)


class Together:
    """Runs codes one after the other, each as a step of one lesson."""

    def __init__(self, headless: Headless, engine: Processes) -> None:
        self.headless = headless
        self.engine = engine
        self.codes: list[str] = []
        self.row: Row | None = None
        """The row of the table of faults: the outcome of the first step that did not end well, and of the one after
        it."""
        self.events: list[Event] = []
        self.tasks: set[asyncio.Future[None]] = set()
        headless.heard = self._heard
        self.on: Callable[[Event], None] = lambda _: None

    def _heard(self, event: Event) -> None:
        self.events.append(event)
        if self.row and isinstance(event, Died):
            self.row.seen = event.reason
        self.on(event)

    async def run(self, code: str, **fields: object) -> Outcome:
        """Run one more step in the state that the steps before it leave."""
        self.codes.append(code)
        whole = lesson(*self.codes)
        step = whole.steps[-1]
        outcome = await self.headless.step(whole, step, **fields)
        if self.row and outcome.status == "ok" and self.row.seen:
            self.row.next_right = True
        elif self.row and outcome.status != "ok" and (report := outcome.report) and report.done and not self.row.seen:
            failed = f"{report.failure.type}: {report.failure.who}" if report.failure else ""
            self.row.seen = failed or report.done.who or report.done.reason
        return outcome

    def when(self, phase: str, do: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do something once, when the run reaches this phase."""

        def look(event: Event) -> None:
            if isinstance(event, RunProgress) and event.phase == phase:
                self.on = lambda _: None
                self.tasks.add(asyncio.ensure_future(do()))

        self.on = look


@asynccontextmanager
async def together(processes: int = 2, devices: int | None = 2) -> AsyncIterator[Together]:
    """Yield a configuration with this many processes and simulated devices in each."""
    engine = Processes()
    config = WorkerConfig(platform="cpu", processes=processes, devices=devices)
    async with Headless(Session(engine, config)) as headless:
        await headless.facts()
        yield Together(headless, engine)
