"""A runner without a guard: started by file with our own pipes, its output in files."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jaxtour.worker.frames import FrameDecoder, encode

os.environ.setdefault("JAX_PLATFORMS", "cpu")

RUNNER = Path(__file__).resolve().parents[2] / "jaxtour" / "worker" / "start_runner.py"
PATIENCE_S = 150.0

Event = dict[str, Any]


class RunnerClient:
    """One runner process; every wait has a deadline."""

    def __init__(self, *options: str, python: tuple[str, ...] = (sys.executable, "-u"), **env: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self._out = Path(self.folder.name, "out").open("ab+")
        self._err = Path(self.folder.name, "err").open("ab+")
        ctl_read, self.ctl = os.pipe()
        self.events_fd, out_write = os.pipe()
        self.process = subprocess.Popen(
            [*python, str(RUNNER), "--ctl", str(ctl_read), "--out", str(out_write), *options],
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            pass_fds=(ctl_read, out_write),
            start_new_session=True,
            cwd=self.folder.name,
            env={**os.environ, **env},
        )
        os.close(ctl_read)
        os.close(out_write)
        self._decoder = FrameDecoder()
        self._ready: list[Event] = []
        self._runs = 0
        self._read_so_far = {"out": 0, "err": 0}

    def send(self, **command: Any) -> None:
        """Send one command."""
        data = encode(command)
        while data:
            data = data[os.write(self.ctl, data) :]

    def event(self) -> Event | None:
        """Return the next event, or None when the runner has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._ready:
            if not select.select([self.events_fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no event; stderr: {self.text('err')}")
            data = os.read(self.events_fd, 65536)
            if not data:
                return None
            self._ready += self._decoder.feed(data)
        return self._ready.pop(0)

    def until(self, kind: str, **fields: Any) -> list[Event]:
        """Return every event up to the first of that kind with those fields."""
        seen: list[Event] = []
        while (event := self.event()) is not None:
            seen.append(event)
            if event["event"] == kind and all(event.get(key) == value for key, value in fields.items()):
                return seen
        raise AssertionError(f"the runner left before {kind}: {seen}; stderr: {self.text('err')}")

    def begin(
        self, code: str = "", *, name: str = "lesson/step", setup: str = "", traces: Any = None, **rest: Any
    ) -> int:
        """Send a run and return its number."""
        self._runs += 1
        calls = [{"label": call, "call": call} for call in traces] if traces is not None else None
        cell = {"name": name, "setup": setup, "code": code, "traces": calls}
        self.send(**{"verb": "run", "run": self._runs, "cell": cell, **rest})
        return self._runs

    def run(self, code: str = "", **rest: Any) -> "Ran":
        """Run a cell, and wait until the run is done and the runner ready."""
        return self.finish(self.begin(code, **rest))

    def finish(self, run: int) -> "Ran":
        """Wait until a run is done and the runner ready."""
        events = self.until("done", run=run)
        self.until("state", state="ready")
        return Ran(events, self.text("out"), self.text("err"))

    def text(self, stream: str) -> str:
        """Return the text written to a stream since the last call."""
        data = Path(self.folder.name, stream).read_bytes()
        new = data[self._read_so_far[stream] :]
        self._read_so_far[stream] = len(data)
        return new.decode("utf-8", "replace")

    def interrupt(self) -> None:
        """Send SIGINT to its process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def close(self) -> int:
        """Close its command pipe and return its exit code."""
        os.close(self.ctl)
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self.events_fd)
            self._out.close()
            self._err.close()
            self.folder.cleanup()


class Ran:
    """The outcome of one run."""

    def __init__(self, events: list[Event], stdout: str, stderr: str) -> None:
        self.events, self.stdout, self.stderr = events, stdout, stderr

    def all(self, kind: str) -> list[Event]:
        """Return the events of a kind."""
        return [event for event in self.events if event["event"] == kind]

    def one(self, kind: str) -> Event:
        """Return the only event of a kind."""
        (event,) = self.all(kind)
        return event

    @property
    def text(self) -> str:
        """The text of the value."""
        return str(self.one("result")["value"]["text"])
