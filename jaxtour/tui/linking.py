"""Finds what is linked to the cursor of one pane: highlights in the others, and words in the borders."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from jaxtour.engine.links import Target, links_of
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Peak, Span
from jaxtour.render.ir.gutter import UNITS, glyph, in_words, is_continued, where
from jaxtour.render.text.layout import Line, clip, plain
from jaxtour.text import grouped, plural
from jaxtour.tui.lines.document import NOTHING, Columns, Highlight, Highlighted, in_rows
from jaxtour.tui.panes.source import NO_CODE, SourceRows, columns_shown, expression, expressions, rows_of
from jaxtour.tui.panes.stage import graph_of, memory_rows, tree_of
from jaxtour.tui.tour.view import StepView

COUNTED = 4096
"""Up to this many lines, only the first line of each equation is a match; beyond, every line is."""
DRAWN = ("graph", "memory", "arguments")
"""What the stage pane draws instead of the stage's own lines."""
WHOLE = Highlight("link")
BEGUN = Highlight("link", ())
"""The highlight of a line that is only marked in the gutter."""


class Spot(NamedTuple):
    """The place of a cursor."""

    slot: Literal["source", "stage"]
    line: int
    columns: Columns | None = None


class CursorLink(msgspec.Struct, frozen=True):
    """What is linked to a cursor, in each pane."""

    spot: Spot
    rows: SourceRows
    target: Target
    variable: str | None
    """The variable selected in a line of a stage."""
    source: Highlighted
    stage: Highlighted
    leads: bool
    """Whether the other pane has something to go to."""


def link(view: StepView, spot: Spot) -> CursorLink:
    """Return what is linked to a cursor."""
    stage, rows = view.linked, NO_CODE if view.stale else rows_of(view)
    target = target_of(view, spot, rows)
    name = variable_at(view, spot)
    found = (
        variable_highlights(stage, stage_line(view, spot), name)
        if stage and name
        else stage_highlights(view, spot, target)
    )
    return CursorLink(
        spot=spot,
        rows=rows,
        target=target,
        variable=name,
        source=source_highlights(rows, spot, target, bool(found.matches)),
        stage=found,
        leads=bool(found.matches) if spot.slot == "source" else source_of(view, target) is not None,
    )


# Targets --------------------------------------------------------------------------------------------------------------


def target_of(view: StepView, spot: Spot, rows: SourceRows) -> Target:
    """Return what is under a cursor, in terms of every stage."""
    stage = view.linked if spot.slot == "stage" else view.traced
    if stage is None:
        return Target()
    if spot.slot == "stage":
        if view.state.stage == "arguments":
            return of_leaves(view, stage, spot.line)
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
    """Return the line of the stage that the part under a cursor represents; for an argument, where it is used."""
    if view.state.stage == "arguments":
        return next(iter(lines_of_leaves(view, spot.line)), None)
    if view.state.stage == "memory":
        return memory_rows(view).get(spot.line)
    if view.state.stage != "graph" or view.stage is None:
        return spot.line
    drawn = graph_of(view.stage, view.state.unfolded)
    place = drawn.node_at(spot.line, spot.columns[0] if spot.columns else None)
    return None if place is None else drawn.nodes[place].line


def heads(stage: StageText, lines: Sequence[int]) -> Sequence[int]:
    """Return the lines that start an equation or an instruction."""
    return lines if len(lines) > COUNTED else [line for line in lines if not is_continued(stage, line)]


def source_of(view: StepView, target: Target) -> Span | None:
    """Return the expression to go to: the target's own if the source pane has it, or else a call around it."""
    files = () if view.stale else (view.cell, f"{view.cell}:setup")
    return next((span for span in (*target.spans, *target.callers) if span.file in files), None)


# Arguments ----------------------------------------------------------------------------------------------------------


def lines_of_leaves(view: StepView, row: int) -> Sequence[int]:
    """Return the lines of the jaxpr that use or make the leaves in a row of the tree of arguments."""
    from jaxtour.render.ir.leaves import leaf_lines

    rows = tree_of(view.arguments).rows if view.arguments else ()
    if view.linked is None or row >= len(rows):
        return ()
    known = leaf_lines(view.linked)
    side = known.outputs if rows[row].output else known.inputs
    return sorted({line for each in rows[row].leaves if each < len(side) for line in side[each]})


def of_leaves(view: StepView, stage: StageText, row: int) -> Target:
    """Return the target of a row of the tree: the expressions that use or make its leaves."""
    origins = [stage.origin_of(line) for line in lines_of_leaves(view, row)]
    spans, callers = (
        dict.fromkeys(span for each in every for span in each)
        for every in ([each.spans for each in origins], [each.callers for each in origins])
    )
    return Target(spans=tuple(spans), callers=tuple(callers), exact=True)


def row_of(view: StepView, stage: StageText, target: Target) -> int | None:
    """Return the first leaf of the tree that belongs to a target."""
    return next(iter(_tree_highlights(view, stage, links_of(stage).origins_of(target)).matches), None)


# Highlights -----------------------------------------------------------------------------------------------------------


PLUMBING = ("parameter", "constant", "stablehlo.constant")
"""Operations that compute nothing."""


def first_of(stage: StageText, lines: Sequence[int]) -> int | None:
    """Return the line to go to: the first one that computes, or else the first one."""
    computing = (line for line in lines if stage.origin_of(line).name not in PLUMBING)
    return next(computing, lines[0] if lines else None)


def stage_highlights(view: StepView, spot: Spot, target: Target) -> Highlighted:
    """Return the lines of the stage linked to the target; in the cursor's own pane, all lines of the expression."""
    stage = view.linked
    if stage is None or not target:
        return NOTHING
    if spot.slot == "stage":
        target = msgspec.structs.replace(target, path="")
    links = links_of(stage)
    wanted = links.origins_of(target)
    if view.state.stage == "graph":
        return _graph_highlights(view, stage, wanted)
    if view.state.stage == "arguments":
        return _tree_highlights(view, stage, wanted) if spot.slot == "source" else NOTHING
    ids = stage.ids
    if view.state.stage == "memory":
        rows = memory_rows(view).items()
        return in_rows({row: WHOLE for row, line in rows if line >= 0 and ids[line] in wanted})
    # A pane may still have the lines of another stage, which may be more, when it is scrolled or resized.
    own = len(ids)
    return Highlighted(
        lambda line: WHOLE if line < own and ids[line] in wanted else None, heads(stage, links.lines(target))
    )


def _graph_highlights(view: StepView, stage: StageText, wanted: frozenset[int]) -> Highlighted:
    rows: dict[int, list[Columns]] = {}
    for node in graph_of(stage, view.state.unfolded).nodes:
        if node.kind in ("equation", "opening") and stage.ids[node.line] in wanted:
            rows.setdefault(node.row, []).append((node.column, node.end))
    return in_rows({row: Highlight("link", tuple(columns)) for row, columns in rows.items()})


def _tree_highlights(view: StepView, stage: StageText, wanted: frozenset[int]) -> Highlighted:
    """Return the leaves that some of these origins use or make."""
    rows = tree_of(view.arguments).rows if view.arguments else ()
    leaves = (place for place, row in enumerate(rows) if row.leaf is not None)
    own = {place for place in leaves if any(stage.ids[line] in wanted for line in lines_of_leaves(view, place))}
    return in_rows(dict.fromkeys(own, WHOLE))


def source_highlights(rows: SourceRows, spot: Spot, target: Target, leads: bool) -> Highlighted:
    """Return the target's expressions in the source, and the calls around them."""
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
    """Return the highlight of each line of the pane that has some of the expressions."""
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
    """Return the variable selected in a line of a stage."""
    stage = view.linked
    if stage is None or spot.slot != "stage" or spot.columns is None or view.state.stage in DRAWN:
        return None
    from jaxtour.render.ir.highlight import name_at

    defined, used = stage.names_of(spot.line)
    text = stage.texts[spot.line]
    return name_at(stage.language, text, spot.columns[0], (*defined, *used))


def variable_highlights(stage: StageText, line: int | None, name: str) -> Highlighted:
    """Return where a variable is defined and used."""
    from jaxtour.render.ir.highlight import name_columns
    from jaxtour.render.ir.variables import variable

    if line is None:
        return NOTHING
    found = variable(stage, line, name)
    lines = sorted({*found.uses, *(() if found.defined is None else (found.defined,))})
    wanted = set(lines)

    def highlight(line: int) -> Highlight | None:
        if line not in wanted:
            return None
        text = stage.texts[line]
        return Highlight("link", tuple(name_columns(stage.language, text, (name,))))

    return Highlighted(highlight, lines)


# Words in the borders -------------------------------------------------------------------------------------------------


LEAST = 4
"""The fewest cells of an expression worth showing."""


def said_of_source(view: StepView, link: CursorLink, width: int) -> Line:
    """Return `9:19  jnp.dot(w, x) → 1 equation` in `width` cells, or the place of an expression outside the pane."""
    stage, spot, rows, target = view.linked, link.spot, link.rows, link.target
    if stage is None or not target or view.stale:
        return ()
    if spot.slot == "stage":
        span, *more = target.spans
        tail = f" and {len(more)} more" if more else ""
        return _said(view, span, tail, width)
    if spot.columns is None and view.profiled is not None and not view.stable:
        from jaxtour.render.profile.columns import said_of_line

        if words := said_of_line(view.profiled, rows.place(spot.line)):
            return words
    if not link.stage.matches and spot.columns is None:
        return ()
    count = len(link.stage.matches)
    tail = f" → {plural(count, 'array') if view.state.stage == 'arguments' else counted(stage, count)}"
    if spot.columns is None:
        place = rows.place(spot.line)
        return ((f"line {place[1]}{tail}" if place else "", "muted"),)
    return _said(view, target.spans[0], tail, width)


def _said(view: StepView, span: Span, tail: str, width: int) -> Line:
    place = where(view.cell, span)
    text = expression(view, span)
    room = width - len(place) - len(tail) - 2
    return ((place, "muted"), (f"  {clip(text, room)}" if text and room > LEAST else "", ""), (tail, "muted"))


def in_full(view: StepView, span: Span) -> str:
    """Return a place, with the step's title if that is another step of the lesson."""
    name = span.file.partition(":")[0]
    titles = [step.title for step in view.lesson.steps if name == f"{view.lesson.id}/{step.id}"]
    place = where(view.cell, span)
    return f"{place}, in the step “{titles[0]}”" if titles else place


def counted(stage: StageText, count: int) -> str:
    """Return `1 equation`, `12 instructions`."""
    if count > COUNTED:
        return f"{grouped(count)} lines"
    return plural(count, UNITS[stage.stage])


def said_of_stage(view: StepView, link: CursorLink, otherwise: Line = (), peaks: Sequence[Peak] = ()) -> Line:
    """Return the selected variable's type and definition, the line's time, why it is unlinked, or its glyph's meaning.

    The meaning is left out if `otherwise`, the words that would be there, contains it.
    """
    stage, name = view.linked, link.variable
    if stage is None or link.spot.slot != "stage":
        return ()
    if view.state.stage == "arguments":
        return _leaf(view, stage, link.spot.line)
    line = stage_line(view, link.spot)
    if line is None or line >= len(stage.ids):
        return ()
    if name is not None:
        return _variable(stage, line, name)
    if view.profiled is not None and not view.stable:
        from jaxtour.render.profile.columns import said_of_stage_line

        if words := said_of_stage_line(view.profiled, stage, line, peaks):
            return words
    origin = stage.origin_of(line)
    if origin.kind != "other" and not origin.spans and origin.unlinked:
        return ((origin.unlinked, "muted"),)
    if not origin.transforms:
        return ()
    mark = glyph(origin.transforms)
    if mark.word and mark.word not in plain(otherwise) and view.state.stage not in DRAWN:
        return ((mark.glyph, mark.style), (f" {in_words(origin.transforms)}", "muted"))
    return ()


def _leaf(view: StepView, stage: StageText, place: int) -> Line:
    """Return the variable that stands for an argument or a result, and how many equations use or make it."""
    from jaxtour.render.ir.avals import spelled
    from jaxtour.render.ir.equations import jaxpr_of

    row = tree_of(view.arguments).rows[place] if view.arguments else None
    if row is None or not row.leaves or stage.top is None:
        return ()
    count, verb = len(lines_of_leaves(view, place)), "made" if row.output else "used"
    said = f"{verb} by {counted(stage, count)}" if count else f"not {verb} here"
    if row.leaf is None:
        return ((said, "muted"),)
    jaxpr = jaxpr_of(stage)
    at = row.leaves[0]
    name = jaxpr.outputs[at].value if row.output else jaxpr.inputs[at].name
    return ((name, "strong"), (f"  {spelled(row.leaf.type)}, {said}", "muted"))


def _variable(stage: StageText, line: int, name: str) -> Line:
    from jaxtour.render.ir.variables import variable

    found = variable(stage, line, name)
    origin = {"input": "an input", "constant": "a constant", "unknown": "from outside"}.get(found.kind)
    if origin is None and found.defined is not None:
        origin = "defined here" if found.defined == line else f"from line {found.defined + 1}"
    uses = plural(len(found.uses), "use")
    said = f"  {found.spelled or found.type}, {origin}, {uses}"
    return ((name, "strong"), (said, "muted"))
