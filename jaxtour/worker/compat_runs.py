"""Watches the runs of compiled programs, outside JAX's public API: a part of `compat`.

A call that hits JAX's cache runs in C++, invisible to Python. Without the data that `_get_fastpath_data` gives to C++,
each call goes through Python: https://github.com/jax-ml/jax/blob/main/jax/_src/pjit.py.
"""

import contextlib
import importlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax


@contextlib.contextmanager
def slow_calls() -> Iterator[bool]:
    """Make calls in this context go through Python, some 50 µs slower; yields whether this JAX supports it."""
    try:
        mesh = importlib.import_module("jax._src.interpreters.pxla").MeshExecutable
        places = [(importlib.import_module("jax._src.pjit"), "_get_fastpath_data"), (mesh, "create_cpp_call")]
        before = [(place, name, getattr(place, name)) for place, name in places]
    except (ImportError, AttributeError):
        yield False
        return
    for place, name in places:
        setattr(place, name, lambda *_args, **_options: None)
    try:
        yield True
    finally:
        for each in before:
            setattr(*each)


def watch_runs(executable: Any, ran: Callable[[float], None]) -> None:
    """Report the seconds of each run of a program compiled in `slow_calls`; raises `AttributeError` if JAX changed."""
    call = executable.unsafe_call
    call.xla_executable = _Watched(call.xla_executable, ran)


class _Watched:
    """A loaded executable that waits for each of its runs and reports it."""

    def __init__(self, executable: Any, ran: Callable[[float], None]) -> None:
        self._executable, self._ran = executable, ran

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executable, name)

    def execute_sharded(self, arguments: Any, with_tokens: bool = False) -> Any:
        """Run it, with the inputs ready before the clock starts."""
        # A failure on the device surfaces where the user's own code needs the value.
        with contextlib.suppress(Exception):
            jax.block_until_ready(arguments)
        start = time.perf_counter()
        try:
            results = self._executable.execute_sharded(arguments, with_tokens=True)
            token = results.consume_token()
            with contextlib.suppress(Exception):
                token.block_until_ready()
        finally:
            self._ran(time.perf_counter() - start)
        return _Results(results, token) if with_tokens else results


class _Results:
    """The results of a run, whose token can be consumed only once."""

    def __init__(self, results: Any, token: Any) -> None:
        self._results, self._token = results, token

    def __getattr__(self, name: str) -> Any:
        return getattr(self._results, name)

    def consume_token(self) -> Any:
        """Return the token, which is ready."""
        return self._token


def before_first_run(executable: Any, reached: Callable[[tuple[Any, ...]], None]) -> None:
    """Call `reached` with the inputs of the first run, before it; raises `AttributeError` if JAX changed."""
    call = executable.unsafe_call

    def first(*inputs: Any) -> Any:
        executable._unsafe_call = call
        reached(inputs)
        return call(*inputs)

    executable._unsafe_call = first


def compiled_of(executable: Any, inputs: int, outputs: int) -> jax.stages.Compiled:
    """Return an executable as a function of its flat inputs, including those that it closes over."""
    results = jax.tree.structure(0 if outputs == 1 else (0,) * outputs)
    return jax.stages.Compiled(executable, [], ((0,) * inputs, {}), results, no_kwargs=True)
