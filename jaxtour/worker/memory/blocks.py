"""Which value owns which bytes, and for how long: the compiler's buffer assignment over the schedule.

Fields are those of XLA's `BufferAssignmentProto` in `xla/service/hlo.proto`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from .module import Module, Need, ScheduledNode, TuplePath
from .proto import first, integers, message

BlockKind: TypeAlias = Literal["argument", "donated", "constant", "output", "temporary"]


@dataclass(frozen=True)
class Block:
    """The bytes of one value, or of several that follow each other in the same memory."""

    node: ScheduledNode
    """The instruction that computes it; of several, the first that does more than copy."""
    index: TuplePath
    size: int
    allocation: int
    offset: int
    kind: BlockKind
    need: Need


def blocks(assignment: bytes, module: Module) -> tuple[list[Block], Counter[BlockKind]]:
    """Return the blocks of a compiled module, except what fusions use internally; and the bytes allocated by kind."""
    whole = message(assignment)
    values = dict(_values(whole.get(1, ()), module))
    found: list[Block] = []
    allocated: Counter[BlockKind] = Counter()
    for allocation in map(message, whole.get(3, ())):
        if first(allocation, 3):  # one thread's memory, on its stack
            continue
        kind, number = _kind(allocation), first(allocation, 1)
        allocated[kind] += first(allocation, 2)
        slots: dict[tuple[int, int], list[Block]] = defaultdict(list)
        for each in map(message, allocation.get(9, ())):
            place, size = first(each, 2), first(each, 3)
            if (value := values.get(first(each, 1))) is None or not size:
                continue
            node, index = value
            slots[place, size].append(Block(node, index, size, number, place, kind, module.need(node, index)))
        for slot in slots.values():
            found += _joined(slot)
    return found, allocated


def _values(logical: Iterable[bytes], module: Module) -> Iterator[tuple[int, tuple[ScheduledNode, TuplePath]]]:
    for each in map(message, logical):
        place = message(first(each, 3, b""))
        node = module.nodes.get(first(place, 4))
        if node is not None and node.place >= 0:
            yield first(each, 1), (node, tuple(integers(place, 3)))


def _kind(allocation: dict[int, list[int]]) -> BlockKind:
    lives_out = bool(first(allocation, 7))
    if first(allocation, 5):
        return "donated" if lives_out else "argument"
    if first(allocation, 12):
        return "constant"
    return "output" if lives_out else "temporary"


_CARRIED = frozenset({"parameter", "while", "tuple", "copy", "constant", "call", "conditional", "get-tuple-element"})
"""Opcodes that hold another instruction's result."""


def _joined(slot: list[Block]) -> Iterator[Block]:
    """Yield the blocks of one place in memory, joining those that overlap in time."""
    slot.sort(key=lambda block: (block.need.first, block.need.last))
    group: list[Block] = []
    for block in slot:
        if group and block.need.first > max(each.need.last for each in group):
            yield _one(group)
            group = []
        group.append(block)
    if group:
        yield _one(group)


def _one(group: list[Block]) -> Block:
    owner = min(group, key=lambda block: (block.node.opcode in _CARRIED, block.need.first))
    needs = [block.need for block in group]
    users = frozenset[ScheduledNode]().union(*(need.users for need in needs))
    return replace(owner, need=Need(needs[0].first, max(need.last for need in needs), users))


def occupied(found: Iterable[Block], places: int) -> list[int]:
    """Return the bytes in use at each place of the schedule; bytes that several blocks share count once."""
    deltas = np.zeros(places + 1, np.int64)
    by_allocation: dict[int, list[Block]] = defaultdict(list)
    for block in found:
        by_allocation[block.allocation].append(block)
    for each in by_allocation.values():
        edges = np.unique([edge for block in each for edge in (block.offset, block.offset + block.size)])
        sizes, counts = np.diff(edges), np.zeros(len(edges) - 1, np.int64)
        events = [(block.need.first, 1, block) for block in each] + [(block.need.last + 1, -1, block) for block in each]
        for place, step, block in sorted(events, key=lambda event: event[:2]):
            start, end = np.searchsorted(edges, (block.offset, block.offset + block.size))
            before = counts[start:end] > 0
            counts[start:end] += step
            changed = before != (counts[start:end] > 0)
            deltas[min(place, places)] += step * int(sizes[start:end][changed].sum())
    return [int(each) for each in np.cumsum(deltas)[:places]]
