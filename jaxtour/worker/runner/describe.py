"""Describes a value: type, text, shape, devices, sharding, and a pytree's leaves."""

import inspect
import re
import types
from collections import Counter
from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

from .. import compat
from ..ir.walk import count
from .failures import attempt, class_name

TEXT_CAP = 256 * 1024
"""The most characters of a value's text."""
SHARD_CAP = 64
DRAWN = 64
"""An array with at most this many elements shows its numbers in the drawing of its shards."""
GATHERED = 1000
"""If other processes hold parts of an array, its local numbers are sent for at most this many elements."""
LEAF_CAP = 16
"""The most leaves of a pytree described with their shards."""
FETCH_CAP = 16 * 1024 * 1024
"""Fetch arrays up to this many bytes to print them; of larger ones, fetch only the edges."""
_TREE_CAP = 500
_LINE_CAP = 300
_EDGE = 3
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def describe(value: Any, shown: str | None = None) -> dict[str, Any]:
    """Return the fields of a `Value`, with its `repr` where known; raises only errors of running computations."""
    try:
        with jax.transfer_guard("allow"):  # the lesson may forbid transfers; this one is ours
            return _described(value, shown)
    except (KeyboardInterrupt, jax.errors.JaxRuntimeError):
        raise
    except BaseException as error:
        if issubclass(type(value), jax.Array):
            raise
        return {"type": class_name(value), **_capped(f"(it cannot be shown: it raised {class_name(error)})")}


def _described(value: Any, shown: str | None) -> dict[str, Any]:
    if isinstance(value, jax.Array) and not compat.is_tracer(value):
        return _array(value)
    if isinstance(value, (np.ndarray, np.generic)):
        facts: dict[str, Any] = {"shape": list(value.shape), "dtype": str(value.dtype)}
        return {"type": class_name(value), **facts, **_capped(numpy_text(value))}
    tree, fetch = _tree(value)
    text = _text(value, shown) if fetch else "\n".join(tree)
    facts = {"type": class_name(value), "tree": tree, **_capped(text)}
    if tree:
        facts |= _leaves(value)
    if isinstance(value, (str, bytes)):
        facts["length"] = max(facts["length"], len(value))  # a long value's `text` is cut
    return facts


def plain_text(value: Any) -> str:
    """Return the value's text alone."""
    return str(describe(value)["text"])


def device_name(device: Any) -> str:
    """Return a device's name, such as `cpu:0`, the same in every version of JAX."""
    return f"{device.platform}:{device.id}"


def _id(device: Any) -> int:
    return int(device.id)


def _process(device: Any) -> int:
    return int(device.process_index)


def _array(array: jax.Array) -> dict[str, Any]:
    sharding = array.sharding
    facts: dict[str, Any] = {
        "type": "Array",
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "weak_type": bool(getattr(array, "weak_type", False)),
        "devices": _device_names(sharding.device_set),
        "sharding": sharding_text(sharding),
        "committed": compat.committed(array),
    }
    if array.is_deleted():
        return {**facts, **_capped("deleted: its memory was donated or freed")}
    if len(sharding.device_set) > 1:
        facts["shards"] = _shards(array)
        facts |= _mesh(sharding, array.ndim)
    return {**facts, **_capped(_array_text(array))}


def _device_names(devices: Iterable[Any]) -> list[str]:
    return [device_name(device) for device in sorted(set(devices), key=_id)]


def _leaves(tree: Any) -> dict[str, Any]:
    """Return the devices of a pytree's arrays, and the arrays that are spread over several devices."""
    arrays = [
        (path, leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        if isinstance(leaf, jax.Array) and not compat.is_tracer(leaf)
    ]
    spread = [(path, leaf) for path, leaf in arrays if len(leaf.sharding.device_set) > 1 and not leaf.is_deleted()]
    shown = spread[:LEAF_CAP]
    leaves = [{"path": jax.tree_util.keystr(path)[:_LINE_CAP], "value": _leaf_value(leaf)} for path, leaf in shown]
    devices = {device for sharding in {leaf.sharding for _, leaf in arrays} for device in sharding.device_set}
    return {"devices": _device_names(devices), "leaves": leaves}


def _leaf_value(array: jax.Array) -> dict[str, Any]:
    """Return an array leaf spread over devices; with its numbers only if they fit the drawing of its shards."""
    if array.size <= DRAWN:
        return _array(array)
    sharding = array.sharding
    facts = {"type": "Array", "shape": list(array.shape), "dtype": str(array.dtype), "text": ""}
    placed = {"devices": _device_names(sharding.device_set), "sharding": sharding_text(sharding)}
    return {**facts, **placed, "shards": _shards(array), **_mesh(sharding, array.ndim)}


def sharding_text(sharding: Any) -> str | None:
    """Return a sharding as text, `P('x') on the mesh (x: 8)`; None for a single device."""
    if isinstance(sharding, jax.sharding.SingleDeviceSharding):
        return None
    if isinstance(sharding, jax.sharding.NamedSharding):
        axes = ", ".join(f"{compat.axis_name(name)}: {size}" for name, size in sharding.mesh.shape.items())
        return f"{_spec(sharding)} on the mesh ({axes})"
    return _ADDRESS.sub("", " ".join(str(sharding).split()))[:300]


def _spec(sharding: Any) -> str:
    """Return the partition spec as `P('x', None)`."""
    return compat.tidy(compat.name_axes(str(sharding.spec).replace("PartitionSpec", "P")))


def _mesh(sharding: Any, rank: int) -> dict[str, Any]:
    """Return the mesh's axes, and the mesh axes that partition each dimension of the array."""
    if not isinstance(sharding, jax.sharding.NamedSharding):
        return {}
    spec: list[list[str]] = [[] for _ in range(rank)]
    for axis, names in enumerate(sharding.spec[:rank]):
        if names is not None and names is not jax.sharding.PartitionSpec.UNCONSTRAINED:
            spec[axis] = [compat.axis_name(name) for name in (names if isinstance(names, tuple) else (names,))]
    mesh = [[compat.axis_name(name), int(size)] for name, size in sharding.mesh.shape.items()]
    return {"mesh": mesh, "spec": spec}


def _shards(array: jax.Array) -> list[dict[str, Any]]:
    """Return which device holds which part, other processes' devices included; only own parts are fetched, if small."""
    shards: list[dict[str, Any]] = []
    copies: Counter[str] = Counter()
    texts = _own_texts(array)
    for device, cut in array.sharding.devices_indices_map(array.shape).items():
        index = [list(part.indices(size)[:2]) for part, size in zip(cut, array.shape, strict=True)]
        place = {"device": _id(device), "index": index, "replica": copies[str(index)]}
        shards.append({**place, "process": _process(device), **texts.get(device, {})})
        copies[str(index)] += 1
    return shards[:SHARD_CAP]


def _own_texts(array: jax.Array) -> dict[Any, dict[str, str]]:
    """Return the numbers of this process's parts, by device, if other processes hold the rest of a small array."""
    if array.is_fully_addressable or array.is_fully_replicated or array.size > GATHERED or compat.is_key(array):
        return {}
    return {shard.device: {"text": numpy_text(np.asarray(shard.data))} for shard in array.addressable_shards}


def _array_text(array: jax.Array) -> str:
    if not (array.is_fully_addressable or array.is_fully_replicated):
        return "not shown: devices of other processes hold parts of it"
    if compat.is_key(array):
        array = compat.key_numbers(array)
    if array.nbytes <= FETCH_CAP:
        return numpy_text(np.asarray(array))
    return _summary(array)


def numpy_text(array: Any) -> str:
    """Return an array's text by NumPy, which shortens long arrays."""
    return np.array2string(array) if type(array) is np.ndarray and array.ndim else str(array)


def _summary(array: jax.Array) -> str:
    """Return NumPy's summary of an array too large to fetch: only the edges are fetched."""
    edges = [
        np.r_[0 : _EDGE + 1, size - _EDGE : size] if size > 2 * _EDGE + 1 else np.arange(size) for size in array.shape
    ]
    return np.array2string(np.asarray(array[np.ix_(*edges)]), threshold=0, edgeitems=_EDGE)


def _text(value: Any, shown: str | None = None) -> str:
    if compat.is_closed_jaxpr(value):
        number = count(value)
        return f"a jaxpr with {number} equation{'' if number == 1 else 's'}"
    if callable(value) and (compat.is_jitted(value) or isinstance(value, types.FunctionType)):
        return _function(value)
    if isinstance(value, (str, bytes)) and len(value) > TEXT_CAP:
        return repr(value[:TEXT_CAP])
    is_shown = shown is not None and not isinstance(value, type)  # IPython shows a class differently
    text, error = (shown, None) if is_shown else attempt(lambda: repr(value))
    if isinstance(error, RecursionError):
        return "(nested too deeply to show)"
    return _ADDRESS.sub("", text) if text is not None else f"(its __repr__ raised {class_name(error)})"


def _function(value: Any) -> str:
    """Return the text of a function: `function f(x)`, or `jit of grad of f(x)` if JAX transformed it."""
    makers: list[str] = []
    while len(makers) < 10 and (maker := compat.transformation(value)) is not None:
        makers.append(maker)
        value = value.__wrapped__
    return " of ".join([*makers, _signature(value)]) if makers else f"function {_signature(value)}"


def _signature(function: Any) -> str:
    name = getattr(function, "__name__", None) or type(function).__name__
    signature, _ = attempt(inspect.signature, function)
    if signature is None:
        return str(name)
    plain = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    text = str(signature.replace(parameters=plain, return_annotation=signature.empty))
    return f"{name}{_ADDRESS.sub('', text)}"


def _capped(text: str) -> dict[str, Any]:
    return {"text": text[:TEXT_CAP], "length": len(text)}


def _tree(value: Any) -> tuple[list[str], bool]:
    """Return a line per leaf of a pytree with arrays, none for other values; and whether the value may be printed."""
    leaves, error = attempt(lambda: jax.tree.leaves(value))
    # Not a pytree (a dict with keys of several types), or a plain value.
    if error or not leaves or leaves[0] is value or not any(map(is_array, leaves)):
        return [], True
    small = all(leaf.nbytes <= FETCH_CAP for leaf in leaves if isinstance(leaf, jax.Array))
    paths = jax.tree_util.tree_leaves_with_path(value) if len(leaves) <= 20 * _TREE_CAP else []
    shown = [(jax.tree_util.keystr(path), _leaf(leaf)) for path, leaf in paths[:_TREE_CAP]]
    width = min(max((len(name) for name, _ in shown), default=0), 40)
    lines = [f"{name:<{width}}  {text}"[:_LINE_CAP] for name, text in shown]
    return lines if len(lines) == len(leaves) else [*lines, f"… {len(leaves) - len(lines)} more leaves"], small


def is_array(leaf: Any) -> bool:
    """Return whether a value is an array of JAX or NumPy."""
    return isinstance(leaf, (jax.Array, np.ndarray))


def _leaf(leaf: Any) -> str:
    if is_array(leaf):
        return f"{leaf.dtype}[{','.join(map(str, leaf.shape))}]{_leaf_note(leaf)}"
    return f"{class_name(leaf)}  {_text(leaf)[:60]}"


def _leaf_note(leaf: Any) -> str:
    """Return what follows the type of an array leaf: `ndarray`, or how it is spread."""
    if not isinstance(leaf, jax.Array):
        return "  ndarray"
    if compat.is_tracer(leaf) or len(leaf.sharding.device_set) < 2:
        return ""
    named = isinstance(leaf.sharding, jax.sharding.NamedSharding)
    return f"  {_spec(leaf.sharding) if named else f'on {len(leaf.sharding.device_set)} devices'}"
