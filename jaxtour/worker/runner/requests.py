"""The requests of a run about a cell's calls: stages, ladders, answers, checks, profiles and timings.

Each may change the state that the cells leave, so that the runner is dirty afterwards.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax

from ..checks.checker import checked, unchecked
from ..checks.spaces import Spaces
from ..ir import lens
from ..ir.ladder import ladder
from ..ir.stages import Stages
from ..profile.profiler import Profiler
from ..timing import bench
from . import questions
from .before import copies
from .calls import Entry
from .describe import describe
from .execute import Kept, Source
from .failures import attempt, failure, one_line
from .programs import FirstRun
from .run_events import RunContext, RunEvents
from .writer import Event

_PHASES = {"hlo": "compiling", "values": "evaluating"}
_BRIEFLY = 0.3
"""The patience with calls that only a question compares."""


def written(cell: dict[str, Any], entry: Entry) -> lens.Expression:
    """Return the call as the step makes it, or parsed on its own if the step does not."""
    if "error" in entry:
        raise lens.LensError(entry["error"])
    if "program" in entry:
        raise lens.LensError("it was recorded, so no expression in the file stands for it")
    file = Source(cell["name"], "", path=cell["path"]).file
    if "tree" in entry:
        return lens.Expression(entry["tree"], file)
    return lens.expression(entry["call"], cell["code"], file)


class Requests:
    """Serves the requests of one command."""

    def __init__(
        self,
        stage: RunContext,
        events: RunEvents,
        command: dict[str, Any],
        replayed: list[dict[str, Any]],
        first: FirstRun | None,
    ) -> None:
        self._stage = stage
        self._events = events
        self._command = command
        self._replayed = replayed
        self._first = first
        """The recorded program that the file has run up to, with its inputs."""
        self.dirty = False
        """Whether the runner's state may differ from the one that its cells alone leave."""

    def serve(self, cell: dict[str, Any], calls: list[Entry], error: BaseException | None) -> None:
        """Serve all of them; `error` is what the cell raised."""
        question = self._command.get("ask")
        rivals = questions.competitors(question or "")
        if question is not None and not rivals:
            # Before anything is compiled: it may ask what compiles.
            self._answer(question, questions.answer, self._stage.workspace, self._stage.events, question)
        if self._command.get("hlo"):
            self._hlo(cell, calls)
        if requests := self._command.get("requests"):
            self._look(cell, calls, requests)
        if (composed := self._command.get("ladder")) is not None:
            self._ladder(cell, composed, calls)
        if checks := self._command.get("checks"):
            self._check(cell, checks, error)
        elif (tried := self._command.get("attempt")) is not None:
            self._try(cell, tried)
        if (profiled := self._command.get("profile")) is not None:
            self._profile(cell, calls, profiled)
        timings = self._command.get("time") or []
        told: list[Event] = []
        brief, patience = bool(self._command.get("brief")), float(self._command.get("patience") or 1.0)
        if timings:
            self._bench(patience, told).measure(timings, brief=brief)
        if question is not None and rivals:
            self._answer(question, self._fastest, rivals, told)

    def _bench(self, patience: float, told: list[Event], *, silent: bool = False) -> bench.Bench:
        """Return what measures calls, and collects its events about them in `told`."""
        self.dirty = True
        stage = self._stage

        def say(event: Event) -> None:
            if event["event"] == "timing":
                told.append(event)
            if not (silent and event["event"] == "timing"):
                self._events.say(event)

        return bench.Bench(stage.workspace, stage.devices, stage.events, say, patience, self._first)

    def _fastest(self, rivals: list[str], told: list[Event]) -> str:
        """Return the fastest, by the timings of the step, or of calls measured for the question alone."""
        known = {name for each in told if "q3_s" in each for name in (each["label"], each["call"].strip())}
        labels = {each["label"]: each for each in self._command.get("time") or ()}
        missing = [labels.get(name, {"label": name, "call": name, "on": "one"}) for name in rivals if name not in known]
        if missing:
            self._bench(_BRIEFLY, told, silent=True).measure(missing)
        return questions.fastest(rivals, told, self._stage.devices[0].platform)

    def _staged(self, cell: dict[str, Any], calls: list[Entry]) -> Stages:
        """Return the stages of these calls. Marks the runner dirty: a later step would find them compiled."""
        self.dirty = True
        stage = self._stage
        if stage.stages is None or stage.stages.calls is not calls:
            stage.stages = Stages(stage.workspace, calls, [attempt(written, cell, entry)[0] for entry in calls])
        return stage.stages

    def _hlo(self, cell: dict[str, Any], calls: list[Entry]) -> None:
        stages = self._staged(cell, calls)
        for index, entry in enumerate(calls):
            with self._events.phase("compiling", entry["label"]):
                found, error = attempt(stages.opcodes, index)
            facts = {"error": lens.why_not(error)} if error else {"opcodes": found}
            self._events.say({"event": "hlo", "index": index, **facts})

    def _look(self, cell: dict[str, Any], calls: list[Entry], requests: list[dict[str, Any]]) -> None:
        stages = self._staged(cell, calls)
        for request in requests:
            index, name = request["index"], request["stage"]
            label = calls[index]["label"] if 0 <= index < len(calls) else ""
            with self._events.phase(_PHASES.get(name, "lowering"), label):
                stages.look(index, name, self._events.say, partial(self._evaluated, label), self._first)

    def _evaluated(self, label: str, count: int) -> None:
        self._events.progress("evaluating", f"{label}, {count} equations")

    def _profile(self, cell: dict[str, Any], calls: list[Entry], asked: dict[str, Any]) -> None:
        stages, index = self._staged(cell, calls), asked["index"]
        entry = calls[index] if 0 <= index < len(calls) else {"label": "", "call": ""}
        patience = float(self._command.get("patience") or 1.0)
        profiler = Profiler(self._stage.workspace, self._stage.devices, self._events.say, patience, self._first)
        profiler.profile(index, entry["label"], entry["call"], partial(stages.staged, index))

    def _ladder(self, cell: dict[str, Any], composed: str, calls: list[Entry]) -> None:
        self.dirty = True
        key = self._command.get("ladder_of")
        programs = [entry["program"] for entry in calls if "program" in entry]
        program = next((each for each in programs if key and each.key == key), None)
        codes = [whole[part] for whole in (*self._replayed, cell) for part in ("setup", "code")]
        with self._events.phase("tracing", " ".join(composed.split())):
            ladder(self._stage.workspace, composed, codes, self._events.say, program)

    def _answer(self, question: str, find: Callable[..., str], *given: Any) -> None:
        self.dirty = True
        text, error = attempt(find, *given)
        if text is None:
            why = lens.why_not(error) if error else ""
            self._stage.writer.say({"event": "log", "text": f"no answer to {question!r}: {why}"})
            self._events.say({"event": "answer", "error": why or "it was interrupted"})
        else:
            self._events.say({"event": "answer", "text": text})

    def _check(self, cell: dict[str, Any], checks: list[dict[str, Any]], raised: BaseException | None) -> None:
        self.dirty = True
        workspace, code = self._stage.workspace, cell["code"]
        tried = self._command.get("attempt")
        if raised is not None and tried is None:
            self._events.say(unchecked(checks, f"the code raised {one_line(raised)}"))
            return
        kept = workspace.left_by(cell["name"])
        if kept is None or kept.before is None:
            self._events.say(unchecked(checks, "the state before the code was not kept: run it again"))
            return
        names = kept.namespace
        if tried is not None:
            code, names = tried, copies(kept.before.names)
            self._events.progress("running", cell["name"])
            _, raised = attempt(workspace.execute, Source(cell["name"], code), names)
            if raised is not None:
                self._events.say(unchecked(checks, f"the code raised {one_line(raised)}"))
                return
        with workspace.namespace_of(Kept(names, [], None)):
            spaces = Spaces(workspace, cell["name"], code, kept.before, self._command.get("solution") or "")
            tick = partial(self._events.progress, "checking")
            event = checked(spaces, checks, self._stage.events, tick)
        self._notice_interrupt()
        self._events.say(event)

    def _try(self, cell: dict[str, Any], code: str) -> None:
        """Run code in the state before the cell's own, and report what it raises."""
        self.dirty = True
        workspace = self._stage.workspace
        kept = workspace.left_by(cell["name"])
        assert kept and kept.before, "a probe without it ends before its requests are served"
        live = workspace.module.__dict__
        self._events.progress("running", cell["name"])
        with kept.before.again(live):
            value, raised = attempt(workspace.execute, Source(cell["name"], code), live)
            if raised is None:
                _, raised = attempt(describe, value)  # a computation may fail only now
            jax.effects_barrier()
        self._notice_interrupt()
        if raised is not None:
            self._events.say(failure(raised, cell["name"]))

    def _notice_interrupt(self) -> None:
        if self._stage.writer.interrupted:
            raise KeyboardInterrupt  # native code turned it into its own error
