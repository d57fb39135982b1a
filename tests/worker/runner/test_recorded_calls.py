"""Calls of recorded programs are counted: ahead of time, by C code, twice jitted, behind wrappers, without jit."""

from recordings import counted, functions, jaxpr, one


def test_ahead_of_time_and_pmap(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        @jax.jit
        def f(x):
            return x + 1
        compiled = f.lower(jnp.ones(3)).compile()
        compiled(jnp.ones(3))
        jax.pmap(lambda x: x * 2)(jnp.ones((1, 3)))
        """
    )
    assert one(ran, "f")["compiles"] == 1
    assert len(ran.all("program")) == 2
    assert "_fun" not in {line["primitive"] for line in ran.one("recorded")["eager"]}


def test_calls_of_what_was_compiled_ahead_of_time_belong_to_its_program(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        @jax.jit
        def f(x):
            return x + 1
        @jax.jit
        def prints(x):
            jax.debug.print("{}", x)
        three, four = (f.lower(jnp.ones(n)).compile() for n in (3, 4))
        for _ in range(5):
            three(jnp.ones(3))
        four(jnp.ones(4))
        printing = prints.lower(1.0).compile()
        printing(1.0)
        printing(2.0)
        """
    )
    found = {tuple(p["avals"]): (p["calls"], p["function_calls"]) for p in ran.all("program") if p["function"] == "f"}
    prints = one(ran, "prints")
    if not counted(ran):
        assert set(found.values()) == {(None, None)}
        return
    assert found == {("f32[3]",): (5, 6), ("f32[4]",): (1, 6)}
    if prints["at_least"]:
        assert prints["calls"] == 0
    else:
        assert prints["calls"] == 2
        assert [site["line"] for site in prints["called_at"]] == [14, 15]


def test_calls_that_python_does_not_tell_of_are_a_lower_bound(record):
    ran = record(
        """
        import jax
        @jax.jit
        def mapped(x):
            return x - 1
        @jax.jit
        def key(x):
            return x * 2
        @jax.jit
        def counted(x):
            return x / 2
        list(map(mapped, [1.0, 2.0, 3.0]))
        sorted([2.0, 1.0], key=key)
        key(3.0)
        counted(1.0)
        """
    )
    found = {p["function"]: (p["calls"], p["at_least"]) for p in ran.all("program")}
    if counted(ran):
        assert found == {"mapped": (1, True), "key": (2, True), "counted": (1, False)}


def test_a_function_that_is_jitted_twice_is_one_function(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        def double(x):
            return x * 2
        for _ in range(3):
            jax.jit(double)(jnp.ones(2))
        """
    )
    double = one(ran, "double")
    assert double["compiles"] == 1
    assert double["function_calls"] == (3 if counted(ran) else None)


def test_a_loop_outside_of_any_jit_is_a_program(record):
    ran = record(
        """
        import jax, jax.numpy as jnp
        def body(carry, x):
            return jnp.sin(carry) + x, carry
        def run(n):
            return jax.lax.scan(body, 0.0, jnp.ones(n))
        for n in (4, 4, 5):
            run(n)
        for k in range(3):
            jax.lax.cond(k > 1, lambda x: x + k, lambda x: x - k, 1.0)
        """
    )
    assert functions(ran) == ["cond", "scan", "scan"]
    cond, scan = one(ran, "cond"), next(p for p in ran.all("program") if p["avals"] == ["f32[]", "f32[4]"])
    assert "sin" in jaxpr(ran, scan)
    rows = [row for e in ran.all("stage") if e["index"] == scan["index"] for row in e["origins"]]
    assert {span[1] for row in rows for span in row.get("spans", ())} == {4, 6}
    assert (cond["compiles"], cond["reason"]) == (3, "its functions are new objects")
    assert (scan["function_calls"], cond["calls"]) == ((3, 3) if counted(ran) else (None, None))
    assert not {"scan", "cond"} & {line["primitive"] for line in ran.one("recorded")["eager"]}


WRAPPER = """
import jax

def library_jit(function):
    def inner(traced, static):
        args = iter(traced)
        return function(*(next(args) if each is None else each for each in static))
    inner.__name__ = inner.__qualname__ = function.__name__
    return Wrapper(function, jax.jit(inner, static_argnums=1))

class Wrapper:
    def __init__(self, function, jitted):
        self.__wrapped__, self.jitted = function, jitted

    def __call__(self, *args, **kwargs):
        arrays = [each for each in args if isinstance(each, jax.Array)]
        return self.jitted(arrays, tuple(None if isinstance(each, jax.Array) else each for each in args))
"""


def test_a_function_behind_a_librarys_wrapper_is_the_users(record, tmp_path):
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "wrapping.py").write_text(WRAPPER)
    ran = record(
        """
        import sys
        sys.path.insert(0, "site-packages")
        import jax.numpy as jnp
        from wrapping import library_jit

        @library_jit
        def step(n, x):
            return x * n
        step(2, jnp.ones(2))
        step(2, jnp.ones(3))
        step(3, jnp.ones(3))
        """
    )
    programs = sorted(ran.all("program"), key=lambda program: (program["static"]["n"], program["avals"]))
    assert [(p["line"], p["arg_names"], p["static"]) for p in programs] == [
        (7, ["x"], {"n": "2"}),
        (7, ["x"], {"n": "2"}),
        (7, ["x"], {"n": "3"}),
    ]
    assert [p["compiled_at"]["line"] for p in programs] == [10, 11, 12]
    assert [p["reason"] for p in programs] == [None, "x was f32[2], now f32[3]", "n was 2, now 3"]
