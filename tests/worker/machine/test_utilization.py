"""Devices report their utilization: a simulated NVIDIA library, and monitors that are real processes."""

import sys
import time
import types

import pytest

from jaxtour.worker.machine.utilization import Nvml, TpuMonitor, meter_for

PATIENCE_S = 150.0


class NVMLError(Exception):
    pass


@pytest.fixture
def library(monkeypatch):
    """Install a library with two cards, and one without utilization."""

    def rates(handle):
        if handle == 2:
            raise NVMLError
        return types.SimpleNamespace(gpu=10 * (handle + 1))

    module = types.SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlSystemGetDriverVersion=lambda: b"550.54",
        nvmlDeviceGetHandleByIndex=lambda number: number,
        nvmlDeviceGetHandleByUUID={"GPU-b": 1}.__getitem__,
        nvmlDeviceGetUtilizationRates=rates,
    )
    monkeypatch.setitem(sys.modules, "pynvml", module)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return module


def devices(count, start=0):
    return [types.SimpleNamespace(id=start + number, local_hardware_id=number) for number in range(count)]


def test_nvidia_tells_each_card_that_can(library):
    meter = meter_for("gpu")
    assert isinstance(meter, Nvml) and meter.driver == "550.54"
    assert meter.read(devices(3, start=8)) == {8: 10.0, 9: 20.0}


@pytest.mark.parametrize(("visible", "told"), [("1,0", {0: 20.0, 1: 10.0}), ("GPU-b", {0: 20.0})])
def test_the_cards_that_may_be_seen_are_counted_as_cuda_counts_them(library, monkeypatch, visible, told):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert meter_for("gpu").read(devices(len(told))) == told


def test_what_is_not_there_is_not_missed(monkeypatch, library):
    assert meter_for("cpu") is None
    library.nvmlInit = lambda: 1 / 0
    assert meter_for("gpu") is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert meter_for("gpu") is None


@pytest.fixture
def monitor():
    """Start monitors and end them."""
    started = []

    def start(program, **rest):
        started.append(TpuMonitor(program, **rest))
        return started[-1]

    yield start
    for one in started:
        one.close()


def poll(meter, found, reached):
    until = time.monotonic() + PATIENCE_S
    while not reached(told := meter.read(found)):
        if time.monotonic() > until:
            pytest.fail(f"still {told}")
    return told


def test_a_monitor_tells_each_chip_for_all_of_its_cores(monitor):
    meter = monitor("print('[10, 20]', flush=True); print('nonsense\\n[1', flush=True); import time; time.sleep(60)")
    assert poll(meter, devices(4), bool) == {0: 10.0, 1: 10.0, 2: 20.0, 3: 20.0}
    assert meter.read(devices(3)) == {}
    meter.pause()
    meter.resume()
    assert meter.read(devices(2)) == {0: 10.0, 1: 20.0}


def test_a_monitor_that_cannot_run_is_silent(monitor, capfd):
    meter = monitor("import no_such_library")
    poll(meter, devices(1), lambda told: meter._process is None)
    assert meter.read(devices(1)) == {}
    meter.pause()
    meter.resume()
    assert capfd.readouterr() == ("", "")


def test_a_monitor_that_hangs_is_ended(monitor):
    meter = monitor("import time; time.sleep(600)", silent_s=0.2)
    process = meter._process
    poll(meter, devices(1), lambda told: meter._process is None)
    assert process.poll() is not None


def test_the_real_monitor_leaves_when_it_has_no_libtpu(monitor):
    meter = meter_for("tpu")
    poll(meter, devices(1), lambda told: meter._process is None or told)
    meter.close()
