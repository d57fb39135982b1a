import gc
import types

import jax
import jax.numpy as jnp
import pytest

from jaxtour.worker.machine import devices


def test_facts_name_versions_devices_and_host():
    held = jnp.ones((10, 10))
    facts = devices.facts(devices.open_devices())
    assert facts["jax"] == jax.__version__
    assert facts["platforms"] == ["cpu"]
    (device,) = facts["devices"][:1]
    assert (device["platform"], device["process"], device["memory"]) == ("cpu", 0, None)
    assert facts["host"]["cores"] >= 1
    assert facts["host"]["memory_bytes"] > 2**28
    assert facts["host"]["cpu"]
    assert facts["live_arrays"] >= 1
    assert facts["live_bytes"] >= held.nbytes


def test_flags_are_told_where_they_are_not_at_their_defaults():
    assert devices.flags([]) == {}
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        assert devices.flags([]) == {"x64": "on", "matmul precision": "highest"}


def test_each_device_tells_its_parts_of_the_arrays_that_live(monkeypatch):
    found = devices.open_devices()
    # What earlier tests left in cycles would be freed in between.
    gc.collect()
    before = devices.facts(found)["devices"][0]
    held = [jnp.ones((4, 8)), jax.random.key(0), jnp.zeros((0, 3))]
    after = devices.facts(found)["devices"][0]
    assert after["live_arrays"] - before["live_arrays"] >= len(held)
    assert after["live_bytes"] - before["live_bytes"] >= 4 * 8 * 4
    assert (after["local"], after["core"]) == (True, None)


def test_host_and_process_are_told():
    facts = devices.facts(devices.open_devices())
    assert facts["host"]["load"] >= 0
    assert 0 < facts["host"]["used_bytes"] < facts["host"]["memory_bytes"]
    assert (facts["process"], facts["processes"], facts["default_device"]) == (0, 1, "cpu:0")
    assert (facts["libtpu"], facts["driver"], facts["backend"], facts["findings"]) == ("", "", "", [])


class Gpu:
    platform = "gpu"
    process_index = 0
    id = 3
    client = type("Client", (), {"platform_version": "PJRT C API\ncuda 12080"})
    device_kind = "NVIDIA H100"

    def memory_stats(self):
        return {"bytes_in_use": 5, "bytes_limit": 10, "num_allocs": 3}


def test_a_gpu_tells_its_memory_and_whether_it_is_preallocated(monkeypatch):
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    facts = devices.facts([Gpu()])
    assert facts["flags"]["preallocation"] == "off"
    (device,) = facts["devices"]
    assert device["memory"] == {"bytes_in_use": 5, "bytes_limit": 10}
    assert (device["kind"], device["coords"]) == ("NVIDIA H100", None)
    assert facts["backend"] == "PJRT C API cuda 12080"


@pytest.mark.parametrize(
    ("env", "simulated"),
    [
        ({}, False),
        ({"JAX_NUM_CPU_DEVICES": "8"}, True),
        ({"JAX_NUM_CPU_DEVICES": "1"}, False),
        ({"XLA_FLAGS": "--xla_foo --xla_force_host_platform_device_count=4"}, True),
    ],
)
def test_simulation_is_recognised(monkeypatch, env, simulated):
    monkeypatch.delenv("JAX_NUM_CPU_DEVICES", raising=False)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert devices.simulated() is simulated


@pytest.mark.parametrize(
    ("error", "platforms", "words"),
    [
        (AssertionError(), "cuda,cpu", "jax has no CUDA plugin: pip install 'jax[cuda13]'"),
        (
            RuntimeError(
                "Unable to initialize backend 'tpu': ABORTED: The TPU is already in use by process with pid 176028. "
                "Not attempting to load libtpu.so in this process. (set JAX_PLATFORMS='' to choose)"
            ),
            "tpu,cpu",
            "the TPU is in use by process 176028: wait until it ends",
        ),
        (
            RuntimeError("Unable to initialize backend 'tpu': NOT_FOUND: No jellyfish device found."),
            "tpu,cpu",
            "jax cannot open a TPU: use --platform cpu",
        ),
        (RuntimeError("Unable to initialize backend 'cuda': no device"), "cuda", "jax cannot open cuda"),
        (
            RuntimeError("Unable to initialize backend 'tpu': INTERNAL: Failed to open libtpu.so: libtpu.so: cannot"),
            "tpu,cpu",
            "this machine has no TPU: use --platform cpu",
        ),
        (
            RuntimeError(
                "Unable to initialize backend 'rocm': Backend 'rocm' is not in the list of known backends: []"
            ),
            "rocm,cpu",
            "jax has no plugin for rocm: install it",
        ),
        (ValueError("two\nlines"), "", "jax cannot open its devices: ValueError: two lines"),
    ],
)
def test_a_backend_that_does_not_come_up_is_explained_in_one_line(error, platforms, words):
    line = devices.explain(error, platforms)
    assert line.startswith(words)
    assert "\n" not in line
    assert len(line) < 400


def test_chips_that_libtpu_is_missing_for_are_told_apart_from_none(monkeypatch):
    monkeypatch.setattr(devices.hardware, "tpu_chips", lambda root: ["TPU v4"])
    error = RuntimeError("Unable to initialize backend 'tpu': INTERNAL: Failed to open libtpu.so: libtpu.so: cannot")
    assert devices.explain(error, "tpu,cpu").startswith("libtpu is not installed: pip install 'jax[tpu]'")


def test_only_devices_of_this_process_count_as_simulated(monkeypatch):
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "2")
    cpu = types.SimpleNamespace
    found = [cpu(platform="cpu", process_index=number // 2) for number in range(4)]
    assert devices.flags(found)["simulated"] == "2 devices"
