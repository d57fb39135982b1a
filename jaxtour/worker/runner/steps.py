"""One `run` command from start to `done`: replay, the step itself, then everything requested about it."""

import ast
import contextlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .. import compat
from ..ir import lens
from ..ir.arguments import arguments
from ..ir.spans import Span
from ..timing.peaks import peaks
from ..timing.retraces import counted
from .calls import Entry, calls_of
from .complete import completions
from .describe import describe
from .execute import Execution, Source, Workspace, hush_warnings, last_expression, show_warnings
from .failures import attempt, failure
from .notebook import PLAIN_CAP, has_arrays, plain_repr
from .record import MOST_LOOKED_INTO, Enough, Recorder
from .repeatable import only_computes
from .requests import Requests, written
from .run_events import RunContext, RunEvents
from .writer import Event

RAISED = "raised in"
"""The phase of one of several processes that has raised in a replayed cell, and waits for the others there."""


class CommandRun:
    """The run of one command; all its events carry the command's number."""

    def __init__(self, stage: RunContext, command: dict[str, Any]) -> None:
        self._stage = stage
        self._command = command
        self._events = RunEvents(stage, command["run"])
        self._cell = _whole(command["cell"]) if command.get("cell") else None
        self._probed = _whole(command["probe"]) if command.get("probe") else None
        self._replay = [_whole(cell) for cell in command.get("replay") or []]
        self._dirty = False
        wanted = [*(command.get("time") or ()), *([command["profile"]] if command.get("profile") else [])]
        wanted += command.get("requests") or ()
        self._until = next((each["program"] for each in wanted if each.get("program")), "")
        """The recorded program that is timed, profiled or evaluated: the file runs again up to its first run."""
        self._recorder: Recorder | None = None
        """The recorder of the file that runs as a program."""

    def perform(self) -> None:
        """Execute the command and send `done`, unless the process dies."""
        start = time.perf_counter()
        stage = self._stage
        status = "error"
        try:
            stage.writer.arm()
            compat.begin_agreeing(self._command["run"])
            status = self._perform()
        except KeyboardInterrupt:
            status = "interrupted"
            if self._recorder is not None:
                self._recorder.tell(self._recorder.entries(None, ()), self._events.say)
        finally:
            stage.writer.disarm()
            stage.events.announce = None
            hush_warnings()
            stage.stdio.restore()
        self._events.say(
            {"event": "done", "status": status, "seconds": time.perf_counter() - start, "dirty": self._dirty}
        )

    def _perform(self) -> str:
        with self._stage.stdio.muted():
            for number, cell in enumerate(self._replay):
                hush_warnings()
                phase = partial(self._events.phase, "replaying", cell["name"], number, len(self._replay))
                if cell["launch"]:
                    phase = partial(self._events.phase, "running again", Path(cell["path"]).name)
                with phase():
                    outcome = self._execute(cell)
                    calls = self._traces(cell, outcome)
                    if outcome.error is not None and compat.in_company():
                        self._events.progress(RAISED, cell["name"])
                    compat.meet()
                _release(outcome)
                self._stage.workspace.ended(cell["name"], calls, outcome.error)
        status = "ok"
        if self._probed:
            status = self._probe(self._probed)
        elif self._cell:
            status = self._show(self._cell)
        if (beginning := self._command.get("complete")) is not None:
            self._events.say({"event": "names", **completions(self._stage.workspace.names, beginning)})
        if self._command.get("peaks"):
            self._dirty = True
            with self._stage.stdio.muted():
                peaks(self._stage.devices, self._events.say)
        return status

    def _probe(self, cell: dict[str, Any]) -> str:
        """Answer requests about a kept cell, in the namespace it left; its functions see today's globals."""
        workspace = self._stage.workspace
        kept = workspace.left_by(cell["name"])
        tried = self._command.get("attempt") is not None
        if kept is None or (tried and not (kept.before and kept.before.is_reachable)):
            self._stage.writer.say({"event": "log", "text": f"the state of {cell['name']} was not kept: run it again"})
            return "error"
        self._dirty = True
        with self._stage.stdio.muted(), workspace.namespace_of(kept):
            self._stage.writer.arm()
            self._serve(cell, kept.calls, kept.error)
        return "ok"

    def _execute(self, cell: dict[str, Any]) -> Execution:
        """Run a cell; raises KeyboardInterrupt for an interrupt, even if the code turned it into another error.

        Native code does. Before it compiles, JAX walks over the module with a callback from MLIR, which turns what the
        callback raises into a RuntimeError; what a host callback raises becomes an XLA error.
        """
        outcome = self._executed(cell)
        self._stage.whole.check()
        if outcome.error is not None and self._stage.writer.interrupted:
            raise KeyboardInterrupt from outcome.error
        return outcome

    def _executed(self, cell: dict[str, Any]) -> Execution:
        self._stage.writer.arm()
        self._stage.stages = None
        run = partial(self._stage.workspace.run, cell["name"], cell["setup"], cell["code"], cell["path"])
        launch = cell["launch"]
        if launch is None:
            own = cell is self._cell
            checked = own and bool(cell["checked"] or self._command.get("checks") or self._command.get("keep_before"))
            return run(notebook=cell["notebook"], quiet=not own, checked=checked)
        self._recorder = Recorder(
            self._stage.events,
            launch.get("stop_after"),
            launch.get("stop_after_s"),
            run_times=launch.get("run_times", False) and cell is self._cell,
            until=self._until,
        )
        with self._recorder.on():
            outcome = run(launch)
        if isinstance(outcome.error, Enough):
            outcome.error = None
        return outcome

    def _show(self, cell: dict[str, Any]) -> str:
        own = cell["path"] or cell["name"]
        file = Source(own, "", path=cell["path"]).file
        codes = [cell["setup"], cell["code"]]
        with self._events.phase("running", cell["name"]):
            show_warnings(self._events.say, self._command["run"], file)
            with counted(self._stage.events, self._events.say, file, codes, self._missed):
                outcome = self._execute(cell)
            value = self._value(outcome, is_notebook=bool(cell["notebook"]))
            hush_warnings()
        self._stage.writer.arm()
        self._stage.stdio.flush()
        for event in self._stage.workspace.notebook.figures.events if cell["notebook"] else ():
            self._events.say(event)
        if outcome.error is not None:
            self._events.say(failure(outcome.error, own))
        elif value is not None:
            self._events.say({"event": "result", "value": value})
        status = "error" if outcome.error is not None else "ok"
        self._events.say(
            {"event": "executed", "status": status, "seconds": outcome.seconds, "compiles": outcome.compiles}
        )
        with self._stage.stdio.muted():
            self._after(cell, outcome)
        _release(outcome)
        return status

    def _missed(self, function: str, reason: str) -> None:
        if self._recorder is not None:
            self._recorder.missed(function, reason)

    def _value(self, outcome: Execution, *, is_notebook: bool) -> dict[str, Any] | None:
        """Return the described value, or None; a computation that fails only now counts as the step's failure."""
        if outcome.error is not None or outcome.value is None:
            return None
        # The value's `repr` is called once: it may take long, or count.
        plain = plain_repr(outcome.value) if is_notebook else None
        value, outcome.error = attempt(describe, outcome.value, plain)
        return value if value is None or plain is None else {**value, "plain": plain[:PLAIN_CAP]}

    def _after(self, cell: dict[str, Any], outcome: Execution) -> None:
        calls = self._traces(cell, outcome, show=True)
        outcome.value = None
        self._stage.workspace.ended(cell["name"], calls, outcome.error)
        if self._command.get("keep"):
            self._stage.workspace.keep(cell["name"], calls, outcome.error)
        self._serve(cell, calls, outcome.error)

    def _serve(self, cell: dict[str, Any], calls: list[Entry], error: BaseException | None) -> None:
        first = self._recorder.reached if self._recorder else None
        requests = Requests(self._stage, self._events, self._command, self._replay, first)
        try:
            requests.serve(cell, calls, error)
        finally:
            self._dirty = self._dirty or requests.dirty

    def _traces(self, cell: dict[str, Any], outcome: Execution, *, show: bool = False) -> list[Entry]:
        """Trace the cell's calls and return them, even if not shown: tracing runs the lesson's functions."""
        workspace = self._stage.workspace
        traces = cell["traces"]
        find: Callable[[Workspace, lens.Expression], Any] = lens.traced_of
        if self._recorder is not None and (recorded := self._recorded(traces, show=show)):
            return recorded
        if cell["path"] is not None:
            traces = [] if outcome.error else calls_of(workspace, cell["path"], cell["code"], traces)
        elif traces is None:
            last = last_expression(cell["code"]) if outcome.error is None else None
            if last is None or not (last[1] or compat.is_closed_jaxpr(outcome.value)):
                return []
            if cell["notebook"] and not self._is_traced(cell["code"], outcome.value):
                return []
            traces, find = (
                [{"label": " ".join(last[0].split()), "call": last[0]}],
                partial(lens.default_traced, outcome.value),
            )
        shown: list[Entry] = []
        left_out: list[Entry] = []
        for entry in traces:
            with self._events.phase("tracing", entry["label"]) if show else contextlib.nullcontext():
                call, error = attempt(written, cell, entry)
                traced, error = attempt(find, workspace, call) if call else (None, error)
            if traced is None and entry.get("unsure"):
                left_out.append({**entry, **self._untraced(cell, error)})
            elif traced is not None or error is not None:
                shown.append(entry)
                if show:
                    head = {"index": len(shown) - 1, "label": entry["label"], "call": entry["call"]}
                    self._show_trace(cell, head, traced, call.span if call else None, error)
        if left_out and not shown:
            # No call of the file can be traced: report the first one's error.
            shown = left_out[:1]
            if show:
                first: Event = {key: shown[0][key] for key in ("label", "call", "error", "raised") if key in shown[0]}
                self._events.say({"event": "trace", "index": 0, **first})
        return shown

    def _is_traced(self, code: str, value: Any) -> bool:
        """Return whether a notebook's cell shows a jaxpr: its value is one, or its last call gave arrays and is pure.

        A lesson's calls are made to be traced. A notebook's may train, plot or count, and do so once.
        """
        if compat.is_closed_jaxpr(value):
            return True
        last = ast.parse(code).body[-1]
        return (
            isinstance(last, ast.Expr) and has_arrays(value) and only_computes(last.value, self._stage.workspace.names)
        )

    def _recorded(self, named: list[Entry] | None, *, show: bool) -> list[Entry]:
        """Return what the program compiled, instead of calls found in its text; only the named functions' programs."""
        assert self._recorder is not None
        names = None if named is None else {entry["call"].strip().rpartition(".")[2] for entry in named}
        entries = self._recorder.entries(names, self._command.get("programs") or ())
        if show:
            for index, entry in enumerate(entries[:MOST_LOOKED_INTO]):
                with self._events.phase("tracing", entry["label"], index, len(entries)):
                    head = {"index": index, "label": entry["label"], "call": entry["call"]}
                    traced, error = attempt(entry["program"].traced)
                    found = self._show_trace({}, head, traced, entry["program"].around, error)
                    entry["program"].outermost = found and found.walk.outermost
            self._recorder.tell(entries, self._events.say)
        return entries

    def _show_trace(
        self,
        cell: dict[str, Any],
        head: Event,
        traced: lens.Traced | None,
        around: Span | None,
        error: BaseException | None,
    ) -> lens.SentJaxpr | None:
        """Send a trace's facts, its arguments and the text of its jaxpr; return what was sent, None without a jaxpr."""
        found = None
        if traced is not None:
            found, error = attempt(lens.shown, traced.jaxpr, around)
        if found is None or traced is None:
            self._events.say({"event": "trace", **head, **self._untraced(cell, error)})
            return None
        self._events.say({"event": "trace", **head, **found.facts})
        self._events.say({"event": "arguments", "index": head["index"], **arguments(traced.jaxpr, traced.leaves)})
        for piece in found.pieces({"event": "stage", "index": head["index"], "stage": "jaxpr"}):
            self._events.say(piece)
        return found

    def _untraced(self, cell: dict[str, Any], error: BaseException | None) -> Event:
        """Return why a call has no jaxpr, and the exception if it came from the learner's code."""
        if error is None:
            return {"error": "it has no jaxpr"}
        raised = failure(error, cell.get("path") or cell.get("name") or "")
        told = {"raised": {**raised, "run": self._command["run"]}} if raised["frames"] else {}
        return {"error": lens.why_not(error), **told}


def _whole(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell with every field; JSON may leave out defaults."""
    defaults = {"setup": "", "code": "", "traces": None, "path": None, "launch": None, "notebook": None}
    return {**defaults, "checked": False, **cell}


def _release(outcome: Execution) -> None:
    """Free the value and the exception's frames, which may hold device memory."""
    outcome.value = None
    if outcome.error is not None:
        outcome.error.__traceback__ = None
