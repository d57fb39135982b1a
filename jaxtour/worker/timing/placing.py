"""Chooses where to measure a call, and places its inputs there before the clock starts."""

import ast
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import compat
from ..ir.lens import Call
from ..machine.devices import is_local, platforms
from ..runner.describe import is_array
from ..runner.execute import Workspace, parsed_expression
from .recorded import RecordedCall
from .trees import leaves_of, mapped, settled

_SENDS = (jax.device_put, jnp.asarray, jnp.array, jnp.copy)
SPARED_BYTES = 1024**3
"""Inputs larger than this are not copied for a function that might donate them."""
_FETCHES = (jax.device_get, np.asarray, np.array)


@dataclass(frozen=True)
class Subject:
    """The measured expression, and a namespace with its placed inputs."""

    expression: str
    namespace: dict[str, Any]
    call: Call | None
    """The evaluated call, if the expression is one."""

    given: Call | None = None
    """The call before its inputs were placed."""
    held: dict[str, Any] = field(default_factory=dict)
    """The values in the namespace that hold JAX arrays."""

    @property
    def inputs(self) -> list[Any]:
        """The leaves of the call's arguments."""
        return leaves(self.call)

    @property
    def jitted(self) -> bool:
        """Whether the called function is jitted."""
        return self.call is not None and compat.is_jitted(self.call.function)

    @property
    def may_donate(self) -> bool:
        """Whether the call may donate its inputs; if JAX does not say, True unless they are too large to copy."""
        if self.call and isinstance(self.call.function, RecordedCall):
            return self.call.function.donates
        donates = compat.donates(self.call.function) if self.call else None
        if donates is None:
            sizes = [leaf.nbytes for leaf in leaves_of(self.held) if isinstance(leaf, jax.Array)]
            return 0 < sum(sizes) <= SPARED_BYTES
        return donates

    def copied(self) -> dict[str, Any]:
        """Return the values that hold arrays, with copies of the arrays, ready when this returns."""
        return settled({name: mapped(_copy, value) for name, value in self.held.items()})


@dataclass(frozen=True)
class Placement:
    """Where to measure."""

    platform: str
    device: Any = None
    """The device that receives the inputs; None leaves them where they are."""
    default: bool = True
    """Whether code runs there by default."""

    def context(self) -> AbstractContextManager[Any]:
        """Return the context in which new arrays are created there."""
        return nullcontext() if self.default else jax.default_device(self.device)


def targets_for(on: str, call: Call | None, devices: list[Any]) -> list[Placement]:
    """Return where to measure a call."""
    if call and isinstance(call.function, RecordedCall):
        return [Placement(call.function.device.platform, call.function.device)]
    if on == "host":
        return [Placement("host")]
    if call and is_fetch(call):
        arrays = [leaf for leaf in leaves(call) if isinstance(leaf, jax.Array)]
        return [Placement(next(iter(arrays[0].devices())).platform)]
    if call and _is_numpy(call.function):
        return [Placement("host")]
    here = devices[0].platform
    if on == "one":
        return [Placement(here)]
    if spread := [leaf for leaf in leaves(call) if is_spread(leaf)]:
        return [Placement(next(iter(spread[0].devices())).platform)]
    found = []
    for platform in platforms(devices):
        local = [device for device in devices if device.platform == platform and is_local(device)]
        found.append(Placement(platform, local[0], default=platform == here))
    return found


def is_transfer(call: Call | None) -> bool:
    """Return whether the call only moves arrays between host and device, or between devices."""
    if call is None:
        return False
    return is_fetch(call) or (_is_one_of(call.function, _SENDS) and any(map(is_array, leaves(call))))


def is_fetch(call: Call) -> bool:
    """Return whether a call brings JAX arrays to the host."""
    return _is_one_of(call.function, _FETCHES) and any(isinstance(leaf, jax.Array) for leaf in leaves(call))


def _is_one_of(function: Any, functions: tuple[Any, ...]) -> bool:
    return any(function is other for other in functions)


def leaves(call: Call | None) -> list[Any]:
    """Return the leaves of a call's arguments; empty without a call."""
    return leaves_of((call.args, call.kwargs)) if call else []


def _is_numpy(function: Any) -> bool:
    return isinstance(function, np.ufunc) or (getattr(function, "__module__", None) or "").split(".")[0] == "numpy"


def is_spread(leaf: Any) -> bool:
    """Return whether a value is an array on several devices."""
    return isinstance(leaf, jax.Array) and len(leaf.sharding.device_set) > 1


def placed(workspace: Workspace, source: str, call: Call | None, target: Placement, **names: Any) -> Subject:
    """Return the call with its arrays on the target's device; for other expressions, the arrays that their names hold.

    `names` extend the workspace's names. The inputs of a transfer stay where they are.
    """
    if call is None:
        node = parsed_expression(source)
        space = workspace.names | names
        used = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        held = {name: space[name] for name in used if name in space}
        moved = {name: _place(value, target) for name, value in held.items() if holds_arrays(value)}
        return Subject(ast.unparse(node), space | moved, None, held=moved)
    args, kwargs = call.args, call.kwargs
    if not is_transfer(call):
        args, kwargs = mapped(lambda leaf: _place_leaf(leaf, target, numpy=True), (args, kwargs))
    settled((args, kwargs))
    positional = {f"_a{number}": value for number, value in enumerate(args)}
    keywords = {f"_k_{name}": value for name, value in kwargs.items()}
    listed = [*positional, *(f"{name}=_k_{name}" for name in kwargs)]
    passed = {**positional, **keywords}
    held = {name: value for name, value in passed.items() if holds_arrays(value)}
    expression = f"_function({', '.join(listed)})"
    return Subject(expression, {"_function": call.function, **passed}, Call(call.function, args, kwargs), call, held)


def holds_arrays(value: Any) -> bool:
    """Return whether any leaf is a JAX array."""
    return any(isinstance(leaf, jax.Array) for leaf in leaves_of(value))


def _copy(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, jax.Array) and not compat.is_tracer(leaf) else leaf


def _place(value: Any, target: Placement) -> Any:
    return settled(mapped(lambda leaf: _place_leaf(leaf, target, numpy=False), value))


def _place_leaf(leaf: Any, target: Placement, *, numpy: bool) -> Any:
    """Return the leaf on the target's device, uncommitted on the default one: then it mixes with arrays elsewhere."""
    if target.device is None or is_spread(leaf) or compat.is_tracer(leaf):
        return leaf
    if isinstance(leaf, jax.Array):
        here = next(iter(leaf.devices())).platform == target.platform
        return leaf if here else jax.device_put(leaf, target.device)
    if numpy and isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biufcV" and leaf.dtype.names is None:
        return jax.device_put(leaf) if target.default else jax.device_put(leaf, target.device)
    return leaf
