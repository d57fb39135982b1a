"""The memory of a compiled call as the JSON that `jaxtour profile --json` and `jaxtour lens --json` print."""

from collections import Counter
from typing import Any, TypeAlias

import msgspec

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.memory import Block, holders
from jaxtour.engine.wire.messages import Span

SourceLine: TypeAlias = tuple[str, int] | None
"""File and line of the source; None for values without one."""


def memory_record(stage: StageText) -> dict[str, Any] | None:
    """Return the document; None for a stage without one."""
    memory = stage.memory
    if memory is None or memory.error is not None:
        return None
    lines: Counter[tuple[str | None, int | None]] = Counter()
    saved: Counter[tuple[str | None, int | None]] = Counter()
    for held in holders(memory, memory.at):
        place = owner_of(stage, held.block) or (None, None)
        lines[place] += held.bytes
        saved[place] += held.bytes if held.block.saved_for >= 0 else 0
    return {
        "peak_bytes": memory.peak_bytes,
        "compiler_bytes": memory.compiler_bytes,
        "exact": memory.exact,
        "unwritten_bytes": memory.unwritten_bytes,
        "gap_bytes": memory.gap_bytes,
        "limit_bytes": memory.limit_bytes,
        **{f"{kind}_bytes": getattr(memory, f"{kind}_bytes") for kind in _KINDS},
        "at": _name(stage, memory.schedule[memory.at]) if memory.schedule else None,
        "lines": [
            {"file": file, "line": line, "bytes": size, "saved_for_backward": saved[file, line]}
            for (file, line), size in lines.most_common()
        ],
        "blocks": [
            {
                "instruction": _name(stage, block.line),
                "type": block.type,
                "kind": block.kind,
                "bytes": block.size,
                "offset": block.offset,
                "allocation": block.allocation,
                "first": block.first,
                "last": block.last,
                "last_use": _name(stage, block.last_use),
                "saved_for": _name(stage, block.saved_for),
                "trips": block.trips,
                "spans": [msgspec.structs.asdict(span) for span in _spans(stage, block)],
            }
            for block in memory.blocks
        ],
    }


def owner_of(stage: StageText, block: Block) -> SourceLine:
    """Return the line of source that a block of this stage's call belongs to."""
    spans = _spans(stage, block)
    if not spans:
        return None
    # What a loop writes slice by slice comes from its body; the loop's own call comes first.
    span = spans[1] if block.trips and len(spans) > 1 else spans[0]
    return span.file, span.line


_KINDS = ("argument", "donated", "constant", "output", "temporary")


def _spans(stage: StageText, block: Block) -> tuple[Span, ...]:
    return stage.origin_of(block.line).spans if 0 <= block.line < len(stage.ids) else ()


def _name(stage: StageText, line: int) -> str | None:
    if not 0 <= line < len(stage.ids):
        return None
    defined = stage.names_of(line)[0]
    return defined[0].removeprefix("%") if defined else None
