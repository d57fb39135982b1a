"""Stages made by hand: what a worker would send, without one."""

from collections.abc import Iterator, Sequence
from typing import Any

from jaxtour.engine.stage import StageText, assembled
from jaxtour.engine.wire.commands import StageName
from jaxtour.engine.wire.messages import Origin, Span, Stage

FILE = "lesson/step"


def span(line: int, column: int, end_column: int, *, end_line: int = 0, file: str = FILE, function: str = "") -> Span:
    return Span(file, line, column, end_line or line, end_column, function)


def equation(name: str, *spans: Span, path: str = "", callers: Sequence[Span] = (), **more: Any) -> Origin:
    return Origin(kind="equation", name=name, spans=spans, path=path, callers=tuple(callers), **more)


def events(
    rows: Sequence[tuple[str, Origin]], *, parts: int = 1, run: int = 1, index: int = 0, stage: StageName = "jaxpr"
) -> Iterator[Stage]:
    """Yield the parts of a stage, whose table of origins grows as they are first needed."""
    table: dict[Origin, int] = {}
    size = -(-len(rows) // parts)
    for part in range(parts):
        known = len(table)
        here = rows[part * size : (part + 1) * size]
        lines = tuple(table.setdefault(origin, len(table)) for _, origin in here)
        text = "\n".join(text for text, _ in here)
        origins = tuple(table)[known:]
        yield Stage(run=run, index=index, stage=stage, part=part, parts=parts, text=text, lines=lines, origins=origins)


def whole(*parts: Stage) -> StageText:
    """Return the stage that its parts make."""
    stage = None
    for part in parts:
        stage = assembled(stage, part)
    assert stage is not None and stage.complete
    return stage


def stage_of(*rows: tuple[str, Origin], **more: Any) -> StageText:
    """Return the stage of lines with their origins."""
    return whole(*events(rows, **more))
