"""An edit is compared with the lesson's own code: with a real worker, and by the key in the tour."""

import asyncio

from msgspec.structs import replace
from tours import Tours, run_many, screen_text, until

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.report import Report, Runs, advance
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.commands import Run
from jaxtour.engine.wire.messages import Done, RunEvent
from jaxtour.render.text.layout import plain
from jaxtour.text import Raw, harmless
from jaxtour.tui.tour.comparing import Comparing, Half

SETUP = "import jax, jax.numpy as jnp\nx = jnp.arange(8.0)"
OWN = "@jax.jit\ndef f(x):\n    return jnp.sin(x) * 2\n\nf(x)"
EDIT = "# a line more\n@jax.jit\ndef f(x):\n    return jnp.sin(x) * 2 + jnp.cos(x)\n\nf(x)"
STEP = Step(id="s", title="S", text="Read.", setup=Raw(SETUP), code=Raw(OWN))


async def compared(edit: str, own: str = OWN) -> Comparing:
    """Run an edit as the tour does, and compare it with the step's own code."""
    step = replace(STEP, code=Raw(own))
    lesson = harmless(Lesson(id="l", title="L", summary="S", minutes=1, steps=(step,)))
    session = Session(ProcessEngine(), WorkerConfig(platform="cpu"))
    comparing = Comparing(session, Runs(session))
    await session.start()
    try:
        events = session.events()
        handle = session.run(lesson, step, edit, timings=False)
        report = Report(run=handle.run)
        await handle
        async for event in events:
            report = advance(report, event)
            if isinstance(event, Done):
                break

        async def pump() -> None:
            async for event in events:
                if isinstance(event, RunEvent):
                    comparing.take(event)

        reading = asyncio.create_task(pump())
        halves = Half("the lesson's own code", own), Half("your edit", edit, report)
        await asyncio.wait_for(comparing.compare(lesson, step, halves, 0, "l/s"), 150)
        reading.cancel()
    finally:
        await session.close()
    return comparing


async def test_the_box_says_what_the_edit_changed() -> None:
    comparing = await compared(EDIT)
    found = comparing.found
    assert found is not None and not comparing.problem
    assert found.equal is False and found.time is None
    assert [each.primitive for each in found.equations.added] == ["cos", "add"] and not found.equations.removed
    assert {each.opcode for each in found.added} >= {"cosine", "add"} and not found.removed
    text = "\n".join(map(plain, comparing.lines(120, "l/s", "")))
    assert text.startswith("The results differ by up to ") and "time was not measured" in text.split("\n\n")[0]
    assert "A  the lesson's own code\nB  your edit" in text and "4: jnp.cos(x)" in text


async def test_an_edit_that_changes_no_number_is_equal() -> None:
    comparing = await compared(OWN.replace("* 2", "* 2.0"))
    assert comparing.found is not None and comparing.found.equal is True


async def test_a_call_that_the_original_does_not_make_is_not_compared() -> None:
    comparing = await compared(EDIT, own="x = 3")
    assert comparing.found is None and comparing.problem == "the lesson's own code makes no such call"


async def test_the_key_is_there_once_the_edit_has_run(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("D")
        assert app.screen is app.tour_screen and "D compare" not in screen_text(app)
        await pilot.press("e", "space", "escape")
        await until(pilot, lambda: "edited" in screen_text(app))
        assert "D compare" not in screen_text(app), "the edit has not run"
        await run_many(pilot, tours)
        await until(pilot, lambda: "D compare" in screen_text(app))
        await pilot.press("D")
        assert "Your edit against the lesson's own code" in screen_text(app)
        own = app.tour.step.code.text  # type: ignore[union-attr]
        await until(
            pilot,
            lambda: [each.cell.code for each in tours.engine.sent if isinstance(each, Run) and each.cell][-1] == own,
        )
        await pilot.press("D")
        assert app.screen is app.tour_screen
