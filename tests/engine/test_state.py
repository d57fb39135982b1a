"""The rule of state holds with real workers: any order of runs, edits and restarts gives what a fresh worker gives."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.headless import Headless, Outcome, judged
from jaxtour.engine.report import Report, requested
from jaxtour.engine.session import Session
from jaxtour.engine.wire.commands import StageName, StageRequest
from jaxtour.engine.wire.messages import Done
from jaxtour.text import harmless

CODES = {
    # This is everything that a step can leave behind: names, mutated objects, random state, module state, flags, the
    # folder.
    "names": "import random, os, numpy as np, jax, jax.numpy as jnp\nlog = []\nrandom.seed(1); np.random.seed(2)\nlog",
    "mutates": "log.append(len(log)); np.label = 'mine'\nlog",
    "random": "log.append(round(random.random(), 6)); log.append(round(float(np.random.rand()), 6))\nlog",
    "traced": "count = []\n@jax.jit\ndef f(x):\n    count.append(1)\n    return x + 1\nprint(len(count)); f(1.0)",
    "cached": "f(2.0); f(3.0)\nprint(len(count), log, np.label, os.path.exists('left'))\nlen(count)",
    "leaves": "open('left', 'w').close(); os.environ['LEFT'] = 'yes'; jax.config.update('jax_enable_x64', True)",
    "raises": "log.append('before'); log.append(1 / 0)",
    "sees": "print(log, os.environ.get('LEFT'), jnp.arange(2.0).dtype, len(count), os.path.exists('left'))\nlog",
}
"""A lesson in which every step depends on what the steps before it left."""

STEPS = tuple(
    harmless(
        Step(
            id=name,
            title=name,
            text="",
            code=code,
            raises="ZeroDivisionError" if name == "raises" else None,
            time=("f(4.0)",) if name == "cached" else (),
        )
    )
    for name, code in CODES.items()
)
LESSON = Lesson(id="state", title="State", summary="", minutes=1, steps=STEPS)

LOOKED_AT: tuple[StageName, ...] = ("stablehlo", "hlo")

Seen = tuple[str, str, str | None, str | None]


def seen(outcome: Outcome) -> Seen:
    """Return what a learner sees of a run, apart from times."""
    report = outcome.report
    assert report is not None and report.done is not None
    return (
        outcome.status,
        report.stdout.text + report.stderr.text,
        report.value.text.text if report.value else None,
        report.failure.message if report.failure else None,
    )


async def looked(engine: Headless, step: Step, stage: StageName) -> str:
    """Return what a learner sees in a stage of the step's trace; without one, why there is none."""
    requests = (StageRequest(index=0, stage=stage),)
    run = await engine.session.request(LESSON, step, requests=requests)
    before = Report(run=0, done=Done(run=0, status="ok"))
    found = (await engine.whole(requested(before, run, requests))).stage(0, stage)
    assert found is not None and found.complete
    return found.error or found.text


@pytest.fixture(scope="module")
def fresh() -> dict[str, Report]:
    """Each step with its stages, on a separate worker that ran nothing but the steps before it."""
    requests = tuple(StageRequest(index=0, stage=stage) for stage in LOOKED_AT)

    async def alone(step: Step) -> Report:
        async with Headless(Session(ProcessEngine())) as engine:
            return await engine.request(LESSON, step, requests)

    return {step.id: asyncio.run(alone(step)) for step in STEPS}


@pytest.fixture(scope="module")
def stages(fresh: dict[str, Report]) -> dict[tuple[str, StageName], str]:
    """The stages of each step."""
    return {
        (name, stage): found.error or found.text
        for name, report in fresh.items()
        for (_, stage), found in report.stages.items()
    }


@pytest.fixture(scope="module")
def reference(fresh: dict[str, Report]) -> dict[str, Seen]:
    """What a learner sees of each step."""
    return {step.id: seen(judged(step, fresh[step.id])) for step in STEPS}


def test_the_reference_is_what_python_says(reference: dict[str, Seen]) -> None:
    assert reference["traced"][1] == "0\n"
    assert reference["cached"][1].startswith("1 [0, ") and "mine False" in reference["cached"][1]
    assert reference["cached"][2] == "1"
    assert reference["raises"][0] == "raised"
    assert "'before'] yes float64 1 True" in reference["sees"][1]


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(0, len(STEPS) - 1)),
        st.tuples(st.just("edit"), st.integers(0, len(STEPS) - 1)),
        st.tuples(st.sampled_from([*LOOKED_AT, "restart", "interrupt", "prepare"]), st.integers(0, len(STEPS) - 1)),
    ),
    min_size=4,
    max_size=6,
)


async def play(
    actions: list[tuple[str, int]], reference: dict[str, Seen], stages: dict[tuple[str, StageName], str]
) -> None:
    async with Headless(Session(ProcessEngine())) as engine:
        for action, index in actions:
            step = STEPS[index]
            match action:
                case "run":
                    assert seen(await engine.step(LESSON, step)) == reference[step.id], (step.id, actions)
                case "edit":
                    edited = "log = ['edited']; count = [0, 0]; import random; random.seed(9); f = len"
                    assert (await engine.step(LESSON, step, code=edited)).report is not None
                case "stablehlo" | "hlo":
                    assert await looked(engine, step, action) == stages[step.id, action], (step.id, actions)
                case "restart":
                    await engine.session.restart()
                case "interrupt":
                    await engine.session.interrupt()
                case "prepare":
                    await engine.session.prepare(LESSON, step)
        last = STEPS[-1]
        assert seen(await engine.step(LESSON, last)) == reference[last.id], actions


@settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(actions=ACTIONS)
def test_no_history_changes_what_a_step_shows(
    actions: list[tuple[str, int]], reference: dict[str, Seen], stages: dict[tuple[str, StageName], str]
) -> None:
    asyncio.run(play(actions, reference, stages))


def test_looks_between_steps_change_nothing(
    reference: dict[str, Seen], stages: dict[tuple[str, StageName], str]
) -> None:
    """Requests between steps change nothing, for a learner who looks at everything step by step."""
    assert "stablehlo.add" in stages["traced", "stablehlo"] and "HloModule" in stages["traced", "hlo"]
    steps = [(action, number) for number in range(3, 6) for action in ("run", "stablehlo", "hlo", "stablehlo")]
    asyncio.run(play(steps, reference, stages))
