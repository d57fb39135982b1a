"""One run of several processes: merges what they report into one run of the first, and keeps what each reported."""

from collections.abc import Collection, Iterator
from typing import Literal

import msgspec

from jaxtour.engine.guards.gathered import gathered
from jaxtour.engine.guards.gloo import without_gloo
from jaxtour.engine.wire.messages import (
    Checked,
    CheckOutcome,
    Done,
    Executed,
    Failure,
    FromProcess,
    OwnEvent,
    Result,
    RunEvent,
    RunProgress,
    Text,
    Timing,
    Value,
)
from jaxtour.text import Raw

RAISED = "raised in"
"""The phase of a process that has raised in a replayed step."""
_STREAMS: tuple[Literal["stdout", "stderr"], ...] = ("stdout", "stderr")
_WORST = ("died", "timeout", "interrupted", "error", "ok")
_OWN = (Result, Failure, Timing, Checked, Done)
"""What is kept of the first process too, since the merged result replaces it."""


def named(processes: Collection[int], of: int) -> str:
    """Name processes: `process 1 of 2`, `processes 1-3 of 8`, `processes 0, 2 of 4`; without `of` if that is 0."""
    numbers = sorted(processes)
    run = len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1
    said = f"{numbers[0]}-{numbers[-1]}" if run else ", ".join(map(str, numbers))
    return f"process{'' if len(numbers) == 1 else 'es'} {said}" + (f" of {of}" if of else "")


def about(process: int, of: int, reason: str) -> str:
    """Return a guard's report about its runner, with the process's number: `process 1 of 2 was killed by SIGKILL`."""
    who = named([process], of)
    if reason.startswith("killed by"):
        return f"{who} was {reason}"
    if reason.startswith("the worker "):
        return f"{who} {reason.removeprefix('the worker ')}"
    return f"{who}: {reason}" if reason else who


class RunTogether:
    """The run of all processes together; it is over when each of them is done."""

    def __init__(self, run: int, processes: int) -> None:
        self.run = run
        self.processes = processes
        self.done: dict[int, Done] = {}
        """The `done` event of each process, in the order of their ends."""
        self.stopped: set[int] = set()
        """Processes that were interrupted because another one had failed."""
        self._raised_in: dict[int, str] = {}
        """The replayed cell in which each process raised, and where it waits for the others."""
        self._failures: dict[int, Failure] = {}
        self._values: dict[int, Value] = {}
        self._executed: set[int] = set()
        """The processes whose code has run to its end."""
        self._checked: dict[int, Checked] = {}
        self._begun: dict[tuple[int, str], str] = {}
        """The tail of each process's output, by stream, that may be the beginning of a gloo line."""
        self._timings: dict[tuple[object, ...], dict[int, Timing]] = {}

    @property
    def over(self) -> bool:
        """Whether every process is done."""
        return len(self.done) == self.processes

    @property
    def missing(self) -> list[int]:
        """The processes that are not done."""
        return [process for process in range(self.processes) if process not in self.done]

    @property
    def failed(self) -> bool:
        """Whether a process has ended otherwise than the step intends, so that the others may wait for it.

        This includes one that raised in a replayed step that others are still in.
        """
        return bool(self._raised_in) or any(done.status not in ("ok", "interrupted") for done in self.done.values())

    def take(self, process: int, event: OwnEvent) -> Iterator[RunEvent]:
        """Yield what an event of one process becomes."""
        if isinstance(event, Text):
            event = self._without_gloo(process, event)
            if not (event.text.text or event.dropped):
                return
        if isinstance(event, RunProgress):
            self._raised_in.pop(process, None)
            if event.phase == RAISED:
                self._raised_in[process] = event.label
                return
        if process or isinstance(event, _OWN):
            yield FromProcess(process=process, said=event)
        match event:
            case Done():
                for stream in _STREAMS:
                    if rest := self._begun.pop((process, stream), ""):
                        left = Text(run=self.run, stream=stream, text=Raw(rest))
                        yield FromProcess(process=process, said=left) if process else left
                self.done[process] = event
                yield from self._end() if self.over else [self._waiting()]
            case Result(value=value):
                self._values[process] = value
                if not process:
                    yield event
                if len(self._values) == self.processes and (whole := gathered(self._values)) != self._values[0]:
                    yield Result(run=self.run, value=whole)
            case Failure():
                self._failures[process] = event
                if not process:
                    yield event
            case Executed():
                self._executed.add(process)
                if not process:
                    yield event
            case Checked():
                self._checked[process] = event
                if len(self._checked) == self.processes:
                    yield self._all_checked()
            case Timing():
                known = self._timings.setdefault((event.index, event.label, event.call, event.size, event.platform), {})
                known[process] = event
                if not process:
                    yield event
                if len(known) == self.processes and not any(each.error for each in known.values()):
                    medians = tuple(known[each].median_s for each in range(self.processes))
                    yield msgspec.structs.replace(known[0], by_process=medians)
            case _ if not process:
                yield event

    def _without_gloo(self, process: int, text: Text) -> Text:
        """Return the output without gloo's lines; keeps back a line of gloo that may be incomplete."""
        key = (process, text.stream)
        whole = self._begun.pop(key, "") + text.text.text
        if "[" not in whole:
            return text
        whole, begun = without_gloo(whole)
        if begun:
            self._begun[key] = begun
        return msgspec.structs.replace(text, text=Raw(whole))

    def _waiting(self) -> RunProgress:
        """Say that some processes are not done yet, and the likely reason."""
        label = named(self.missing, self.processes)
        if failed := [process for process in self._failures if process in self.done]:
            label += f": {named(failed, 0)} raised {self._failures[failed[0]].type}"
        return RunProgress(run=self.run, phase="waiting for", label=label)

    def _all_checked(self) -> Checked:
        """Return a passed check if every process that ran it passed; otherwise the message of the first that failed."""
        process, failed = next(
            ((process, each) for process, each in sorted(self._checked.items()) if not each.passed), (0, None)
        )
        if failed is None:
            return self._checked[0]
        if sum(not each.passed for each in self._checked.values()) == self.processes:
            return failed
        who = f"in {named([process], self.processes)}: "
        outcomes = tuple(_said_by(who, outcome) for outcome in failed.outcomes)
        return msgspec.structs.replace(failed, message=who + failed.message, outcomes=outcomes)

    def stop(self) -> None:
        """Note that the processes that wait in vain for others are being stopped."""
        self.stopped.update(process for process in self.missing if process not in self._raised_in)

    # The end ---------------------------------------------------------------------------------------------------------

    def _end(self) -> Iterator[RunEvent]:
        failed = any(not each.passed for each in self._checked.values())
        # If the code itself did not end, that takes precedence over what other processes report.
        if failed and len(self._checked) < self.processes == len(self._executed):
            yield self._all_checked()
        if self._failures and (who := self._raised()):
            first = min(self._failures)
            yield msgspec.structs.replace(self._failures[first], who=who)
        yield self._whole()

    def _raised(self) -> str:
        """Return which processes raised what, as text; empty if all raised the same."""
        kinds = {(each.type, each.message) for each in self._failures.values()}
        if len(self._failures) == self.processes and len(kinds) == 1:
            return ""
        first = min(self._failures)
        own = self._failures[first]
        same = [p for p, each in self._failures.items() if (each.type, each.message) == (own.type, own.message)]
        told = [f"{named(same, self.processes)} raised it"]
        told += [
            f"{named([process], 0)} raised {each.type}"
            for process, each in sorted(self._failures.items())
            if process not in same
        ]
        rest = [process for process in range(self.processes) if process not in self._failures]
        waited = [process for process in rest if process in self.stopped]
        ended = [process for process in rest if process not in self.stopped and self.done[process].status == "ok"]
        told += [about(each, 0, done.reason) for each, done in self.done.items() if done.status == "died"]
        told += [f"{named(waited, 0)} waited for it"] if waited else []
        told += [f"{named(ended, 0)} did not"] if ended else []
        return "; ".join(told)

    def _whole(self) -> Done:
        """Return the end of the run: the worst end, except for processes that only waited for another."""
        own = {process: done for process, done in self.done.items() if process not in self.stopped}
        own = own or self.done
        worst = min((done.status for done in own.values()), key=_WORST.index)
        culprit = next(process for process, done in own.items() if done.status == worst)
        done = own[culprit]
        reason, who = done.reason, ""
        if worst == "died":
            reason = about(culprit, self.processes, done.reason)
            waited = [process for process in self.done if process in self.stopped]
            reason += f"; {named(waited, 0)} waited for it" if waited else ""
        elif self._raised_in and self.stopped:
            where = next(iter(self._raised_in.values())).rpartition("/")[2]
            who = f"{named(self._raised_in, self.processes)} raised in {where}, which runs before it; "
            who += f"{named(self.stopped, 0)} waited for it"
        elif worst in ("timeout", "interrupted"):
            inside = [process for process, each in own.items() if each.status == worst]
            left = [process for process, each in own.items() if each.status in ("ok", "error")]
            verb = "was" if len(inside) == 1 else "were"
            if left:
                who = f"{named(inside, self.processes)} {verb} still in the step; {named(left, 0)} had left it"
        return Done(
            run=self.run,
            status=worst,
            seconds=max(each.seconds for each in self.done.values()),
            dirty=bool(self.stopped) or any(each.dirty for each in self.done.values()),
            reason=reason,
            who=who,
            refused=all(each.refused for each in self.done.values()),
            stopped=bool(self.stopped) and worst in ("error", "interrupted"),
        )


def _said_by(who: str, outcome: CheckOutcome) -> CheckOutcome:
    """Return the outcome of a check in one process: a failure names the process."""
    return outcome if outcome.passed is not False else msgspec.structs.replace(outcome, say=who + outcome.say)
