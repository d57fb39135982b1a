"""A device's peaks: the flops of a matrix product, and the bytes of a pass over a large array."""

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..ir.lens import why_not
from ..machine.devices import platforms
from ..runner.failures import attempt
from ..runner.writer import Say

LEAST_S = 0.02
"""The least duration of a matrix product, so that dispatch does not count."""
SMALLEST, LARGEST = 512, 16384
PASS_BYTES = {"cpu": 256 * 1024 * 1024}
"""Larger than any CPU cache."""
_PASS_BYTES = 1024 * 1024 * 1024
TIMES = 7
_ACCELERATOR_TYPES = ("float32", "bfloat16")


def peaks(devices: list[Any], say: Say) -> None:
    """Send a `peak` for the first device of each platform, in each type, at JAX's default precision."""
    for platform in platforms(devices):
        device = next(found for found in devices if found.platform == platform)
        for dtype in ("float32",) if platform == "cpu" else _ACCELERATOR_TYPES:
            facts = {"event": "peak", "platform": platform, "kind": device.device_kind, "dtype": dtype}
            say({"event": "progress", "phase": "timing", "label": f"peaks of {platform} in {dtype}"})
            found, error = attempt(_measured, device, dtype)
            failed = {"flops_per_s": 0.0, "bytes_per_s": 0.0, "error": why_not(error) if error else ""}
            say({**facts, **(found or failed)})


def _measured(device: Any, dtype: str) -> dict[str, float]:
    with jax.default_device(device):
        return {"flops_per_s": flops_per_s(dtype), "bytes_per_s": bytes_per_s(dtype, device.platform)}


def flops_per_s(dtype: str) -> float:
    """Return the flops per second of a product of square matrices that takes `LEAST_S` or longer, best of several."""
    product = jax.jit(jnp.matmul)
    size = SMALLEST
    while True:
        key = jax.random.key(0)
        left, right = (jax.random.normal(each, (size, size), dtype) for each in jax.random.split(key))
        taken = _fastest(functools.partial(product, left, right))
        if taken >= LEAST_S or size >= LARGEST:
            return 2.0 * size**3 / taken
        size *= 2


def bytes_per_s(dtype: str, platform: str) -> float:
    """Return the bytes per second of adding one to a large array in place: each element is read and written once."""
    add = jax.jit(lambda array: array + 1, donate_argnums=0)
    count = PASS_BYTES.get(platform, _PASS_BYTES) // jnp.dtype(dtype).itemsize
    array = jnp.zeros(count, dtype)
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        array = add(array).block_until_ready()
        taken.append(time.perf_counter() - start)
    return 2.0 * array.nbytes / min(taken[1:])  # the first one includes compiling


def _fastest(call: Callable[[], Any]) -> float:
    jax.block_until_ready(call())
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        jax.block_until_ready(call())
        taken.append(time.perf_counter() - start)
        if statistics.median(taken) > 1.0:
            break
    return min(taken)
