"""One runner as the guard sees it: how it is started, its four pipes, and what is known of it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..frames import Decoder, ProtocolError
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
    # Sets would print in another order in every new runner.
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


@dataclass(frozen=True, slots=True)
class Config:
    """What `open` asked for."""

    python: str
    platform: str | None = None
    devices: int | None = None
    device: int | None = None
    wait: bool = False

    @classmethod
    def read(cls, command: Mapping[str, Any]) -> "Config":
        """The configuration in a command; raises `ProtocolError` when it is none."""
        python, platform, devices, device = (command.get(key) for key in ("python", "platform", "devices", "device"))
        if not isinstance(python, str | None) or platform not in (None, "cpu", "gpu", "tpu"):
            raise ProtocolError("open: python is a path, platform is cpu, gpu or tpu")
        if devices is not None and (not isinstance(devices, int) or devices < 1):
            raise ProtocolError("open: devices is a number from 1")
        if device is not None and (not isinstance(device, int) or device < 0):
            raise ProtocolError("open: device is the number of one")
        executable = str(Path(python).expanduser()) if python else sys.executable
        return cls(executable, platform, devices, device, bool(command.get("wait")))

    def environment(self) -> dict[str, str]:
        """Our own environment, made quiet and pointed at the platform, with where we are: a runner is elsewhere."""
        env = {**os.environ, **QUIET}
        with contextlib.suppress(FileNotFoundError):  # the folder may have been removed
            env["JAXTOUR_CWD"] = cwd = str(Path.cwd())
            if path := env.get("PYTHONPATH"):
                # Entries are relative to where the user is.
                env["PYTHONPATH"] = os.pathsep.join(str(Path(cwd, entry)) for entry in path.split(os.pathsep))
        if self.platform == "gpu":
            # The alias `gpu` would make jax fail on whichever of its kinds has no plugin.
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
        return env


class Child:
    """A runner process in a session and a scratch directory of its own."""

    def __init__(self, config: Config, runner: Path, *, held: bool = False) -> None:
        """Start it; raises `OSError` when its Python cannot be run. `held` keeps it from opening devices."""
        self.held = held
        self.frames: list[dict[str, Any]] = []
        """What it has said while it was held."""
        self.ready = False
        self.touched = False
        """Whether it was given a run."""
        self.code: int | None = None
        """The exit code once it is reaped, minus the signal's number for a signal."""
        self.decoder = Decoder()
        self.run: int | None = None
        """The run that its output belongs to."""
        self.background = False
        self.scratch = _scratch()
        ctl_read, self.ctl = os.pipe()
        self.out, out_write = os.pipe()
        stdout, stdout_write = os.pipe()
        stderr, stderr_write = os.pipe()
        token = os.urandom(8).hex()
        theirs = (ctl_read, out_write, stdout_write, stderr_write)
        command = [config.python, "-u", str(runner), "--ctl", str(ctl_read), "--out", str(out_write)]
        command += ["--marks", token]
        try:
            self._process = subprocess.Popen(
                [*command, "--hold"] if held else command,
                stdin=subprocess.DEVNULL,
                stdout=stdout_write,
                stderr=stderr_write,
                pass_fds=(ctl_read, out_write),
                cwd=self.scratch or "/",
                env=config.environment(),
                start_new_session=True,
                preexec_fn=before_exec,
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
        """Its standard error."""
        return self.streams[1]

    def begin(self, run: int) -> None:
        """Let output belong to a run from here on."""
        self.run, self.background, self.touched = run, False, True
        for stream in self.streams:
            stream.renew()

    def end(self) -> None:
        """Let output count as background from here on."""
        self.background = True
        for stream in self.streams:
            stream.renew(BACKGROUND_HEAD, BACKGROUND_TAIL)

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to its whole group."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signum)

    def kill(self) -> None:
        """Kill it and its group, at once."""
        if self.code is None:
            kill_group(self.pid)

    def close(self) -> None:
        """Close our ends of its pipes."""
        for fd in (self.ctl, self.out, *(stream.fd for stream in self.streams)):
            os.close(fd)
        # Reaped by number, which Popen does not see; without this it would try to reap whoever has that number next.
        self._process.returncode = self.code if self.code is not None else -signal.SIGKILL

    def discard_scratch(self) -> None:
        """Remove its scratch directory and what it has left there."""
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def _scratch() -> str | None:
    try:
        return tempfile.mkdtemp(prefix="jaxtour-")
    except OSError:
        return None
