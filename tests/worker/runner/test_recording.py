"""A real runner records what a program compiles while it runs, on each version of JAX that is installed."""

from recordings import TRAIN, counted, functions, jaxpr, one


def test_a_step_inside_main_is_found_because_it_ran(record):
    ran = record(TRAIN, args=("--steps", "5"))
    assert functions(ran) == ["step"]
    step = one(ran, "step")
    assert (step["line"], step["avals"], step["arg_names"]) == (7, ["f32[4]", "f32[8,4]"], ["w", "x"])
    assert step["compiles"] == 1 and step["reason"] is None
    assert step["compile_s"] > 0 and step["lower_s"] > 0 and step["trace_s"] > 0
    assert [site["line"] for site in step["called_at"]] == [13]
    assert (step["calls"], step["called_at"][0]["calls"]) == ((5, 5) if counted(ran) else (None, None))
    assert ran.one("trace")["label"] == "step(w, x)"
    assert "tanh" in jaxpr(ran, step)


def test_an_imported_program_has_no_main(record):
    ran = record(TRAIN, main=False)
    assert ran.all("program") == [] and ran.one("done")["status"] == "ok"


def test_a_retrace_says_why(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        f = jax.jit(lambda x: x * 2)
        for n in (2, 3, 2):
            f(jnp.ones(n))
        """
    )
    first, second = sorted(ran.all("program"), key=lambda program: program["avals"])
    assert (first["reason"], second["reason"]) == (None, "x was f32[2], now f32[3]")
    assert first["calls"] is None and first["function_calls"] == (3 if counted(ran) else None)


def test_a_function_that_is_jitted_anew_compiles_again(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        def double(x):
            return x * 2
        for _ in range(3):
            jax.jit(lambda x: double(x) + 1)(jnp.ones(2))
        """
    )
    assert sum(program["compiles"] for program in ran.all("program")) == 3


def test_a_weak_type_makes_another_program(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        f = jax.jit(lambda x: x * 2)
        f(1.0)
        f(jnp.float32(1.0))
        f(2.0)
        """
    )
    assert [program["compiles"] for program in ran.all("program")] == [1, 1]
    assert {program["reason"] for program in ran.all("program")} == {None, "x was f32[] (weak), now f32[]"}


def test_static_and_donated_arguments(record):
    ran = record(
        """
        from functools import partial
        import jax, jax.numpy as jnp
        @partial(jax.jit, static_argnums=2, static_argnames="mode", donate_argnums=0)
        def step(w, x, n, *, mode):
            return {"out": w * n + x["a"]["b"]}
        step(jnp.ones(3), {"a": {"b": jnp.ones(3)}}, 3, mode="fast")
        """
    )
    step = one(ran, "step")
    assert step["static"] == {"n": "3", "mode": "'fast'"}
    assert step["donated"] == [0]
    assert step["arg_names"] == ["w", "x['a']['b']"]
    assert step["results"] == ["result['out']"]


def test_methods_closures_threads_and_generators(record):
    ran = record(
        """
        import threading
        import jax, jax.numpy as jnp
        from functools import partial

        class Model:
            @partial(jax.jit, static_argnums=0)
            def forward(self, x):
                return x * 3

        def made(scale):
            @jax.jit
            def scaled(x):
                return x * scale
            return scaled

        @jax.jit
        def threaded(x):
            return x - 1

        @jax.jit
        def yielded(x):
            return x + 1

        def results(x):
            for _ in range(3):
                x = yielded(x)
                yield x

        Model().forward(jnp.ones(2))
        made(2.0)(jnp.ones(2))
        thread = threading.Thread(target=threaded, args=(jnp.ones(2),))
        thread.start()
        thread.join()
        list(results(jnp.ones(2)))
        """
    )
    assert functions(ran) == ["forward", "scaled", "threaded", "yielded"]
    if counted(ran):
        assert {p["function"]: p["calls"] for p in ran.all("program")} == {
            "forward": 1,
            "scaled": 1,
            "threaded": 1,
            "yielded": 3,
        }


def test_a_nested_jit_is_one_program(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        @jax.jit
        def inner(x):
            return jnp.sin(x)
        @jax.jit
        def outer(x):
            return inner(x) + inner(x)
        outer(jnp.ones(2))
        """
    )
    outer = one(ran, "outer")
    assert functions(ran) == ["outer"]
    assert jaxpr(ran, outer).count("inner") >= 1


def test_what_was_compiled_before_an_exception_is_there(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        @jax.jit
        def f(x):
            return x + 1
        @jax.jit
        def fails(x):
            raise AttributeError("told by the program")
        f(jnp.ones(2))
        fails(jnp.ones(2))
        """
    )
    assert functions(ran) == ["f"]
    error = ran.one("error")
    assert (error["type"], error["message"], error["line"]) == ("AttributeError", "told by the program", 8)
    assert ran.one("executed")["status"] == "error"


def test_with_disable_jit_nothing_is_compiled_but_single_operations(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        @jax.jit
        def f(x):
            return jnp.sin(x) * 2
        with jax.disable_jit():
            f(jnp.ones(3))
        """
    )
    assert functions(ran) == []
    assert "sin" in {line["primitive"] for line in ran.one("recorded")["eager"]}


def test_callbacks_run_and_are_recorded_once(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        @jax.jit
        def f(x):
            jax.debug.print("x is {}", x)
            return x
        f(jnp.ones(()))
        f(jnp.zeros(()))
        """
    )
    assert functions(ran) == ["f"]
    assert ran.stdout == "x is 1.0\nx is 0.0\n"


def test_single_operations_are_counted_by_line(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        x = jnp.ones(3)
        for _ in range(100):
            x = x + 1.0
        """
    )
    added = [line for line in ran.one("recorded")["eager"] if line["line"] == 5]
    assert added
    if counted(ran):
        assert sum(line["count"] for line in added) >= 100
        assert all(line["seconds"] > 0 for line in added)
    assert all(line["compile_s"] > 0 for line in added)


def test_it_stops_after_compilations(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        f = jax.jit(lambda x: x * 2)
        for n in range(1, 1000):
            f(jnp.ones(n))
        """,
        stop_after=3,
    )
    assert len(ran.all("program")) == 3
    assert ran.one("recorded")["stopped"] == "after 3 compilations"
    assert ran.one("done")["status"] == "ok" and not ran.all("error")


def test_it_stops_after_seconds(record):
    ran = record("while True:\n    pass\n", stop_after_s=0.2)
    assert ran.one("recorded")["stopped"] == "after 0.2 s"
    assert ran.one("done")["status"] == "ok"


def test_nothing_of_the_users_is_kept_alive(record):
    ran = record(
        """
        import gc, weakref
        import jax, jax.numpy as jnp
        big = jnp.ones((1024, 1024))
        f = jax.jit(lambda x: x @ big)
        f(big).block_until_ready()
        alive = weakref.ref(big)
        del big, f
        jax.clear_caches()
        gc.collect()
        print(alive() is None)
        """
    )
    assert ran.stdout == "True\n"
    assert "arrays that it closed over are gone" in ran.one("trace")["error"]


LADDER = """
from functools import partial
import jax, jax.numpy as jnp

def loss(w, x, p):
    return jnp.sum((x @ w) ** p)

class Trainer:
    @partial(jax.jit, static_argnums=0)
    def step(self, w, x):
        return w - jax.grad(loss)(w, x, 2)

def main():
    power = 2
    update = jax.jit(jax.value_and_grad(loss), static_argnums=2)
    w, x = jnp.ones(3), jnp.ones((4, 3))
    update(w, x, power)
    Trainer().step(w, x)
    jax.jit(partial(loss, p=power)).lower(w, x).compile()
    kept = jnp.ones((4, 3))
    jax.jit(lambda w: kept @ w)(w)

main()
"""


def test_a_recorded_program_has_the_ladder_of_its_call(record, python):
    found = []
    for program in record(LADDER).all("program"):
        ran = record(LADDER, again={"ladder": "as recorded", "ladder_of": program["key"]})
        found.append([(level["label"], level.get("static"), level.get("error", "")) for level in ran.all("level")])
    by_names = {tuple(name for name, _, _ in levels): levels for levels in found}
    bound = {"p": "2"}
    names = ("partial(loss, p=power)", "jit(partial(loss, p=power))")
    assert by_names[names] == [(name, bound, "") for name in names]
    derived = by_names["loss", "value_and_grad(loss)", "jit(value_and_grad(loss))"]
    assert derived[-1][1] == bound and all(error == "" for *_, error in derived)
    # JAX 0.9 mentions static values at the jit alone.
    assert all(static == bound for _, static, _ in derived) or python is not None
    itself = {"self": "<__main__.Trainer object>"}
    assert by_names["step", "jit(step)"] == [(name, itself, "") for name in ("step", "jit(step)")]
    gone = "the jitted function is gone"
    assert [gone] in ([error for *_, error in levels] for levels in found), "it held an array"
