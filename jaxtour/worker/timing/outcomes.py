"""A call's result in a file, leaf by leaf, and how another call's result differs from it."""

import json
import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import compat
from ..ir.lens import LensError, why_not
from ..runner.describe import is_array
from ..runner.failures import attempt
from ..runner.figures import own_folder
from .results import CAP_BYTES, apart, short_type

MOST_SENT = 100
"""The most leaves that are described: those that differ most."""


def told(entry: dict[str, Any], result: Any) -> dict[str, Any]:
    """Return an entry's field `compared`; the result is written to the file, or compared with the one there."""
    if path := entry.get("keep"):
        _, error = attempt(_keep, path, result)
        return {"compared": {"error": why_not(error)}} if error else {}
    if path := entry.get("compare"):
        found, error = attempt(_compared, path, result)
        return {"compared": found if error is None else {"error": why_not(error)}}
    return {}


def _leaves(result: Any) -> dict[str, Any]:
    """Return the leaves by path: an array on the host, or the text of a value that is not numeric."""
    found, error = attempt(lambda: jax.tree_util.tree_flatten_with_path(result)[0])
    pairs = [("", result)] if error or found is None else [(jax.tree_util.keystr(path), leaf) for path, leaf in found]
    if sum(int(getattr(leaf, "nbytes", 0)) for _, leaf in pairs) > CAP_BYTES:
        raise LensError(f"the results are larger than {CAP_BYTES >> 20} MiB, too large to compare")
    return {path: _on_host(leaf) for path, leaf in pairs}


def _on_host(leaf: Any) -> Any:
    if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
        raise LensError("devices of other processes hold parts of the results")
    if isinstance(leaf, jax.Array) and compat.is_key(leaf):
        leaf = compat.key_numbers(leaf)
    if is_array(leaf) or isinstance(leaf, (np.generic, bool, int, float, complex)):
        array = np.asarray(leaf)
        if array.dtype.kind not in "OSUMm":
            return array
    return repr(leaf)


def _keep(path: str, result: Any) -> None:
    """Write the leaves. Bytes and types are written separately, since NumPy cannot write some types."""
    rows: list[list[Any]] = []
    pieces: dict[str, Any] = {}
    for number, (name, leaf) in enumerate(_leaves(result).items()):
        is_text = isinstance(leaf, str)
        rows.append([name, leaf] if is_text else [name, str(leaf.dtype), list(leaf.shape)])
        if not is_text:
            pieces[str(number)] = np.frombuffer(leaf.tobytes(), np.uint8)
    with _place(path).open("wb") as file:
        np.savez(file, rows=np.array(json.dumps(rows)), **pieces)


def _place(path: str) -> Path:
    """Return the file of a path; a bare name, from an engine elsewhere, is in the user's temporary folder here."""
    return Path(path) if os.sep in path else own_folder("jaxtour-results") / path


def _kept(path: str) -> dict[str, Any]:
    with np.load(_place(path), allow_pickle=False) as file:
        found: dict[str, Any] = {}
        for number, (name, *rest) in enumerate(json.loads(str(file["rows"]))):
            if len(rest) == 1:
                found[name] = rest[0]
            else:
                found[name] = np.frombuffer(file[str(number)].tobytes(), jnp.dtype(rest[0])).reshape(rest[1])
        return found


def _compared(path: str, result: Any) -> dict[str, Any]:
    """Return the fields of a `Compared`."""
    before, after = _kept(path), _leaves(result)
    if os.sep not in path:
        _place(path).unlink()  # nothing else will
    if len(before) == len(after):
        pairs = [(name, old, new) for (name, new), old in zip(after.items(), before.values(), strict=True)]
    else:
        names = dict.fromkeys((*before, *after))
        pairs = [(name, before.get(name), after.get(name)) for name in names]
    rows = [_row(*pair) for pair in pairs]
    differing = [row for row in rows if not row.pop("equal")]
    # Leaves that cannot be compared in ulp come first.
    differing.sort(key=lambda row: -(float("inf") if row["ulp"] is None else row["ulp"]))
    return {"count": len(rows), "equal": len(rows) - len(differing), "leaves": differing[:MOST_SENT]}


def _row(name: str, old: Any, new: Any) -> dict[str, Any]:
    types = [_type(each) for each in (old, new)]
    row: dict[str, Any] = {"path": name, "types": types, "ulp": None, "absolute": None, "equal": False}
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray) and old.shape == new.shape:
        row["absolute"], row["ulp"] = apart(old, new) or (None, None)
        row["equal"] = row["absolute"] == 0 and types[0] == types[1]
    elif isinstance(old, str) and isinstance(new, str):
        row["equal"] = old == new
    return row


def _type(leaf: Any) -> str:
    if leaf is None:
        return ""
    return "text" if isinstance(leaf, str) else short_type(leaf)
