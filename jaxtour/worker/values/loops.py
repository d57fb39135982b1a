"""Loops, one step at a time or many steps compiled, from any iteration on."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .. import compat_values

Evaluate = Callable[[Any, list[Any], list[Any]], list[Any]]
"""Evaluates a jaxpr with its constants on operands."""


class LoopState(NamedTuple):
    """A loop's state between two iterations."""

    carry: list[Any]
    rows: list[Any]
    """A scan's stacked results so far."""


class Scan:
    """The loop of a `scan` equation on some operands."""

    def __init__(self, equation: Any, operands: list[Any]) -> None:
        self.jaxpr, self.constants = compat_values.parts(equation.params["jaxpr"])
        self.length = int(equation.params["length"])
        self._reverse = bool(equation.params["reverse"])
        consts, carry = compat_values.scan_parts(equation)
        self._consts, self._carry = operands[:consts], carry
        self._xs = operands[consts + carry :]
        self.start = LoopState(operands[consts : consts + carry], [])
        self._rows = [each.aval for each in equation.outvars[carry:]]

    def number(self, step: int) -> int:
        """Return the index of an iteration in the scanned arrays; a reversed scan begins at the end."""
        return self.length - 1 - step if self._reverse else step

    def step(self, step: int, before: LoopState, evaluate: Evaluate) -> LoopState | None:
        """Return the state after one iteration; None after the last one."""
        if step >= self.length:
            return None
        place = self.number(step)
        results = evaluate(
            self.jaxpr, self.constants, [*self._consts, *before.carry, *(_taken(self._xs, place) if self._xs else ())]
        )
        carry, row = results[: self._carry], results[self._carry :]
        rows = before.rows or [jnp.broadcast_to(each, (self.length, *each.shape)) for each in row]
        return LoopState(carry, _put(rows, row, place) if row else [])

    @cached_property
    def _rushed(self) -> Any:
        body = compat_values.function_of(self.jaxpr, self.constants)

        def rush(first: Any, end: Any, consts: Any, xs: Any, carry: Any, rows: Any) -> Any:
            def iteration(step: Any, state: Any) -> Any:
                carry, rows = state
                place = self.number(step)
                taken = [jax.lax.dynamic_index_in_dim(each, place, keepdims=False) for each in xs]
                results = body(*consts, *carry, *taken)
                row = results[self._carry :]
                return results[: self._carry], [
                    jax.lax.dynamic_update_index_in_dim(each, value, place, 0)
                    for each, value in zip(rows, row, strict=True)
                ]

            return jax.lax.fori_loop(first, end, iteration, (carry, rows))

        return jax.jit(rush)

    def rush(self, step: int, count: int, before: LoopState) -> tuple[LoopState, int]:
        """Return the state after up to `count` iterations, compiled, and their number."""
        end = min(self.length, step + count)
        carry, rows = self._rushed(step, end, self._consts, self._xs, before.carry, before.rows)
        return LoopState(list(carry), list(rows)), end - step

    def results(self, state: LoopState) -> list[Any]:
        """Return the equation's results after the last iteration."""
        return [*state.carry, *state.rows]


class While:
    """The loop of a `while` equation on some operands."""

    length = None

    def __init__(self, equation: Any, operands: list[Any]) -> None:
        self._cond, self._cond_constants = compat_values.parts(equation.params["cond_jaxpr"])
        self.jaxpr, self.constants = compat_values.parts(equation.params["body_jaxpr"])
        first, second = equation.params["cond_nconsts"], equation.params["body_nconsts"]
        self._cond_consts, self._consts = operands[:first], operands[first : first + second]
        self.start = LoopState(operands[first + second :], [])

    def number(self, step: int) -> int:
        """Return the number of an iteration."""
        return step

    def step(self, step: int, before: LoopState, evaluate: Evaluate) -> LoopState | None:  # noqa: ARG002  as in `Scan`
        """Return the state after one iteration; None when the condition is false."""
        [holds] = evaluate(self._cond, self._cond_constants, [*self._cond_consts, *before.carry])
        if not bool(holds.any()):
            return None
        after = evaluate(self.jaxpr, self.constants, [*self._consts, *before.carry])
        return LoopState(_where(holds, after, before.carry), [])

    @cached_property
    def _rushed(self) -> Any:
        cond = compat_values.function_of(self._cond, self._cond_constants)
        body = compat_values.function_of(self.jaxpr, self.constants)

        def rush(count: Any, cond_consts: Any, consts: Any, carry: Any) -> Any:
            def goes_on(state: Any) -> Any:
                return jnp.logical_and(state[0] < count, jnp.any(cond(*cond_consts, *state[1])[0]))

            def iteration(state: Any) -> Any:
                holds = cond(*cond_consts, *state[1])[0] if self._cond.outvars[0].aval.shape else jnp.bool_(True)
                return state[0] + 1, _where(holds, body(*consts, *state[1]), state[1])

            return jax.lax.while_loop(goes_on, iteration, (jnp.zeros_like(count), carry))

        return jax.jit(rush)

    def rush(self, step: int, count: int, before: LoopState) -> tuple[LoopState, int]:
        """Return the state after up to `count` iterations, compiled, and their number."""
        del step
        ran, carry = self._rushed(jnp.int32(count), self._cond_consts, self._consts, before.carry)
        return LoopState(list(carry), []), int(ran)

    def results(self, state: LoopState) -> list[Any]:
        """Return the equation's results after the last iteration."""
        return state.carry


def _where(holds: Any, after: list[Any], before: Sequence[Any]) -> list[Any]:
    """Return the values after an iteration; under vmap, only those whose own condition is still true change."""
    if not holds.shape:
        return after

    def chosen(new: Any, old: Any) -> Any:
        return jax.lax.select(jax.lax.broadcast_in_dim(holds, new.shape, range(holds.ndim)), new, old)

    return [chosen(new, old) for new, old in zip(after, before, strict=True)]


@jax.jit
def _taken(xs: Sequence[Any], place: Any) -> list[Any]:
    return [jax.lax.dynamic_index_in_dim(each, place, keepdims=False) for each in xs]


def _put_in(rows: Sequence[Any], row: Sequence[Any], place: Any) -> list[Any]:
    return [jax.lax.dynamic_update_index_in_dim(each, value, place, 0) for each, value in zip(rows, row, strict=True)]


# Without donation each iteration would copy all rows.
_put = jax.jit(_put_in, donate_argnums=0)


def is_finite(state: LoopState) -> bool:
    """Return whether no number in a loop's state is nan or infinite."""
    floats = [each for each in (*state.carry, *state.rows) if jnp.issubdtype(each.dtype, jnp.inexact)]
    return bool(_all_finite(floats))


@jax.jit
def _all_finite(values: Sequence[Any]) -> Any:
    return jnp.array([jnp.all(jnp.isfinite(each)) for each in values] or [True]).all()
