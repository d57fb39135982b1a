"""The rule of state holds against a model of the worker that knows which cells made its state."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_worker import BROKEN, LESSON, LOOKS, WIDE, ModelWorker, Recorder, drain, recorded, started, step

from jaxtour.course.model import Lesson, Requires, Step
from jaxtour.course.trust import EVERYTHING, Trust
from jaxtour.engine.cells import asked_of, cell, devices_needed
from jaxtour.engine.session import EngineError, Session, WorkerConfig
from jaxtour.engine.wire.commands import (
    Open,
)
from jaxtour.engine.wire.messages import (
    Done,
)
from jaxtour.text import Raw, harmless

ACTIONS = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 4)),
    st.tuples(st.sampled_from(["edit", "broken"]), st.integers(0, 4)),
    st.tuples(st.just("plain"), st.integers(0, 4)),
    st.tuples(st.just("prepare"), st.integers(0, 4)),
    st.tuples(st.just("wide"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["look", "look at edit"]), st.integers(0, 4)),
    st.tuples(st.just("look wide"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["interrupt", "restart", "die"]), st.just(0)),
    st.tuples(st.just("configure"), st.sampled_from([0, 2, 16])),
)


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
            case "broken":
                await session.run(lesson, step, BROKEN)
            case "plain":
                await session.run(lesson, step, timings=False)
            case "look" | "look wide":
                await session.request(lesson, step, requests=LOOKS)
            case "look at edit":
                await session.request(lesson, step, "edited = True", requests=LOOKS)
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


async def test_code_that_does_not_compile_costs_no_state() -> None:
    session, worker = await started()
    await session.run(LESSON, step(0))
    await drain(session)
    await session.run(LESSON, step(1), BROKEN)
    await drain(session)
    assert session.current is None
    await session.run(LESSON, step(1), timings=False)
    assert [(len(state), cell.name) for state, cell, _ in worker.ran if cell] == [(0, "lesson/a"), (1, "lesson/b")]


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


async def test_a_lesson_is_compared_with_the_trusted_one_until_it_may_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EVERYTHING, raising=False)
    trust, worker = Trust(tmp_path / "trusted.json"), ModelWorker()
    far = msgspec.structs.replace(LESSON, file=Raw(str(tmp_path / "far.yaml")))
    session = Session(worker, WorkerConfig(), trust)
    await session.start()
    for _ in range(2):
        with pytest.raises(EngineError, match="trust"):
            await session.run(far, step(0))
    assert await session.prepare(far, step(1)) is None and not worker.ran
    trust.allow(far, keep=False)
    await session.run(far, step(0))
    await drain(session)
    other = msgspec.structs.replace(far, title="Another version", steps=far.steps[:1])
    with pytest.raises(EngineError, match="trust"):
        await session.run(other, step(0))
    assert len([cell for _, cell, _ in worker.ran if cell]) == 1


async def test_a_step_that_needs_devices_waits_until_it_is_known_how_many_there_are() -> None:
    worker = ModelWorker()
    session = Session(worker)
    await session.start()
    wide = WIDE.steps[0]
    assert isinstance(wide, Step)
    waiting = asyncio.ensure_future(session.run(WIDE, wide))
    await drain(session)
    await waiting
    assert worker.ran[-1][2] == 8 and session.simulating == 8


def needing(**devices: int) -> Lesson:
    """Return a lesson whose steps require these numbers of devices, 0 for none.

    `lesson` is the whole lesson's requirement.
    """
    whole = Requires(devices=devices.pop("lesson", 1))
    steps = (
        harmless(Step(id=name, title=name, text="", code=name, requires=Requires(devices=count) if count else None))
        for name, count in devices.items()
    )
    return Lesson(id="needing", title="", summary="", minutes=1, requires=whole, steps=tuple(steps))


def test_a_step_needs_the_devices_of_those_before_it_and_not_of_those_after_it() -> None:
    lesson = needing(a=0, b=4, c=2, d=0, e=8)
    assert [devices_needed(lesson, each) for each in lesson.steps if isinstance(each, Step)] == [1, 4, 4, 4, 8]
    lesson = needing(lesson=2, a=0, b=1, c=3)
    assert [devices_needed(lesson, each) for each in lesson.steps if isinstance(each, Step)] == [2, 2, 3]


async def test_a_step_that_names_no_timeout_gets_that_of_the_caller() -> None:
    session, worker = await recorded()
    own = harmless(Step(id="f", title="f", text="", code="f = 1", timeout=3.0))
    patient = Lesson(id="lesson", title="", summary="", minutes=1, steps=(step(0), own))
    for each in (step(0), own):
        for timeout_s in (50.0, None):
            await session.run(patient, each, default_timeout_s=timeout_s)
            await drain(session)
            await session.run_for_probe(patient, each, default_timeout_s=timeout_s)
            await drain(session)
            await session.probe(patient, each, asked_of(each, default_timeout_s=timeout_s))
            await drain(session)
    assert [run.timeout_s for run in worker.runs[:6]] == [50.0] * 3 + [None] * 3
    assert [run.timeout_s for run in worker.runs[6:]] == [3.0] * 6


async def test_a_run_asked_for_before_the_start_waits_for_it() -> None:
    worker = ModelWorker()
    session = Session(worker)
    waiting = asyncio.ensure_future(session.run(LESSON, step(0)))
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
    """Facts of the previous runner say nothing about the next: they may come every second, even after the command.

    They may arrive between the command and the end of the runner that it replaces.
    """
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
    waiting = asyncio.ensure_future(session.run(WIDE, wide))
    await drain(session)
    await waiting
    assert worker.ran[-1][2] == 8 and session.simulating == 8
