"""What a timing does not mean: the ways in which a number looks like speed and is something else."""

from collections.abc import Set
from typing import Any

import jax
import numpy as np

from .. import compat
from ..ir import hlo
from ..ir.cost import COUNTED_ONCE, cost
from ..runner.failures import attempt
from . import noise
from .placing import Subject, is_fetch, is_transfer, leaves
from .results import Results

Verdict = dict[str, str]

DISPATCH_S = 30e-6
"""An operation that is over sooner is one whose way from Python to the device was timed."""
DISPATCH_PART = 0.5
"""Of a call to another device than the host: beyond that, it waits for Python more than for the device."""
CAPTURED_BYTES = 4096
SENT_BYTES = 1024
_FOLDED_FROM = 1e4
_FOLDED_TO = 0.05
_NOTHING = frozenset({"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "copy", "copy-start",
                      "copy-done", "call", "fusion"})  # fmt: skip
"""Opcodes that compute nothing; what a `call` or a `fusion` is made of is looked at too."""


def of_inputs(subject: Subject, *, placed: bool) -> list[Verdict]:
    """Verdicts that the arguments alone give; `placed` inputs were put on the device before the clock started."""
    inputs, found = leaves(subject.given), []
    arrays = [leaf for leaf in inputs if isinstance(leaf, (jax.Array, np.ndarray))]
    if subject.jitted and not any(
        isinstance(leaf, (jax.Array, np.ndarray, np.generic, bool, int, float, complex)) for leaf in inputs
    ):
        found.append(_verdict("zero_args", "The call passes no arrays, so XLA may do its work while compiling."))
    host = [leaf for leaf in arrays if isinstance(leaf, np.ndarray)]
    moves = is_transfer(subject.call)
    if subject.jitted and host and not placed and not moves:
        found.append(_verdict("host_input", "A NumPy array is copied to the device in every call."))
    wide = any(leaf.dtype in (np.float64, np.complex128) for leaf in host)
    if wide and not getattr(jax.config, "jax_enable_x64", False):
        found.append(
            _verdict("float64_input", "A float64 input is computed in float32: 64 bits are switched off in jax.")
        )
    if subject.given and is_fetch(subject.given):
        found.append(_verdict("fetched_once", "JAX keeps the fetched copy: only the first call moves anything."))
    return found


def of_results(results: Results) -> list[Verdict]:
    """Verdicts that the results of two calls give."""
    found = []
    if results.gave_away:
        message = "The call gives an input away: each call gets a copy of its own, made before the clock starts."
        found.append(_verdict("donated_input", message))
    if results.handed:
        found.append(_verdict("nothing_computed", "The call gives back what it was given, and computes nothing."))
    if results.kept:
        message = "Every call gives back the very same array: it was computed once, and is only handed out."
        found.append(_verdict("kept_result", message))
    return found


def of_compilation(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[Verdict], dict[str, Any]]:
    """Verdicts on what XLA was given and what it made of it, for a jitted function, and the fields of its `Cost`.

    None where JAX does not tell: the call itself worked, and nothing to tell is no reason to fail.
    """
    stages, error = attempt(_stages, function, args, kwargs)
    if error or not stages:
        return [], {}
    traced, lowered, compiled = stages
    found = []
    if (captured := compat.captured_bytes(traced)) > CAPTURED_BYTES:
        found.append(
            _verdict(
                "captured_constants", f"Arrays of {_size(captured)} are built into the function, not passed to it."
            )
        )
    text = compiled.as_text() or ""
    read = attempt(hlo.Reader, text)[0] if text else None
    priced = (attempt(cost, compiled, text, read)[0] if read else None) or {}
    if folded := _folded(lowered, compiled, text, jax.tree.leaves((args, kwargs))):
        found.append(folded)
    elif read and read.opcodes() and not set(read.opcodes()) - _NOTHING:
        found.append(_verdict("nothing_computed", "What is left to run only hands on its inputs and constants."))
    if any(COUNTED_ONCE in note for note in priced.get("notes", ())):
        message = "A loop of unknown length is counted as one round: there are more operations than are told."
        found.append(_verdict("loop_counted_once", message))
    return found, priced


def _stages(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    lowered = function.lower(*args, **kwargs)
    return function.trace(*args, **kwargs), lowered, lowered.compile()


def _folded(lowered: Any, compiled: Any, text: str, inputs: list[Any]) -> Verdict | None:
    before, after = compat.flops(lowered), compat.flops(compiled)
    if before is None or after is None or before < _FOLDED_FROM or after < 0:
        return None
    after *= max((len(leaf.sharding.device_set) for leaf in inputs if isinstance(leaf, jax.Array)), default=1)
    # XLA counts nothing in calls of libraries, which is what a GPU makes of a matrix product.
    if after >= _FOLDED_TO * before or "custom-call" in text:
        return None
    message = f"XLA did the work while compiling: of {before:.2g} operations {after:.2g} are left to run."
    return _verdict("folded", message)


def of_run(
    *,
    arrays: bool,
    compilations: int,
    calls: int,
    median: float,
    jitted: bool,
    operations: int = 1,
    waiting: float | None = None,
) -> list[Verdict]:
    """Verdicts that the timed calls themselves give; seconds.

    `arrays` are among what they return; `operations` are what one call dispatches; `waiting` is the part of it until
    Python had control again, where the device is another one than the host.
    """
    found = []
    if compilations:
        message = f"JAX traced or compiled {compilations} times in {calls} calls: this is the time of compiling."
        found.append(_verdict("retraced", message))
    if not arrays:
        message = "The result is no JAX array: the time includes fetching it, or misses work still under way."
        found.append(_verdict("no_array_result", message))
    if jitted or arrays:
        if median < DISPATCH_S * max(1, operations):
            each = "" if operations <= 1 else f" for each of its {operations} operations"
            message = f"Below 30 µs{each} this is the time of calling from Python, not of computing."
            found.append(_verdict("dispatch_bound", message))
        elif waiting is not None and waiting > DISPATCH_PART:
            message = f"{waiting:.0%} of the time Python is busy handing the work over: the device waits for it."
            found.append(_verdict("dispatch_bound", message))
    return found


def of_transfers(subject: Subject) -> tuple[list[Verdict], int]:
    """Verdicts on arrays that a function which is not compiled sends in every call; and how many operations it has.

    JAX's guard tells that something is sent, be it a number of one byte; the jaxpr tells how large it is.
    """
    if subject.call is None or subject.jitted or is_transfer(subject.call):
        return [], 1
    function, args, kwargs = subject.call.function, subject.call.args, subject.call.kwargs
    # A jaxpr's inputs are arrays: what is none is part of the function.
    flat, tree = jax.tree.flatten((args, kwargs))
    places = [place for place, leaf in enumerate(flat) if isinstance(leaf, (jax.Array, np.ndarray))]

    def of_arrays(*arrays: Any) -> Any:
        whole = list(flat)
        for place, array in zip(places, arrays, strict=True):
            whole[place] = array
        inner_args, inner_kwargs = jax.tree.unflatten(tree, whole)
        return function(*inner_args, **inner_kwargs)

    closed, _ = attempt(lambda: jax.make_jaxpr(of_arrays)(*[flat[place] for place in places]))
    if closed is None:
        return [], 1
    operations = len(closed.jaxpr.eqns)
    sent = [*closed.consts, *(flat[place] for place in places)]
    size = sum(compat.bytes_of(array) for array in sent if not isinstance(array, jax.Array))
    if size < SENT_BYTES or not _sends(function, args, kwargs):
        return [], operations
    return [
        _verdict("implicit_transfer", f"Every call copies {_size(size)} of NumPy arrays to the device.")
    ], operations


def _sends(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether JAX's guard stops it."""
    with jax.transfer_guard_host_to_device("disallow"):
        _, error = attempt(lambda: jax.block_until_ready(function(*args, **kwargs)))
    return isinstance(error, jax.errors.JaxRuntimeError)


def of_circumstances(load: noise.Load, own: float, uncertainty: float, cores: int) -> list[Verdict]:
    """Verdicts on who else computed: `load` while the clock ran, `own` the worker's before, in cores."""
    found = []
    if own > noise.BUSY_WORKER:
        message = f"The worker itself was busy before the clock started, with {own:.1f} cores: something still runs."
        found.append(_verdict("worker_busy", message))
    if load.others is not None and load.others > noise.BUSY_MACHINE * cores:
        message = f"Other programs kept {load.others:.1f} of this machine's {cores} cores busy meanwhile."
        found.append(_verdict("machine_busy", message))
    if uncertainty > noise.UNSTEADY:
        message = f"The runs are so uneven that the median is known to ±{uncertainty:.0%} only."
        found.append(_verdict("noisy", message))
    return found


def of_widths(ours: Set[str], theirs: Set[str], label: str) -> list[Verdict]:
    """A verdict where one of two timings computes in float64, the other in float32: names of types."""
    double, single = {"float64", "complex128"}, {"float32", "complex64"}
    if ours & single and not ours & double and theirs & double:
        return [
            _verdict("float64_against_float32", f"{label} is computed in float64, this in float32: half the bytes.")
        ]
    if ours & double and theirs & single and not theirs & double:
        return [
            _verdict("float64_against_float32", f"This is computed in float64, {label} in float32: half the bytes.")
        ]
    return []


def simulated() -> Verdict:
    """The verdict on devices that are one CPU."""
    message = "These devices are simulated on one CPU: how many there are says nothing about speed."
    return _verdict("simulated_devices", message)


def _size(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _verdict(code: str, message: str) -> Verdict:
    return {"code": code, "message": message}
