"""A guard under test: sends commands and reads events, with one deadline for every wait."""

import os
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import jaxtour
from jaxtour.worker.frames import FrameDecoder, encode
from jaxtour.worker.guard.link import PREAMBLE

GUARD = Path(jaxtour.__file__).parent / "worker" / "start_guard.py"
FAULTY = Path(__file__).parent / "faulty_runner.py"
DEADLINE_S = 150.0


class Report:
    """The events of one run."""

    def __init__(self, events):
        self.events = events
        self.done = events[-1]

    def text(self, stream="stdout", background=False):
        return "".join(e["text"] for e in self.texts(stream) if e["background"] is background)

    def texts(self, stream="stdout"):
        return [e for e in self.events if e["event"] == "text" and e["stream"] == stream]

    @property
    def dropped(self):
        return sum(e["dropped"] for e in self.events if e["event"] == "text")

    def named(self, event):
        return [e for e in self.events if e["event"] == event]

    @property
    def result(self):
        results = self.named("result")
        return results[0]["value"]["text"] if results else None


class Guard:
    def __init__(self, fault="", runner=FAULTY, env=None, prefix=(), scratch=None):
        environ = {**os.environ, "JT_FAULT": fault, **(env or {})}
        if scratch:
            environ["TMPDIR"] = str(scratch)
        command = [*prefix, sys.executable, "-I", "-S", str(GUARD), "--runner", str(runner)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, env=environ, bufsize=0
        )
        self.pid = self.process.pid
        self.decoder, self.waiting, self.runs = FrameDecoder(), [], 0
        os.set_blocking(self.process.stdout.fileno(), False)
        self.head = b""
        self.wait(lambda: self.head.find(PREAMBLE) >= 0, self._read_head)
        noise, _, rest = self.head.partition(PREAMBLE)
        self.noise = noise
        self.waiting += self.decoder.feed(rest)
        self.hello = self.next()
        assert self.hello["event"] == "hello"

    def _read_head(self):
        self.head += self.read()

    def read(self):
        """Read the guard's output, after a short wait."""
        select.select([self.process.stdout], [], [], 0.05)
        try:
            data = os.read(self.process.stdout.fileno(), 1 << 20)
        except BlockingIOError:
            return b""
        if not data:
            raise EOFError(f"the guard left: {self.process.wait()} {self.process.stderr.read().decode()}")
        return data

    @staticmethod
    def wait(reached, step=None, seconds=DEADLINE_S):
        until = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > until:
                pytest.fail(f"not reached within {seconds} s")
            if step:
                step()
            else:
                time.sleep(0.002)

    def write(self, data):
        self.process.stdin.write(data)

    def send(self, verb, **fields):
        self.write(encode({"verb": verb, **fields}))

    def next(self):
        self.wait(lambda: self.waiting, lambda: self.waiting.extend(self.decoder.feed(self.read())))
        return self.waiting.pop(0)

    def until(self, **wanted):
        """Return every event up to the first that has these fields."""
        events = []
        while True:
            events.append(self.next())
            if all(events[-1].get(key) == value for key, value in wanted.items()):
                return events

    def ready(self):
        events = []
        while True:
            events.append(self.next())
            if events[-1].get("state") == "ready":
                return events
            if events[-1].get("state") == "dead":
                pytest.fail(f"dead instead of ready: {events}")

    def open(self, **fields):
        self.send("open", python=None, platform=None, devices=None, **fields)
        return self

    def ask(self, code=None, *, fresh=False, replay=(), timeout_s=None, time=(), run=None):
        """Send a run and return its number."""
        self.runs += 1
        cell = None if code is None else {"name": "a/b", "code": code}
        earlier = [{"name": "a/b", "code": text} for text in replay]
        fields = {"cell": cell, "replay": earlier, "fresh": fresh, "timeout_s": timeout_s, "time": list(time)}
        self.send("run", run=self.runs if run is None else run, **fields)
        return self.runs

    def run(self, code, **options):
        """Run code and wait until it is done."""
        run = self.ask(code, **options)
        return Report([e for e in self.until(event="done", run=run) if e.get("run", run) == run])

    def started(self, run):
        """Wait until the code has printed `started`."""
        return self.until(event="text", run=run, text="started\n")

    def ping(self, *, during=None):
        """Ping the guard; returns the seconds until its pong, and leaves what came before that to be read.

        With `during`, fail if that run has ended by then.
        """
        began = time.monotonic()
        self.send("ping", n=7)
        *before, _ = self.until(event="pong", n=7)
        taken = time.monotonic() - began
        self.waiting[:0] = before
        assert not [each for each in before if each["event"] == "done" and each["run"] == during]
        return taken

    def descendants(self):
        return descendants(self.pid)

    def fds(self):
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def close(self):
        """End the guard, and check that it leaves no process or directory."""
        family = self.descendants()
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(DEADLINE_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        left = [pid for pid in family if alive(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"left behind: {left}"


def stat(pid):
    """Return state and parent of a process, or None."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[1])


def alive(pid):
    found = stat(pid)
    return found is not None and found[0] not in "ZX"


def descendants(root):
    """Return every descendant process, including zombies."""
    parents = {int(entry.name): stat(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    family, wave = set(), {root}
    while wave:
        wave = {pid for pid, found in parents.items() if found and found[1] in wave} - family
        family |= wave
    return family


def frame(body):
    return struct.pack(">I", len(body)) + body


def limit_met(done_within):
    """Return the first time limit, in seconds, within which a short run ended: a busy machine needs a longer one."""
    for limit_s in (1.0, 4.0, 16.0):
        if (done := done_within(limit_s))["status"] == "ok":
            return limit_s
    pytest.fail(f"{done}")
