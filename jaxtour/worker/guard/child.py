"""One runner process: how the guard starts it, its four pipes, and its state."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..frames import FrameDecoder, ProtocolError
from . import isolation
from .capture import Stream
from .proctree import before_exec, kill_group

BACKGROUND_HEAD = 64 * 1024
BACKGROUND_TAIL = 16 * 1024

QUIET = {
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "MPLBACKEND": "agg",
    "PYTHONBREAKPOINT": "0",
    "PYTHONUNBUFFERED": "1",
    # Otherwise each runner would print sets in a different order.
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


@dataclass(frozen=True, slots=True)
class Config:
    """The options of an `open` command."""

    python: str
    platform: str | None = None
    devices: int | None = None
    device: int | None = None
    wait: bool = False
    process: int = 0
    processes: int = 1
    generation: int = 0
    """The engine's number for the runners that start together."""
    isolate: bool = False
    """Whether runners get their own PID namespace."""
    refused: str = ""
    """Why they get none, although one was requested."""

    @classmethod
    def read(cls, command: Mapping[str, Any]) -> "Config":
        """Decode an `open` command; raises `ProtocolError` for an invalid one."""
        python, platform, devices, device = (command.get(key) for key in ("python", "platform", "devices", "device"))
        if not isinstance(python, str | None) or "\0" in (python or "") or platform not in (None, "cpu", "gpu", "tpu"):
            raise ProtocolError("open: python must be a path, and platform cpu, gpu or tpu")
        if devices is not None and (not isinstance(devices, int) or devices < 1):
            raise ProtocolError("open: devices must be a whole number from 1")
        if device is not None and (not isinstance(device, int) or device < 0):
            raise ProtocolError("open: device must be a device's number, from 0")
        numbers = [command.get(key) or 0 for key in ("process", "processes", "generation")]
        if not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise ProtocolError("open: process, processes and generation must be whole numbers, from 0")
        process, processes, generation = numbers
        try:
            executable = str(Path(python).expanduser()) if python else sys.executable
        except RuntimeError as error:
            raise ProtocolError(f"open: {python}: {error}") from None
        wait = bool(command.get("wait"))
        isolate = bool(command.get("isolate"))
        return cls(executable, platform, devices, device, wait, process, max(1, processes), generation, isolate)

    def possible(self) -> "Config":
        """Return this configuration, without the namespace if the machine allows none."""
        reason = isolation.refused() if self.isolate else ""
        return replace(self, isolate=False, refused=reason) if reason else self

    def environment(self) -> dict[str, str]:
        """Return the runner's environment: ours with quiet settings, the platform, and our working directory.

        The runner itself starts elsewhere, in its scratch directory.
        """
        env = {**os.environ, **QUIET}
        with contextlib.suppress(FileNotFoundError):  # the folder may have been removed
            env["JAXTOUR_CWD"] = cwd = str(Path.cwd())
            if path := env.get("PYTHONPATH"):
                # Entries are relative to where the user is.
                env["PYTHONPATH"] = os.pathsep.join(str(Path(cwd, entry)) for entry in path.split(os.pathsep))
        if self.platform == "gpu":
            # With `gpu`, jax tries cuda and rocm, and fails when either has no plugin.
            env["JAX_PLATFORMS"] = "rocm,cpu" if Path("/dev/kfd").exists() else "cuda,cpu"
        elif self.platform == "tpu":
            env["JAX_PLATFORMS"] = "tpu,cpu"
        elif self.platform == "cpu":
            env["JAX_PLATFORMS"] = "cpu"
        if self.devices is not None:
            env["JAX_NUM_CPU_DEVICES"] = str(self.devices)
        if self.device is not None:
            env["JAXTOUR_DEVICE"] = str(self.device)
        if self.wait:
            env["JAXTOUR_WAIT"] = "1"
        if self.refused:
            env["JAXTOUR_NOT_ISOLATED"] = self.refused
        if self.processes > 1:
            env |= {"JAXTOUR_PROCESS": str(self.process), "JAXTOUR_PROCESSES": str(self.processes)}
        return env


class Child:
    """A runner process with its own session and scratch directory."""

    def __init__(self, config: Config, runner: Path, *, held: bool = False) -> None:
        """Start the process; raises `OSError` if its Python cannot run. A `held` runner opens no devices."""
        self.held = held
        self.frames: list[dict[str, Any]] = []
        """Messages received while it was held."""
        self.ready = False
        self.touched = False
        """Whether it has received a run."""
        self.code: int | None = None
        """The exit code once reaped; minus the signal's number after a signal."""
        self.files: dict[str, bytes] = {}
        """Frames with files that it was sent, by path."""
        self.decoder = FrameDecoder()
        self.run: int | None = None
        """The run that its output belongs to."""
        self.background = False
        self.scratch = _scratch()
        ctl_read, self.ctl = os.pipe()
        self.out, out_write = os.pipe()
        stdout, stdout_write = os.pipe()
        stderr, stderr_write = os.pipe()
        token = os.urandom(8).hex()
        command = [config.python, "-u", str(runner), "--ctl", str(ctl_read), "--out", str(out_write)]
        command += ["--marks", token]
        passed = [ctl_read, out_write]
        if config.isolate:
            passed.append(os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
            command += [isolation.OUTER, str(passed[-1])]
        theirs = (*passed, stdout_write, stderr_write)
        try:
            self._process = subprocess.Popen(
                [*command, "--hold"] if held else command,
                stdin=subprocess.DEVNULL,
                stdout=stdout_write,
                stderr=stderr_write,
                pass_fds=passed,
                cwd=self.scratch or "/",
                env=config.environment(),
                start_new_session=True,
                preexec_fn=_before_exec_inside if config.isolate else before_exec,
            )
        except OSError:
            for fd in (self.ctl, self.out, stdout, stderr):
                os.close(fd)
            self.discard_scratch()
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        self.pid = self._process.pid
        self.streams = (Stream("stdout", stdout, token), Stream("stderr", stderr, token))
        os.set_blocking(self.out, False)

    @property
    def stderr(self) -> Stream:
        """The stream of its standard error."""
        return self.streams[1]

    def begin(self, run: int) -> None:
        """Attribute output from here on to a run."""
        self.run, self.background, self.touched = run, False, True
        for stream in self.streams:
            stream.renew()

    def end(self) -> None:
        """Treat output from here on as background output."""
        self.background = True
        for stream in self.streams:
            stream.renew(BACKGROUND_HEAD, BACKGROUND_TAIL)

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to its process group."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signum)

    def kill(self) -> None:
        """Kill it and its process group at once."""
        if self.code is None:
            kill_group(self.pid)

    def close(self) -> None:
        """Close our ends of its pipes."""
        for fd in (self.ctl, self.out, *(stream.fd for stream in self.streams)):
            os.close(fd)
        # The guard reaps by pid, which Popen does not see. Without this, Popen would reap the pid's next owner.
        self._process.returncode = self.code if self.code is not None else -signal.SIGKILL

    def discard_scratch(self) -> None:
        """Remove its scratch directory."""
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def _before_exec_inside() -> None:
    before_exec()
    isolation.enter()


def _scratch() -> str | None:
    try:
        return tempfile.mkdtemp(prefix="jaxtour-")
    except OSError:
        return None
