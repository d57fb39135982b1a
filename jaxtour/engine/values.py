"""The values of a call's equations: their statistics, line by line, and as the JSON of `jaxtour values`."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Birth, Span, Statistics

VERSION = 1
_DECODER = msgspec.json.Decoder(tuple[Statistics, ...])


def statistics_at(stage: StageText, line: int) -> tuple[Statistics, ...]:
    """Return the statistics of each result of the equation that begins on a line; empty for other lines."""
    row = stage.values[line] if line < len(stage.values) else ""
    return _DECODER.decode(row) if row else ()


def record(stage: StageText) -> dict[str, Any]:
    """Return what `--json` prints: each result of each equation, and the equation that made the first nan or inf."""
    first = stage.evaluated.first if stage.evaluated else None
    return {"version": VERSION, "equations": [*_entries(stage)], "first_bad": first and _birth(first)}


def _entries(stage: StageText) -> Iterator[dict[str, Any]]:
    for line in range(len(stage.values)):
        for each in statistics_at(stage, line):
            origin = stage.origin_of(line)
            yield {
                "primitive": origin.name,
                "spans": _spans(origin.spans),
                "shape": each.shape,
                "dtype": each.dtype,
                "min": each.low,
                "max": each.high,
                "mean": each.mean,
                "nan": each.nan,
                "inf": each.inf,
                "zeros": each.zeros,
            }


def _birth(birth: Birth) -> dict[str, Any]:
    return {
        "primitive": birth.primitive,
        "kind": birth.kind,
        "spans": _spans(birth.spans),
        "direction": birth.direction,
        "iteration": birth.iteration,
        "operands": [msgspec.structs.asdict(each) for each in birth.operands],
    }


def _spans(spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [msgspec.structs.asdict(span) for span in spans]
