"""Evaluates every call of some cells and compares the results with those of the call as Python makes it.

    PYTHON evaluating.py < CELLS

CELLS is a JSON list of lists of cells, as on the wire; each inner list shares a namespace. Needs jax alone.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "8")
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import jax
import numpy as np

from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.ir import lens
from jaxtour.worker.runner import learners
from jaxtour.worker.runner.calls import calls_of
from jaxtour.worker.runner.execute import Source, Workspace, last_expression
from jaxtour.worker.runner.failures import attempt, one_line
from jaxtour.worker.values.evaluate import Evaluation
from jaxtour.worker.values.told import arrays, told


def main() -> None:
    """Write a row for each call to stdout: its name, the number of evaluations, and what differs."""
    shown, sys.stdout = sys.stdout, sys.stderr
    rows = []
    for cells in json.load(sys.stdin):
        learners._folders.clear()
        learners.wire_file.cache_clear()
        space = Workspace(CompileEvents())
        for cell in cells:
            space.run(cell["name"], cell["setup"], cell["code"], cell["path"])
            for source in expressions(space, cell):
                # A call that cannot be evaluated twice, or traced, has no values either.
                call, error = attempt(lens.parse_call, space, source.awaited)
                traced, error = attempt(lens.trace, call) if call is not None else (None, error)
                if call is not None and traced is not None:
                    rows.append([f"{cell['name']}: {label(source)}", *compared(call, traced.jaxpr, traced.inputs)])
    json.dump(rows, shown)


def label(source: lens.Expression) -> str:
    """Return the expression as Python writes it."""
    import ast

    return ast.unparse(source.tree)


def expressions(space: Workspace, cell: dict[str, Any]) -> list[lens.Expression]:
    """Return the calls that a cell traces."""
    file = Source(cell["name"], "", path=cell["path"]).file
    if cell["path"]:
        entries, _ = attempt(calls_of, space, cell["path"], cell["code"], None)
        return [lens.Expression(entry["tree"], file) for entry in entries or () if "tree" in entry]
    calls = [entry["call"] for entry in cell["traces"] or ()]
    last = last_expression(cell["code"]) if cell["traces"] is None else None
    calls += [last[0]] if last and last[1] else []
    found = [attempt(lens.expression, call, cell["code"], file)[0] for call in calls]
    return [each for each in found if each is not None]


def compared(call: lens.Call, jaxpr: Any, inputs: list[Any]) -> tuple[int, str]:
    """Return the number of evaluations, and what differs from the call itself; empty if nothing does."""
    if any(isinstance(each, jax.ShapeDtypeStruct) for each in inputs):
        return 0, ""
    evaluation = Evaluation(lambda count: None)
    results, error = attempt(evaluation.run, jaxpr, arrays(jaxpr, inputs))
    if error is not None or results is None:
        return evaluation.evaluated, one_line(error) if error else "stopped"
    _, error = attempt(told, jaxpr, evaluation)
    if error is not None:
        return evaluation.evaluated, one_line(error)
    plain, error = attempt(lambda: call.function(*call.args, **call.kwargs))
    if error is not None:
        return evaluation.evaluated, ""  # it can be traced but not called
    wanted = [each for each in jax.tree.leaves(plain) if not isinstance(each, str)]
    if len(wanted) != len(results):
        return evaluation.evaluated, "another number of results"
    differing = [message for got, want in zip(results, wanted, strict=True) if (message := difference(got, want))]
    return evaluation.evaluated, "; ".join(differing)


def difference(got: Any, want: Any) -> str:
    """Return what differs between two values, to the digits that fusing operations may change."""
    if isinstance(want, jax.Array) and jax.numpy.issubdtype(want.dtype, jax.dtypes.prng_key):
        got, want = jax.random.key_data(got), jax.random.key_data(want)
    dtype = jax.numpy.asarray(want).dtype
    if jax.numpy.asarray(got).dtype != dtype and hasattr(want, "dtype"):
        return f"{got.dtype} for {dtype}"
    narrow = jax.numpy.issubdtype(dtype, jax.numpy.floating) and dtype.itemsize < 4
    one, other = (np.asarray(each).astype(np.float32) if narrow else np.asarray(each) for each in (got, want))
    if one.shape != other.shape:
        return f"{one.shape} for {other.shape}"
    if one.dtype.kind not in "fc":
        return "" if np.array_equal(one, other) else "other elements"
    scale = float(np.nanmax(np.abs(np.where(np.isfinite(other), other, 0)), initial=0.0))
    near = np.allclose(
        one, other, rtol=2e-2 if narrow else 1e-4, atol=(1e-2 if narrow else 1e-5) * scale, equal_nan=True
    )
    return "" if near else f"{one.ravel()[:4]} for {other.ravel()[:4]}"


if __name__ == "__main__":
    main()
