"""How busy the accelerators are, on machines that report it."""

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol

SILENT_S = 30.0
"""A monitor that is silent for this long counts as stuck."""

_TPU_MONITOR = """
import json, os, time
parent = os.getppid()
from libtpu.sdk import tpumonitoring
while os.getppid() == parent:
    print(json.dumps(list(map(float, tpumonitoring.get_metric("duty_cycle_pct").data()))), flush=True)
    time.sleep(1)
"""


class Meter(Protocol):
    """A source of device utilization."""

    driver: str
    """The version of the driver it queries, or empty."""

    def read(self, devices: Sequence[Any]) -> dict[int, float]:
        """Return the utilization in percent by device id, for the devices it knows."""

    def pause(self) -> None:
        """Use no CPU time while something is measured."""

    def resume(self) -> None:
        """Continue after a pause."""


class Nvml:
    """NVIDIA's management library; raises `ImportError` or one of the library's errors if it is not available."""

    def __init__(self) -> None:
        self._nvml: Any = importlib.import_module("pynvml")
        self._nvml.nvmlInit()
        self.driver = _text(self._nvml.nvmlSystemGetDriverVersion())

    def read(self, devices: Sequence[Any]) -> dict[int, float]:
        """Return the percentage of the last sample period in which a kernel ran."""
        found: dict[int, float] = {}
        for place, device in enumerate(devices):
            with contextlib.suppress(self._nvml.NVMLError):  # some cards do not support it
                handle = self._handle(getattr(device, "local_hardware_id", None), place)
                found[device.id] = float(self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        return found

    def pause(self) -> None:
        """Do nothing: it only works during `read`."""

    resume = pause

    def _handle(self, local: int | None, place: int) -> Any:
        number = place if local is None else local
        names = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
        name = names[number] if number < len(names) else str(number)
        if name.isdigit():
            return self._nvml.nvmlDeviceGetHandleByIndex(int(name))
        return self._nvml.nvmlDeviceGetHandleByUUID(name)


class TpuMonitor:
    """libtpu's metrics, read in a child process: they can block for a minute, and libtpu is large."""

    driver = ""

    def __init__(self, program: str = _TPU_MONITOR, silent_s: float = SILENT_S) -> None:
        self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
            [sys.executable, "-P", "-c", program],  # do not import a module of that name from the scratch folder
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TPU_SKIP_MDS_QUERY": "1"},
        )
        self._read = os.read  # lesson code may replace os.read
        self._select = select.select
        self._silent_s = silent_s
        self._heard = time.monotonic()
        self._rest = b""
        self._last: list[float] = []

    def read(self, devices: Sequence[Any]) -> dict[int, float]:
        """Return the last percentage of each device, a chip's for all its cores; never waits."""
        self._listen()
        if not self._last or len(devices) % len(self._last):
            return {}
        cores = len(devices) // len(self._last)
        return {device.id: self._last[place // cores] for place, device in enumerate(devices)}

    def pause(self) -> None:
        """Stop the child process."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the child process continue."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)
            self._heard = time.monotonic()

    def _listen(self) -> None:
        if time.monotonic() - self._heard > self._silent_s:
            self.close()
        while self._process and self._process.stdout and self._select([self._process.stdout], [], [], 0)[0]:
            data = self._read(self._process.stdout.fileno(), 65536)
            if not data:
                self.close()
                return
            self._heard = time.monotonic()
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                with contextlib.suppress(ValueError, TypeError):
                    self._last = [float(number) for number in json.loads(line)]

    def close(self) -> None:
        """End the child process."""
        process, self._process = self._process, None
        self._last = []
        if process and process.stdout:
            process.kill()
            process.stdout.close()
            process.wait()


def meter_for(platform: str) -> Meter | None:
    """Return the source of utilization for a platform, or None."""
    if platform == "tpu":
        return TpuMonitor()
    if platform == "gpu":
        with contextlib.suppress(Exception):  # pynvml, its library or the driver is missing
            return Nvml()
    return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
