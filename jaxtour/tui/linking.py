"""What the cursor of one pane lights in the others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from jaxtour.engine.links import Target, links_of
from jaxtour.engine.messages import Span
from jaxtour.engine.stage import StageText
from jaxtour.render.clean import clean
from jaxtour.render.places import is_continued
from jaxtour.tui.document import Columns, Light, Lights
from jaxtour.tui.panes.source import Rows, columns_shown, rows_of, stops
from jaxtour.tui.tour.view import StepView

COUNTED = 4096
"""So many lines are looked at for where each equation begins; of more, every line counts."""
LIT = Light("link")
BEGUN = Light("link", ())
"""For a line that is marked in the gutter only."""


class Spot(NamedTuple):
    """Where a cursor is."""

    slot: Literal["source", "stage"]
    line: int
    columns: Columns | None = None


class Lit(NamedTuple):
    """Which lines of a pane belong to the cursor."""

    lights: Lights | None = None
    matches: Sequence[int] = ()
    """Ascending, of what takes several lines the first."""


DARK = Lit()


@dataclass(frozen=True)
class Link:
    """What belongs to a cursor, pane by pane."""

    spot: Spot
    rows: Rows
    target: Target
    variable: str | None
    """The one that is selected in a line of a stage."""
    source: Lit
    stage: Lit
    leads: bool
    """Whether there is something to go to in the other pane."""


def link(view: StepView, spot: Spot) -> Link:
    """What belongs to a cursor."""
    stage, rows = view.linked, rows_of(view)
    target = target_of(view, spot, rows)
    name = variable_at(view, spot)
    lit = lit_variable(stage, stage_line(view, spot), name) if stage and name else lit_stage(view, spot, target)
    return Link(
        spot=spot,
        rows=rows,
        target=target,
        variable=name,
        source=lit_source(rows, spot, target, bool(lit.matches)),
        stage=lit,
        leads=bool(lit.matches) if spot.slot == "source" else source_of(view, target) is not None,
    )


# What is meant --------------------------------------------------------------------------------------------------------


def target_of(view: StepView, spot: Spot, rows: Rows) -> Target:
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
    columns = next((own for shown, own in stops(view, rows, spot.line) if shown == spot.columns), None)
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


# What is lit ----------------------------------------------------------------------------------------------------------


PLUMBING = ("parameter", "constant", "stablehlo.constant")
"""Opcodes and operations that only bring values to where something is done with them."""


def first_of(stage: StageText, lines: Sequence[int]) -> int | None:
    """Where to go of the lines that belong together: to the first that computes, if one does."""
    computing = (line for line in lines if stage.origin_of(line).name not in PLUMBING)
    return next(computing, lines[0] if lines else None)


def lit_stage(view: StepView, spot: Spot, target: Target) -> Lit:
    """The lines of the stage that belong to the target; in the cursor's own pane all that the expression became."""
    stage = view.linked
    if stage is None or not target:
        return DARK
    if spot.slot == "stage":
        target = replace(target, path="")
    links = links_of(stage)
    lit = links.lit(target)
    if view.state.stage == "graph":
        return _lit_graph(view, stage, lit)
    ids = stage.ids
    return Lit(lambda line: LIT if ids[line] in lit else None, heads(stage, links.lines(target)))


def _lit_graph(view: StepView, stage: StageText, lit: frozenset[int]) -> Lit:
    from jaxtour.tui.panes.graph import graph_of

    rows: dict[int, list[Columns]] = {}
    for node in graph_of(stage, view.state.unfolded).nodes:
        if node.kind in ("equation", "opening") and stage.ids[node.line] in lit:
            rows.setdefault(node.row, []).append((node.column, node.end))
    return lit_rows({row: Light("link", tuple(columns)) for row, columns in rows.items()})


def lit_rows(lights: Mapping[int, Light]) -> Lit:
    """A few lines, each with its light."""
    return Lit(lights.get, sorted(line for line, light in lights.items() if light.style == "link"))


def lit_source(rows: Rows, spot: Spot, target: Target, leads: bool) -> Lit:
    """The expressions of the source that the target names, and the calls around them."""
    if spot.slot == "source":
        if not leads:
            return DARK
        if spot.columns is None:
            return lit_rows({spot.line: BEGUN})
        return lit_rows(_ranges(rows, target.spans, "link"))
    files = [rows.cell, f"{rows.cell}:setup"]
    own = _ranges(rows, [span for span in target.spans if span.file in files], "link")
    around = _ranges(rows, [span for span in target.callers if span.file in files], "caller")
    return lit_rows({**around, **own})


def _ranges(rows: Rows, spans: Iterable[Span], style: Literal["link", "caller"]) -> dict[int, Light]:
    """The light of each line of the pane that is touched by the expressions."""
    found: dict[int, list[Columns]] = {}
    for span in spans:
        for number in range(span.line, span.end_line + 1):
            line = rows.line(span.file, number)
            if line is None:
                continue
            text = rows.text(line)
            start = span.column - 1 if number == span.line else len(text) - len(text.lstrip())
            end = min(span.end_column - 1, len(text)) if number == span.end_line else len(text)
            found.setdefault(line, []).append(columns_shown(text, (start, end)))
    return {line: Light(style, tuple(columns)) for line, columns in found.items()}


# Variables ------------------------------------------------------------------------------------------------------------


def variable_at(view: StepView, spot: Spot) -> str | None:
    """The variable that is selected in a line of a stage."""
    stage = view.linked
    if stage is None or spot.slot != "stage" or spot.columns is None or view.state.stage == "graph":
        return None
    from jaxtour.render.variables import name_at

    defined, used = stage.names_of(spot.line)
    text = clean(stage.texts[spot.line], keep_newlines=False)
    return name_at(stage.stage, text, spot.columns[0], (*defined, *used))


def lit_variable(stage: StageText, line: int | None, name: str) -> Lit:
    """Where a variable is defined and used."""
    from jaxtour.render.variables import name_stops, variable

    if line is None:
        return DARK
    found = variable(stage, line, name)
    lines = sorted({*found.uses, *(() if found.defined is None else (found.defined,))})
    wanted = set(lines)

    def lights(line: int) -> Light | None:
        if line not in wanted:
            return None
        text = clean(stage.texts[line], keep_newlines=False)
        return Light("link", tuple(name_stops(stage.stage, text, (name,))))

    return Lit(lights, lines)
