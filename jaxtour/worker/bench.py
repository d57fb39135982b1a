"""Timing calls so that the number means what it says: compiled before, inputs in place, every call waited for."""

import ast
import gc
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from . import compat, verdicts
from .devices import platforms, simulated
from .execute import Workspace, parsed_expression
from .failures import attempt
from .lens import Call, parse_call, why_not
from .outlet import Say

SAMPLES = 15
FEW_SAMPLES = 3
MOST_SAMPLES = 1000
SLOW_S = 0.2
BUDGET_S = 0.5
SAMPLE_S = 2e-4
"""A sample of fast calls lasts so long, that the clock's own cost does not count."""
WARM_S = 0.02
_PROGRESS_S = 0.1


@dataclass(frozen=True)
class Subject:
    """What is measured: an expression, and the namespace in which its names are what they were placed as."""

    expression: str
    namespace: dict[str, Any]
    call: Call | None
    """The same as an evaluated call, where it is one."""

    given: Call | None = None
    """The call before its inputs were placed."""

    @property
    def inputs(self) -> list[Any]:
        """The leaves of the call's arguments."""
        return _leaves(self.call)

    @property
    def jitted(self) -> bool:
        """Whether the function called is a compiled one."""
        return self.call is not None and compat.is_jitted(self.call.function)


@dataclass(frozen=True)
class Target:
    """Where to measure."""

    platform: str
    device: Any = None
    """Inputs are placed there first; None leaves everything where it is."""
    default: bool = True
    """Whether code runs there anyhow."""

    def context(self) -> AbstractContextManager[Any]:
        """What makes new arrays appear there."""
        return nullcontext() if self.default else jax.default_device(self.device)


def measure(
    workspace: Workspace,
    entries: list[dict[str, Any]],
    devices: list[Any],
    events: compat.CompileEvents,
    say: Say,
    *,
    brief: bool = False,
) -> None:
    """Say a `timing` for each entry on each platform that it asks for; of one call only where it is to be `brief`."""
    for index, entry in enumerate(entries):
        source, on = entry["call"], entry.get("on", "each platform")
        facts = {"event": "timing", "index": index, "label": entry["label"], "call": source}
        facts["baseline"] = entry.get("baseline", False)

        def progress(done: int, label: str = entry["label"]) -> None:
            say({"event": "progress", "phase": "timing", "label": label, "done": done, "of": SAMPLES})

        progress(0)
        call, error = attempt(parse_call, workspace, source)
        if error:
            platform = "host" if on == "host" else devices[0].platform
            say({**facts, "platform": platform, "error": why_not(error)})
            continue
        for target in targets_for(on, call, devices):
            if brief:
                numbers, error = attempt(_called_once, workspace, source, call, target)
            else:
                numbers, error = attempt(_placed_and_measured, workspace, source, call, target, events, progress)
            if error:
                numbers = {"error": why_not(error)}
            say({**facts, "platform": target.platform, **(numbers or {})})


def targets_for(on: str, call: Call | None, devices: list[Any]) -> list[Target]:
    """Where a call is to be measured."""
    if on == "host" or (call and _is_numpy(call.function)):
        return [Target("host")]
    here = devices[0].platform
    if on == "one":
        return [Target(here)]
    if spread := [leaf for leaf in _leaves(call) if is_spread(leaf)]:
        return [Target(next(iter(spread[0].devices())).platform)]
    found = []
    for platform in platforms(devices):
        local = [device for device in devices if device.platform == platform and _is_local(device)]
        found.append(Target(platform, local[0], default=platform == here))
    return found


def _leaves(call: Call | None) -> list[Any]:
    return jax.tree.leaves((call.args, call.kwargs)) if call else []


def _is_numpy(function: Any) -> bool:
    return isinstance(function, np.ufunc) or (getattr(function, "__module__", None) or "").split(".")[0] == "numpy"


def _is_local(device: Any) -> bool:
    return bool(device.process_index == jax.process_index())


def is_spread(leaf: Any) -> bool:
    """Whether it is an array on several devices."""
    return isinstance(leaf, jax.Array) and len(leaf.sharding.device_set) > 1


def placed(workspace: Workspace, source: str, call: Call | None, target: Target) -> Subject:
    """The call with its arrays on the target's device; of other expressions, the arrays that their names stand for."""
    if call is None:
        node = parsed_expression(source)
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        held = {name: workspace.namespace[name] for name in names if name in workspace.namespace}
        moved = {name: _place(value, target) for name, value in held.items() if _holds_arrays(value)}
        return Subject(ast.unparse(node), workspace.namespace | moved, None)
    args, kwargs = jax.tree.map(lambda leaf: _place_leaf(leaf, target, numpy=True), (call.args, call.kwargs))
    jax.block_until_ready((args, kwargs))
    positional = {f"_a{number}": value for number, value in enumerate(args)}
    keywords = {f"_k_{name}": value for name, value in kwargs.items()}
    listed = [*positional, *(f"{name}=_k_{name}" for name in kwargs)]
    space = {"_function": call.function, **positional, **keywords}
    return Subject(f"_function({', '.join(listed)})", space, Call(call.function, args, kwargs), call)


def _holds_arrays(value: Any) -> bool:
    return any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(value))


def _place(value: Any, target: Target) -> Any:
    return jax.block_until_ready(jax.tree.map(lambda leaf: _place_leaf(leaf, target, numpy=False), value))


def _place_leaf(leaf: Any, target: Target, *, numpy: bool) -> Any:
    """The leaf on the target's device; uncommitted where it runs anyhow, so that it mixes with what is elsewhere."""
    if target.device is None or is_spread(leaf) or compat.is_tracer(leaf):
        return leaf
    if isinstance(leaf, jax.Array):
        here = next(iter(leaf.devices())).platform == target.platform
        return leaf if here else jax.device_put(leaf, target.device)
    if numpy and isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biufcV" and leaf.dtype.names is None:
        return jax.device_put(leaf) if target.default else jax.device_put(leaf, target.device)
    return leaf


def _called_once(workspace: Workspace, source: str, call: Call | None, target: Target) -> dict[str, Any]:
    """The seconds of one call, compiled before or not: enough to know that it can be made."""
    with target.context():
        first, _ = _first_call(placed(workspace, source, call, target), clear=False)
    return {"first_s": first, "runs": 1}


def _placed_and_measured(
    workspace: Workspace,
    source: str,
    call: Call | None,
    target: Target,
    events: compat.CompileEvents,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    return _measured(placed(workspace, source, call, target), target, events, progress)


def _measured(
    subject: Subject, target: Target, events: compat.CompileEvents, progress: Callable[[int], None]
) -> dict[str, Any]:
    """The numbers of a `timing`, seconds."""
    with target.context():
        first, result = _first_call(subject, clear=target.platform != "host")
        loop = loop_of(subject, _wait_for(result))
        with _no_collection():
            number = _warmed(loop)
            before = events.traces + events.compiles
            samples = list(_samples(loop, number, progress))
            compilations = events.traces + events.compiles - before
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        calls = len(samples) * number
        found: list[dict[str, str]] = []
        if target.platform != "host":
            given = _leaves(subject.given)
            found += verdicts.of_inputs(given, jitted=subject.jitted, placed=target.device is not None)
            if subject.jitted and subject.call:
                found += verdicts.of_compilation(subject.call.function, subject.call.args, subject.call.kwargs)
            found += verdicts.of_run(
                result, compilations=compilations, calls=calls, median=median, jitted=subject.jitted
            )
    spread = any(map(is_spread, [*subject.inputs, *jax.tree.leaves(result)]))
    return {
        "first_s": first,
        "median_s": median,
        "best_s": min(samples),
        "q1_s": low,
        "q3_s": high,
        "runs": calls,
        "simulated": spread and simulated(),
        "verdicts": found,
    }


def _first_call(subject: Subject, *, clear: bool) -> tuple[float, Any]:
    """The first call's seconds, with tracing and compiling where `clear`, also of what it calls; and its result."""
    code = compile(subject.expression, "<jaxtour>", "eval", dont_inherit=True)
    if clear:
        jax.clear_caches()
    start = time.perf_counter()
    result = jax.block_until_ready(eval(code, subject.namespace))
    return time.perf_counter() - start, result


def _wait_for(result: Any) -> str:
    """How to wait for such a result, at the least cost: `jax.block_until_ready` walks a tree, which takes 4 µs."""
    if isinstance(result, jax.Array):
        return "({}).block_until_ready()"
    return "_jaxtour_wait({})" if _holds_arrays(result) else "{}"


def loop_of(subject: Subject, wait: str) -> Callable[[int], float]:
    """A function that makes n calls, each waited for, and returns the seconds, written out as `timeit` does it."""
    source = (
        "def _jaxtour_loop(_jaxtour_n, _jaxtour_clock=_jaxtour_clock, _jaxtour_wait=_jaxtour_wait):\n"
        "    _jaxtour_start = _jaxtour_clock()\n"
        "    for _ in _jaxtour_repeat(None, _jaxtour_n):\n"
        f"        {wait.format(subject.expression)}\n"
        "    return _jaxtour_clock() - _jaxtour_start\n"
    )
    tools = {"repeat": itertools.repeat, "clock": time.perf_counter, "wait": jax.block_until_ready}
    space = subject.namespace | {f"_jaxtour_{name}": tool for name, tool in tools.items()}
    exec(compile(source, "<jaxtour>", "exec", dont_inherit=True), space)
    loop: Callable[[int], float] = space["_jaxtour_loop"]
    return loop


@contextmanager
def _no_collection() -> Iterator[None]:
    """No garbage collection meanwhile, as in `timeit`."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _warmed(loop: Callable[[int], float]) -> int:
    """Warm up, and find how many calls make a sample long enough."""
    start = time.perf_counter()
    number = 1
    while True:
        taken = loop(number)
        if taken < SAMPLE_S:
            number = max(2 * number, math.ceil(number * 1.2 * SAMPLE_S / max(taken, 1e-9)))
        elif time.perf_counter() - start > WARM_S:
            return number


def _samples(loop: Callable[[int], float], number: int, progress: Callable[[int], None]) -> Iterator[float]:
    """Seconds per call, sample by sample."""
    start = told = time.perf_counter()
    for done in range(1, MOST_SAMPLES + 1):
        seconds = loop(number) / number
        yield seconds
        now = time.perf_counter()
        if now - start >= BUDGET_S and done >= (FEW_SAMPLES if seconds > SLOW_S else SAMPLES):
            return
        if now - told >= _PROGRESS_S and done < SAMPLES:
            progress(done)
            told = now
