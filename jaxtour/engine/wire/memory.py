"""The wire's types for the memory of a compiled call, and what follows from them: what holds how much, and when."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

import msgspec

BlockKind: TypeAlias = Literal["argument", "donated", "constant", "output", "temporary"]
OWN: tuple[BlockKind, ...] = ("temporary", "output")
"""What the call itself needs besides its arguments and constants."""


class Block(msgspec.Struct, frozen=True, array_like=True):
    """The bytes of one value, or of several that follow each other in the same memory; lines are those of the HLO."""

    line: int
    """The instruction that computes it; -1, like all lines, if the HLO has none."""
    size: int
    allocation: int
    offset: int
    first: int
    """The place in the schedule from which it is held; `last` is the place of its last use."""
    last: int
    kind: BlockKind
    type: str
    """`f32[512,512]`"""
    last_use: int = -1
    """The line of its last use."""
    saved_for: int = -1
    """The first line of the backward pass that reads this value of the forward pass."""
    trips: int = 0
    """The iterations of a loop that each write a slice of it for the backward pass."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of a compiled call over its schedule, as the compiler assigned it; bytes."""

    schedule: tuple[int, ...] = ()
    """The lines of the HLO in the order in which they run; a loop's body appears once, before its `while`."""
    used: tuple[int, ...] = ()
    """Temporaries and outputs in use at each place; bytes that several values share count once."""
    at: int = 0
    """The place of the peak."""
    blocks: tuple[Block, ...] = ()
    left_out: int = 0
    """Small blocks that were not sent."""
    argument_bytes: int = 0
    donated_bytes: int = 0
    constant_bytes: int = 0
    output_bytes: int = 0
    temporary_bytes: int = 0
    """What the compiler allocates for temporaries."""
    unwritten_bytes: int = 0
    """Outputs that are allocated but not yet written at the peak."""
    limit_bytes: int | None = None
    """The memory that the device gives to programs; None if it does not say."""
    error: str | None = None
    """Why there is none, in one line."""

    @property
    def peak_bytes(self) -> int:
        """Temporaries and outputs at the peak."""
        return self.used[self.at] if self.used else 0

    @property
    def compiler_bytes(self) -> int:
        """The compiler's own temporaries and outputs, without donated arguments."""
        return self.temporary_bytes + self.output_bytes

    @property
    def gap_bytes(self) -> int:
        """What is allocated but not held by any value at the peak: free memory, and padding between the values."""
        return self.compiler_bytes - self.unwritten_bytes - self.peak_bytes

    @property
    def exact(self) -> bool:
        """Whether the values at the peak add up to the compiler's figure, to the byte."""
        return self.gap_bytes == 0

    @property
    def needed_bytes(self) -> int:
        """Everything that must fit on the device."""
        return self.argument_bytes + self.donated_bytes + self.constant_bytes + self.compiler_bytes


class Held(NamedTuple):
    """A block at one place of the schedule."""

    block: Block
    bytes: int
    """Its bytes, without those that already count for an earlier block of the same memory."""


def holders(memory: Memory, place: int) -> list[Held]:
    """Return the temporaries and outputs held at a place, largest first; they add up to `used` if none was left out."""
    return next(held_at(memory, (place,)))


def held_at(memory: Memory, places: Iterable[int]) -> Iterator[list[Held]]:
    """Yield what holds memory at each of several ascending places, in one pass over the blocks."""
    coming = iter(sorted((block for block in memory.blocks if block.kind in OWN), key=lambda block: block.first))
    block = next(coming, None)
    held: list[Block] = []
    for place in places:
        held = [each for each in held if each.last >= place]
        while block is not None and block.first <= place:
            if block.last >= place:
                held.append(block)
            block = next(coming, None)
        yield _apart(held)


def _apart(blocks: Iterable[Block]) -> list[Held]:
    """Return the blocks that are not wholly in bytes that already count for another one."""
    found = []
    allocation, end = -1, 0
    for block in sorted(blocks, key=lambda block: (block.allocation, block.offset, -block.size)):
        if block.allocation != allocation:
            allocation, end = block.allocation, 0
        stop = block.offset + block.size
        if (own := stop - max(block.offset, end)) > 0:
            found.append(Held(block, own))
        end = max(end, stop)
    return sorted(found, key=lambda held: -held.bytes)
