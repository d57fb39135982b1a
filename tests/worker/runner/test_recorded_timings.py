"""A recorded program is timed with the inputs of its first run, up to which the user's code runs again."""

import pytest
from recordings import functions, jaxpr, one

TRAIN = """
    import jax, jax.numpy as jnp

    def told(x):
        with open("inputs", "a") as file:
            file.write(f"{x:.0f} ")
        return x

    @jax.jit
    def step(w, x):
        first = jax.pure_callback(told, jax.ShapeDtypeStruct((), jnp.float32), w[0])
        return w + first + x.sum()

    step = jax.jit(step, donate_argnums=0)
    w = jnp.ones(4)
    for n in (8, 8, 5):
        w = step(w, jnp.ones(n))
        with open("steps", "a") as file:
            file.write(f"{n} ")
    print(w)
"""


@pytest.fixture
def read(tmp_path):
    """Return what the program wrote to a file, and remove it."""

    def taken(name):
        path = tmp_path / name
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text.split()

    return taken


def timed(record, code, ran, program, **options):
    """Return the timing of a recorded program."""
    keys = [each["key"] for each in ran.all("program")]
    call = {"label": "it", "call": "", "program": program["key"], "index": program["index"]}
    return record(code, again={"time": [call], "programs": keys, "patience": 0.1}, **options)


def test_it_runs_with_the_inputs_of_its_first_run_and_the_rest_does_not_run(record, read):
    ran = record(TRAIN)
    assert (read("inputs"), read("steps")) == (["1", "10", "28"], ["8", "8", "5"])
    last = next(program for program in ran.all("program") if program["avals"][1] == "f32[5]")
    again = timed(record, TRAIN, ran, last)
    timing = again.one("timing")
    assert "error" not in timing and timing["index"] == last["index"]
    assert timing["trace_s"] > 0 and timing["lower_s"] > 0 and timing["compile_s"] > 0
    assert timing["first_s"] > timing["trace_s"] + timing["lower_s"] + timing["compile_s"]
    assert timing["median_s"] > 0 and timing["runs"] > 1
    assert "donated_input" in {verdict["code"] for verdict in timing["verdicts"]}
    assert read("steps") == ["8", "8"]
    assert read("inputs")[:3] == ["1", "10", "28"] and again.stdout == ""


def test_every_run_has_those_inputs(record, read):
    ran = record(TRAIN)
    read("inputs")
    timed(record, TRAIN, ran, next(p for p in ran.all("program") if p["avals"][1] == "f32[8]"))
    assert set(read("inputs")) == {"1"}


def test_a_captured_array_is_told_and_the_figures_of_the_cost_are_there(record):
    code = """
        import numpy as np
        import jax, jax.numpy as jnp
        table = np.arange(4096.0).reshape(64, 64)
        f = jax.jit(lambda x: jnp.tanh(x @ table))
        f(np.ones((64, 64)))
    """
    ran = record(code)
    timing = timed(record, code, ran, one(ran, "<lambda>")).one("timing")
    assert {verdict["code"] for verdict in timing["verdicts"]} >= {"captured_constants", "float64_input"}
    assert timing["flops"] >= 2 * 64**3


@pytest.mark.parametrize("called", ["step(w, x)", "run(step.lower(w, x).compile(), w, x)", "in_thread(w, x)"])
def test_calls_of_every_kind_are_timed(record, called, tmp_path):
    code = f"""
        import os, threading
        import numpy as np
        import jax, jax.numpy as jnp
        mesh = jax.make_mesh((4,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
        spread = jax.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))
        step = jax.jit(lambda w, x: w + x.sum(), in_shardings=(spread, spread))
        run = lambda compiled, *inputs: compiled(*inputs)
        def in_thread(*inputs):
            thread = threading.Thread(target=step, args=inputs)
            thread.start()
            thread.join()
            while os.path.exists("again"):
                pass
        w, x = jax.device_put(jnp.ones(8), spread), np.ones(8)
        {called}
    """
    ran = record(code, devices=4)
    (tmp_path / "again").touch()  # from now on, the call in a thread is in a program that does not end by itself
    timing = timed(record, code, ran, one(ran, "<lambda>"), devices=4).one("timing")
    assert "error" not in timing and timing["median_s"] > 0
    assert {verdict["code"] for verdict in timing["verdicts"]} & {"simulated_devices", "host_input"} == {
        "simulated_devices"
    }


def test_what_does_not_run_the_next_time_is_said(record):
    code = """
        import os
        import jax
        f = jax.jit(lambda x: x + 1)
        if not os.path.exists("ran"):
            f(1.0)
        open("ran", "w").close()
    """
    ran = record(code)
    again = timed(record, code, ran, one(ran, "<lambda>"))
    assert again.one("timing")["error"] == "the second run of the program did not reach it"
    first = again.all("progress")[0]
    assert (first["phase"], first["label"]) == ("running again", "train.py")
    assert again.one("done")["status"] == "ok"


def test_programs_keep_their_numbers_when_the_file_runs_again(record):
    code = """
        import jax, jax.numpy as jnp
        class Config:
            pass
        f = jax.jit(lambda x, c: jnp.sin(x), static_argnums=1)
        for n in (2, 3):
            f(jnp.ones(n), Config())
        jax.jit(lambda x: jnp.cos(x))(1.0)
    """
    ran = record(code)
    assert functions(ran) == ["<lambda>"] * 3
    programs = ran.all("program")
    keys = [program["key"] for program in programs]
    assert len(set(keys)) == 3
    asked = [*reversed(keys), "never"]
    requests = [{"index": index, "stage": "stablehlo"} for index in range(4)]
    again = record(code, again={"requests": requests, "programs": asked})
    for program in programs:
        text = jaxpr(again, {"index": asked.index(program["key"])}, "stablehlo")
        (kind,) = {"cosine" if "cos" in jaxpr(ran, program) else f"tensor<{program['avals'][0][4]}xf32>"}
        assert kind in text
    (gone,) = [each for each in again.all("stage") if each["index"] == 3]
    assert gone["error"] == "the second run of the program did not compile it"
