"""Runs of recorded programs are counted and timed on request, on each version of JAX that is installed."""

from recordings import TRAIN, one

SEVERAL = """
    from time import perf_counter
    import numpy as np
    import jax, jax.numpy as jnp

    def slow(x):
        start = perf_counter()
        while perf_counter() - start < 0.02:
            pass
        return x

    @jax.jit
    def step(w, x):
        called = jax.pure_callback(slow, jax.ShapeDtypeStruct((), jnp.float32), x.sum())
        return w + called

    w = jnp.ones(3)
    batches = [np.ones(8, np.float32)] * 4 + [np.ones(5, np.float32)]
    took = {}
    for x in batches * 2:
        start = perf_counter()
        w = step(w, x).block_until_ready()
        took[x.size] = took.get(x.size, 0.0) + perf_counter() - start
    print(*took.values())
"""


def test_without_being_asked_nothing_is_timed(record):
    assert one(record(TRAIN, args=("--steps", "3")), "step")["run_s"] is None


def test_the_runs_of_each_program_of_a_function_are_counted_and_timed(record):
    ran = record(SEVERAL, run_times=True)
    found = {p["avals"][1]: p for p in ran.all("program")}
    steps = [found["f32[8]"], found["f32[5]"]]
    assert [(p["calls"], p["function_calls"], p["at_least"]) for p in steps] == [(8, 10, False), (2, 10, False)]
    for program, clock in zip(steps, map(float, ran.stdout.split()), strict=True):
        assert 0.02 * program["calls"] <= program["run_s"] <= clock
        assert 0.02 <= program["first_run_s"] <= program["run_s"] - 0.02 * (program["calls"] - 1)


def test_calls_by_c_code_and_ahead_of_time_are_counted_exactly(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        @jax.jit
        def mapped(x):
            return x - 1
        @jax.jit
        def ahead(x):
            return x * 2
        @jax.jit
        def prints(x):
            jax.debug.print("{}", x, ordered=True)
            return x
        list(map(mapped, [1.0, 2.0, 3.0]))
        compiled = ahead.lower(1.0).compile()
        for x in (1.0, 2.0):
            prints(compiled(x))
        """,
        run_times=True,
    )
    assert {p["function"]: (p["calls"], p["at_least"]) for p in ran.all("program")} == {
        "mapped": (3, False),
        "ahead": (2, False),
        "prints": (2, False),
    }
    assert ran.stdout == "2.0\n4.0\n"


def test_an_error_on_the_device_comes_where_it_came(record):
    code = """
        import jax, jax.numpy as jnp
        def fails(x):
            raise ValueError("told by the callback")
        @jax.jit
        def step(x):
            return jax.pure_callback(fails, jax.ShapeDtypeStruct((), jnp.float32), x)
        try:
            step(1.0).block_until_ready()
        except Exception as error:
            print("told by the callback" in str(error))
    """
    timed, plain = record(code, run_times=True), record(code)
    assert timed.stdout == plain.stdout == "True\n"
    assert one(timed, "step")["calls"] == 1


def test_donated_inputs_and_several_devices(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        mesh = jax.make_mesh((4,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
        spread = jax.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))
        step = jax.jit(lambda w, x: w + x.sum(), donate_argnums=0)
        w, x = (jax.device_put(jnp.ones(8), spread) for _ in range(2))
        for _ in range(3):
            old, w = w, step(w, x)
            print(old.is_deleted())
        print(w)
        """,
        run_times=True,
        devices=4,
    )
    assert ran.stdout == "True\nTrue\nTrue\n[25. 25. 25. 25. 25. 25. 25. 25.]\n"
    assert one(ran, "<lambda>")["calls"] == 3


def test_where_jax_does_not_let_runs_be_timed_that_is_said(record):
    ran = record(
        """
        import jax
        from jax._src.interpreters import pxla
        place = pxla.ExecuteReplicated.xla_executable
        def only_loaded(call, value):
            if "watched" in type(value).__name__.lower():
                raise AttributeError("cannot be set")
            place.__set__(call, value)
        pxla.ExecuteReplicated.xla_executable = property(place.__get__, only_loaded)
        f = jax.jit(lambda x: x + 1)
        print(f(1.0))
        """,
        run_times=True,
    )
    program = one(ran, "<lambda>")
    assert ran.stdout == "2.0\n" and program["run_s"] is None and program["first_run_s"] is None
    assert ran.one("recorded")["missing"].endswith("does not allow timing runs")
