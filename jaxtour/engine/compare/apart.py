"""Separates what differs by process in a report from what is the same, which appears once."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from jaxtour.engine.guards.together import named
from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Value
from jaxtour.text import Raw

T = TypeVar("T")
GUTTER = " │ "
LineBy = tuple[tuple[int, ...], str]
"""A line, and the processes that wrote it; none for a line that all wrote."""


def of_process(report: Report, process: int | None) -> Report:
    """Return the report as one process made it; None means all together."""
    own = report.processes.get(process) if process is not None else None
    if own is None:
        return report
    if process:
        return replace(own, without=report.without)
    report = replace(report, value=own.value, failure=own.failure, checked=own.checked, done=own.done)
    return replace(report, timings=own.timings or report.timings, processes={})


def each_of(report: Report) -> Mapping[int, Report]:
    """Return the report of each process; empty for one process, or until the first of several has reported its end."""
    if not any(own.done for own in report.processes.values()):
        return {}
    count = 1 + max(report.processes)
    return {process: of_process(report, process) if process in report.processes or not process else Report(report.run)
            for process in range(count)}  # fmt: skip


def groups(said: Mapping[int, T], key: Callable[[T], Hashable]) -> list[tuple[tuple[int, ...], T]]:
    """Return what the processes said, each text once, with those that said it."""
    found: dict[Hashable, list[int]] = {}
    for process, each in said.items():
        found.setdefault(key(each), []).append(process)
    return [(tuple(processes), said[processes[0]]) for processes in found.values()]


def lines_apart(texts: Mapping[int, str]) -> list[LineBy]:
    """Return the lines of all texts: common lines once, others by process, in the order of processes."""
    rows = {process: text.removesuffix("\n").split("\n") if text else [] for process, text in texts.items()}
    shortest = min(map(len, rows.values()), default=0)
    every = list(rows.values())
    start = next((at for at in range(shortest) if len({each[at] for each in every}) > 1), shortest)
    ending = next(
        (at for at in range(shortest - start) if len({each[-1 - at] for each in every}) > 1), shortest - start
    )
    middle = {process: each[start : len(each) - ending] for process, each in rows.items()}
    parts: list[LineBy] = [((), line) for line in every[0][:start]] if every else []
    if len(set(map(len, middle.values()))) == 1:
        for at in range(len(next(iter(middle.values()), []))):
            found = groups({process: each[at] for process, each in middle.items()}, str)
            parts += [((), line) for _, line in found] if len(found) == 1 else found
    else:
        parts += [(who, line) for who, each in groups(middle, tuple) for line in each]
    return parts + ([((), line) for line in every[0][len(every[0]) - ending :]] if ending else [])


def who_said(processes: Sequence[int]) -> str:
    """Return `process 0 │ `; empty for what all of them said."""
    return named(processes, 0) + GUTTER if processes else ""


def stdout_of(report: Report) -> str:
    """Return the output of all processes as one text, with the process before lines that differ."""
    texts = {process: own.stdout.text for process, own in each_of(report).items()}
    if len(set(texts.values())) < 2:
        return report.stdout.text
    return "".join(f"{who_said(who)}{line}\n" for who, line in lines_apart(texts))


def values_of(report: Report) -> list[tuple[tuple[int, ...], Value | None]]:
    """Return the value that all processes share, or the different ones, each with its processes."""
    values = {process: own.value for process, own in each_of(report).items()}
    if (found := report.value) is None or len(values) < 2 or any(shard.process for shard in found.shards):
        return [((), found)] if len(set(map(_seen, values.values()))) < 2 else groups(values, _seen)
    apart = groups(values, _seen)
    return [((), found)] if len(apart) == 1 else apart


def _seen(value: Value | None) -> Hashable:
    """Return the visible parts of a value, without devices, whose numbers differ by process."""
    return value and (value.type, value.text.text, value.shape, value.dtype, value.sharding, value.tree)


def value_text(report: Report) -> str:
    """Return the texts of these values as one text."""
    found = values_of(report)
    return "\n".join(f"{who_said(who)}{value.text.text if value else 'no value'}" for who, value in found)


def stderr_of(report: Report) -> dict[int, Raw]:
    """Return what each process wrote to its standard error, if that differs."""
    texts = {process: own.stderr for process, own in each_of(report).items()}
    return texts if len({each.text for each in texts.values()}) > 1 else {}
