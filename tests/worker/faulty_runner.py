"""A runner without jax that speaks the guard's protocol, and fails as the environment variable JT_FAULT says.

JT_FAULT is `name` or `name:argument`, several separated by commas: `exit_on_start` `crash_on_start` `no_ready` `no_jax`
`bad_hello` `slow_start` (until the file in the argument exists) `crash_once` (unless the file in the argument exists;
creates it) `platforms:a/b`.
"""

import argparse
import ast
import ctypes
import json
import os
import platform
import signal
import struct
import sys
import time
from pathlib import Path

LENGTH = struct.Struct(">I")


class Runner:
    def __init__(self, ctl, out, hold):
        self.ctl, self.out, self.hold = ctl, out, hold
        self.namespace = {"__name__": "__main__"}
        self.armed = False
        for fd in (ctl, out):
            os.set_inheritable(fd, False)
        signal.signal(signal.SIGINT, self.interrupt)

    def interrupt(self, *_):
        if self.armed:
            raise KeyboardInterrupt

    def say(self, event, **fields):
        body = json.dumps({"event": event, **fields}).encode("ascii")
        self.write(LENGTH.pack(len(body)) + body)

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.out, view) :]

    def read(self):
        (length,) = LENGTH.unpack(self.exactly(LENGTH.size))
        return json.loads(self.exactly(length))

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = os.read(self.ctl, count - len(data))
            if not piece:
                os._exit(0)
            data += piece
        return data

    def start(self, faults):
        self.say("state", state="importing jax")
        if self.hold:
            sys.stderr.write("the spare has imported\n")
            assert self.read() == {"verb": "go"}
        if "bad_hello" in faults:
            self.write(b"\xff" * 64)
        if "no_jax" in faults:
            self.say("state", state="dead", detail="there is no jax: pip install jax")
            os._exit(1)
        if "exit_on_start" in faults:
            sys.stderr.write("ImportError: no such thing\n")
            sys.stderr.flush()
            os._exit(3)
        if "crash_on_start" in faults:
            os.abort()
        if "crash_once" in faults and not Path(faults["crash_once"]).exists():
            Path(faults["crash_once"]).touch()
            os.abort()
        self.say("state", state="opening devices")
        while "no_ready" in faults:
            time.sleep(60)
        while "slow_start" in faults and not Path(faults["slow_start"]).exists():
            time.sleep(0.01)
        platforms = faults.get("platforms", "cpu").split("/")
        python = platform.python_version()
        self.say(
            "facts",
            platforms=platforms,
            python=python,
            jax="0",
            jaxlib="0",
            numpy="0",
            simulated=False,
            devices=[],
            host={"cpu": "", "cores": 1, "memory_bytes": 1},
            flags={"held": str(self.hold)},
        )
        self.say("state", state="ready")

    def serve(self):
        while True:
            command = self.read()
            self.run(command)

    def run(self, command):
        run, cell = command["run"], command["cell"]
        began = time.monotonic()
        status, value = "ok", None
        try:
            self.armed = True
            for earlier in command["replay"]:
                exec(earlier["code"], self.namespace)
            self.say("progress", run=run, phase="running")
            if cell:
                value = self.evaluate(cell["code"])
        except KeyboardInterrupt:
            status = "interrupted"
        except BaseException as error:
            status = "error"
            self.say("error", run=run, type=type(error).__name__, bases=[], message=str(error)[:1000])
        self.armed = False
        sys.stdout.flush()
        sys.stderr.flush()
        ctypes.CDLL(None).fflush(None)
        if value is not None:
            self.say("result", run=run, value={"type": type(value).__name__, "text": repr(value)[:1000]})
        if status != "interrupted":
            self.say("executed", run=run, status=status, seconds=0.0)
        self.say("done", run=run, status=status, seconds=time.monotonic() - began, dirty=bool(command["time"]))

    def evaluate(self, code):
        tree = ast.parse(code)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        self.namespace["RUNNER"] = self
        exec(compile(tree, "<step>", "exec"), self.namespace)
        return eval(compile(ast.Expression(last.value), "<step>", "eval"), self.namespace) if last else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctl", type=int)
    parser.add_argument("--outer", type=int)
    parser.add_argument("--out", type=int)
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--marks")
    options = parser.parse_args()
    entries = filter(None, os.environ.get("JT_FAULT", "").split(","))
    faults = {entry.partition(":")[0]: entry.partition(":")[2] for entry in entries}
    runner = Runner(options.ctl, options.out, options.hold)
    runner.start(faults)
    runner.serve()


if __name__ == "__main__":
    main()
