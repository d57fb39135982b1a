"""Watches what JAX lowers and compiles while a program runs, outside its public API: a part of `compat`.

Every jit passes `pxla.lower_sharding_computation` once for each new program, with the jaxpr that will run:
https://github.com/jax-ml/jax/blob/main/jax/_src/pjit.py (`_pjit_lower`). Calls that hit JAX's cache do not.
"""

import contextlib
import functools
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, MethodType
from typing import Any, NamedTuple

import jax

with contextlib.suppress(ImportError):
    import jax.extend.core

from .compat_frames import Function, traced_function

_core: Any = getattr(getattr(jax, "extend", None), "core", None)
_LOWERER = "jax._src.interpreters.pxla"
_EAGER = ("apply_primitive", "dispatch.py")
_BODIES = {"scan", "while", "cond"}
_CALLS = {"cache_miss", "jit_lower", "jit_trace"}
"""JAX's functions whose frames hold the arguments of a jitted call and the options of `jax.jit`."""
_PMAP = "pmap.<locals>.wrapped"
_FOLDER = str(Path(jax.__file__).parent) + os.sep


class Lowering(NamedTuple):
    """A program at the moment when JAX lowers it."""

    jaxpr: Any
    """The jaxpr that runs, with its constants."""
    name: str
    function: Function | None
    """Where the traced function is defined; None where JAX does not say."""
    arguments: tuple[str, ...]
    """The pytree path of each input: `params['w']`."""
    results: tuple[str, ...]
    donated: tuple[bool, ...]
    shardings: tuple[Any, ...]
    """The sharding of each input; None where JAX chooses."""
    result_shardings: tuple[Any, ...]
    mesh: Any
    eager: bool
    """Whether it is a single operation that no jit encloses."""
    body: bool
    """Whether that operation runs functions of the user's: `scan`, `while`, `cond`."""
    static: dict[str, Any]
    """Static arguments by name."""
    wrapped: Any
    """The function that `jax.jit` was given; None where JAX does not say."""
    called: bool
    """Whether a call made JAX lower it, instead of ahead-of-time lowering."""
    leaves: tuple[Any, ...]
    """The traced arguments of the call, flattened."""
    options: dict[str, Any]
    """The options of `jax.jit` about static arguments."""
    call: tuple[tuple[Any, ...], dict[str, Any]]
    """The arguments of the call, including static ones."""
    again: Callable[[Any], Any]
    """Lowers the program again, with the given constants in place of its own; returns a `jax.stages.Lowered`."""


@contextlib.contextmanager
def watched_lowering(
    begun: Callable[[Lowering], Any],
    lowered: Callable[[Any, float], None],
    compiled: Callable[[Any, float | None, Any], None],
) -> Iterator[bool]:
    """Report each program that JAX lowers and compiles in this context; yields whether this JAX can be watched.

    `begun` returns a token; `lowered` and `compiled` get that token and the seconds that the work took, None where JAX
    reuses an earlier result; `compiled` gets the executable too. Exceptions in them are dropped, since they would
    surface in the user's own call.
    """
    try:
        pxla: Any = importlib.import_module(_LOWERER)
        lower, compile_ = pxla.lower_sharding_computation, pxla.MeshComputation.compile
    except (ImportError, AttributeError):
        yield False
        return

    def lowering(*args: Any, **options: Any) -> Any:
        token = None
        with contextlib.suppress(Exception):
            token = begun(_lowering(lower, args, options))
        start = time.perf_counter()
        made = lower(*args, **options)
        if token is not None:
            seconds = time.perf_counter() - start
            with contextlib.suppress(Exception):
                lowered(token, seconds)
                made.jaxtour_token = token
        return made

    def compiling(computation: Any, *args: Any, **options: Any) -> Any:
        token = getattr(computation, "jaxtour_token", None)
        if token is None:
            return compile_(computation, *args, **options)
        again = getattr(computation, "_executable", None) is not None
        start = time.perf_counter()
        made = compile_(computation, *args, **options)
        seconds = None if again else time.perf_counter() - start
        with contextlib.suppress(Exception):
            compiled(token, seconds, made)
            made.jaxtour_token = token
        return made

    pxla.lower_sharding_computation, pxla.MeshComputation.compile = lowering, compiling
    try:
        yield True
    finally:
        pxla.lower_sharding_computation, pxla.MeshComputation.compile = lower, compile_


def _lowering(lower: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Lowering:
    names = ("closed_jaxpr", "api_name", "fun_name", "in_shardings", "out_shardings", "in_layouts", "out_layouts")
    given = {**dict(zip((*names, "donated_invars"), args, strict=False)), **options}
    jaxpr = given["closed_jaxpr"]
    info = getattr(getattr(jaxpr, "jaxpr", jaxpr), "debug_info", None)
    around = _around()
    function = traced_function(getattr(jaxpr, "jaxpr", jaxpr))
    name = str(given.get("fun_name") or getattr(info, "func_name", "") or "jit")
    if around.pmapped is not None:
        name, function = around.pmapped
    return Lowering(
        jaxpr=jaxpr,
        name=name,
        function=function,
        arguments=tuple(map(str, getattr(info, "arg_names", None) or ())),
        results=tuple(map(str, getattr(info, "result_paths", None) or ())),
        donated=tuple(map(bool, given.get("donated_invars") or ())),
        shardings=tuple(_sharding(each) for each in given.get("in_shardings") or ()),
        result_shardings=tuple(_sharding(each) for each in given.get("out_shardings") or ()),
        mesh=given.get("context_mesh"),
        eager=around.eager,
        body=name in _BODIES,
        static=around.static or {},
        wrapped=around.wrapped,
        called=around.called,
        leaves=around.leaves,
        options=around.options,
        call=around.call,
        again=functools.partial(_again, lower, {key: value for key, value in given.items() if key != "closed_jaxpr"}),
    )


def _sharding(value: Any) -> Any:
    return value if isinstance(value, jax.sharding.Sharding) else None


def _again(lower: Callable[..., Any], given: dict[str, Any], jaxpr: Any) -> Any:
    made = lower(**{**given, "closed_jaxpr": jaxpr})
    outputs = jax.tree.structure(tuple(jaxpr.out_avals))
    return jax.stages.Lowered(made, ((), {}), outputs, no_kwargs=True)


@dataclass
class _Around:
    """What the frames of a call reveal."""

    eager: bool = False
    static: dict[str, Any] | None = None
    pmapped: tuple[str, Function | None] | None = None
    wrapped: Any = None
    called: bool = False
    leaves: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    call: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})


def _around() -> _Around:
    frame: Any = sys._getframe(3)
    found = _Around()
    while frame is not None:
        code = frame.f_code
        if code.co_name == _EAGER[0] and code.co_filename.endswith(_EAGER[1]):
            return _Around(eager=True)
        if found.static is None and code.co_name in _CALLS and code.co_filename.startswith(_FOLDER):
            held = frame.f_locals
            found.wrapped = getattr(held.get("jit_func"), "_fun", held.get("fun"))
            found.called = code.co_name == "cache_miss"
            found.static, found.leaves = _arguments(held, found.wrapped)
            found.options = _options(getattr(held.get("jit_func"), "_jit_info", held.get("jit_info")))
            found.call = held.get("args", ()), held.get("kwargs", {})
        if code.co_qualname == _PMAP:
            found.pmapped = _wrapped(frame.f_locals.get("infer_params"))
        frame = frame.f_back
    return found


def _wrapped(infer: Any) -> tuple[str, Function | None]:
    """Return the function in the closure of one of `pmap`'s own functions."""
    for cell in getattr(infer, "__closure__", None) or ():
        function = getattr(cell.cell_contents, "f", cell.cell_contents)
        code = getattr(function, "__code__", None)
        if code is not None and not code.co_filename.startswith(_FOLDER):
            return function.__name__, Function(code.co_filename, code.co_firstlineno)
    return "pmap", None


def _arguments(held: dict[str, Any], function: Any) -> tuple[dict[str, Any] | None, tuple[Any, ...]]:
    """Return the static arguments of a jitted call by parameter name, and the leaves of its other arguments."""
    info = getattr(held.get("jit_func"), "_jit_info", held.get("jit_info"))
    if info is None:
        return None, ()
    args, kwargs = held.get("args", ()), held.get("kwargs", {})
    code = getattr(function, "__code__", None)
    parameters: Sequence[str] = code.co_varnames[: code.co_argcount] if code is not None else ()
    found = {}
    places = {
        place % len(args) for place in getattr(info, "static_argnums", None) or () if -len(args) <= place < len(args)
    }
    for place in sorted(places):
        found[parameters[place] if place < len(parameters) else f"argument {place + 1}"] = args[place]
    names = getattr(info, "static_argnames", None) or ()
    found |= {name: kwargs[name] for name in names if name in kwargs}
    given = [value for place, value in enumerate(args) if place not in places]
    return found, tuple(jax.tree.leaves((given, {name: kwargs[name] for name in kwargs if name not in names})))


def _options(info: Any) -> dict[str, Any]:
    """Return the static arguments of a jitted function as `jax.jit` takes them."""
    found = {name: getattr(info, name, None) for name in ("static_argnums", "static_argnames")}
    return {name: value for name, value in found.items() if value}


def jitted_again(function: Any, inner: Callable[..., Any]) -> Any:
    """Jit another function like one that was jitted before, with the same static arguments."""
    return jax.jit(inner, **_options(getattr(function, "_jit_info", None)))


def jitted_in(value: Any) -> Any:
    """Return the result of `jax.jit`, if calling this value calls that: it, a method, or a partial of it; else None."""
    kind = type(value)
    if kind is MethodType:
        value = value.__func__
    elif kind is functools.partial:
        value = value.func
    return value if type(value) is JITTED else None


JITTED: type = type(jax.jit(lambda: None))
"""The type of what `jax.jit` returns."""
_COMPILED_CALL = getattr(jax.stages.Compiled.__call__, "__code__", None)


def wrapped_in(jitted: Any) -> Any:
    """Return the function that `jax.jit` was given; None for the call of a program that was compiled ahead of time."""
    return getattr(jitted, "_fun", None) or getattr(jitted, "__wrapped__", None)


def runs_compiled(code: CodeType, target: Any) -> bool:
    """Return whether `jax.stages.Compiled` runs programs with host callbacks through this; JAX's C++ code does not."""
    return code is _COMPILED_CALL and getattr(target, "__name__", "") == "cpp_call_fallback"


def compiled_ahead(frame: FrameType) -> Any:
    """Return the token of the program that a frame of `jax.stages.Compiled` runs; None for any other frame."""
    if frame.f_code is not _COMPILED_CALL:
        return None
    return getattr(getattr(frame.f_locals.get("self"), "_executable", None), "jaxtour_token", None)


def opened(jaxpr: Any) -> tuple[Any, list[Any]]:
    """Split a closed jaxpr into the jaxpr and its constants; from JAX 0.12 on, one class is both."""
    inner = jaxpr.jaxpr
    if is_closed_jaxpr(inner):
        inner = _core.ClosedJaxpr(inner, ())
    return inner, list(jaxpr.consts)


def closed(inner: Any, constants: list[Any]) -> Any:
    """Return the closed jaxpr that `opened` took apart."""
    return _core.ClosedJaxpr(getattr(inner, "jaxpr", inner), constants)


def is_closed_jaxpr(value: Any) -> bool:
    """Return whether a value is a jaxpr with its constants, as `make_jaxpr` returns it."""
    return _core is not None and isinstance(value, _core.ClosedJaxpr)
