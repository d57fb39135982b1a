"""Evaluations of jaxprs find births of nan and inf, step through loops, and free values."""

import gc
import itertools
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtour.worker.values.evaluate import Evaluation


def evaluation(function, *args, **options):
    """Return the evaluation of a call, whose results must be those of the plain call."""
    jaxpr = jax.make_jaxpr(function)(*args)
    found = Evaluation(lambda count: None, **options)
    results = found.run(jaxpr, [jnp.asarray(each) for each in jax.tree.leaves(args)])
    if results is not None:
        for got, want in zip(results, jax.tree.leaves(function(*args)), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5)
    return found


def masked(x):
    return jnp.where(x > 0, jnp.sqrt(x), 0.0).sum()


def steps(*times):
    """Return a clock that jumps to these times, and then stands still."""
    told = itertools.chain(times, itertools.repeat(times[-1]))
    return lambda: next(told)


@pytest.mark.parametrize(
    "function",
    [
        jax.grad(masked),
        jax.grad(jax.jit(masked)),
        jax.jit(jax.grad(masked)),
        jax.value_and_grad(jax.jit(masked)),
        jax.grad(jax.checkpoint(masked)),
    ],
    ids=["grad", "grad of jit", "jit of grad", "value_and_grad", "checkpoint"],
)
def test_the_nan_of_a_square_root_at_zero_is_born_in_the_backward_pass(function):
    """The nan of a square root at zero is born in the backward pass.

    The factor 0.5/sqrt(x) is computed on the way forward, but only the backward pass uses it.
    """
    found = evaluation(function, jnp.array([0.0, 1.0]))
    first, then = found.first, found.first_nan
    assert (first.equation.primitive.name, first.kind, first.direction, first.index) == ("div", "inf", "backward", (0,))
    assert [each["value"] for each in first.operands] == [0.5, 0.0]
    assert (then.equation.primitive.name, then.kind, then.direction) == ("mul", "nan", "backward")
    assert "inf" in [each["value"] for each in then.operands]


def test_a_nan_of_the_function_itself_is_born_in_the_forward_pass():
    for function in (jax.grad(lambda x: jnp.sqrt(x).sum()), jax.grad(jax.jit(lambda x: jnp.sqrt(x).sum()))):
        first = evaluation(function, jnp.array([-1.0, 1.0])).first
        assert (first.equation.primitive.name, first.kind, first.direction) == ("sqrt", "nan", "forward")


def test_without_a_derivative_there_is_no_direction():
    first = evaluation(lambda x: jnp.log(x), jnp.array([1.0, 0.0])).first
    assert (first.equation.primitive.name, first.kind, first.direction, first.index) == ("log", "inf", None, (1,))
    assert evaluation(jnp.sin, 1.0).first is None


def test_an_inf_that_came_with_the_arguments_is_nobodys():
    found = evaluation(lambda x: x * 2.0 + 1.0, jnp.array([jnp.inf, 1.0]))
    assert found.first is None and found.first_nan is None
    assert evaluation(lambda x: jnp.where(x > 0, x, -jnp.inf), jnp.ones(3)).first is None


def test_a_nan_of_an_inf_that_was_given_is_found():
    found = evaluation(lambda x: x - x, jnp.array([jnp.inf, 1.0]))
    assert found.first is None
    assert (found.first_nan.kind, [each["value"] for each in found.first_nan.operands]) == ("nan", ["inf", "inf"])


def test_other_elements_that_are_infinite_do_not_hide_a_birth():
    scores = jnp.array([-jnp.inf, 0.0])
    first = evaluation(lambda x: jnp.where(x > 1.0, x, 1.0 / x), scores).first
    assert (first.equation.primitive.name, first.index, first.operands[1]["value"]) == ("div", (1,), 0.0)


def test_an_operand_with_an_axis_of_size_1_is_told_at_its_own_index():
    first = evaluation(lambda x, y: jax.lax.div(x, y), jnp.zeros((2, 3)), jnp.ones((2, 3)).at[1, 2].set(0.0)).first
    assert (first.index, first.operands[1]["index"], first.operands[1]["value"]) == ((1, 2), [1, 2], 0.0)
    first = evaluation(lambda x, y: x / y, jnp.zeros((2, 3)), jnp.array([[1.0], [0.0]])).first
    assert first.index == (1, 0) and [each["value"] for each in first.operands] == [0.0, 0.0]


def test_a_sum_that_overflows_is_told_with_the_range_of_what_it_adds():
    first = evaluation(lambda x: jax.lax.cumsum(x), jnp.full(4, 3e4, "float16")).first
    assert (first.kind, first.operands[0]["value"], first.operands[0]["max"]) == ("inf", None, 3e4)


def bad_at(step):
    """Return a loop that divides by zero in one iteration."""
    return lambda x: jax.lax.fori_loop(0, 400, lambda i, c: jnp.where(i < step, c, c / (i - step)), x)


def test_the_first_bad_iteration_of_a_loop():
    first = evaluation(bad_at(17), 1.0).first
    assert (first.equation.primitive.name, first.kind, first.iteration, first.loops) == ("div", "inf", 17, 1)


def test_an_iteration_of_a_reversed_scan_counts_from_the_beginning():
    found = evaluation(lambda x: jax.lax.scan(lambda c, row: (c + 1 / row, row), 0.0, x, reverse=True), jnp.arange(5.0))
    assert (found.first.iteration, found.first.kind) == (0, "inf")


def test_a_birth_in_the_backward_pass_of_a_loop():
    def looped(w):
        def body(c, row):
            return jnp.where(c > row, jnp.sqrt(c - row), 0.0), c

        return jax.lax.scan(body, w, jnp.array([0.0, 0.5, 9.0, 0.0]))[0]

    first = evaluation(jax.grad(looped), 1.0).first
    assert (first.equation.primitive.name, first.direction, first.iteration) == ("sqrt", "forward", 2)


def test_nested_loops_are_counted():
    def outer(x):
        return jax.lax.fori_loop(0, 3, lambda i, c: jax.lax.fori_loop(0, 4, lambda j, d: d / (2.0 - j), c), x)

    first = evaluation(outer, 1.0).first
    assert (first.loops, first.iteration) == (2, 2)


@pytest.mark.parametrize("step", [3, 70, 333])
def test_a_loop_that_goes_on_compiled_is_stepped_through_where_a_nan_comes_up(step):
    clock = steps(*[0.0] * 40, 20.0)
    found = evaluation(bad_at(step), 1.0, clock=clock)
    assert found.first.iteration == step
    assert found.rushed


def test_a_scan_that_goes_on_compiled_has_all_its_rows():
    def scanned(x):
        return jax.lax.scan(lambda c, row: (c + row, c * row), 1.0, x, reverse=True)

    found = evaluation(scanned, jnp.arange(300.0), clock=steps(*[0.0] * 40, 20.0))
    assert len(found.rushed) == 1 and found.first is None


def test_a_while_loop_under_vmap_keeps_what_is_done():
    def halved(x):
        return jax.lax.while_loop(lambda c: c > 1.0, lambda c: c / 2.0, x)

    assert evaluation(jax.vmap(halved), jnp.array([1.0, 100.0, 5.0])).first is None
    assert evaluation(jax.vmap(halved), jnp.array([1.0, 1e30, 5.0]), clock=steps(*[0.0] * 20, 20.0)).rushed


def test_the_evaluation_stops_when_its_time_is_over():
    found = evaluation(lambda x: jnp.sin(jnp.cos(x)) + 1.0, 1.0, clock=steps(0.0, 0.0, 31.0))
    assert found.stopped and found.evaluated == 2


def test_values_are_freed_after_their_last_use(monkeypatch):
    """Values are freed after their last use: 40 operations in a chain, on 1 MB each, hold at most three at a time."""
    alive: list[weakref.ref] = []
    most = 0
    keep = Evaluation._keep

    def watched(self, equation, results):
        nonlocal most
        alive.extend(map(weakref.ref, results))
        most = max(most, sum(each() is not None for each in alive))
        return keep(self, equation, results)

    def chain(x):
        for _ in range(40):
            x = jnp.sin(x) + 1.0
        return x.sum()

    monkeypatch.setattr(Evaluation, "_keep", watched)
    jaxpr = jax.make_jaxpr(jax.jit(chain))(jnp.ones(2**18))
    Evaluation(lambda count: None).run(jaxpr, [jnp.ones(2**18)])
    gc.collect()
    assert len(alive) > 80 and most <= 3
    assert not any(each() is not None for each in alive)


def test_what_cannot_be_entered_is_evaluated_whole():
    mesh = jax.make_mesh((1,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.P("i")
    mapped = jax.shard_map(lambda x: jnp.log(x), mesh=mesh, in_specs=spec, out_specs=spec)
    found = evaluation(mapped, jnp.array([0.0, 1.0]))
    assert [found.equations[number].primitive.name for number in found.whole] == ["shard_map"]
    assert found.first.equation.primitive.name == "shard_map"


def test_effects_happen_once(capsys):
    called = []

    def loud(x):
        jax.debug.print("here {}", x)
        return jax.pure_callback(lambda v: called.append(1) or np.asarray(v), jax.ShapeDtypeStruct((), "float32"), x)

    jaxpr = jax.make_jaxpr(loud)(1.0)
    found = Evaluation(lambda count: None)
    found.run(jaxpr, [jnp.float32(1)])
    jax.effects_barrier()
    assert capsys.readouterr().out == "here 1.0\n" and called == [1]
    assert sorted(found.effects.values()) == [1, 1]


def test_jaxs_own_checks_for_nan_do_not_end_it():
    jax.config.update("jax_debug_nans", True)
    try:
        jaxpr = jax.make_jaxpr(jnp.log)(1.0)
        found = Evaluation(lambda count: None)
        found.run(jaxpr, [jnp.float32(-1.0)])
    finally:
        jax.config.update("jax_debug_nans", False)
    assert found.first.kind == "nan"
