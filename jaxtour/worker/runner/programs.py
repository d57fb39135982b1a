"""One program that JAX compiled while the user's code ran, and the facts about it."""

import functools
import types
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np

from .. import compat
from ..ir.arguments import Leaves, split
from ..ir.lens import Traced
from ..ir.spans import Span
from .call_counts import Jitted, Site
from .failures import attempt
from .learners import wire_file
from .writer import Event

KEPT_BYTES = 2**20
_DEPTH = 6
MOST_SITES = 20
_VALUE_CAP = 200


@dataclass(eq=False)
class Program:
    """One program that JAX compiled."""

    key: str
    """Stays the same when the user's code runs again."""
    lowering: compat.Lowering
    open_jaxpr: Any
    """The jaxpr without the constants."""
    avals: tuple[str, ...]
    """The type of each input: `f32[8,64]`."""
    kinds: tuple[str, ...]
    """The same, with what else makes JAX compile again: whether a type is weak, and how an input is sharded."""
    constants: list[Any]
    """What the jaxpr closes over, or weak references to it."""
    jitted: Jitted | None
    """The function that it belongs to; None where Python does not report calls."""
    called: bool
    """Whether a call of the function compiled it, so that the seconds of that call include compilation."""
    site: Site
    """The line that was running when it was lowered."""
    around: Span | None
    """The expression there."""
    reason: str
    """Why JAX compiled it again."""
    trace_s: float
    """Seconds of tracing; 0 where an earlier trace served."""
    lower_s: float | None = None
    compile_s: float | None = None
    compiles: int = 0
    runs: int | None = None
    """How often it ran, and for how many seconds; None where runs are not timed."""
    run_s: float | None = None
    first_run_s: float | None = None
    ahead: Jitted | None = None
    """The calls of what was compiled ahead of time."""
    siblings: list["Program"] = field(default_factory=list)
    """All programs of the function, this one too."""
    wrapped: Callable[[], Any] = lambda: None
    """The function that `jax.jit` was given; None if it has been freed."""
    call: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
    """The arguments of the call: shapes in place of arrays, and the values of static arguments."""
    outermost: Span | None = None
    """The outermost expression of the user's that its operations come from."""

    @property
    def label(self) -> str:
        """`step(params, x)`: the function, and the names of what it takes."""
        names = dict.fromkeys(path.partition("[")[0].partition(".")[0] for path in self.lowering.arguments)
        return f"{self.lowering.name}({', '.join(names)})"

    @property
    def cost(self) -> tuple[float, int]:
        """The order of the list: seconds of tracing, lowering, compiling and running or calling, then calls."""
        ran = self.call_s if self.run_s is None else self.run_s
        return self.trace_s + (self.lower_s or 0.0) + (self.compile_s or 0.0) + (ran or 0.0), self._calls or 0

    @property
    def call_s(self) -> float | None:
        """Seconds in calls of the function, without compilation; None where Python does not report calls."""
        if self.jitted is None:
            return None
        inside = self.trace_s + (self.lower_s or 0.0) + (self.compile_s or 0.0) if self.called else 0.0
        took = sum(tally.seconds for each in (self.jitted, self.ahead) if each for tally in each.tallies)
        return max(0.0, took - inside) if took else None

    @property
    def jaxpr(self) -> Any:
        """The jaxpr that ran; raises `LookupError` where its constants are gone."""
        values = [each() if isinstance(each, weakref.ref) else each for each in self.constants]
        if any(value is None for value in values):
            raise LookupError("the arrays that it closed over are gone")
        return compat.closed(self.open_jaxpr, values)

    def traced(self) -> Traced:
        """Return the jaxpr that ran, with the paths of its inputs and outputs; raises as `jaxpr` does."""
        lowering = self.lowering
        inputs, outputs = (list(map(split, paths)) for paths in (lowering.arguments, lowering.results))
        leaves = Leaves(inputs, outputs, lowering.shardings, lowering.result_shardings, lowering.static)
        return Traced(self.jaxpr, [], leaves)

    def lowered(self) -> Any:
        """Return the program lowered once more, as `jax.stages.Lowered`."""
        return self.lowering.again(self.jaxpr)

    @property
    def inputs(self) -> dict[str, str]:
        """The types of its arguments, and the values of static ones, by name."""
        static = {name: _shown(value) for name, value in self.lowering.static.items()}
        return {**dict(zip(self.lowering.arguments, self.kinds, strict=False)), **static}

    def facts(self) -> Event:
        """Return the fields of a `program` event."""
        lowering, jitted = self.lowering, self.jitted
        tallies: dict[Site, int | None] = {**self._tallies()} or {self.site: None}
        by_name = _calls(jitted)
        alone = len(self.siblings) <= 1 or not by_name
        return {
            "key": self.key,
            "function": lowering.name,
            **self._place(),
            "called_at": [
                {"file": site.file, "line": site.line, "calls": count} for site, count in tallies.items() if site.file
            ][:MOST_SITES],
            "compiled_at": {"file": self.site.file, "line": self.site.line} if self.site.file else None,
            "calls": by_name + _calls(self.ahead) if self.runs is None and jitted and alone else self.runs,
            "function_calls": self._calls,
            "at_least": self.runs is None and jitted is not None and self._is_partly_counted,
            "compiles": self.compiles,
            "avals": self.avals,
            "arg_names": lowering.arguments,
            "results": lowering.results,
            "donated": [place for place, given in enumerate(lowering.donated) if given],
            "shardings": _shardings(lowering),
            "static": {name: _shown(value) for name, value in lowering.static.items()},
            "reason": self.reason or None,
            "trace_s": self.trace_s,
            "lower_s": self.lower_s,
            "compile_s": self.compile_s,
            "call_s": self.call_s if alone else None,
            "run_s": self.run_s,
            "first_run_s": self.first_run_s,
        }

    def ran(self, seconds: float) -> None:
        """Count a run."""
        self.runs, self.run_s = (self.runs or 0) + 1, (self.run_s or 0.0) + seconds
        self.first_run_s = self.first_run_s or seconds

    @property
    def _is_partly_counted(self) -> bool:
        """Whether C code calls the function, or it was compiled ahead of time and runs host callbacks.

        Python does not report the first kind of call, and Python 3.12 does not report the second.
        """
        ahead = not self.called and self.ahead is None and bool(self.open_jaxpr.effects)
        return ahead or (self.jitted is not None and (self.jitted.handed or self.jitted.unseen > 0))

    def _place(self) -> Event:
        """Return where the function is defined; what a library wraps has its place in the user's code."""
        function = self.lowering.function
        own = function and wire_file(function.file)
        if own is None and self.outermost is not None:
            return {"file": self.outermost[0], "line": self.outermost[1]}
        if function is None and self.site.file:
            return {"file": self.site.file, "line": self.site.line}
        return {"file": function and (own or function.file), "line": function and function.line}

    @property
    def _calls(self) -> int | None:
        """How often the function was called, whichever of its programs ran."""
        if self.runs is not None:
            return sum(each.runs or 0 for each in self.siblings)
        return None if self.jitted is None else _calls(self.jitted) + sum(_calls(each.ahead) for each in self.siblings)

    def _tallies(self) -> dict[Site, int]:
        """Return the calls of the function by line, most calls first."""
        found: Counter[Site] = Counter()
        for each in (self.jitted, self.ahead):
            for tally in each.tallies if each else ():
                found[tally.site] += tally.calls
        return dict(found.most_common())


def _calls(jitted: Jitted | None) -> int:
    return sum(tally.calls for tally in jitted.tallies) + jitted.unseen if jitted else 0


def type_of(aval: Any) -> str:
    """Return a type as JAX writes it: `f32[8,64]`."""
    return str(aval.str_short(short_dtypes=True))


def kinds_of(lowering: compat.Lowering) -> tuple[str, ...]:
    """Return the types of a program's inputs, with whatever else makes JAX compile again."""
    specs = _shardings(lowering) or [""] * len(lowering.jaxpr.in_avals)
    return tuple(
        type_of(aval) + " (weak)" * bool(getattr(aval, "weak_type", False)) + (spec and f" sharded {spec}")
        for aval, spec in zip(lowering.jaxpr.in_avals, specs, strict=False)
    )


def _shardings(lowering: compat.Lowering) -> list[str]:
    if all(each is None for each in lowering.shardings):
        return []
    return ["" if each is None else _shown(getattr(each, "spec", each)) for each in lowering.shardings]


def _shown(value: Any) -> str:
    text, error = attempt(repr, value)
    text = f"({type(value).__name__})" if error or text is None else text
    return text if len(text) <= _VALUE_CAP else f"{text[:_VALUE_CAP]}…"


class FirstRun(NamedTuple):
    """What is needed to run a program as the user's code would have run it first."""

    program: Program
    executable: Any
    inputs: tuple[Any, ...]


def holder(function: Any) -> Callable[[], Any]:
    """Return a reference to a function: if it holds arrays, a weak one that lets the user's code free them."""
    if not _holds_arrays(function, _DEPTH):
        return lambda: function
    return attempt(weakref.ref, function)[0] or (lambda: None)


def _holds_arrays(value: Any, depth: int) -> bool:
    """Return whether a few references lead from a value to an array, without passing through a module."""
    if isinstance(value, (jax.Array, np.ndarray)):
        return True
    if depth == 0 or isinstance(value, (type, types.ModuleType, str, bytes)):
        return False
    inner: list[Any] = list(value.values()) if isinstance(value, dict) else []
    inner += value if isinstance(value, (list, tuple)) else []
    inner += [attempt(getattr, cell, "cell_contents")[0] for cell in getattr(value, "__closure__", None) or ()]
    inner += [getattr(value, name, None) for name in ("__self__", "__wrapped__", "__defaults__", "__kwdefaults__")]
    if isinstance(value, functools.partial):
        inner += [value.func, *value.args, *value.keywords.values()]
    inner += getattr(value, "__dict__", {}).values()
    return any(_holds_arrays(each, depth - 1) for each in inner if each is not None)


def shapes(value: Any) -> Any:
    """Return a pytree with shapes in place of arrays."""
    return jax.tree.map(_shape, value)


def _shape(leaf: Any) -> Any:
    if not isinstance(leaf, (jax.Array, np.ndarray, np.generic)):
        return leaf
    aval = jax.typeof(leaf)
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=getattr(aval, "weak_type", False))


def kept(constants: list[Any]) -> list[Any]:
    """Return constants as they are while they are small; otherwise weak references to the large ones."""
    if sum(map(compat.bytes_of, constants)) <= KEPT_BYTES:
        return constants
    return [weakref.ref(each) if compat.bytes_of(each) > KEPT_BYTES // 64 else each for each in constants]
