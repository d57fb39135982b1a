"""Two real processes are connected by gloo: what is the same appears once, and what differs appears by process."""

import os
import signal

import pytest
import pytest_asyncio
from msgspec.structs import replace
from table import row_of
from together import MESH, Together, lesson, together

from benchmarks.terminal import HANGS_S
from jaxtour.engine.compare.apart import of_process, stdout_of, value_text
from jaxtour.engine.guards import processes
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.wire.commands import TimeCall
from jaxtour.engine.wire.messages import Facts, State

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two():
    """Both processes; each test runs its own steps in them."""
    async with together() as both:
        assert (await both.run(MESH)).status == "ok"
        yield both


@pytest_asyncio.fixture(loop_scope="module")
async def both(two: Together, request: pytest.FixtureRequest):
    """Both processes, after a step that has the mesh.

    A row of the table of faults gets the outcome of the steps after it.
    """
    two.codes = [MESH]
    two.row = row_of(request.node) if request.node.get_closest_marker("faults") else None
    return two


async def kill(both: Together, process: int) -> None:
    """Kill the runner of a process."""
    report = (await both.run("import os\nos.getpid()")).report
    os.kill(int(of_process(report, process).value.text.text), signal.SIGKILL)


async def test_what_is_the_same_comes_once(both):
    outcome = await both.run("print('the same')\n1 + 1")
    report = outcome.report
    assert (outcome.status, stdout_of(report), value_text(report)) == ("ok", "the same\n", "2")
    assert set(report.processes) == {0, 1}


async def test_what_differs_comes_with_its_process(both):
    outcome = await both.run("print('first')\nprint('I am', jax.process_index())\nprint('last')\njax.process_index()")
    assert stdout_of(outcome.report) == "first\nprocess 0 │ I am 0\nprocess 1 │ I am 1\nlast\n"
    assert value_text(outcome.report) == "process 0 │ 0\nprocess 1 │ 1"
    assert of_process(outcome.report, 1).value.text.text == "1"


async def test_the_parts_of_an_array_are_put_together(both):
    report = (await both.run("x * 10")).report
    assert report.value.text.text == "[ 0. 10. 20. 30. 40. 50. 60. 70.]"
    assert [shard.process for shard in report.value.shards] == [0, 0, 1, 1]
    alone = of_process(report, 1).value
    assert "other processes" in alone.text.text
    assert [bool(shard.text.text) for shard in alone.shards] == [False, False, True, True]


async def test_a_tree_of_such_arrays(both):
    report = (await both.run("{'a': x, 'b': x[::2]}")).report
    texts = [leaf.value.text.text for leaf in report.value.leaves]
    assert texts == ["[0. 1. 2. 3. 4. 5. 6. 7.]", "[0. 2. 4. 6.]"]


async def test_a_collective_says_nothing_of_gloo(both):
    report = (await both.run("jax.jit(jnp.sum)(x)")).report
    assert (report.value.text.text, stdout_of(report)) == ("28.0", "")


@pytest.mark.conformance
async def test_timings_are_those_of_all(both):
    report = (await both.run("total = jax.jit(jnp.sum)\ntotal(x)")).report
    [trace] = report.traces
    from together import lesson

    whole = lesson(*both.codes)
    call = TimeCall(label=trace.label, call=trace.call.text)
    report = await both.headless.measure(whole, whole.steps[-1], report, (call,), patience=0.2)
    [timing] = report.timings
    assert timing.error is None
    assert len(timing.by_process) == 2
    assert timing.by_process[0] == timing.median_s


async def test_all_see_the_devices_of_all(both):
    facts = both.headless.session.facts
    assert isinstance(facts, Facts)
    assert (facts.processes, facts.gathered) == (2, True)
    assert [device.process for device in facts.devices] == [0, 0, 1, 1]
    assert [device.local for device in facts.devices] == [True, True, False, False]


async def test_an_error_in_one_that_the_other_does_not_wait_for(both, monkeypatch):
    monkeypatch.setattr(processes, "GRACE_S", HANGS_S)  # a busy machine may take longer than two seconds
    report = (await both.run("if jax.process_index() == 1: raise ValueError('no')")).report
    assert (report.failure.type, report.failure.who) == (
        "ValueError", "process 1 of 2 raised it; process 0 did not"
    )  # fmt: skip
    assert report.done.status == "error"
    assert (await both.run("1 + 1")).status == "ok"


@pytest.mark.faults
async def test_an_error_in_one_that_the_other_waits_for(both):
    code = "if jax.process_index() == 1: raise ValueError('no')\nfloat(jax.jit(jnp.sum)(x))"
    report = (await both.run(code)).report
    assert report.failure.who == "process 1 of 2 raised it; process 0 waited for it"
    outcome = await both.run("float(jax.jit(jnp.sum)(x))")
    assert (outcome.status, outcome.report.value.text.text) == ("ok", "28.0")
    assert [str(each) for each in outcome.report.without] == [
        "without s2, which raised in one process, while another one waited for it"
    ]


async def test_an_exit_in_one(both):
    report = (await both.run("import os\nif jax.process_index() == 1: os._exit(3)\nfloat(jax.jit(jnp.sum)(x))")).report
    assert report.done.status == "died"
    assert report.done.reason == "process 1 of 2 ended during the step (exit 3); process 0 waited for it"
    assert (await both.run("float(jax.jit(jnp.sum)(x))")).report.value.text.text == "28.0"


@pytest.mark.faults
async def test_an_error_in_one_in_a_replayed_step(both):
    both.codes.append("if jax.process_index() == 1: raise ValueError('no')\nfloat(jax.jit(jnp.sum)(x))")
    outcome = await both.run("float(jax.jit(jnp.sum)(x))")
    assert (outcome.status, outcome.report.value.text.text) == ("ok", "28.0")
    both.row.seen = str(outcome.report.without[0])
    assert both.row.seen == "without s2, which raised in one process, while another one waited for it"


@pytest.mark.faults
async def test_a_hang_in_one_is_interrupted(both):
    both.when("waiting for", both.headless.session.interrupt)
    code = "import time\nif jax.process_index() == 1:\n    while True: time.sleep(0.01)"
    report = (await both.run(code)).report
    assert report.done.status == "interrupted"
    assert report.done.who == "process 1 of 2 was still in the step; process 0 had left it"
    both.codes.pop()
    assert (await both.run("float(jax.jit(jnp.sum)(x))")).report.value.text.text == "28.0"


@pytest.mark.faults
async def test_a_time_limit_for_one(both):
    await both.run("None")  # the limit counts what is replayed, too
    both.codes.append("if jax.process_index() == 0: jax.jit(jnp.sum)(x).block_until_ready()")
    whole = lesson(*both.codes)
    for limit_s in (2.0, 8.0, 32.0):  # on a busy machine, process 1 needs longer to leave
        step = replace(whole.steps[-1], timeout=limit_s)
        timed = replace(whole, steps=(*whole.steps[:-1], step))
        report = (await both.headless.step(timed, step)).report
        assert report.done.status == "timeout"
        if "had left" in report.done.who:
            break
    assert report.done.who == "process 0 of 2 was still in the step; process 1 had left it"
    both.row.seen = report.done.who


@pytest.mark.faults
@pytest.mark.parametrize("process", [0, 1], ids=["process 0 of 2 gets kill -9", "process 1 of 2 gets kill -9"])
async def test_a_runner_that_is_killed_ends_in_words_and_all_start_again(both, process):
    await kill(both, process)
    outcome = await both.run("float(jax.jit(jnp.sum)(x))")
    if outcome.status == "died":
        # It says "killed by SIGKILL", or "replaced and lost its state" if the next runner exists before the run.
        assert f"process {process} of 2 was " in outcome.report.done.reason
        both.codes.pop()
        outcome = await both.run("float(jax.jit(jnp.sum)(x))")
    assert outcome.report.value.text.text == "28.0"
    said = [event.detail for event in both.events if isinstance(event, State) and event.state == "restarting"]
    assert f"process {process} of 2 was killed by SIGKILL" in said


@pytest.mark.conformance
async def test_a_restart_keeps_nothing(both):
    await both.run("kept = 1")
    await both.headless.session.restart()
    assert (await both.run("kept + 1")).report.value.text.text == "2"


@pytest.mark.faults
async def test_the_guard_of_one_process_is_killed(request: pytest.FixtureRequest):
    async with together(devices=None) as both:
        both.row = row_of(request.node)
        guard = both.engine._members[1].engine
        assert isinstance(guard, ProcessEngine) and guard._process
        pid = guard._process.pid

        async def killed() -> None:
            os.kill(pid, signal.SIGKILL)

        both.when("running", killed)
        outcome = await both.run("import time\ntime.sleep(300)")
        assert outcome.report.done.reason == "process 1 of 2: the worker's guard ended; process 0 waited for it"
        outcome = await both.run("1 + 1")
        assert outcome.reason == "process 1 of 2: the worker's guard ended; restart it to continue"
