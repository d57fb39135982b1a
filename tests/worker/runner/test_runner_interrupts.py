"""An interrupt ends a run, and does nothing between runs."""

import pytest
from runner_client import RunnerClient


@pytest.fixture(scope="module")
def runner():
    client = RunnerClient("--hold", JAX_NUM_CPU_DEVICES="4")
    assert client.event() == {"event": "state", "state": "importing jax"}
    client.begin("never = 1")  # nothing runs before `go`
    client.send(verb="go")
    started = client.until("state", state="ready")
    assert [event.get("state", "facts") for event in started] == ["opening devices", "facts", "ready"]
    client.facts = started[1]
    yield client
    assert client.close() == 0


def test_an_interrupt_ends_the_step_and_the_runner_lives(runner):
    run = runner.begin("print('on')\nwhile True: pass")
    runner.until("progress", phase="running")
    runner.interrupt()
    ran = runner.finish(run)
    assert ran.one("done")["status"] == "interrupted"
    assert not ran.all("error")
    assert runner.run("1 + 1").text == "2"


NATIVE = """
print("started", flush=True)
try:
    while True:
        pass
except KeyboardInterrupt:
    raise {error} from None
"""


COLLECTED = """
import gc
def collected(phase, info):
    gc.callbacks.remove(collected)
    print("started", flush=True)
    while True:
        pass
gc.callbacks.append(collected)
gc.collect()
while True:
    pass
"""


def interrupted(runner, code):
    """Return the run of a code that is interrupted once it has begun."""
    run = runner.begin(code)
    seen = ""
    while "started" not in seen:
        seen += runner.text("out")
    runner.interrupt()
    return runner.finish(run)


@pytest.mark.parametrize(
    "error",
    ["RuntimeError('INTERNAL: CpuCallback error: KeyboardInterrupt')", "TypeError('incompatible function arguments')",
     "SystemExit(130)"],
)  # fmt: skip
def test_an_interrupt_that_code_made_an_error_of_its_own_is_one(runner, error):
    ran = interrupted(runner, NATIVE.format(error=error))
    assert ran.one("done")["status"] == "interrupted" and not ran.all("error")
    uninterrupted = runner.run("raise RuntimeError('KeyboardInterrupt')")
    assert uninterrupted.one("done")["status"] == "error"


WALK = """
import jax
import jax.numpy as jnp
def endless(operation):
    print("started", flush=True)
    while True:
        pass
jax.jit(jnp.sin).lower(1.0).compiler_ir("stablehlo").operation.walk(endless)
"""


def test_an_interrupt_in_a_callback_from_mlir_is_one(runner):
    ran = interrupted(runner, WALK)
    assert ran.one("done")["status"] == "interrupted" and not ran.all("error")


def test_an_interrupt_that_the_garbage_collector_drops_comes_once_more(runner):
    ran = interrupted(runner, COLLECTED)
    assert ran.one("done")["status"] == "interrupted" and "ignored" not in ran.stderr
    other = runner.run("class Gone:\n    def __del__(self): 1 / 0\nGone()\nNone")
    assert other.one("done")["status"] == "ok" and "Exception ignored in" in other.stderr
    assert runner.run("1 + 1").text == "2"


def test_interrupts_while_idle_or_early_do_no_harm(runner):
    for _ in range(20):
        runner.interrupt()
        run = runner.begin("sum(range(1000))")
        runner.interrupt()
        assert runner.finish(run).one("done")["status"] in ("ok", "interrupted")
    assert runner.run("1 + 1").text == "2"


def test_an_interrupt_reaches_replay_traces_and_timings(runner):
    forever = "def forever(x):\n    while True: pass"
    endless = [{"name": "l/a", "setup": "", "code": "while True: pass"}]
    timing = [{"label": "slow", "call": "slow()", "on": "host"}]
    slow = "import time\ndef slow():\n    while True: time.sleep(0.01)"
    for phase, rest in [
        ("replaying", {"replay": endless}),
        ("tracing", {"code": forever, "traces": ["forever(1.0)"]}),
        ("timing", {"code": slow, "time": timing}),
    ]:
        run = runner.begin(**rest)
        runner.until("progress", phase=phase)
        runner.interrupt()
        assert runner.finish(run).one("done")["status"] == "interrupted"
    assert runner.run("print('heard')").stdout == "heard\n"
