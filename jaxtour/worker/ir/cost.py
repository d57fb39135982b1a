"""A compiled call's cost as the compiler reports it, and the limits of its figures.

XLA's cost analysis counts a loop's body once (`HandleWhile` in `xla/service/hlo_cost_analysis.cc`). If the trip count
is known, the body is analysed as a separate module and multiplied, but only if the same analysis of the whole module
gives the compiler's figures.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from .. import compat
from .hlo import HloReader
from .instructions import Computation, Instruction

MOST_LOOPS = 40
"""Each body is a module to parse: more loops than this would take seconds."""

COUNTED_ONCE = "is counted once"
"""Part of the notes on figures that are too low."""

CostFigures: TypeAlias = dict[str, float]

_COUNTED = {"flops": "flops", "bytes": "bytes accessed", "transcendentals": "transcendentals"}
_MEMORY = {
    "argument_bytes": "argument_size_in_bytes",
    "output_bytes": "output_size_in_bytes",
    "temporary_bytes": "temp_size_in_bytes",
    "peak_bytes": "peak_memory_in_bytes",
    "alias_bytes": "alias_size_in_bytes",
    "code_bytes": "generated_code_size_in_bytes",
}
_TOGETHER = ("argument", "output", "temporary", "alias")
_NEVER_ZERO = {"peak_bytes", "code_bytes"}
_LAYOUT = re.compile(r"entry_computation_layout=\{.*?\}(?=, \w+=|$)")
_DEVICES = re.compile(r"\b(num_partitions|replica_count)=(\d+)")


def cost(compiled: Any, text: str, module: HloReader) -> dict[str, Any]:
    """Return the fields of a `Cost`; `text` is the HLO as the compiler wrote it, `module` the same text parsed."""
    notes: list[str] = []
    found: dict[str, Any] = dict(_memory(compiled))
    told = compat.cost_analysis(compiled)
    if told:
        figures = {name: told.get(theirs, 0.0) for name, theirs in _COUNTED.items()}
        counted, loop_notes = _with_loops(figures, text, module)
        notes += loop_notes
        found |= {name: value for name, value in counted.items() if value >= 0}
    if uncounted := sorted({line.target for line in _instructions(module) if line.opcode == "custom-call"}):
        names = ", ".join(uncounted[:3]) + (f" and {len(uncounted) - 3} more" if len(uncounted) > 3 else "")
        notes.append(f"library calls are not counted: {names}")
    devices = 1
    for _, number in _DEVICES.findall(text, 0, max(text.find("\n"), 0)):
        devices *= int(number)
    if devices > 1:
        notes.append(f"the figures are for one of {devices} devices")
    return {**found, "notes": notes}


def _memory(compiled: Any) -> Iterator[tuple[str, int]]:
    told = compat.memory_analysis(compiled)
    if "peak_memory_in_bytes" in told:
        told["peak_memory_in_bytes"] = _peak(told)
    for name, theirs in _MEMORY.items():
        if theirs in told and (told[theirs] or name not in _NEVER_ZERO):
            yield name, told[theirs]


def _peak(told: dict[str, int]) -> int:
    """Return the peak memory; the CPU's compiler leaves out temporaries, which exist during the whole call."""
    argument, output, temporary, alias = (told.get(_MEMORY[f"{name}_bytes"], 0) for name in _TOGETHER)
    held, peak = argument + output - alias, told["peak_memory_in_bytes"]
    # A peak that includes temporaries may be below the sum, as not all of them exist at the same time.
    return held + temporary if 0 < peak < held + temporary // 2 else peak


def _instructions(module: HloReader) -> Iterator[Instruction]:
    for whole in module.computations.values():
        yield from whole.instructions


def _with_loops(told: CostFigures, text: str, module: HloReader) -> tuple[CostFigures, list[str]]:
    """Return the figures with each loop's body counted as often as it runs, if known; and notes about that."""
    loops = [line for line in _instructions(module) if line.opcode == "while"]
    if not loops:
        return told, []
    known = [line for line in loops if line.trips is not None and line.body in module.computations]
    more = _Loops(text, module).more(told) if known and len(loops) <= MOST_LOOPS else None
    if more is None:
        return told, [f"a loop's body {COUNTED_ONCE}, whatever its trip count"]
    notes = []
    trips = [str(line.trips) for line in known]
    if len(trips) == 1:
        notes.append(f"the loop's body is counted {trips[0]} times, its trip count")
    else:
        listed = ", ".join(trips[:8]) + (", …" if len(trips) > 8 else "")
        notes.append(f"the bodies of {len(trips)} loops are counted as often as they run: {listed} times")
    if unknown := len(loops) - len(known):
        notes.append(
            f"{'a loop' if unknown == 1 else f'{unknown} loops'} of unknown trip count: the body {COUNTED_ONCE}"
        )
    return {name: value + more[name] for name, value in told.items()}, notes


class _Loops:
    """The cost of a module's loops beyond their first iteration."""

    def __init__(self, text: str, module: HloReader) -> None:
        self._rows = text.split("\n")
        self._module = module
        first = min((whole.rows[0] for whole in module.computations.values()), default=0)
        self._head = [_LAYOUT.sub("", self._rows[0]).rstrip(", ").replace(", ,", ","), *self._rows[1:first]]
        self._more: dict[str, CostFigures | None] = {}

    def more(self, told: CostFigures) -> CostFigures | None:
        """Return the additional cost; None if unknown, or if the analysis of the whole differs from the compiler's."""
        entry = next((name for name, whole in self._module.computations.items() if whole.entry), "")
        whole = self._once(entry)
        if whole is None or any(abs(whole[name] - value) > 1e-6 * abs(value) for name, value in told.items()):
            return None
        return self._beyond(entry)

    def _beyond(self, name: str) -> CostFigures | None:
        """Return the cost beyond the first iteration of all loops in a computation and its callees."""
        if name not in self._more:
            self._more[name] = self._summed(self._module.computations[name])
        return self._more[name]

    def _summed(self, whole: Computation) -> CostFigures | None:
        total = dict.fromkeys(_COUNTED, 0.0)
        for line in whole.instructions:
            if not line.called:
                continue
            inner = [self._beyond(called) for called in line.called]
            found = [figures for figures in inner if figures is not None]
            if len(found) < len(inner):
                return None
            if line.opcode == "conditional":  # XLA counts the most expensive branch
                found = [{key: max(figures[key] for figures in found) for key in total}]
            rounds = line.trips if line.opcode == "while" and line.trips is not None else 1
            if rounds != 1:
                once = [self._once(called) for called in line.called]
                for figures, is_body in zip(once, (called == line.body for called in line.called), strict=True):
                    if figures is None:
                        return None
                    # The condition runs once more than the body.
                    times = rounds - 1 if is_body else rounds
                    total = {key: value + times * figures[key] for key, value in total.items()}
            for figures in found:
                total = {key: value + rounds * figures[key] for key, value in total.items()}
        return total

    def _once(self, name: str) -> CostFigures | None:
        """Analyse one computation as a separate module."""
        found = compat.cost_of_text(self._alone(name))
        return {ours: found.get(theirs, 0.0) for ours, theirs in _COUNTED.items()} if found else None

    def _alone(self, name: str) -> str:
        needed, waiting = {name}, [name]
        while waiting:
            for line in self._module.computations[waiting.pop()].instructions:
                fresh = [called for called in line.called if called not in needed]
                needed.update(fresh)
                waiting += fresh
        rows = list(self._head)
        for whole in self._module.computations.values():
            if whole.name in needed:
                first, last = whole.rows
                title = self._rows[first].removeprefix("ENTRY ")
                rows += [f"ENTRY {title}" if whole.name == name else title, *self._rows[first + 1 : last + 1], ""]
        return "\n".join(rows)
