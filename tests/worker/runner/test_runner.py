import os
import sys
from pathlib import Path

import pytest
from runner_client import RUNNER, RunnerClient


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


def test_facts_tell_the_simulated_devices(runner):
    assert runner.facts["simulated"] is True
    assert [device["id"] for device in runner.facts["devices"]] == [0, 1, 2, 3]


def test_a_run_goes_from_running_to_done(runner):
    ran = runner.run("print('hi')\n1 + 1", setup="print('setup')")
    # Facts that changed since the last run, such as memory, may come right before this one.
    assert next(each for each in ran.events if each["event"] != "facts") == {"event": "state", "state": "running"}
    kinds = [event["event"] for event in ran.events if event["event"] not in ("state", "progress", "facts")]
    assert kinds == ["result", "executed", "done"]
    assert ran.text == "2"
    assert ran.stdout == "setup\nhi\n"
    done = ran.one("done")
    assert (done["status"], done["dirty"]) == ("ok", False)
    assert "never" not in runner.run("sorted(globals())").text


def test_replayed_steps_show_nothing_and_leave_their_state(runner):
    replay = [
        {"name": "l/a", "setup": "import os, warnings", "code": "os.write(1, b'raw')\nprint('a'); warnings.warn('a')"},
        {"name": "l/b", "setup": "", "code": "kept = 5\n1/0"},
    ]
    ran = runner.run("kept", replay=replay)
    assert ran.text == "5"
    assert ran.stdout + ran.stderr == ""
    assert not ran.all("error") + ran.all("warning")
    progress = [(event["phase"], event["label"], event["done"], event["of"]) for event in ran.all("progress")]
    assert progress == [("replaying", "l/a", 0, 2), ("replaying", "l/b", 1, 2), ("running", "lesson/step", 0, 0)]


def test_only_preparing_says_nothing_but_done(runner):
    ran = runner.run(cell=None, replay=[{"name": "l/a", "code": "prepared = 7"}])
    assert not ran.all("executed")
    assert ran.one("done")["status"] == "ok"
    assert runner.run("prepared").text == "7"


def test_traces_are_made_without_being_heard(runner):
    code = "import jax\ndef loud(x):\n    print('loud'); return x * 2\nloud(1.0)"
    ran = runner.run(code, traces=["loud(2.0)", "1 / 0"])
    assert ran.stdout == "loud\n"
    first, second = ran.all("trace")
    assert first["primitives"] == ["mul"]
    assert second["error"] == "ZeroDivisionError: division by zero"
    assert runner.run(code).one("trace")["call"] == "loud(1.0)"
    assert runner.run(code, traces=[]).all("trace") == []


def test_a_step_that_raises_has_no_default_trace_but_its_own(runner):
    setup = "import jax.numpy as jnp\ndef f(x): return jnp.sin(x)"
    assert not runner.run("1/0\nf(1.0)", setup=setup).all("trace")
    ran = runner.run("f(1.0) + None", setup=setup, traces=["f(1.0)"])
    assert ran.one("error")["type"] == "TypeError"
    assert ran.one("trace")["primitives"] == ["sin"]
    assert ran.one("done")["status"] == "error"


def test_output_is_complete_when_executed_is_said(runner):
    code = """
import ctypes, jax, jax.numpy as jnp, subprocess, sys
ctypes.CDLL(None).printf(b"from C\\n")
subprocess.run([sys.executable, "-S", "-c", "print('child')"])
jax.jit(lambda x: jax.debug.print("x = {}", x))(3)
print("é", file=sys.stderr)
"""
    run = runner.begin(code)
    runner.until("executed", run=run)
    assert sorted(runner.text("out").splitlines()) == ["child", "from C", "x = 3"]
    assert runner.text("err") == "é\n"
    runner.finish(run)


def test_a_closed_or_redirected_stdout_is_back_for_the_next_step(runner):
    assert runner.run("import os, sys\nos.close(1)\nsys.stderr.flush()").one("done")["status"] == "ok"
    assert runner.run("os.system('echo back')").stdout == "back\n"


def test_a_handler_of_the_lessons_own_is_replaced_for_the_next_step(runner):
    runner.run("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)")
    run = runner.begin("while True: pass")
    runner.until("progress", phase="running")
    runner.interrupt()
    assert runner.finish(run).one("done")["status"] == "interrupted"


def test_a_forked_child_neither_speaks_nor_holds_the_pipes(runner):
    code = """
import os, stat, warnings
warnings.simplefilter("ignore")
pid = os.fork()
if pid == 0:
    held = []
    for fd in range(3, 1000):
        try:
            held += [fd] if stat.S_ISFIFO(os.fstat(fd).st_mode) else []
        except OSError:
            pass
    print(held, flush=True)
else:
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    ran = runner.run(code)
    assert ran.stdout.splitlines() == ["[]", "0"]
    assert len(ran.all("executed")) == 1


def test_the_learners_path_holds_neither_us_nor_the_scratch_folder(runner):
    path = runner.run("import sys\nsys.path").text
    assert str(RUNNER.parent) not in path
    assert "''" not in path
    assert runner.run("import importlib.util\nimportlib.util.find_spec('frames') is None").text == "True"


def test_no_file_of_ours_hides_a_module_of_pythons():
    """No file of ours hides one of Python's modules: until the runner removes its folder, `sys.path` begins with it."""
    assert not {path.stem for path in RUNNER.parent.glob("*.py")} & sys.stdlib_module_names


def test_threads_may_compile_while_the_step_runs(runner):
    code = """
import threading, jax
def work(n): jax.jit(lambda x: x * n)(1.0).block_until_ready()
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    assert runner.run(code).one("executed")["compiles"] >= 8


def test_compiles_are_counted_and_told_as_they_begin(runner):
    setup = "import jax\ndef triple(x): return x * 3\nf = jax.jit(triple)"
    ran = runner.run("f(1.0); f(2.0)", setup=setup, traces=[])
    assert ran.one("executed")["compiles"] == 1
    phases = [(event["phase"], event["label"]) for event in ran.all("progress")]
    assert phases == [("running", "lesson/step"), ("compiling", "jit(triple)"), ("running", "lesson/step")]


def test_a_spread_array_is_told_with_its_shards(runner):
    code = """
import jax, jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec as P, AxisType
mesh = jax.make_mesh((2, 2), ("x", "y"), axis_types=(AxisType.Auto,) * 2)
spread = jax.device_put(jnp.arange(8.0).reshape(4, 2), NamedSharding(mesh, P("x")))
spread
"""
    value = runner.run(code).one("result")["value"]
    assert value["devices"] == ["cpu:0", "cpu:1", "cpu:2", "cpu:3"]
    assert value["sharding"] == "P('x',) on the mesh (x: 2, y: 2)"
    assert value["shards"][1:3] == [
        {"device": 1, "index": [[0, 2], [0, 2]], "replica": 1, "process": 0},
        {"device": 2, "index": [[2, 4], [0, 2]], "replica": 0, "process": 0},
    ]
    time_it = [{"label": "sum", "call": "jax.jit(jnp.sum)(spread)"}]
    ran = runner.run("spread.sum()", time=time_it)
    timing = ran.one("timing")
    assert (timing["simulated"], timing["platform"]) == (True, "cpu")
    assert ran.one("done")["dirty"] is True


def test_questions_and_checks(runner):
    setup = "import jax.numpy as jnp\ndef f(x): return jnp.sin(x) * 2"
    ran = runner.run(
        "answer = f(1.0)",
        setup=setup,
        ask="equations of f(1.0)",
        checks=[{"python": "assert answer.shape == ()\nnew = 1"}],
    )
    assert ran.one("answer")["text"] == "2"
    assert ran.one("checked")["passed"] is True
    assert ran.one("done")["dirty"] is True
    assert "new" not in runner.run("dir()").text
    for check, message in [
        ("assert answer == 5, 'not five'", "not five"),
        ("assert False", "not right yet"),
        ("missing", "NameError: name 'missing' is not defined"),
    ]:
        checked = runner.run("", checks=[{"python": check}]).one("checked")
        assert (checked["passed"], checked["message"]) == (False, message)
    checked = runner.run("1/0", checks=[{"python": "pass"}]).one("checked")
    assert checked["message"] == "the code raised ZeroDivisionError: division by zero"
    assert runner.run("", ask="missing").one("log")["text"].endswith("NameError: name 'missing' is not defined")


def test_opcodes_on_request(runner):
    ran = runner.run("jnp.sin(jnp.ones(3))", setup="import jax.numpy as jnp", hlo=True)
    assert {"parameter"} <= set(ran.one("hlo")["opcodes"])
    assert ran.one("done")["dirty"] is True


def test_a_kept_step_can_be_looked_into_after_others_have_run(runner):
    code = "import jax.numpy as jnp\ndef f(x): return jnp.sin(x)\ny = 1\nf(1.0)"
    cell = {"name": "lesson/step", "setup": "", "code": code, "traces": None, "checked": True}
    assert runner.run(cell=cell, keep=True).one("done")["dirty"] is False
    runner.run("y = 2", name="lesson/next")
    ran = runner.run(
        cell=None,
        probe=cell,
        hlo=True,
        ask="y",
        checks=[{"python": "assert y == 1"}],
        time=[{"label": "f", "call": "f(1.0)"}],
        brief=True,
    )
    assert ran.one("answer")["text"] == "1"
    assert ran.one("checked")["passed"] is True
    assert "parameter" in ran.one("hlo")["opcodes"]
    assert ran.one("timing")["runs"] == 1
    assert not ran.all("executed") + ran.all("trace")
    assert ran.one("done")["dirty"] is True
    assert runner.run("y", name="lesson/next").text == "2"


def test_work_that_fails_after_the_code_is_the_steps_error(runner):
    code = """
import jax, jax.numpy as jnp
def fail(x): raise ValueError("late")
jax.jit(lambda x: jax.pure_callback(fail, jax.ShapeDtypeStruct((), jnp.float32), x))(1.0)
"""
    ran = runner.run(code, traces=[])
    assert "late" in ran.one("error")["message"]
    assert ran.one("executed")["status"] == "error"


def test_live_arrays_are_told_when_they_change(start):
    runner = start()
    runner.until("state", state="ready")

    def told(ran, wanted):
        """Return the facts sent during the run or after it."""
        facts = ran.all("facts")
        while not facts or not wanted(facts[-1]["live_bytes"]):
            facts.append(runner.until("facts")[-1])
        return facts[-1]["live_bytes"]

    there = told(runner.run("import jax.numpy as jnp\nbig = jnp.ones((100, 100))\nNone"), lambda size: size >= 40_000)
    assert told(runner.run("del big"), lambda size: size < there) <= there - 40_000


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("n = 4 + 4\njax.config.update('jax_num_cpu_devices', n)", "or start with --devices 8"),
        ("jax.distributed.initialize('127.0.0.1:1', 1, 0)", "in a separate process"),
    ],
)
def test_what_must_come_before_the_devices_are_open_says_what_to_do(runner, code, remedy):
    error = runner.run(f"import jax\n{code}").one("error")
    assert error["type"] == "RuntimeError" and remedy in error["message"]
    assert "before" in error["message"].partition("\n")[0]


def test_an_ordinary_run_costs_little(runner):
    runner.run("1 + 1")
    seconds = min(runner.run("1 + 1").one("done")["seconds"] for _ in range(20))
    assert seconds < 0.1, "it takes less than a hundredth of that, on the slowest machine a tenth"


@pytest.fixture
def start():
    clients = []

    def started(**options):
        clients.append(RunnerClient(**options))
        return clients[-1]

    yield started
    for client in clients:
        client.close()


def test_a_python_without_jax_is_told_with_what_to_install(start):
    client = start(python=(sys.executable, "-S", "-u"))
    *_, dead = client.until("state", state="dead")
    assert dead["detail"] == f"{sys.executable} has no jax: {sys.executable} -m pip install jax"
    assert client.event() is None


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is a GPU here")
def test_a_platform_that_is_not_there_is_never_replaced_by_the_cpu(start):
    *_, dead = start(JAX_PLATFORMS="cuda,cpu").until("state", state="dead")
    assert dead["detail"] == "this machine has no NVIDIA GPU: use the CPU: --platform cpu"


def test_the_device_for_the_steps_is_chosen_by_its_id(start):
    client = start(JAX_NUM_CPU_DEVICES="4", JAX_PLATFORMS="cpu", JAXTOUR_DEVICE="3")
    (facts,) = [event for event in client.until("state", state="ready") if event["event"] == "facts"]
    assert facts["default_device"] == "cpu:3"
    assert [device["id"] for device in facts["devices"]] == [0, 1, 2, 3]
    ran = client.run("import jax.numpy as jnp\njnp.ones(3)", time=[{"label": "sum", "call": "jnp.ones(3).sum()"}])
    assert ran.one("result")["value"]["devices"] == ["cpu:3"]
    assert all(timing.get("error") is None for timing in ran.all("timing")) and ran.all("timing")


def test_a_device_that_is_not_there_is_told_with_those_that_are(start):
    *_, dead = start(JAX_NUM_CPU_DEVICES="2", JAX_PLATFORMS="cpu", JAXTOUR_DEVICE="7").until("state", state="dead")
    assert dead["detail"] == "there is no cpu device 7: choose one of 0, 1"


def test_facts_come_once_more_when_they_have_changed_and_while_code_runs(start):
    client = start(JAX_NUM_CPU_DEVICES="2", JAX_PLATFORMS="cpu")
    client.until("state", state="ready")
    client.run("import jax, jax.numpy as jnp\nkept = jax.device_put(jnp.ones(256), jax.devices()[1])")
    (changed,) = [event for event in client.until("facts") if event["event"] == "facts"]
    assert [(device["live_arrays"], device["live_bytes"]) for device in changed["devices"]] == [(0, 0), (1, 1024)]
    client.begin("import time\nmore = jnp.ones(512)\nwhile not time.sleep(0.01): pass", traces=[])
    events = client.until("facts")
    assert events[-1]["devices"][0]["live_bytes"] == 2048
    client.interrupt()
    client.until("done")


def test_an_interrupt_during_a_frame_waits_for_its_end():
    from jaxtour.worker.frames import FrameDecoder
    from jaxtour.worker.runner.writer import Writer

    read, write = os.pipe()
    writer = Writer(write)
    writer.armed = True
    real = writer._write

    def interrupted(fd, data):
        writer.interrupt(2, None)
        return real(fd, data[:7])

    writer._write = interrupted
    with pytest.raises(KeyboardInterrupt):
        writer.say({"event": "log", "text": "whole"})
    assert list(FrameDecoder().feed(os.read(read, 1000))) == [{"event": "log", "text": "whole"}]
    writer._write = real
    writer.say({"event": "log", "text": float("nan")})
    (event,) = FrameDecoder().feed(os.read(read, 1000))
    assert "could not send 'log'" in event["text"]
    writer.disarm()
    writer.interrupt(2, None)
    os.close(read)
    os.close(write)
