"""A script gives a run, and the requests after it, what a worker would give each."""

import asyncio

import pytest
from fake_engine import FakeEngine, Hold

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.headless import Headless
from jaxtour.engine.report import Report, requested
from jaxtour.engine.session import Session
from jaxtour.engine.wire.commands import StageRequest
from jaxtour.engine.wire.messages import Executed, Level, Stage, Trace
from jaxtour.text import harmless

STEP = harmless(Step(id="a", title="a", text="", code="f(x)"))
LESSON = Lesson(id="lesson", title="A lesson", summary="", minutes=1, steps=(STEP,))
SCRIPT = {
    "lesson/a": (
        Executed(run=0, status="ok", seconds=0.1),
        harmless(Trace(run=0, index=0, label="f(x)", call="f(x)")),
        Stage(run=0, index=0, stage="jaxpr", text="{ lambda }"),
        Stage(run=0, index=0, stage="stablehlo", text="module"),
        Hold("compiling"),
        Stage(run=0, index=0, stage="hlo", parts=2, text="HloModule"),
        Stage(run=0, index=0, stage="hlo", part=1, parts=2, text="ENTRY"),
        Level(run=0, index=0, label="f"),
        Stage(run=0, index=0, stage="jaxpr", level=True, text="level"),
    )
}
HLO = (StageRequest(index=0, stage="hlo"),)


def seen(report: Report) -> tuple[dict[str, str], list[str]]:
    texts = {name: stage.text for (_, name), stage in report.stages.items()}
    return texts, [stage.text for stage in report.level_stages.values()]


async def test_a_run_has_its_jaxpr_and_looks_have_what_they_ask_for() -> None:
    engine = FakeEngine(SCRIPT)
    async with asyncio.timeout(150), Headless(Session(engine)) as headless:
        ran = (await headless.step(LESSON, STEP)).report
        assert ran is not None and seen(ran) == ({"jaxpr": "{ lambda }"}, [])
        assert not engine.holding

        run = await headless.session.request(LESSON, STEP, requests=HLO)
        waiting = asyncio.create_task(headless.whole(requested(ran, run, HLO)))
        while not engine.holding:
            await asyncio.sleep(0)
        engine.release("compiling")
        found = await waiting
        assert seen(found) == ({"jaxpr": "{ lambda }", "hlo": "HloModule\nENTRY"}, [])
        assert found.done == ran.done

        run = await headless.session.request(LESSON, STEP, ladder="grad(f)(x)")
        climbed = await headless.whole(requested(found, run, (), ladder=True))
        assert seen(climbed)[1] == ["level"] and [level.label for level in climbed.levels] == ["f"]


async def test_a_look_can_be_interrupted_where_the_script_waits() -> None:
    engine = FakeEngine(SCRIPT)
    async with asyncio.timeout(150), Headless(Session(engine)) as headless:
        ran = (await headless.step(LESSON, STEP)).report
        assert ran is not None
        run = await headless.session.request(LESSON, STEP, requests=HLO)
        waiting = asyncio.create_task(headless.whole(requested(ran, run, HLO)))
        while not engine.holding:
            await asyncio.sleep(0)
        await headless.session.interrupt()
        hlo = (await waiting).stage(0, "hlo")
        assert hlo is not None and hlo.error == "interrupted"


@pytest.mark.parametrize("ladder", [None, "f(x)"])
async def test_headless_runs_and_looks_in_one_go(ladder: str | None) -> None:
    engine = FakeEngine(SCRIPT)
    requests = (StageRequest(index=0, stage="stablehlo"), StageRequest(index=3, stage="hlo"))
    async with asyncio.timeout(150), Headless(Session(engine)) as headless:
        report = await headless.request(LESSON, STEP, requests, ladder=ladder)
    assert seen(report) == ({"jaxpr": "{ lambda }", "stablehlo": "module", "hlo": ""}, ["level"] if ladder else [])
    missing = report.stage(3, "hlo")
    assert missing is not None and missing.error == "the worker has nothing to show"
    assert report.request is None and report.done is not None
    assert len([command for command in engine.sent if type(command).__name__ == "Run"]) == 1
