"""One `run` command from start to `done`: replay, the step itself, then everything requested about it."""

import ast
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import compat
from ..ir import lens
from ..ir.arguments import arguments
from ..ir.ladder import ladder
from ..ir.spans import Span
from ..ir.stages import Stages
from ..profile.profiler import Profiler
from ..timing import bench
from ..timing.peaks import peaks
from ..timing.retraces import counted
from .calls import Entry, calls_of
from .describe import describe, plain_text
from .execute import Execution, Source, Workspace, hush_warnings, last_expression, show_warnings
from .failures import attempt, failure, message, one_line
from .notebook import PLAIN_CAP, has_arrays, plain_repr
from .record import MOST_LOOKED_INTO, Enough, Recorder
from .repeatable import only_computes
from .writer import Event, Stdio, Writer

_PHASES = {"hlo": "compiling", "values": "evaluating"}


@dataclass
class RunContext:
    """The parts of the process that a run uses."""

    writer: Writer
    stdio: Stdio
    workspace: Workspace
    events: compat.CompileEvents
    devices: list[Any]
    stages: Stages | None = None
    """The stages of the last request, reused by the next one for the same calls."""


class CommandRun:
    """The run of one command; all its events carry the command's number."""

    def __init__(self, stage: RunContext, command: dict[str, Any]) -> None:
        self._stage = stage
        self._command = command
        self._cell = _whole(command["cell"]) if command.get("cell") else None
        self._probed = _whole(command["probe"]) if command.get("probe") else None
        self._replay = [_whole(cell) for cell in command.get("replay") or []]
        self._dirty = False
        wanted = [*(command.get("time") or ()), *([command["profile"]] if command.get("profile") else [])]
        wanted += command.get("requests") or ()
        self._until = next((each["program"] for each in wanted if each.get("program")), "")
        """The recorded program that is timed, profiled or evaluated: the file runs again up to its first run."""
        self._recorder: Recorder | None = None
        """Of the file that runs as a program."""

    def perform(self) -> None:
        """Execute the command and send `done`, unless the process dies."""
        start = time.perf_counter()
        stage = self._stage
        status = "error"
        try:
            stage.writer.arm()
            status = self._perform()
        except KeyboardInterrupt:
            status = "interrupted"
            if self._recorder is not None:
                self._recorder.tell(self._recorder.entries(None, ()), self._say)
        finally:
            stage.writer.disarm()
            stage.events.announce = None
            hush_warnings()
            stage.stdio.restore()
        self._say({"event": "done", "status": status, "seconds": time.perf_counter() - start, "dirty": self._dirty})

    def _say(self, event: Event) -> None:
        self._stage.writer.say({**event, "run": self._command["run"]})

    def _progress(self, phase: str, label: str = "", done: int = 0, of: int = 0) -> None:
        self._say({"event": "progress", "phase": phase, "label": label, "done": done, "of": of})

    @contextlib.contextmanager
    def _phase(self, phase: str, label: str = "", done: int = 0, of: int = 0) -> Iterator[None]:
        """Report a phase, and each compilation inside it."""

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
                phase = partial(self._phase, "replaying", cell["name"], number, len(self._replay))
                if cell["launch"]:
                    phase = partial(self._phase, "running again", Path(cell["path"]).name)
                with phase():
                    outcome = self._execute(cell)
                    calls = self._traces(cell, outcome)
                _release(outcome)
                self._stage.workspace.ended(cell["name"], calls, outcome.error)
        status = "ok"
        if self._probed:
            status = self._probe(self._probed)
        elif self._cell:
            status = self._show(self._cell)
        if self._command.get("peaks"):
            self._dirty = True
            with self._stage.stdio.muted():
                peaks(self._stage.devices, self._say)
        return status

    def _probe(self, cell: dict[str, Any]) -> str:
        """Answer requests about a kept cell, in the namespace it left; its functions see today's globals."""
        workspace = self._stage.workspace
        kept = workspace.left_by(cell["name"])
        if kept is None:
            self._stage.writer.say({"event": "log", "text": f"the state of {cell['name']} was not kept: run it again"})
            return "error"
        self._dirty = True
        with self._stage.stdio.muted(), workspace.namespace_of(kept):
            self._stage.writer.arm()
            self._probes(cell, kept.calls, kept.error)
        return "ok"

    def _execute(self, cell: dict[str, Any]) -> Execution:
        """Run a cell; raises KeyboardInterrupt for an interrupt, also if the code made an error of its own of it.

        Native code does. Before it compiles, JAX walks over the module by a callback from MLIR, which makes a
        RuntimeError of what the callback raises; a host callback's becomes an error of XLA.
        """
        outcome = self._executed(cell)
        if outcome.error is not None and self._stage.writer.interrupted:
            raise KeyboardInterrupt from outcome.error
        return outcome

    def _executed(self, cell: dict[str, Any]) -> Execution:
        self._stage.writer.arm()
        self._stage.stages = None
        run = partial(self._stage.workspace.run, cell["name"], cell["setup"], cell["code"], cell["path"])
        launch = cell["launch"]
        if launch is None:
            return run(notebook=cell["notebook"], quiet=cell is not self._cell)
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
        with self._phase("running", cell["name"]):
            show_warnings(self._say, self._command["run"], file)
            with counted(self._stage.events, self._say, file, codes, self._missed):
                outcome = self._execute(cell)
            value = self._value(outcome, is_notebook=bool(cell["notebook"]))
            hush_warnings()
        self._stage.writer.arm()
        self._stage.stdio.flush()
        for event in self._stage.workspace.notebook.figures.events if cell["notebook"] else ():
            self._say(event)
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

    def _missed(self, function: str, reason: str) -> None:
        if self._recorder is not None:
            self._recorder.missed(function, reason)

    def _value(self, outcome: Execution, *, is_notebook: bool) -> dict[str, Any] | None:
        """The described value, or None; a computation that fails only now counts as the step's failure."""
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
        self._probes(cell, calls, outcome.error)

    def _probes(self, cell: dict[str, Any], calls: list[Entry], error: BaseException | None) -> None:
        """Serve the requests that may change the cells' state: compiling, answering, checking, timing."""
        if self._command.get("hlo"):
            self._hlo(cell, calls)
        if requests := self._command.get("requests"):
            self._look(cell, calls, requests)
        if (composed := self._command.get("ladder")) is not None:
            self._ladder(cell, composed, calls)
        if (question := self._command.get("ask")) is not None:
            self._answer(question)
        if (check := self._command.get("check")) is not None:
            self._check(cell["name"], check, error)
        if (profiled := self._command.get("profile")) is not None:
            self._profile(cell, calls, profiled)
        if timings := self._command.get("time"):
            self._dirty = True
            brief, patience = bool(self._command.get("brief")), float(self._command.get("patience") or 1.0)
            first = self._recorder.reached if self._recorder else None
            measure = bench.Bench(
                self._stage.workspace, self._stage.devices, self._stage.events, self._say, patience, first
            ).measure
            measure(timings, brief=brief)

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
            with self._phase("tracing", entry["label"]) if show else contextlib.nullcontext():
                written, error = attempt(self._written, cell, entry)
                traced, error = attempt(find, workspace, written) if written else (None, error)
            if traced is None and entry.get("unsure"):
                left_out.append({**entry, **self._untraced(cell, error)})
            elif traced is not None or error is not None:
                shown.append(entry)
                if show:
                    head = {"index": len(shown) - 1, "label": entry["label"], "call": entry["call"]}
                    self._show_trace(cell, head, traced, written.span if written else None, error)
        if left_out and not shown:
            # No call of the file can be traced: report the first one's error.
            shown = left_out[:1]
            if show:
                first: Event = {key: shown[0][key] for key in ("label", "call", "error", "raised") if key in shown[0]}
                self._say({"event": "trace", "index": 0, **first})
        return shown

    def _is_traced(self, code: str, value: Any) -> bool:
        """Whether a notebook's cell shows a jaxpr: its value is one, or its last call gave arrays and only computes.

        A lesson's calls are made to be traced. A notebook's may train, plot or count, and do so once.
        """
        if compat.is_closed_jaxpr(value):
            return True
        last = ast.parse(code).body[-1]
        return (
            isinstance(last, ast.Expr) and has_arrays(value) and only_computes(last.value, self._stage.workspace.names)
        )

    def _recorded(self, named: list[Entry] | None, *, show: bool) -> list[Entry]:
        """What the program compiled, in place of calls that are found in its text; of a function that is named, its."""
        assert self._recorder is not None
        names = None if named is None else {entry["call"].strip().rpartition(".")[2] for entry in named}
        entries = self._recorder.entries(names, self._command.get("programs") or ())
        if show:
            for index, entry in enumerate(entries[:MOST_LOOKED_INTO]):
                with self._phase("tracing", entry["label"], index, len(entries)):
                    head = {"index": index, "label": entry["label"], "call": entry["call"]}
                    traced, error = attempt(entry["program"].traced)
                    found = self._show_trace({}, head, traced, entry["program"].around, error)
                    entry["program"].outermost = found and found.walk.outermost
            self._recorder.tell(entries, self._say)
        return entries

    def _show_trace(
        self,
        cell: dict[str, Any],
        head: Event,
        traced: lens.Traced | None,
        around: Span | None,
        error: BaseException | None,
    ) -> lens.Shown | None:
        """Send a trace's facts, its arguments and the text of its jaxpr; return what was sent, None without a jaxpr."""
        found = None
        if traced is not None:
            found, error = attempt(lens.shown, traced.jaxpr, around)
        if found is None or traced is None:
            self._say({"event": "trace", **head, **self._untraced(cell, error)})
            return None
        self._say({"event": "trace", **head, **found.facts})
        self._say({"event": "arguments", "index": head["index"], **arguments(traced.jaxpr, traced.leaves)})
        for piece in found.pieces({"event": "stage", "index": head["index"], "stage": "jaxpr"}):
            self._say(piece)
        return found

    def _untraced(self, cell: dict[str, Any], error: BaseException | None) -> Event:
        """Why a call has no jaxpr, and the exception if it came from the learner's code."""
        if error is None:
            return {"error": "it has no jaxpr"}
        raised = failure(error, cell.get("path") or cell.get("name") or "")
        told = {"raised": {**raised, "run": self._command["run"]}} if raised["frames"] else {}
        return {"error": lens.why_not(error), **told}

    @staticmethod
    def _written(cell: dict[str, Any], entry: Entry) -> lens.Expression:
        """The call as the step makes it, or parsed on its own if the step does not."""
        if "error" in entry:
            raise lens.LensError(entry["error"])
        if "program" in entry:
            raise lens.LensError("it was recorded, and no expression stands for it")
        file = Source(cell["name"], "", path=cell["path"]).file
        if "tree" in entry:
            return lens.Expression(entry["tree"], file)
        return lens.expression(entry["call"], cell["code"], file)

    def _staged(self, cell: dict[str, Any], calls: list[Entry]) -> Stages:
        """The stages of these calls. Marks the runner dirty: a later step would find them compiled."""
        self._dirty = True
        stage = self._stage
        if stage.stages is None or stage.stages.calls is not calls:
            stage.stages = Stages(stage.workspace, calls, [attempt(self._written, cell, entry)[0] for entry in calls])
        return stage.stages

    def _hlo(self, cell: dict[str, Any], calls: list[Entry]) -> None:
        stages = self._staged(cell, calls)
        for index, entry in enumerate(calls):
            with self._phase("compiling", entry["label"]):
                found, error = attempt(stages.opcodes, index)
            facts = {"error": lens.why_not(error)} if error else {"opcodes": found}
            self._say({"event": "hlo", "index": index, **facts})

    def _look(self, cell: dict[str, Any], calls: list[Entry], requests: list[dict[str, Any]]) -> None:
        stages = self._staged(cell, calls)
        for request in requests:
            index, name = request["index"], request["stage"]
            label = calls[index]["label"] if 0 <= index < len(calls) else ""
            with self._phase(_PHASES.get(name, "lowering"), label):
                first = self._recorder.reached if self._recorder else None
                stages.look(index, name, self._say, partial(self._evaluated, label), first)

    def _evaluated(self, label: str, count: int) -> None:
        self._progress("evaluating", f"{label}, {count} equations")

    def _profile(self, cell: dict[str, Any], calls: list[Entry], asked: dict[str, Any]) -> None:
        stages, index = self._staged(cell, calls), asked["index"]
        entry = calls[index] if 0 <= index < len(calls) else {"label": "", "call": ""}
        patience = float(self._command.get("patience") or 1.0)
        first = self._recorder.reached if self._recorder else None
        profiler = Profiler(self._stage.workspace, self._stage.devices, self._say, patience, first)
        profiler.profile(index, entry["label"], entry["call"], partial(stages.staged, index))

    def _ladder(self, cell: dict[str, Any], composed: str, calls: list[Entry]) -> None:
        self._dirty = True
        key = self._command.get("ladder_of")
        programs = [entry["program"] for entry in calls if "program" in entry]
        program = next((each for each in programs if key and each.key == key), None)
        codes = [whole[part] for whole in (*self._replay, cell) for part in ("setup", "code")]
        with self._phase("tracing", " ".join(composed.split())):
            ladder(self._stage.workspace, composed, codes, self._say, program)

    def _answer(self, question: str) -> None:
        self._dirty = True
        text, error = attempt(lens.ask, self._stage.workspace, question, plain_text)
        if error:
            self._stage.writer.say({"event": "log", "text": f"no answer to {question!r}: {one_line(error)}"})
        else:
            self._say({"event": "answer", "text": text})

    def _check(self, name: str, check: str, raised: BaseException | None) -> None:
        self._dirty = True
        workspace = self._stage.workspace
        if raised is not None:
            self._say({"event": "checked", "passed": False, "message": f"the code raised {one_line(raised)}"})
            return
        _, error = attempt(workspace.execute, Source(name, check, "check"), dict(workspace.namespace))
        text = message(error) or "not right yet" if isinstance(error, AssertionError) else error and one_line(error)
        self._say({"event": "checked", "passed": error is None, "message": text or ""})


def _whole(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell with every field; JSON may leave out defaults."""
    return {"setup": "", "code": "", "traces": None, "path": None, "launch": None, "notebook": None, **cell}


def _release(outcome: Execution) -> None:
    """Free the value and the exception's frames, which may hold device memory."""
    outcome.value = None
    if outcome.error is not None:
        outcome.error.__traceback__ = None
