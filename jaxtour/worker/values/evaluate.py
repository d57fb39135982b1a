"""Evaluates a jaxpr equation by equation, and keeps only the statistics of each result.

It enters loops and equations that wrap a jaxpr, and evaluates other equations with a jaxpr inside as a whole.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from .. import compat, compat_values
from .births import Birth, EquationScope, born
from .loops import LoopState, Scan, While, is_finite
from .statistics import Summary, summary

BUDGET_S = 30.0
"""Seconds after which the evaluation stops; loops continue compiled before that."""
STEPPED_AGAIN = 64
"""The number of iterations of a compiled loop to step through when they contain a nan."""
RUSH_S = 0.5
"""Seconds after which compiled iterations are interrupted to look at what they made."""
TICK_S = 0.2
"""Seconds between two reports of progress."""

Tick = Callable[[int], None]


class _OutOfTimeError(Exception):
    """The time is up."""


class Evaluation:
    """One evaluation of a jaxpr; equations are identified by their `id` while the jaxpr is alive."""

    def __init__(self, tick: Tick, budget_s: float = BUDGET_S, clock: Callable[[], float] = time.monotonic) -> None:
        self.statistics: dict[int, list[Summary | None]] = {}
        """The statistics of each equation's results; None for a result without numbers."""
        self.first: Birth | None = None
        """The first nan or inf that came from finite operands."""
        self.first_nan: Birth | None = None
        """The first nan that came from operands without nan."""
        self.evaluated = 0
        """Evaluations of equations so far."""
        self.whole: Counter[int] = Counter()
        """How often each equation was evaluated as a whole."""
        self.rushed: dict[int, int] = {}
        """The iteration from which on each loop continued compiled."""
        self.effects: Counter[int] = Counter()
        """How often each equation with effects was evaluated."""
        self.custom: Counter[int] = Counter()
        """How often the function of each equation with a custom rule was evaluated."""
        self.equations: dict[int, Any] = {}
        """The equations that these four refer to."""
        self.stopped = False
        self._scopes: list[EquationScope] = []
        self._plans: dict[int, list[tuple[Any, list[Any], list[Any]]]] = {}
        self._compiled: dict[int, Any] = {}
        self._tick, self._clock = tick, clock
        self._told = clock()
        self._end = self._until = self._told + budget_s

    def run(self, closed: Any, inputs: list[Any]) -> list[Any] | None:
        """Return the results of a closed jaxpr, or None if the time is up first; `inputs` is emptied."""
        inner, constants = compat_values.parts(closed)
        try:
            with compat_values.as_traced(inner):
                return self.evaluate(inner, constants, inputs)
        except _OutOfTimeError:
            self.stopped = True
            return None

    def evaluate(self, jaxpr: Any, constants: list[Any], inputs: list[Any]) -> list[Any]:
        """Return the results of a jaxpr; frees values after their last use, as well as those in `inputs`."""
        env = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *inputs), strict=True))
        inputs.clear()
        for equation, dead, unused in self._plan(jaxpr):
            operands = [atom.val if hasattr(atom, "val") else env[atom] for atom in equation.invars]
            for var in dead:
                del env[var]
            self._scopes.append(EquationScope(jaxpr, equation))
            with compat_values.context(equation):
                results = self._results(equation, operands)
            self._scopes.pop()
            env.update(zip(equation.outvars, results, strict=True))
            for var in unused:
                del env[var]
            del operands, results
        return [compat_values.as_array(atom.val if hasattr(atom, "val") else env[atom], atom) for atom in jaxpr.outvars]

    def _plan(self, jaxpr: Any) -> list[tuple[Any, list[Any], list[Any]]]:
        """Return each equation with the operands that no later one uses, and the results that none uses."""
        if (plan := self._plans.get(id(jaxpr))) is None:
            kept = {atom for atom in jaxpr.outvars if not hasattr(atom, "val")}
            plan = []
            for equation in reversed(jaxpr.eqns):
                unused = [var for var in dict.fromkeys(equation.outvars) if var not in kept]
                last = dict.fromkeys(atom for atom in equation.invars if not hasattr(atom, "val") and atom not in kept)
                kept.update(last)
                plan.append((equation, [*last], unused))
            plan.reverse()
            self._plans[id(jaxpr)] = plan
        return plan

    def _results(self, equation: Any, operands: list[Any]) -> list[Any]:
        """Return the results of one equation; `operands` may be emptied."""
        self._begin(equation)
        inner = compat_values.wrapped_jaxpr(equation)
        entered = inner is not None or equation.primitive.name == "cond" or _is_stepped(equation)
        if not entered:
            results = self._leaf(equation, operands)
        else:
            operands[:] = map(compat_values.as_array, operands, equation.invars)
            if inner is None and equation.primitive.name == "cond":
                inner = equation.params["branches"][int(operands.pop(0))]
            if inner is None:
                results = self._looped(equation, operands)
            else:
                results = self.evaluate(*compat_values.parts(inner), operands)
        if self._keep(equation, results) and not entered:
            self._judge(operands, results)
        return results

    def _begin(self, equation: Any) -> None:
        self.evaluated += 1
        now = self._clock()
        if now > self._end:
            raise _OutOfTimeError
        if now > self._told + TICK_S:
            self._told = now
            self._tick(self.evaluated)
        if not compat.nested(equation) and compat_values.has_effects(equation):
            self._note(self.effects, equation)
        elif equation.primitive.name.startswith("custom_"):
            self._note(self.custom, equation)

    def _note(self, counts: Counter[int], equation: Any) -> None:
        counts[id(equation)] += 1
        self.equations[id(equation)] = equation

    def _leaf(self, equation: Any, operands: list[Any]) -> list[Any]:
        """Return the results of an equation that is evaluated whole."""
        nests = bool(compat.nested(equation))
        if not nests:
            return compat_values.evaluated(equation, operands)
        self._note(self.whole, equation)
        if (function := self._compiled.get(id(equation))) is None:
            function = self._compiled[id(equation)] = compat_values.compiled_whole(equation)
        return list(function(*operands))

    def _keep(self, equation: Any, results: list[Any]) -> bool:
        """Keep the statistics of an equation's results; return whether one has a nan or an inf."""
        found = [summary(each) for each in results]
        known = self.statistics.setdefault(id(equation), found)
        if known is not found:
            for before, now in zip(known, found, strict=True):
                if before is not None and now is not None:
                    before.add(now)
        return any(each is not None and each.bad for each in found)

    def _judge(self, operands: list[Any], results: list[Any]) -> None:
        """Note the first nan or inf."""
        if self.first is None:
            self.first = born(self._scopes, operands, results, finite=True)
        if self.first_nan is None:
            self.first_nan = born(self._scopes, operands, results, finite=False)

    def _looped(self, equation: Any, operands: list[Any]) -> list[Any]:
        """Return the results of a loop: step by step for half of the remaining time, then compiled."""
        loop = Scan(equation, operands) if equation.primitive.name == "scan" else While(equation, operands)
        operands.clear()
        state, step = loop.start, 0
        until, self._until = self._until, self._clock() + (self._until - self._clock()) / 2
        try:
            while (after := self._stepped(loop, step, state)) is not None:
                state, step = after, step + 1
                if self._clock() > self._until:
                    return loop.results(self._rushed(equation, loop, step, state))
            return loop.results(state)
        finally:
            self._until = until

    def _stepped(self, loop: Scan | While, step: int, state: LoopState) -> LoopState | None:
        scope = self._scopes[-1]
        self._scopes[-1] = scope._replace(iteration=loop.number(step))
        try:
            return loop.step(step, state, self.evaluate)
        finally:
            self._scopes[-1] = scope

    def _rushed(self, equation: Any, loop: Scan | While, step: int, state: LoopState) -> LoopState:
        """Return the state after all other iterations, compiled; steps through those where a nan or an inf comes up."""
        self.rushed[id(equation)] = min(step, self.rushed.get(id(equation), step))
        self.equations[id(equation)] = equation
        count = max(step, STEPPED_AGAIN)
        while True:
            began = self._clock()
            after, ran = loop.rush(step, count, state)
            if ran and self.first is None and is_finite(state) and not is_finite(after):
                if ran > STEPPED_AGAIN:
                    count = ran // 2
                    continue
                for each in range(step, step + ran):
                    stepped = self._stepped(loop, each, state)
                    assert stepped is not None, "it ran before"
                    state = stepped
            else:
                state = after
            step += ran
            if ran < count:
                return state
            if self._clock() - began < RUSH_S:
                count *= 2


def _is_stepped(equation: Any) -> bool:
    """Return whether an equation is a loop whose iterations can be evaluated one by one."""
    if equation.primitive.name not in ("scan", "while") or equation.params.get("length") == 0:
        return False
    return all(map(compat_values.is_plain, (*equation.invars, *equation.outvars)))
