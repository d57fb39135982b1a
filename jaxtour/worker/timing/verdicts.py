"""Verdicts on timings: the ways in which a number looks like speed and is something else."""

from collections.abc import Set
from typing import Any, NamedTuple

import jax
import numpy as np

from .. import compat
from ..compat_settings import computes_in_calling_thread
from ..ir import hlo
from ..ir.cost import COUNTED_ONCE, cost
from ..runner.failures import attempt
from . import noise
from .clock import Samples
from .placing import Subject, is_fetch, is_transfer, leaves
from .results import Results

Verdict = dict[str, str]

DISPATCH_S = 30e-6
"""The time of a faster operation is mostly dispatch from Python."""
PYTHON_PART = 0.5
"""The share of a call's time in Python, above which the device waits for it.

On the CPU it is 0.9 for a module of 8 small layers called without jit, and at most 0.3 for 100 products of 128x128,
although their dispatch takes 0.9 of the time: XLA queues up to 32 operations, then makes the calling thread wait
(`max_inflight_computations_per_device` in `xla/pjrt/plugin/xla_cpu/cpu_client_options.h`).
"""
CAPTURED_BYTES = 4096
SENT_BYTES = 1024
_FOLDED_FROM = 1e4
_FOLDED_TO = 0.05
_NOTHING = frozenset({"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "copy", "copy-start",
                      "copy-done", "call", "fusion"})  # fmt: skip
"""Opcodes that compute nothing; the instructions inside a `call` or a `fusion` are checked too."""


def of_inputs(subject: Subject, *, placed: bool) -> list[Verdict]:
    """Return verdicts from the arguments alone; `placed` inputs were put on the device before the clock started."""
    inputs, found = leaves(subject.given), []
    arrays = [leaf for leaf in inputs if isinstance(leaf, (jax.Array, np.ndarray))]
    if subject.jitted and not any(
        isinstance(leaf, (jax.Array, np.ndarray, np.generic, bool, int, float, complex)) for leaf in inputs
    ):
        found.append(_verdict("zero_args", "The call passes no arrays, so XLA may compute the result while compiling."))
    host = [leaf for leaf in arrays if isinstance(leaf, np.ndarray)]
    moves = is_transfer(subject.call)
    if subject.jitted and host and not placed and not moves:
        found.append(_verdict("host_input", "Every call copies a NumPy array to the device."))
    wide = any(leaf.dtype in (np.float64, np.complex128) for leaf in host)
    if wide and not getattr(jax.config, "jax_enable_x64", False):
        found.append(_verdict("float64_input", "A float64 input is computed in float32: jax_enable_x64 is off."))
    if subject.given and is_fetch(subject.given):
        found.append(_verdict("fetched_once", "JAX keeps the fetched copy: only the first call transfers data."))
    return found


def of_results(results: Results) -> list[Verdict]:
    """Return verdicts from the results of two calls."""
    found = []
    if results.gave_away:
        message = "The call donates an input: each call gets a fresh copy, made before the clock starts."
        found.append(_verdict("donated_input", message))
    if results.handed:
        found.append(_verdict("nothing_computed", "The call returns its input and computes nothing."))
    if results.kept:
        message = "Every call returns the same array object: it was computed once."
        found.append(_verdict("kept_result", message))
    return found


def of_compilation(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[Verdict], dict[str, Any]]:
    """Return verdicts from a jitted function's compilation, and the fields of its `Cost`.

    Empty where JAX does not say: the call itself worked, so a missing analysis is not an error.
    """
    stages, error = attempt(_stages, function, args, kwargs)
    if error or not stages:
        return [], {}
    traced, lowered, compiled = stages
    found = []
    if (captured := compat.captured_bytes(traced)) > CAPTURED_BYTES:
        message = f"The function captures {_size(captured)} of arrays: pass them as arguments."
        found.append(_verdict("captured_constants", message))
    text = compiled.as_text() or ""
    read = attempt(hlo.HloReader, text)[0] if text else None
    priced = (attempt(cost, compiled, text, read)[0] if read else None) or {}
    if folded := _folded(lowered, compiled, text, jax.tree.leaves((args, kwargs))):
        found.append(folded)
    elif read and read.opcodes() and not set(read.opcodes()) - _NOTHING:
        found.append(_verdict("nothing_computed", "The compiled program only returns its inputs and constants."))
    if any(COUNTED_ONCE in note for note in priced.get("notes", ())):
        message = "A loop of unknown length is counted as one iteration: the true number of operations is higher."
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
    # XLA's cost analysis does not count library calls, which matrix products become on GPUs.
    if after >= _FOLDED_TO * before or "custom-call" in text:
        return None
    message = f"XLA computed most of it while compiling: {after:.2g} of {before:.2g} operations are left to run."
    return _verdict("folded", message)


class InPython(NamedTuple):
    """Python's part of a call."""

    seconds: float
    """The seconds until Python has control again."""
    part: float
    """Their part of the call's time."""
    bare: bool = False
    """Whether the function comes directly from `jax.jit`, not from a library's wrapper around that."""


def in_python(
    subject: Subject, samples: Samples, dispatch: dict[str, Any], complete: dict[str, Any], platform: str
) -> InPython | None:
    """Return Python's part of a call; None where it is unknown."""
    part = dispatch["median_s"] / complete["median_s"]
    bare = subject.call is not None and compat.is_bare_jit(subject.call.function)
    if platform == "cpu":
        # A program that calls back into Python computes in the calling thread.
        if bare or computes_in_calling_thread():
            return None
        # The best time, not the median: on a busy machine the median grows, and CPU time hardly does.
        part = min(part, samples.worked_s / samples.calls / complete["best_s"])
    return InPython(dispatch["median_s"], part, bare)


def of_run(
    *,
    arrays: bool,
    compilations: int,
    calls: int,
    median: float,
    jitted: bool,
    operations: int | None = 1,
    python: InPython | None = None,
) -> list[Verdict]:
    """Return verdicts from the timed calls, in seconds.

    `arrays`: JAX arrays are among the results. `operations`: operations that one call dispatches; None if unknown.
    """
    found = []
    if compilations:
        message = f"JAX traced or compiled {compilations} times in {calls} calls: the time includes compiling."
        found.append(_verdict("retraced", message))
    if not arrays:
        message = "The result is not a JAX array: the time includes the transfer, or misses work that is still running."
        found.append(_verdict("no_array_result", message))
    if not (jitted or arrays):
        return found
    waits = python is not None and python.part > PYTHON_PART and not compilations
    if python is not None and waits and not jitted and operations != 1:
        found.append(_verdict("python_bound", f"{_of(python.seconds, median)} is Python: jit it."))
    elif median < DISPATCH_S * max(1, operations or 1):
        each = "" if (operations or 1) <= 1 else f" for each of its {operations} operations"
        message = f"Below 30 µs{each}, this is the cost of dispatch from Python, not of computing."
        found.append(_verdict("dispatch_bound", message))
    elif python is not None and waits and python.bare:
        message = f"Python spends {python.part:.0%} of the time dispatching: the device waits for it."
        found.append(_verdict("dispatch_bound", message))
    elif python is not None and waits:
        message = f"{_of(python.seconds, median)} is Python, around the compiled program."
        found.append(_verdict("python_bound", message))
    return found


def of_transfers(subject: Subject) -> tuple[list[Verdict], int | None]:
    """Return verdicts on host arrays that a function without jit sends in every call.

    Also return its operations; None if unknown.  JAX's transfer guard detects any transfer, even of a one-byte number;
    the jaxpr gives the size.
    """
    if subject.call is None:
        return [], None
    if subject.jitted or is_transfer(subject.call):
        return [], 1
    function, args, kwargs = subject.call.function, subject.call.args, subject.call.kwargs
    # A jaxpr's inputs are arrays; other arguments become part of the function.
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
        return [], None
    operations = len(closed.jaxpr.eqns)
    sent = [*closed.consts, *(flat[place] for place in places)]
    size = sum(compat.bytes_of(array) for array in sent if not isinstance(array, jax.Array))
    if size < SENT_BYTES or not _sends(function, args, kwargs):
        return [], operations
    return [
        _verdict("implicit_transfer", f"Every call copies {_size(size)} of NumPy arrays to the device.")
    ], operations


def _sends(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return whether JAX's transfer guard stops the call."""
    with jax.transfer_guard_host_to_device("disallow"):
        _, error = attempt(lambda: jax.block_until_ready(function(*args, **kwargs)))
    return isinstance(error, jax.errors.JaxRuntimeError)


def of_circumstances(load: noise.Load, own: float, uncertainty: float, cores: int) -> list[Verdict]:
    """Return verdicts on other computation: `load` while the clock ran, `own` the worker's before it, both in cores."""
    found = []
    if own > noise.BUSY_WORKER:
        message = f"{own:.1f} threads of the worker computed before the clock started: something still runs."
        found.append(_verdict("worker_busy", message))
    if load.others is not None and load.others > noise.BUSY_MACHINE * cores:
        message = f"Other programs used {load.others:.1f} of this machine's {cores} cores during the timing."
        found.append(_verdict("machine_busy", message))
    if uncertainty > noise.UNSTEADY:
        message = f"The runs vary so much that the median is known only to ±{uncertainty:.0%}."
        found.append(_verdict("noisy", message))
    return found


def of_widths(ours: Set[str], theirs: Set[str], label: str) -> list[Verdict]:
    """Return a verdict if one of two timings computes in float64 and the other in float32; takes names of types."""
    double, single = {"float64", "complex128"}, {"float32", "complex64"}
    if ours & single and not ours & double and theirs & double:
        return [_verdict("float64_against_float32", f"{label} computes in float64, this in float32: half the bytes.")]
    if ours & double and theirs & single and not theirs & double:
        return [_verdict("float64_against_float32", f"This computes in float64, {label} in float32: half the bytes.")]
    return []


def simulated() -> Verdict:
    """Return the verdict on devices that share one CPU."""
    message = "These devices are simulated on one CPU: their number says nothing about speed."
    return _verdict("simulated_devices", message)


def _of(part: float, whole: float) -> str:
    """Return a part and its whole in one unit: `549 of 549 µs`."""
    scale, unit = next(((s, u) for s, u in ((1.0, "s"), (1e-3, "ms")) if whole >= s), (1e-6, "µs"))
    return f"{part / scale:.3g} of {whole / scale:.3g} {unit}"


def _size(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _verdict(code: str, message: str) -> Verdict:
    return {"code": code, "message": message}
