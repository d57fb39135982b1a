"""The memory of a small program, as the worker sends it."""

from jaxtour.engine.stage import StageText, assembled
from jaxtour.engine.wire.memory import Block, Memory
from jaxtour.engine.wire.messages import Origin, Span, Stage

HLO = "HloModule f\n\n%a = f32[25] negate(%p)\n%b = f32[10] slice(%a)\n%w = f32[2,5] fusion(%b)"
LOOP, BODY = Span("a.py", 9, 1, 9, 20), Span("a.py", 3, 5, 3, 12)
BLOCKS = (
    Block(2, 100, 0, 0, 0, 3, "temporary", "f32[25]", 3),
    Block(3, 40, 0, 80, 1, 2, "temporary", "f32[10]", 4, 4),
    Block(3, 40, 0, 0, 1, 2, "temporary", "f32[10]", 4),
    Block(4, 40, 1, 0, 2, 3, "output", "f32[2,5]", -1, 2, 2),
    Block(2, 8, 2, 0, 0, 3, "argument", "f32[2]", 2),
)
MEMORY = Memory(
    schedule=(2, 3, 4, 2), used=(100, 120, 160, 140), at=2, blocks=BLOCKS, argument_bytes=8, output_bytes=40,
    temporary_bytes=128, constant_bytes=4, limit_bytes=1000,
)  # fmt: skip


def stage(memory: Memory | None) -> StageText:
    """Return the stage of that program, with this memory."""
    origins = (Origin(), Origin(kind="instruction", name="negate"), Origin(spans=(BODY,)), Origin(spans=(LOOP, BODY)))
    whole = Stage(
        run=1, index=0, stage="hlo", text=HLO, lines=(0, 0, 1, 2, 3), origins=origins, memory=memory,
        names="=\n=\n%a=%p\n%b=%a\n%w=%b",
    )  # fmt: skip
    return assembled(None, whole)
