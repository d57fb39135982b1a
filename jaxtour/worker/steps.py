"""One `run` command from start to `done`: replay, the step itself, then what is shown of it."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import bench, compat, lens
from .describe import describe, plain_text
from .execute import Outcome, Source, Workspace, hush_warnings, last_expression, place_of, show_warnings
from .failures import attempt, failure, message, one_line
from .outlet import Event, Outlet, Stdio


@dataclass
class Stage:
    """What a run needs of the process that it is in."""

    outlet: Outlet
    stdio: Stdio
    workspace: Workspace
    events: compat.CompileEvents
    devices: list[Any]


class Run:
    """The run of one command; everything it says carries its number."""

    def __init__(self, stage: Stage, command: dict[str, Any]) -> None:
        self._stage = stage
        self._command = command
        self._cell = _whole(command["cell"]) if command.get("cell") else None
        self._probed = _whole(command["probe"]) if command.get("probe") else None
        self._replay = [_whole(cell) for cell in command.get("replay") or []]
        self._spent = False

    def perform(self) -> None:
        """Do it all; says `done` however it ends, except that the process may not survive it."""
        start = time.perf_counter()
        stage = self._stage
        status = "error"
        try:
            stage.outlet.arm()
            status = self._perform()
        except KeyboardInterrupt:
            status = "interrupted"
        finally:
            stage.outlet.disarm()
            stage.events.announce = None
            hush_warnings()
            stage.stdio.restore()
        self._say({"event": "done", "status": status, "seconds": time.perf_counter() - start, "spent": self._spent})

    def _say(self, event: Event) -> None:
        self._stage.outlet.say({**event, "run": self._command["run"]})

    def _progress(self, phase: str, label: str = "", done: int = 0, of: int = 0) -> None:
        self._say({"event": "progress", "phase": phase, "label": label, "done": done, "of": of})

    @contextlib.contextmanager
    def _phase(self, phase: str, label: str = "", done: int = 0, of: int = 0) -> Iterator[None]:
        """Tell what is done meanwhile; compilations are told as they begin."""

        def announce(kind: str, name: str, begins: bool) -> None:
            if kind == "compile":
                self._progress("compiling", name) if begins else self._progress(phase, label, done, of)

        self._progress(phase, label, done, of)
        self._stage.events.announce = announce
        try:
            yield
        finally:
            self._stage.events.announce = None

    def _perform(self) -> str:
        with self._stage.stdio.muted():
            for number, cell in enumerate(self._replay):
                hush_warnings()
                with self._phase("replaying", cell["name"], number, len(self._replay)):
                    outcome = self._execute(cell)
                    self._traces(cell, outcome)
                _release(outcome)
        if self._probed:
            return self._probe(self._probed)
        return self._show(self._cell) if self._cell else "ok"

    def _probe(self, cell: dict[str, Any]) -> str:
        """What follows a kept cell, in the namespace as it left it; the functions in it see the names of today."""
        workspace = self._stage.workspace
        kept = workspace.kept.get(cell["name"])
        if kept is None:
            self._stage.outlet.say({"event": "log", "text": f"nothing was kept of {cell['name']}"})
            return "error"
        self._spent = True
        with self._stage.stdio.muted(), workspace.namespace_of(kept):
            self._stage.outlet.arm()
            self._probes(cell, kept.calls, kept.error)
        return "ok"

    def _execute(self, cell: dict[str, Any]) -> Outcome:
        self._stage.outlet.arm()
        return self._stage.workspace.run(cell["name"], cell["setup"], cell["code"])

    def _show(self, cell: dict[str, Any]) -> str:
        own = cell["name"]
        with self._phase("running", cell["name"]):
            show_warnings(self._say, self._command["run"], Source(own, "").file)
            outcome = self._execute(cell)
            value = self._value(outcome)
            hush_warnings()
        self._stage.outlet.arm()
        self._stage.stdio.flush()
        if outcome.error is not None:
            self._say(failure(outcome.error, own))
        elif value is not None:
            self._say({"event": "result", "value": value})
        status = "error" if outcome.error is not None else "ok"
        self._say({"event": "executed", "status": status, "seconds": outcome.seconds, "compiles": outcome.compiles})
        with self._stage.stdio.muted():
            self._after(cell, outcome)
        _release(outcome)
        return status

    def _value(self, outcome: Outcome) -> dict[str, Any] | None:
        """The described value, or None; work of the step that fails only now is the step's failure."""
        if outcome.error is not None or outcome.value is None:
            return None
        value, outcome.error = attempt(describe, outcome.value)
        return value

    def _after(self, cell: dict[str, Any], outcome: Outcome) -> None:
        calls = self._traces(cell, outcome, show=True)
        outcome.value = None
        if self._command.get("keep"):
            self._stage.workspace.keep(cell["name"], calls, outcome.error)
        self._probes(cell, calls, outcome.error)

    def _probes(self, cell: dict[str, Any], calls: list[dict[str, str]], error: BaseException | None) -> None:
        """What may change the state that the cells left: compiling, answering, checking, timing."""
        if self._command.get("hlo"):
            self._hlo(calls)
        if (question := self._command.get("ask")) is not None:
            self._answer(question)
        if (check := self._command.get("check")) is not None:
            self._check(cell["name"], check, error)
        if timings := self._command.get("time"):
            self._spent = True
            brief = bool(self._command.get("brief"))
            bench.measure(
                self._stage.workspace, timings, self._stage.devices, self._stage.events, self._say, brief=brief
            )

    def _traces(self, cell: dict[str, Any], outcome: Outcome, *, show: bool = False) -> list[dict[str, str]]:
        """Trace what is to be traced and return it; shown or not, since tracing runs the lesson's functions."""
        workspace = self._stage.workspace
        traces = cell["traces"]
        find: Callable[[Workspace, str], Any] = lens.jaxpr_of
        if traces is None:
            last = last_expression(cell["code"]) if outcome.error is None else None
            if last is None or not (last[1] or compat.is_closed_jaxpr(outcome.value)):
                return []
            traces, find = (
                [{"label": " ".join(last[0].split()), "call": last[0]}],
                partial(lens.default_jaxpr, outcome.value),
            )
        shown = []
        for index, entry in enumerate(traces):
            call = entry["call"]
            with self._phase("tracing", entry["label"]) if show else contextlib.nullcontext():
                jaxpr, error = attempt(find, workspace, call)
            if jaxpr is None and error is None:
                continue
            shown.append(entry)
            if show:
                found = {"error": lens.why_not(error)} if error else lens.facts(jaxpr, self._source(cell, call))
                self._say({"event": "trace", "index": index, "label": entry["label"], "call": call, **found})
        return shown

    @staticmethod
    def _source(cell: dict[str, Any], call: str) -> dict[str, Any] | None:
        """Where the step itself makes the call."""
        place = place_of(cell["code"], call)
        return {"file": cell["name"], "line": place[0], "column": place[1]} if place else None

    def _hlo(self, calls: list[dict[str, str]]) -> None:
        self._spent = True  # what is compiled now is not compiled again by a later step
        for index, entry in enumerate(calls):
            with self._phase("compiling", entry["label"]):
                found, error = attempt(lens.opcodes, self._stage.workspace, entry["call"])
            facts = {"error": lens.why_not(error)} if error else {"opcodes": found}
            self._say({"event": "hlo", "index": index, **facts})

    def _answer(self, question: str) -> None:
        self._spent = True
        text, error = attempt(lens.ask, self._stage.workspace, question, plain_text)
        if error:
            self._stage.outlet.say({"event": "log", "text": f"no answer to {question!r}: {one_line(error)}"})
        else:
            self._say({"event": "answer", "text": text})

    def _check(self, name: str, check: str, raised: BaseException | None) -> None:
        self._spent = True
        workspace = self._stage.workspace
        if raised is not None:
            self._say({"event": "checked", "passed": False, "message": f"the code raised {one_line(raised)}"})
            return
        _, error = attempt(workspace.execute, Source(name, check, "check"), dict(workspace.namespace))
        text = message(error) or "not right yet" if isinstance(error, AssertionError) else error and one_line(error)
        self._say({"event": "checked", "passed": error is None, "message": text or ""})


def _whole(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell with every field, as JSON may leave out what is at its default."""
    return {"setup": "", "code": "", "traces": None, **cell}


def _release(outcome: Outcome) -> None:
    """Let go of what the step's value and the frames of its exception hold, on the devices above all."""
    outcome.value = None
    if outcome.error is not None:
        outcome.error.__traceback__ = None
