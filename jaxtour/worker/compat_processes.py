"""The runner's uses of JAX's distributed runtime outside its public API: the store that its processes share."""

import itertools
import json
import math
import os
import warnings
from collections.abc import Iterator
from typing import Any, TypeVar

import jax

T = TypeVar("T")
_POLL_MS = 200
"""The length of one wait in the store: a wait does not notice an interrupt."""
_keys: Iterator[str] = iter(())


def begin_agreeing(run: int) -> None:
    """Begin a run: restart the numbering of agreements, so that a process that failed does not fall behind."""
    global _keys
    _keys = (f"jaxtour/{run}/{number}" for number in itertools.count())


def agreed(value: T) -> T:
    """Return process 0's value, a number or None, in every process; a process alone gets its own.

    All processes must call this equally often. Those that are early wait; an interrupt ends the wait.
    """
    if jax.process_count() == 1:
        return value
    client = _client()
    if client is None:
        return value
    key = next(_keys)
    if jax.process_index() == 0:
        client.key_value_set(key, json.dumps(value))
        return value
    found: T = json.loads(_value(client, key))
    return found


def _value(client: Any, key: str) -> str:
    """Return the value of a key, once a process has set it."""
    while True:
        try:
            found: str = client.blocking_key_value_get(key, _POLL_MS)
        except jax.errors.JaxRuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise
        else:
            return found


def in_company() -> bool:
    """Return whether this is one of several processes."""
    return bool(jax.process_count() > 1)


def meet() -> None:
    """Wait until every process has reached this point."""
    _told_by_all(None)


def summed_here(value: float) -> float:
    """Return the sum of a number over the processes of this machine."""
    here = os.uname().nodename
    return math.fsum(each for host, each in _told_by_all((here, value)) if host == here)


def _told_by_all(value: T) -> list[T]:
    """Return what each process contributes; all of them must call this."""
    client = _client() if jax.process_count() > 1 else None
    if client is None:
        return [value]
    key = next(_keys)
    client.key_value_set(f"{key}/{jax.process_index()}", json.dumps(value))
    return [json.loads(_value(client, f"{key}/{process}")) for process in range(jax.process_count())]


def _client() -> Any:
    """Return JAX's client of the coordinator; None if this version keeps it elsewhere."""
    try:
        from jax._src import distributed
    except ImportError:
        return None
    return getattr(getattr(distributed, "global_state", None), "client", None)


def initialized_already() -> None:
    """Let a program call `jax.distributed.initialize` without an error: jaxtour has already done that."""

    def initialize(*_given: Any, **_named: Any) -> None:
        warnings.warn("jaxtour has already connected the processes: this call does nothing", stacklevel=2)

    jax.distributed.initialize = initialize
