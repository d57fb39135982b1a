"""The guard's decisions: what each command, message, exit and timer means for the run and the runner."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..frames import encode
from .child import Config
from .link import Link
from .loop import Loop
from .pool import FIRST_SPARE_AFTER_S, SPARE_AFTER_S, Pool
from .proctree import OomWatch, cause
from .refusal import refusal
from .runs import RUN_EVENTS, Order, Restarts, Running, done
from .texts import OutputReader

GRACE_S = 2.0
FAREWELL_S = 0.8
TAKEN_S = 10.0
"""A runner begins a run within milliseconds, unless code of an earlier one holds its commands or its interpreter."""
GREETING_S = 60.0
"""A worker's Python reports `importing jax` after 0.1 s; one that is silent for this long cannot run the worker."""
STOPPED_S = 30 * 60.0
"""How long an engine may be silent after it announced a stop, as on Ctrl-Z."""


class Supervisor:
    """Serves one engine on two descriptors, until the engine closes them or a signal arrives."""

    def __init__(self, loop: Loop, program: Path, stdin: int, stdout: int, idle_s: float | None = None) -> None:
        self._loop = loop
        self._ui = Link(loop, stdin, stdout, obey=self._obey, drained=self._resume, ended=self._leave, idle_s=idle_s)
        self._texts = OutputReader(loop, self._ui)
        self._pool = Pool(loop, program, self, self._texts)
        self._config: Config | None = None
        self._generation = 0
        """The generation of the runners of several processes that start together."""
        self._active: Running | None = None
        self._queued: Order | None = None
        self._files: dict[str, bytes] = {}
        """Frames with files that runners may import, by path."""
        self._as_expected = True
        """Whether the runner has the state that a run without `fresh` needs."""
        self._python = ""
        """The version of the runners' Python, once one has said it."""
        self._greeted = False
        """Whether the chosen Python has ever started a runner."""
        self._restarts = Restarts()
        self._oom = OomWatch()
        self._status = 0
        for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.on(signum, self._leave)

    def serve(self) -> int:
        """Serve until the engine leaves; returns the exit status and leaves no process behind."""
        self._ui.start()
        try:
            self._loop.run()
        finally:
            self._pool.close(FAREWELL_S)
        return self._status

    def _leave(self, reason: str = "") -> None:
        if reason:
            sys.stderr.write(f"jaxtour worker: {reason}\n")
            self._status = 1
        self._loop.stop()

    def _resume(self) -> None:
        self._pool.resume()

    # Commands --------------------------------------------------------------------------------------------------------

    def _obey(self, command: Mapping[str, Any]) -> None:
        match command.get("verb"):
            case "open":
                self._open(Config.read(command).possible())
            case "run":
                self._run(Order.read(command), command)
            case "put":
                self._files[str(command.get("path"))] = encode(dict(command))
            case "interrupt":
                self._interrupt()
            case "restart":
                self._restart()
            case "renew":
                self._renew(command)
            case "join" if command.get("generation") == self._generation:
                self._pool.send(encode(dict(command)))
            case "ping" if not self._ui.full:
                self._ui.say({"event": "pong", "n": command.get("n", 0)})
            case "suspend":
                self._ui.expect_silence(STOPPED_S)
            case "close":
                self._leave()
            case _:
                pass  # a newer engine may send verbs that this guard does not know

    def _open(self, config: Config) -> None:
        self._config, self._generation, self._python = config, config.generation, ""
        self._cancel("another worker was requested")
        self._restarts.forget()
        self._as_expected = True
        self._greeted = False
        self._loop.at("greeting", GREETING_S, lambda: self._no_python(f"it said nothing for {GREETING_S:g} s"))
        self._ui.show("restarting" if self._pool.runner else "spawning")
        self._pool.open(config)

    def _run(self, order: Order, command: Mapping[str, Any]) -> None:
        self._cancel("another run was requested")
        state, detail = self._ui.state
        runner = self._pool.runner
        if self._config is None or state == "dead":
            self._ui.say(done(order.run, "died", reason=detail or "no worker has been started yet"))
        elif not order.fresh and not self._as_expected:
            self._ui.say(done(order.run, "died", reason="the worker was replaced and lost its state: run it again"))
        elif refused := refusal(command, self._python):
            for event in refused:
                self._ui.say(event)
            self._ui.say({**done(order.run, "error"), "refused": True})
        else:
            self._queued = order
            if order.fresh and runner and runner.touched:
                self._replace("a fresh worker for this run")
            self._as_expected = True
            self._next()

    def _interrupt(self) -> None:
        self._drop_queued("interrupted", "the run had not started")
        if self._active:
            self._stop("interrupted", "interrupted")

    def _restart(self) -> None:
        if self._config is None:
            return
        self._cancel("the worker was restarted")
        self._restarts.forget()
        self._replace("at your request")

    def _renew(self, command: Mapping[str, Any]) -> None:
        """Replace the runner because all processes start again."""
        why = str(command.get("why", ""))
        self._generation = int(command.get("generation", 0))
        if command.get("asked"):
            self._restarts.forget()
        self._cancel(why)
        self._replace(why, renewed=True)

    def _cancel(self, reason: str) -> None:
        """End the active run and drop the queued one, so that something else can start."""
        if self._active:
            self._cut("interrupted", reason)
            self._replace(reason)
        self._drop_queued("interrupted", reason)

    def _drop_queued(self, status: str, reason: str) -> None:
        if self._queued:
            self._ui.say(done(self._queued.run, status, reason=reason))
            self._queued = None

    # The run ---------------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Send the queued run to the runner, if the runner is ready."""
        runner, order = self._pool.runner, self._queued
        if runner is None or not runner.ready:
            return
        if order is None:
            self._ui.show("ready")
            self._pool.want_spare(SPARE_AFTER_S if runner.touched else FIRST_SPARE_AFTER_S)
            return
        self._queued = None
        for path, frame in self._files.items():
            if runner.files.get(path) is not frame:
                runner.files[path] = frame
                self._pool.send(frame)
        self._pool.hold_spare()
        self._texts.settle(runner)
        first = not runner.touched
        runner.begin(order.run)
        self._active = Running(order.run, order.asked)
        self._ui.show("running")
        self._pool.send(order.frame)
        if not first:  # JAX may still be warming up for that one
            self._loop.at("taken", TAKEN_S, self._not_taken)
        if order.timeout_s is not None:
            reason = f"the run took longer than {order.timeout_s:g} s"
            self._loop.at("timeout", max(0.0, order.timeout_s), lambda: self._stop("timeout", reason))

    def _not_taken(self) -> None:
        if self._ui.full:  # we then read nothing from the runner either
            self._loop.at("taken", TAKEN_S, self._not_taken)
            return
        reason = f"the worker did not start this within {TAKEN_S:g} s: code of an earlier step holds it up"
        self._cut("died", reason)
        self._replace(reason)

    def _stop(self, status: str, reason: str) -> None:
        """Ask the active run to stop; kill it the second time."""
        active, runner = self._active, self._pool.runner
        if active is None or runner is None:
            return
        if active.stopped:
            self._kill(active)
            return
        active.stopped, active.reason = status, reason
        self._ui.show("interrupting", reason if status == "timeout" else "")
        self._loop.at("grace", GRACE_S, lambda: self._kill(active))
        runner.signal(signal.SIGINT)
        self._pool.want_spare(0.0)  # it imports jax during the grace period

    def _kill(self, active: Running) -> None:
        why = f"{active.reason} and did not stop"
        self._cut(active.stopped, why)
        self._replace(f"{why}, so the worker was killed")

    def _cut(self, status: str, reason: str) -> None:
        """Kill the runner and end its run."""
        runner, active = self._pool.runner, self._active
        if runner:
            runner.kill()
            self._texts.settle(runner)
        if active:
            self._active = None
            self._ui.say(active.cut(status, reason))

    def _replace(self, why: str, *, renewed: bool = False) -> None:
        """Replace the runner; its state is lost. One of several processes waits until the engine renews them all."""
        runner = self._pool.runner
        if runner and runner.touched:
            self._as_expected = False
        self._stop_clocks()
        self._ui.show("restarting", why)
        self._oom = OomWatch()
        if self._config and self._config.processes > 1 and not renewed:
            self._pool.stop()
            self._ui.say({"event": "left", "generation": self._generation, "reason": why})
        else:
            self._pool.replace()

    def _no_python(self, reason: str) -> None:
        python = self._config.python if self._config else ""
        self._give_up(f"{python} does not run the worker ({reason}): choose a Python 3.11 or newer that has jax")

    def _give_up(self, detail: str, code: str = "") -> None:
        """Report the worker dead, and start no runner until the user asks for one."""
        self._loop.cancel("greeting")
        self._stop_clocks()
        self._cut("died", detail)
        self._drop_queued("died", detail)
        self._ui.show("dead", detail, code)
        self._pool.stop()

    def _stop_clocks(self) -> None:
        self._loop.cancel("taken")
        self._loop.cancel("timeout")
        self._loop.cancel("grace")

    # Events from the pool ---------------------------------------------------------------------------------------------

    def heard(self, message: dict[str, Any]) -> None:
        event, runner, active = message.get("event"), self._pool.runner, self._active
        if runner is None:
            return
        if message.get("state") == "running" or (active and message.get("run") == active.run):
            self._loop.cancel("taken")
        if event == "state":
            self._heard_state(*(str(message.get(key, "")) for key in ("state", "detail", "code")))
        elif event == "facts":
            self._python = str(message.get("python", ""))
            self._ui.say(message)
            self._compare_platform(message)
        elif event == "joining":
            self._ui.say({**message, "generation": self._generation})
        elif event == "log":
            self._ui.log(str(message.get("text", "")))
        elif event in RUN_EVENTS and active and message.get("run") == active.run:
            if event in ("executed", "done"):
                self._texts.settle(runner)
            if event == "done":
                self._done(active, active.done(message))
            else:
                self._ui.say(message)

    def _heard_state(self, state: str, detail: str, code: str) -> None:
        runner = self._pool.runner
        self._greeted = True
        self._loop.cancel("greeting")
        if state == "dead":
            self._give_up(detail, code)
        elif runner and not runner.ready:
            if state in ("importing jax", "opening devices"):
                self._ui.show(state, detail)
            elif state == "ready":
                runner.ready = True
                self._ui.show("ready")
                self._next()

    def _compare_platform(self, facts: Mapping[str, Any]) -> None:
        wanted, found = self._config.platform if self._config else None, facts.get("platforms")
        if wanted and isinstance(found, list) and found and found[0] != wanted:
            self._give_up(f"jax found no {wanted}, only {', '.join(map(str, found))}")

    def _done(self, active: Running, event: dict[str, Any]) -> None:
        self._active = None
        self._stop_clocks()
        self._ui.say(event)
        if self._pool.runner:
            self._pool.runner.end()
        if active.stopped or event["status"] == "interrupted":
            # XLA goes on compiling and computing after a KeyboardInterrupt.
            self._replace(event["reason"] or "interrupted")
        else:
            self._next()

    def broke(self, reason: str) -> None:
        self._lost(None, reason)

    def ended(self, code: int) -> None:
        self._lost(code, self._oom.explain(code, cause(code)[0]))

    def _lost(self, code: int | None, reason: str) -> None:
        runner, active = self._pool.runner, self._active
        if runner is None:
            return
        runner.kill()
        self._texts.settle(runner)
        if active and active.stopped:
            self._cut(active.stopped, active.reason)
            self._replace(active.reason)
            return
        stderr = runner.stderr.last_lines
        if not runner.ready and "Unknown option: -P" in stderr:
            self._give_up("this Python is too old; jaxtour needs 3.11 or newer: `uv venv --python 3.12` makes one")
            return
        last_line = "" if runner.ready or not stderr.strip() else f": {stderr.strip().splitlines()[-1]}"
        if code and code > 0 and not self._greeted:
            self._no_python(f"{reason}{last_line}")
            return
        name = cause(code)[1] if code is not None else None
        told = {"event": "died", "code": code, "signal": name, "reason": reason, "stderr": stderr}
        self._ui.say({**told, "generation": self._generation})
        if active:
            by_itself = code is not None and code >= 0
            self._cut("died", f"the worker ended during the step ({reason})" if by_itself else reason)
        # A step that the user runs cannot cause a loop: the worker dies once for each run.
        if (active and active.asked) or self._restarts.another():
            self._replace(f"{reason}{last_line}")
        else:
            self._give_up(f"the worker keeps ending ({reason}{last_line}): restart it to try again")

    def failed(self, reason: str) -> None:
        self._give_up(reason)

    def stuck(self, pids: set[int]) -> None:
        self._ui.show("restarting", f"waiting for process {', '.join(map(str, sorted(pids)))} to end")

    def log(self, text: str) -> None:
        self._ui.log(text)

    def crowded(self) -> bool:
        return self._ui.full


def serve(program: Path, idle_s: float | None = None) -> int:
    """Serve on stdin and stdout with `program` as the runner, and return the exit status.

    It ends when no byte arrives from the engine for `idle_s` seconds: a link to another machine may break unnoticed.
    """
    stdout = os.dup(1)
    os.dup2(2, 1)  # a stray print must not reach the frames on stdout
    return Supervisor(Loop(), program, 0, stdout, idle_s).serve()
