"""Devices are changed while the tour goes on, with a real worker."""

import pytest

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.headless import Headless
from jaxtour.engine.session import EngineError, Session
from jaxtour.text import harmless

LESSON = harmless(
    Lesson(
        id="where",
        title="Where",
        summary="",
        minutes=1,
        steps=(
            Step(id="set", title="Set", text="", code="import jax, jax.numpy as jnp\nleft = 'left by the step before'"),
            Step(id="see", title="See", text="", code="print(left, len(jax.devices()), jnp.arange(2).devices())"),
        ),
    )
)


async def seen(engine: Headless) -> str:
    """Return what the second step prints."""
    step = LESSON.steps[1]
    assert isinstance(step, Step)
    outcome = await engine.step(LESSON, step)
    assert outcome.report is not None and outcome.status == "ok", outcome
    return outcome.report.stdout.text.strip()


async def test_steps_go_on_with_what_was_chosen() -> None:
    async with Headless(Session(ProcessEngine())) as engine:
        await engine.session.configure("cpu", None, None)
        assert await seen(engine) == "left by the step before 1 {CpuDevice(id=0)}"
        await engine.session.configure("cpu", 4, 2)
        assert await seen(engine) == "left by the step before 4 {CpuDevice(id=2)}"
        facts = await engine.facts()
        assert (facts.default_device, facts.simulated, len(facts.devices)) == ("cpu:2", True, 4)
        await engine.session.configure(None, 2, None)
        assert await seen(engine) == "left by the step before 2 {CpuDevice(id=0)}"


@pytest.mark.parametrize("device", [1, 7])
async def test_a_device_that_is_not_there_is_said_and_another_can_be_chosen(device: int) -> None:
    async with Headless(Session(ProcessEngine())) as engine:
        await engine.session.configure("cpu", None, device)
        with pytest.raises(EngineError, match=f"there is no cpu device {device}"):
            await seen(engine)
        await engine.session.configure("cpu", 8, device)
        assert await seen(engine) == f"left by the step before 8 {{CpuDevice(id={device})}}"
