"""The runner's uses of JAX outside its public API, each with a fallback."""

import contextlib
import importlib
import math
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

with contextlib.suppress(ImportError):
    import jax.extend.core
    import jax.extend.source_info_util

from .compat_events import CompileEvents as CompileEvents
from .compat_events import Miss as Miss
from .compat_events import explained as explained
from .compat_events import is_tracing as is_tracing
from .compat_events import no_persistent_cache as no_persistent_cache
from .compat_events import not_tracing as not_tracing
from .compat_frames import Function as Function
from .compat_frames import is_facade as is_facade
from .compat_frames import leaf_paths as leaf_paths
from .compat_frames import raw_frames as raw_frames
from .compat_frames import summarized_frames as summarized_frames
from .compat_frames import traceback as traceback
from .compat_frames import traced_function as traced_function
from .compat_processes import agreed as agreed
from .compat_processes import begin_agreeing as begin_agreeing
from .compat_processes import in_company as in_company
from .compat_processes import initialized_already as initialized_already
from .compat_processes import meet as meet
from .compat_processes import summed_here as summed_here
from .compat_profile import NoProfilerError as NoProfilerError
from .compat_profile import recorded as recorded
from .compat_record import JITTED as JITTED
from .compat_record import Lowering as Lowering
from .compat_record import closed as closed
from .compat_record import compiled_ahead as compiled_ahead
from .compat_record import is_closed_jaxpr as is_closed_jaxpr
from .compat_record import jitted_again as jitted_again
from .compat_record import jitted_in as jitted_in
from .compat_record import opened as opened
from .compat_record import runs_compiled as runs_compiled
from .compat_record import watched_lowering as watched_lowering
from .compat_record import wrapped_in as wrapped_in
from .compat_runs import before_first_run as before_first_run
from .compat_runs import compiled_of as compiled_of
from .compat_runs import slow_calls as slow_calls
from .compat_runs import watch_runs as watch_runs

_NUMPY_INTEGER = re.compile(r"\bnp\.u?int\d+\((-?\d+)\)")
_PMAP_AXIS = re.compile(r"<axis 0x[0-9a-f]+>")
_PMAP_NAME = re.compile(r"<axis 0x[0-9a-f]+>|_internal_pmap_axis_name")
_ADDRESS = re.compile(r" at 0x([0-9a-fA-F]+)")
_SET = re.compile(r"frozenset\(\{([^{}()]*)\}\)")
_core: Any = getattr(getattr(jax, "extend", None), "core", None)

_JAX_FOLDER = str(Path(jax.__file__).parent) + os.sep
LIBRARIES = (_JAX_FOLDER,)
"""The folder of JAX itself."""


def jaxpr_function(jaxpr: Any) -> Callable[..., Any] | None:
    """Return a function that evaluates a closed jaxpr; None where JAX does not offer one."""
    make = getattr(_core, "jaxpr_as_fun", None)
    return make(jaxpr) if make else None


def nested(equation: Any) -> list[tuple[str, int, Any]]:
    """Return the jaxprs in an equation's parameters: parameter, index in it, and the jaxpr without its constants."""
    found: list[tuple[str, int, Any]] = []
    for key, value in equation.params.items():
        if not isinstance(value, _NEVER_NESTED):
            found += [(key, place, inner) for place, inner in enumerate(_jaxprs(value))]
    return found


_NEVER_NESTED = (type(None), bool, int, float, str, jnp.dtype, frozenset)


def _jaxprs(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for item in value:
            if not isinstance(item, _NEVER_NESTED):
                yield from _jaxprs(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _jaxprs(item)
    elif hasattr(value, "eqns") or hasattr(getattr(value, "jaxpr", None), "eqns"):
        yield getattr(value, "jaxpr", value)


def scoped(name_stack: Any, name: str) -> str:
    """Return a name stack extended by a name, as JAX writes it: `vmap(jit(f))`."""
    extend = getattr(name_stack, "extend", None)
    return str(extend(name)) if extend else f"{name_stack}/{name}".lstrip("/")


class Met(NamedTuple):
    """An equation or a jaxpr that the printer visited."""

    thing: Any
    is_equation: bool
    around: int
    """The number of an equation's jaxpr, or of the equation around a jaxpr; -1 for the outermost."""
    context: Any
    """The printer's context, which has the names of variables."""
    parameters: dict[str, Any]
    """The parameters of an equation that are printed, in their order."""


class Marked(NamedTuple):
    """JAX's text of a jaxpr, with at most one equation per line."""

    lines: list[str]
    owners: list[list[int]]
    """For each line, the numbers of its marks, from left to right."""
    marks: list[Met]


_WIDE = "\x01" * 100
"""Added after a jaxpr's last equation: the printer breaks a group that is wider than a line."""
_BREAK = "\x02"
"""Replaces a line feed in a parameter's text, which the printer's line count would miss."""


def marked(jaxpr: Any) -> Marked | None:
    """Return JAX's text of a jaxpr with the marks of every line; None if JAX's printer has changed."""
    try:
        core = importlib.import_module("jax._src.core")
        pp = importlib.import_module("jax._src.pretty_printer")
        source_map, text = pp.source_map, pp.text
        print_skeleton, print_parameter = core.pp_jaxpr_skeleton, core.pp_kv_pair
        # These replace pp_eqn, which also looks up the source of each equation: quadratic in a function's length in
        # 0.9.
        rules, plain, print_equation = core.pp_eqn_rules, core._pp_eqn, core.pp_eqn
        printed_whole = core.pp_toplevel_jaxpr
    except (ImportError, AttributeError):
        return None
    marks: list[Met] = []
    around = [-1]
    thread = threading.get_ident()

    def note(thing: Any, context: Any, *, is_equation: bool) -> int:
        marks.append(Met(thing, is_equation, around[-1], context, {}))
        return len(marks) - 1

    def equation(eqn: Any, context: Any, *rest: Any) -> Any:
        if threading.get_ident() != thread:
            return print_equation(eqn, context, *rest)
        around.append(note(eqn, context, is_equation=True))
        doc = rules.get(eqn.primitive, plain)(eqn, context, *rest)
        return source_map(doc, around.pop())

    def skeleton(inner: Any, equations: Callable[[], Any], context: Any, *rest: Any) -> Any:
        if threading.get_ident() != thread:
            return print_skeleton(inner, equations, context, *rest)
        number = note(inner, context, is_equation=False)
        wide = (lambda: equations() + source_map(text(_WIDE), -1)) if inner.eqns else equations
        around.append(number)
        doc = print_skeleton(inner, wide, context, *rest)
        return source_map(doc, around.pop())

    def parameter(key: str, value: Any, *rest: Any) -> Any:
        """Print jaxprs inside a named tuple as jaxprs too, not as one piece of text."""
        if threading.get_ident() != thread:
            return print_parameter(key, value, *rest)
        if marks[around[-1]].is_equation:
            marks[around[-1]].parameters.setdefault(key, value)
        fields = getattr(value, "_fields", ())
        if not (fields and any(hasattr(inner, "eqns") for inner in value)):
            return print_parameter(key, value, *rest)
        parts = [print_parameter(field, inner, *rest) for field, inner in zip(fields, value, strict=True)]
        inside = pp.nest(2, pp.concat([pp.brk(""), pp.join(pp.brk(), parts)]))
        return pp.group(pp.concat([text(f"{key}={type(value).__name__}("), inside, pp.brk(""), text(")")]))

    def without_feeds(written: str, *args: Any, **kwargs: Any) -> Any:
        if "\n" in written and threading.get_ident() == thread:
            written = written.replace("\n", _BREAK)
        return text(written, *args, **kwargs)

    regions: list[list[tuple[int, int, int]]] = []
    with contextlib.ExitStack() as undo:
        for module, name, ours in (
            (core, "pp_eqn", equation),
            (core, "pp_jaxpr_skeleton", skeleton),
            (core, "pp_kv_pair", parameter),
            (pp, "text", without_feeds),
        ):
            undo.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, ours)
        try:
            doc = printed_whole(getattr(jaxpr, "jaxpr", jaxpr))
            whole = tidy(doc.format(use_color=False, source_map=regions).replace(_WIDE, ""))
        except (TypeError, AttributeError):
            return None
    lines = whole.split("\n")
    if len(lines) != len(regions):
        return None
    owners = [[number for _, _, number in region if number >= 0] for region in regions]
    if _BREAK in whole:
        owners = [owner for line, owner in zip(lines, owners, strict=True) for _ in line.split(_BREAK)]
        lines = [part for line in lines for part in line.split(_BREAK)]
    return Marked(lines, owners, marks)


def printed_atom(atom: Any, context: Any) -> str:
    """Return the printer's name of a variable, `_` for a dropped one; or a literal with its type."""
    if not hasattr(atom, "val"):
        return str(getattr(context, "var_names", {}).get(atom) or "_")
    try:
        return str(atom.pretty_print(context))
    except (AttributeError, TypeError):
        return str(atom)


def printed_type(atom: Any) -> str:
    """Return the type of a variable as the printer writes it, `f32[3]`."""
    try:
        return tidy(str(atom.aval.str_short(short_dtypes=True)))
    except (AttributeError, TypeError):
        return tidy(str(atom.aval))


def printed_parameter(value: Any) -> str:
    """Return a parameter as the printer writes it, in one line, without addresses."""
    return tidy(_ADDRESS.sub(lambda found: " at 0x" + "X" * len(found[1]), str(value))).replace("\n", " ")


def tree_groups(value: Any) -> list[int] | None:
    """Return how many leaves each part of a tree has, such as a scan's `ft_in` in JAX 0.12; None for other values."""
    try:
        return [len(part) for part in value.unpack()]
    except (AttributeError, TypeError):
        return None


def committed(array: Any) -> bool | None:
    """Return whether an array is committed to its devices; None where JAX does not say."""
    value = getattr(array, "committed", getattr(array, "_committed", None))
    return value if isinstance(value, bool) else None


def key_numbers(keys: jax.Array) -> jax.Array:
    """Return the integers of PRNG keys; compiles a function if JAX does not expose the base array."""
    base = getattr(keys, "_base_array", None)
    return base if isinstance(base, jax.Array) else jax.random.key_data(keys)


def is_jitted(function: Any) -> bool:
    """Return whether a function can be lowered: a result of `jax.jit` or `jax.pmap`."""
    return callable(getattr(function, "lower", None)) and callable(getattr(function, "trace", None))


def is_bare_jit(function: Any) -> bool:
    """Return whether a function is what `jax.jit` returns, not a library's wrapper around that."""
    return type(function) is type(jax.jit(str))


def donates(function: Any) -> bool | None:
    """Return whether a jitted function donates inputs; None where JAX does not say, or if it is not jitted."""
    known = getattr(function, "_jit_info", None)
    places, names = (getattr(known, name, None) for name in ("donate_argnums", "donate_argnames"))
    return None if places is None and names is None else bool(places or names)


def transformation(function: Any) -> str | None:
    """Return the JAX transformation that returned a function: `jit`, `grad`, `vmap`; None for any other function."""
    if getattr(function, "__wrapped__", None) is None:
        return None
    if is_jitted(function):
        return "jit"
    name = _made_in(function)
    if name == "api_boundary":  # JAX's wrapper that filters tracebacks: the function is in its closure
        inner = (cell.cell_contents for cell in function.__closure__ or ())
        name = next((found for value in inner if (found := _made_in(value))), None)
    return name


def _made_in(function: Any) -> str | None:
    """Return the name of the JAX function that defined a function."""
    code = getattr(function, "__code__", None)
    if code is None or not code.co_filename.startswith(_JAX_FOLDER):
        return None
    return str(code.co_qualname).partition(".")[0]


def flops(stage: Any) -> float | None:
    """Return the floating-point operations that XLA counts in a lowered or compiled call; None if it does not count."""
    analysis = cost_analysis(stage)
    return None if analysis is None else analysis.get("flops", 0.0)


def cost_analysis(stage: Any) -> dict[str, float] | None:
    """Return XLA's cost analysis of a lowered or compiled call (`flops`, `bytes accessed`, ...); None without one."""
    try:
        return _figures(stage.cost_analysis())
    except Exception:  # backends without a cost analysis raise different exceptions
        return None


def cost_of_text(hlo: str) -> dict[str, float] | None:
    """Return XLA's cost analysis of an HLO module's text; None if JAX cannot parse one."""
    for name in ("jaxlib._hlo", "jaxlib._jax"):
        try:
            read = importlib.import_module(name).hlo_module_from_text
            analyse = importlib.import_module("jaxlib._jax").hlo_module_cost_analysis
            return _figures(analyse(jax.devices()[0].client, read(hlo)))
        except Exception:  # the API is missing, rejects this text, or the backend has no analysis
            continue
    return None


def _figures(analysis: Any) -> dict[str, float] | None:
    if isinstance(analysis, (list, tuple)):
        analysis = analysis[0] if analysis else None
    return {str(name): float(value) for name, value in analysis.items()} if isinstance(analysis, dict) else None


def memory_analysis(compiled: Any) -> dict[str, int]:
    """Return the memory that a compiled call needs, by JAX's names such as `temp_size_in_bytes`; empty if unknown."""
    try:
        analysis = compiled.memory_analysis()
    except Exception:  # as in cost_analysis
        return {}
    names = [name for name in dir(analysis) if name.endswith("_in_bytes")] if analysis is not None else []
    found = {name: getattr(analysis, name) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, int) and value >= 0}


def tidy(text: str) -> str:
    """Return JAX's text of a jaxpr without NumPy's integer types and addresses, and with sets in order."""
    return _SET.sub(_sorted_set, _PMAP_AXIS.sub("<axis>", _NUMPY_INTEGER.sub(r"\1", text)))


def axis_name(name: Any) -> str:
    """Return a mesh axis's name; `pmap` for the one that `pmap` makes up, which differs by release."""
    return name_axes(str(name))


def name_axes(text: str) -> str:
    """Replace the axis names that `pmap` makes up in a text."""
    return _PMAP_NAME.sub("pmap", text)


def _sorted_set(match: re.Match[str]) -> str:
    return f"frozenset({{{', '.join(sorted(match[1].split(', ')))}}})"


def warm_up() -> None:
    """Compile something that no lesson compiles: a process's first compilation takes 0.1 s longer."""
    jax.jit(lambda x: jax.lax.neg(jax.lax.exp(x))).lower(1.0).compile()


def see_only_lesson_frames(*folders: str) -> None:
    """Make JAX skip the runner and the libraries in `folders` when it names an equation's source."""
    register = getattr(getattr(jax.extend, "source_info_util", None), "register_exclusion", None)
    if register is not None:
        for folder in folders:
            register(folder.rstrip(os.sep) + os.sep)


def platform_version(device: Any) -> str:
    """Return the backend's version in one line: `PJRT C API TFRT TPU v4 Built on ...`; empty if unknown."""
    return " ".join(str(getattr(getattr(device, "client", None), "platform_version", "")).split())


def is_key(array: jax.Array) -> bool:
    """Return whether a value holds typed PRNG keys."""
    return bool(jnp.issubdtype(array.dtype, jax.dtypes.prng_key))


def is_tracer(value: Any) -> bool:
    """Return whether a value is a tracer."""
    return isinstance(value, jax.core.Tracer)


def captured_bytes(traced: Any) -> int:
    """Return the size in bytes of the constants that a traced call closes over; 0 where JAX does not say."""
    return sum(map(bytes_of, getattr(getattr(traced, "jaxpr", None), "consts", ())))


def bytes_of(constant: Any) -> int:
    """Return the size in bytes of a jaxpr's constant; JAX 0.9's class for NumPy constants has no `nbytes`."""
    dtype, shape = getattr(constant, "dtype", None), getattr(constant, "shape", None)
    known = getattr(constant, "nbytes", None)
    if known is not None or dtype is None or shape is None:
        return int(known or 0)
    return int(math.prod(shape) * dtype.itemsize)
