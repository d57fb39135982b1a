"""What a compiled call costs, as the compiler tells it, and what its figures do not mean.

XLA counts the body of a loop once, however often it goes round. Where it knows how often, the body is analysed by
itself and counted as often; that is done only if the same analysis of the whole gives what the compiler said.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from .. import compat
from .hlo import Reader
from .instructions import Computation, Instruction

MOST_LOOPS = 40
"""Each body is a module to read, so that more loops than this would take seconds."""

COUNTED_ONCE = "is counted once"
"""In the notes on figures that are too small."""

Figures: TypeAlias = dict[str, float]

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


def cost(compiled: Any, text: str, module: Reader) -> dict[str, Any]:
    """The fields of a `Cost`: `text` is the HLO as the compiler wrote it, `module` the same, read."""
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
        notes.append(f"what is done in a library is not counted: {names}")
    devices = 1
    for _, number in _DEVICES.findall(text, 0, max(text.find("\n"), 0)):
        devices *= int(number)
    if devices > 1:
        notes.append(f"the figures are those of one device of {devices}")
    return {**found, "notes": notes}


def _memory(compiled: Any) -> Iterator[tuple[str, int]]:
    told = compat.memory_analysis(compiled)
    if "peak_memory_in_bytes" in told:
        told["peak_memory_in_bytes"] = _peak(told)
    for name, theirs in _MEMORY.items():
        if theirs in told and (told[theirs] or name not in _NEVER_ZERO):
            yield name, told[theirs]


def _peak(told: dict[str, int]) -> int:
    """The most memory at any time: the CPU's compiler leaves temporaries out, which are there during all of a call."""
    argument, output, temporary, alias = (told.get(_MEMORY[f"{name}_bytes"], 0) for name in _TOGETHER)
    held, peak = argument + output - alias, told["peak_memory_in_bytes"]
    # One that counts them may be less than the sum, as not all of them are there at once.
    return held + temporary if 0 < peak < held + temporary // 2 else peak


def _instructions(module: Reader) -> Iterator[Instruction]:
    for whole in module.computations.values():
        yield from whole.instructions


def _with_loops(told: Figures, text: str, module: Reader) -> tuple[Figures, list[str]]:
    """The figures with bodies counted as often as they run, where that is known; and what is to be said about it."""
    loops = [line for line in _instructions(module) if line.opcode == "while"]
    if not loops:
        return told, []
    known = [line for line in loops if line.trips is not None and line.body in module.computations]
    more = _Loops(text, module).more(told) if known and len(loops) <= MOST_LOOPS else None
    if more is None:
        return told, [f"a loop's body {COUNTED_ONCE}, however often it goes round"]
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
    """What the loops of a module cost beyond their first round."""

    def __init__(self, text: str, module: Reader) -> None:
        self._rows = text.split("\n")
        self._module = module
        first = min((whole.rows[0] for whole in module.computations.values()), default=0)
        self._head = [_LAYOUT.sub("", self._rows[0]).rstrip(", ").replace(", ,", ","), *self._rows[1:first]]
        self._more: dict[str, Figures | None] = {}

    def more(self, told: Figures) -> Figures | None:
        """None where it cannot be told, or where the analysis of the whole is not what the compiler said."""
        entry = next((name for name, whole in self._module.computations.items() if whole.entry), "")
        whole = self._once(entry)
        if whole is None or any(abs(whole[name] - value) > 1e-6 * abs(value) for name, value in told.items()):
            return None
        return self._beyond(entry)

    def _beyond(self, name: str) -> Figures | None:
        """What the loops in a computation, and in what it calls, cost beyond their first round."""
        if name not in self._more:
            self._more[name] = self._summed(self._module.computations[name])
        return self._more[name]

    def _summed(self, whole: Computation) -> Figures | None:
        total = dict.fromkeys(_COUNTED, 0.0)
        for line in whole.instructions:
            if not line.called:
                continue
            inner = [self._beyond(called) for called in line.called]
            found = [figures for figures in inner if figures is not None]
            if len(found) < len(inner):
                return None
            if line.opcode == "conditional":  # XLA counts the dearest branch
                found = [{key: max(figures[key] for figures in found) for key in total}]
            rounds = line.trips if line.opcode == "while" and line.trips is not None else 1
            if rounds != 1:
                once = [self._once(called) for called in line.called]
                for figures, is_body in zip(once, (called == line.body for called in line.called), strict=True):
                    if figures is None:
                        return None
                    # The condition is asked once more than the body runs.
                    times = rounds - 1 if is_body else rounds
                    total = {key: value + times * figures[key] for key, value in total.items()}
            for figures in found:
                total = {key: value + rounds * figures[key] for key, value in total.items()}
        return total

    def _once(self, name: str) -> Figures | None:
        """One computation as a module of its own, analysed."""
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
