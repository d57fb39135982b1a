"""What the cursor of one pane highlights in the others."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from jaxtour.engine.links import Target, links_of
from jaxtour.engine.messages import Span
from jaxtour.engine.stage import StageText
from jaxtour.render.ir.places import is_continued
from jaxtour.tui.lines.document import NOTHING, Columns, Highlight, Highlighted, in_rows
from jaxtour.tui.panes.source import SourceRows, columns_shown, expressions, rows_of
from jaxtour.tui.tour.view import StepView

COUNTED = 4096
"""So many lines are looked at for where each equation begins; of more, every line counts."""
WHOLE = Highlight("link")
BEGUN = Highlight("link", ())
"""For a line that is marked in the gutter only."""


class Spot(NamedTuple):
    """Where a cursor is."""

    slot: Literal["source", "stage"]
    line: int
    columns: Columns | None = None


class Link(msgspec.Struct, frozen=True):
    """What belongs to a cursor, pane by pane."""

    spot: Spot
    rows: SourceRows
    target: Target
    variable: str | None
    """The one that is selected in a line of a stage."""
    source: Highlighted
    stage: Highlighted
    leads: bool
    """Whether there is something to go to in the other pane."""


def link(view: StepView, spot: Spot) -> Link:
    """What belongs to a cursor."""
    stage, rows = view.linked, rows_of(view)
    target = target_of(view, spot, rows)
    name = variable_at(view, spot)
    found = (
        variable_highlights(stage, stage_line(view, spot), name)
        if stage and name
        else stage_highlights(view, spot, target)
    )
    return Link(
        spot=spot,
        rows=rows,
        target=target,
        variable=name,
        source=source_highlights(rows, spot, target, bool(found.matches)),
        stage=found,
        leads=bool(found.matches) if spot.slot == "source" else source_of(view, target) is not None,
    )


# What is meant --------------------------------------------------------------------------------------------------------


def target_of(view: StepView, spot: Spot, rows: SourceRows) -> Target:
    """What is under a cursor, in terms that every stage understands."""
    stage = view.linked if spot.slot == "stage" else view.traced
    if stage is None:
        return Target()
    if spot.slot == "stage":
        line = stage_line(view, spot)
        return links_of(stage).target(line) if line is not None and line < len(stage.ids) else Target()
    place = rows.place(spot.line)
    if place is None:
        return Target()
    columns = next((own for shown, own in expressions(view, rows, spot.line) if shown == spot.columns), None)
    if columns is None:
        return links_of(stage).at(*place)
    return links_of(stage).at(*place, columns[0] + 1, columns[1] + 1)


def stage_line(view: StepView, spot: Spot) -> int | None:
    """The line of the stage that a cursor in its pane is on; in a graph it is that of the node."""
    if view.state.stage != "graph" or view.stage is None:
        return spot.line
    from jaxtour.tui.panes.graph import graph_of

    drawn = graph_of(view.stage, view.state.unfolded)
    place = drawn.node_at(spot.line, spot.columns[0] if spot.columns else None)
    return None if place is None else drawn.nodes[place].line


def heads(stage: StageText, lines: Sequence[int]) -> Sequence[int]:
    """Those of the lines in which something begins."""
    return lines if len(lines) > COUNTED else [line for line in lines if not is_continued(stage, line)]


def source_of(view: StepView, target: Target) -> Span | None:
    """The expression to go to: the target's own where the pane of the source has it, or else the call around it."""
    files = (view.cell, f"{view.cell}:setup")
    return next((span for span in (*target.spans, *target.callers) if span.file in files), None)


# What stands out ------------------------------------------------------------------------------------------------------


PLUMBING = ("parameter", "constant", "stablehlo.constant")
"""Opcodes and operations that only bring values to where something is done with them."""


def first_of(stage: StageText, lines: Sequence[int]) -> int | None:
    """Where to go of the lines that belong together: to the first that computes, if one does."""
    computing = (line for line in lines if stage.origin_of(line).name not in PLUMBING)
    return next(computing, lines[0] if lines else None)


def stage_highlights(view: StepView, spot: Spot, target: Target) -> Highlighted:
    """The lines of the stage that belong to the target; in the cursor's own pane all that the expression became."""
    stage = view.linked
    if stage is None or not target:
        return NOTHING
    if spot.slot == "stage":
        target = msgspec.structs.replace(target, path="")
    links = links_of(stage)
    wanted = links.origins_of(target)
    if view.state.stage == "graph":
        return _graph_highlights(view, stage, wanted)
    ids = stage.ids
    return Highlighted(lambda line: WHOLE if ids[line] in wanted else None, heads(stage, links.lines(target)))


def _graph_highlights(view: StepView, stage: StageText, wanted: frozenset[int]) -> Highlighted:
    from jaxtour.tui.panes.graph import graph_of

    rows: dict[int, list[Columns]] = {}
    for node in graph_of(stage, view.state.unfolded).nodes:
        if node.kind in ("equation", "opening") and stage.ids[node.line] in wanted:
            rows.setdefault(node.row, []).append((node.column, node.end))
    return in_rows({row: Highlight("link", tuple(columns)) for row, columns in rows.items()})


def source_highlights(rows: SourceRows, spot: Spot, target: Target, leads: bool) -> Highlighted:
    """The expressions of the source that the target names, and the calls around them."""
    if spot.slot == "source":
        if not leads:
            return NOTHING
        if spot.columns is None:
            return in_rows({spot.line: BEGUN})
        return in_rows(_ranges(rows, target.spans, "link"))
    files = [rows.cell, f"{rows.cell}:setup"]
    own = _ranges(rows, [span for span in target.spans if span.file in files], "link")
    around = _ranges(rows, [span for span in target.callers if span.file in files], "caller")
    return in_rows({**around, **own})


def _ranges(rows: SourceRows, spans: Iterable[Span], style: Literal["link", "caller"]) -> dict[int, Highlight]:
    """The highlight of each line of the pane that is touched by the expressions."""
    found: dict[int, list[Columns]] = {}
    for span in spans:
        for number in range(span.line, span.end_line + 1):
            line = rows.line(span.file, number)
            if line is None:
                continue
            raw = rows.text(line)
            text = raw.text
            start = span.column - 1 if number == span.line else len(text) - len(text.lstrip())
            end = min(span.end_column - 1, len(text)) if number == span.end_line else len(text)
            found.setdefault(line, []).append(columns_shown(raw, (start, end)))
    return {line: Highlight(style, tuple(columns)) for line, columns in found.items()}


# Variables ------------------------------------------------------------------------------------------------------------


def variable_at(view: StepView, spot: Spot) -> str | None:
    """The variable that is selected in a line of a stage."""
    stage = view.linked
    if stage is None or spot.slot != "stage" or spot.columns is None or view.state.stage == "graph":
        return None
    from jaxtour.render.ir.variables import name_at

    defined, used = stage.names_of(spot.line)
    text = stage.texts[spot.line]
    return name_at(stage.stage, text, spot.columns[0], (*defined, *used))


def variable_highlights(stage: StageText, line: int | None, name: str) -> Highlighted:
    """Where a variable is defined and used."""
    from jaxtour.render.ir.variables import name_columns, variable

    if line is None:
        return NOTHING
    found = variable(stage, line, name)
    lines = sorted({*found.uses, *(() if found.defined is None else (found.defined,))})
    wanted = set(lines)

    def highlight(line: int) -> Highlight | None:
        if line not in wanted:
            return None
        text = stage.texts[line]
        return Highlight("link", tuple(name_columns(stage.stage, text, (name,))))

    return Highlighted(highlight, lines)
