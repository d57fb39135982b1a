"""The fields of a `Memory`: the blocks of a compiled call, their peak, and what each is kept for."""

from typing import Any

from .. import compat_memory
from ..ir.hlo import HloReader
from ..ir.instructions import Instruction, InstructionGraph
from ..ir.lens import LensError
from ..ir.origins import transforms_of
from .blocks import Block, blocks, occupied
from .module import Module

MOST_BLOCKS = 20_000
"""Smaller blocks beyond this number are left out of the list, never out of the sums."""
_OWN = ("temporary", "output")
_BACKWARD = "transpose"


def memory(compiled: Any, module: HloReader) -> dict[str, Any]:
    """Return the fields of a `Memory`; raises `LensError` where the compiler does not say who owns which bytes."""
    assignment, proto = compat_memory.buffer_assignment(compiled), compat_memory.module_proto(compiled)
    if assignment is None or proto is None:
        raise LensError("the compiler of this backend does not say which value owns which bytes")
    scheduled = Module(proto)
    found, sizes = blocks(assignment, scheduled)
    places = len(scheduled.schedule)
    # An allocation has one kind, so no byte counts twice.
    temporaries, outputs = (occupied((block for block in found if block.kind == kind), places) for kind in _OWN)
    used = [sum(both) for both in zip(temporaries, outputs, strict=True)]
    at = max(range(places), key=used.__getitem__)
    rows = _Rows(module)
    kept = sorted(found, key=lambda block: -block.size)[:MOST_BLOCKS]
    kept.sort(key=lambda block: (block.need.first, block.allocation, block.offset))
    return {
        "schedule": [rows.line(node.name) for node in scheduled.schedule],
        "used": used,
        "at": at,
        "blocks": [rows.row(block) for block in kept],
        "left_out": len(found) - len(kept),
        **{f"{kind}_bytes": sizes[kind] for kind in ("argument", "donated", "constant", "output", "temporary")},
        "unwritten_bytes": sizes["output"] - outputs[at],
        "limit_bytes": _limit(compiled),
    }


def _limit(compiled: Any) -> int | None:
    """Return the memory of the smallest device that the call runs on."""
    limits = [compat_memory.memory_limit(device) for device in compat_memory.devices_of(compiled)]
    known = [limit for limit in limits if limit is not None]
    return min(known, default=None)


class _Rows:
    """Blocks as rows of numbers, with the lines of the HLO text that stand for instructions."""

    def __init__(self, module: HloReader) -> None:
        self._graph = InstructionGraph(module.computations)
        self._named = {line.name: line for whole in module.computations.values() for line in whole.instructions}

    def line(self, name: str) -> int:
        """Return the line of an instruction; -1 if the text has none."""
        return self._named[name].line if name in self._named else -1

    def row(self, block: Block) -> list[Any]:
        """Return the fields of a `Block`."""
        instruction = self._named.get(block.node.name)
        saved = self._saved_for(block, instruction)
        return [
            self.line(block.node.name), block.size, block.allocation, block.offset, block.need.first, block.need.last,
            block.kind, block.node.type_of(block.index), self._last_use(block), saved,
            self._trips(instruction) if saved >= 0 else 0,
        ]  # fmt: skip

    def _last_use(self, block: Block) -> int:
        users = [user for user in block.need.users if user.name in self._named and user.opcode != "tuple"]
        return self.line(max(users, key=lambda user: user.place).name) if users else -1

    def _saved_for(self, block: Block, instruction: Instruction | None) -> int:
        """Return the first line of the backward pass that reads a value of the forward pass; -1 if none does."""
        if instruction is None or block.kind not in _OWN or not instruction.path or _is_backward(instruction):
            return -1
        users = [self._named[user.name] for user in block.need.users if user.name in self._named]
        return min((user.line for user in users if _is_backward(user)), default=-1)

    def _trips(self, instruction: Instruction | None) -> int:
        """Return how many iterations of a loop write a slice each into one block; 0 if it is written once."""
        if instruction is None or (loop := self._graph.loop(instruction.computation)) is None:
            return 0
        inner = {one.opcode for one in (instruction, *self._graph.inner(instruction))}
        return loop.trips or 0 if "dynamic-update-slice" in inner else 0


def _is_backward(instruction: Instruction) -> bool:
    return _BACKWARD in transforms_of(instruction.path)
