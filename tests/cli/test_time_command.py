"""`jaxtour time` times a user's files: once as a shell runs it, otherwise in the test's own process."""

import json
import re
from pathlib import Path

import pytest
from inside import REAL, Recording, command, scripted
from recordings import TRAIN
from shell import jaxtour

from jaxtour.engine.wire.commands import Run
from jaxtour.engine.wire.messages import Executed, Timing
from jaxtour.text import harmless

FILE = """\
import jax
import jax.numpy as jnp


@jax.jit
def fast(x):
    return jnp.tanh(x) @ x


def slow(x):
    return jnp.tanh(x) @ x


print("its own output")
x = jnp.ones(64)
fast(x)
fast(jnp.ones(9))

if __name__ == "__main__":
    raise SystemExit("would train for hours")
"""
SPREAD = {"best_s", "median_s", "q1_s", "q3_s", "runs"}
BRIEF = ("--patience", "0.1", "--platform", "cpu")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ml.py"
    path.write_text(FILE)
    return path


def test_json_and_text_have_every_part_of_every_call(file: Path) -> None:
    words, worker = ("time", "ml.py", "--call", "fast(x)", "--vs", "slow(x)", *BRIEF), Recording()
    done = command(*words, "--json", cwd=file.parent, engine=worker.first)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) == {"timings", "retraces"}
    slow, fast = document["timings"]
    assert [(each["label"], each["platform"]) for each in (slow, fast)] == [("slow(x)", "cpu"), ("fast(x)", "cpu")]
    assert (slow["baseline"], fast["baseline"]) == (True, False)
    for each in (slow, fast):
        assert set(each["dispatch"]) >= {"best_s", "median_s"}
        assert set(each["complete"]) >= SPREAD
        assert 0 < each["trace_s"] + each["lower_s"] + each["compile_s"] <= each["first_s"]
        assert each["complete"]["best_s"] <= each["complete"]["median_s"] <= each["complete"]["q3_s"]
    assert fast["flops"] > 0 and fast["bytes"] > 0
    assert slow["flops"] is None, "the compiler sees only pieces of what is not jitted"
    # On a slow machine, no call is that quick.
    quick = [verdict for each in (slow, fast) for verdict in each["verdicts"] if verdict["code"] == "dispatch_bound"]
    assert all("dispatch from Python" in verdict["message"] for verdict in quick)
    [again] = document["retraces"]
    assert (again["function"], again["count"], again["line"]) == ("fast", 2, 17)
    assert again["reason"] == "x was f32[64], now f32[9]"
    done = command(*words, cwd=file.parent, engine=worker.timed({"slow(x)": 3e-6, "fast(x)": 1e-6}))
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and "its own output" not in done.stdout
    text = " ".join(done.stdout.split())
    assert "baseline" in text and "3.0× faster" in text
    assert "first call" in text and "trace" in text and "lower" in text and "compile" in text
    assert "until the call returns to Python" in text
    assert text.count("Below 30 µs, this is the cost of dispatch from Python") == bool(quick)
    assert ("Use larger inputs, or do more in one jitted call." in text) == bool(quick)
    assert "line 17: x was f32[64], now f32[9]" in text
    assert "differs from slow(x)" in text


def test_without_a_call_those_are_measured_that_the_file_writes(file: Path) -> None:
    done = jaxtour("time", f"{file}::fast", "--json", *BRIEF)
    assert done.returncode == 0, done.stderr
    assert [each["call"] for each in json.loads(done.stdout)["timings"]] == ["fast(x)", "fast(jnp.ones(9))"]


def test_a_call_is_measured_at_each_size_and_numpy_on_the_host(file: Path) -> None:
    calls = ("--call", "fast(jnp.ones(n))", "--host", "np.tanh(np.ones(n)).sum()", "--sizes", "16,4096")
    worker = Recording()
    done = command("time", str(file), *calls, "--json", *BRIEF, engine=worker.first)
    assert done.returncode == 0, done.stderr
    rows = [(each["platform"], each["size"], each["baseline"]) for each in json.loads(done.stdout)["timings"]]
    assert rows == [("host", 16, True), ("host", 4096, True), ("cpu", 16, False), ("cpu", 4096, False)]
    # Numbers contain no-break spaces.
    text = " ".join(command("time", str(file), *calls, *BRIEF, engine=worker.again).stdout.split())
    assert "np.tanh(np.ones(n)).sum()" in text and "4 096" in text


def test_the_roof_is_measured_once_and_kept(file: Path, tmp_path: Path) -> None:
    words = ("time", str(file), "--call", "fast(jnp.ones(4096))", "--roofline", *BRIEF)
    worker = Recording()
    first = command(*words, engine=worker.first, XDG_STATE_HOME=str(tmp_path))
    assert first.returncode == 0, first.stderr
    assert "of what memory allows" in " ".join(first.stdout.split())
    kept = tmp_path / "jaxtour" / "peaks.json"
    [device] = json.loads(kept.read_text())["devices"]
    assert device["peaks"][0]["platform"] == "cpu"
    kept.write_text(json.dumps({"version": 1, "devices": [device]}).replace('"kind": "cpu"', '"kind": "kept"'))
    again = command(*words, engine=worker.again, XDG_STATE_HOME=str(tmp_path))
    assert "kept: peaks" in again.stdout
    assert [run.peaks for run in worker.passed if isinstance(run, Run)] == [False, False, True]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--call", "f(x)", "--sizes", "10"), "no call uses n"),
        (("--call", "f(n)", "--sizes", "10,ten"), "'ten' is not a size"),
        (("--call", "f(n)", "--sizes", "0"), "'0' is not a size"),
        (("--call", "f(x)", "--patience", "0"), "--patience"),
        (("--call", " "), "--call is empty: write a call, as in --call 'f(x)'"),
        (("--call", "f(x)", "--vs", ""), "--vs is empty"),
        (("--call", "f(x)", "--host", ""), "--host is empty"),
    ],
)
def test_what_is_asked_wrongly_is_one_line_and_exit_code_2(file: Path, words: tuple[str, ...], told: str) -> None:
    done = command("time", str(file), *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr and done.stderr.count("\n") == 1


HITS = """\
import jax
import jax.numpy as jnp

found = []
jax.monitoring.register_event_listener(lambda name, **_: found.append(name) if name.endswith("cache_hits") else None)


@jax.jit
def f(x):
    return jnp.tanh(x) @ x


f(jnp.ones(64))
at_first = len(found)


def told():
    raise ValueError(f"{at_first} when the file ran, {len(found) - at_first} since")
"""


def test_what_an_earlier_process_compiled_is_compiled_again(tmp_path: Path) -> None:
    """What is in a cache folder of compiled programs, as users have it with every switch on, is compiled again."""
    path = tmp_path / "hits.py"
    path.write_text(HITS)
    cache = tmp_path / "cache"
    environment = {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_ENABLE_COMPILATION_CACHE": "true",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    words = ("time", str(path), "--call", "f(jnp.ones(64))", "--call", "told()", "--json", *BRIEF)
    first, second = (command(*words, engine=REAL, **environment) for _ in range(2))
    assert list(cache.iterdir()), "the first one filled it"
    timing, told = json.loads(second.stdout)["timings"]
    assert timing["compile_s"] > 0
    hits, since = re.match(r"ValueError: (\d+) when the file ran, (\d+) since", told["error"]).groups()
    assert int(hits) > 0, "the file itself found what the first one had compiled"
    assert int(since) == 0, "its timing did not"
    assert first.returncode == second.returncode == 1


def test_a_call_that_gives_its_input_away_leaves_the_files_own_array(tmp_path: Path) -> None:
    path = tmp_path / "donates.py"
    path.write_text("import jax\nx = jax.numpy.ones(300)\nf = jax.jit(lambda x: x * 2, donate_argnums=0)\n")
    done = command(
        "time", str(path), "--call", "f(x)", "--call", "f(x)", "--vs", "x + x", "--json", *BRIEF, engine=REAL
    )
    assert done.returncode == 0, done.stderr
    timings = json.loads(done.stdout)["timings"]
    donated = ["donated_input" in {verdict["code"] for verdict in timing["verdicts"]} for timing in timings]
    assert donated == [False, True, True]
    assert timings[1]["differs"] == [{"against": "x + x", "absolute": 0.0, "ulp": 0.0}]


def test_calls_that_fail_are_a_line_each_and_leave_the_others(tmp_path: Path) -> None:
    """Calls that fail are a line each; the other calls may use modules that the file does not import."""
    path = tmp_path / "bare.py"
    path.write_text("def f(a): return a @ a\ny = 2.0\n")
    calls = ("f(", "g(1)", "f(jnp.ones((2, 3)))", "jnp.ones(3) * y + np.ones(3)")
    words = [word for call in calls for word in ("--call", call)]
    done = command("time", str(path), *words, "--json", *BRIEF, engine=REAL)
    assert done.returncode == 1
    syntax, name, shapes = done.stderr.splitlines()
    assert syntax.startswith("jaxtour: f(: SyntaxError: '(' was never closed")
    assert name == "jaxtour: g(1): NameError: name 'g' is not defined"
    assert shapes.startswith("jaxtour: f(jnp.ones((2, 3))): TypeError: ")
    *failed, timing = json.loads(done.stdout)["timings"]
    assert all(each["error"] and each["complete"] is None for each in failed) and len(failed) == 3
    assert timing["complete"]["runs"] > 0 and "error" not in timing


def test_without_a_call_that_was_measured_nothing_is_printed(tmp_path: Path) -> None:
    path = tmp_path / "bare.py"
    path.write_text("x\n")
    failed = harmless(Timing(run=0, index=0, label="f(x)", call="f(x)", platform="cpu", error="no f"))
    engine = scripted({"x\n": (Executed(run=0, status="ok", seconds=0.1), failed)})
    done = command("time", str(path), "--call", "f(x)", engine=engine)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "jaxtour: f(x): no f\n")


def test_a_recorded_program_is_timed_by_its_name_and_by_the_line_that_calls_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    for at in ("step", "train.py:13"):
        done = jaxtour("time", "train.py", "--at", at, "--json", *BRIEF, "--", "--steps", "2", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        (timing,) = json.loads(done.stdout)["timings"]
        assert (timing["label"], timing["platform"]) == ("step(w, x)", "cpu")
        assert 0 < timing["trace_s"] + timing["lower_s"] + timing["compile_s"] < timing["first_s"]
        assert timing["runs"] > 1 and timing["flops"] > 0


def test_each_program_of_a_name_is_timed_also_of_a_program_that_raises_late(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(
        "import jax, jax.numpy as jnp\nf = jax.jit(lambda x, n: x * n)\n"
        "for n in (2, 3):\n    f(jnp.ones(n), 2.0)\nraise SystemExit(3)\n"
    )
    done = jaxtour("time", "late.py", "--at", "late.py:4", *BRIEF, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "jaxtour: late.py:5:1: SystemExit: 3\n"
    assert "<lambda>(x, n) f32[2]" in done.stdout and "<lambda>(x, n) f32[3]" in done.stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("ml.py", "--", "--steps", "3"), "name what to time in the program, as in --at step"),
        (("ml.py", "--at", "fast", "--call", "fast(x)"), "--at times recorded programs, with their own inputs"),
        (("ml.py", "--at", "fast", "--sizes", "3"), "leave out --call, --vs, --host and --sizes"),
        ((), "name a Python file, or a module"),
    ],
)
def test_what_cannot_be_asked_of_a_program_is_said(file: Path, args: tuple[str, ...], told: str) -> None:
    done = command("time", *args, cwd=file.parent)
    assert done.returncode == 2
    assert told in done.stderr and len(done.stderr.splitlines()) == 1
