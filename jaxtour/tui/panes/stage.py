"""The pane of stages: what JAX made of one traced call, each line with the place in the source that it came from."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from jaxtour.course.model import Broken
from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Arguments, Failure, Profile
from jaxtour.render.ir.gutter import NAME_CELLS, file_name, glyph, is_continued, legend, place_of, where
from jaxtour.render.text.layout import Line, clip, pad, width_of, wrap
from jaxtour.tui.actions import BY_ID, Context
from jaxtour.tui.lines.document import Columns, Document, LazyLines, MadeLines
from jaxtour.tui.tour.state import Shown
from jaxtour.tui.tour.view import StepView

if TYPE_CHECKING:
    from jaxtour.render.ir.arguments import ArgumentTree
    from jaxtour.render.ir.graph import Graph


def shows(view: StepView) -> str:
    """Return a name for what is shown; each keeps its own cursor."""
    return f"{view.state.stage} {view.index}"


def awaits(view: StepView) -> bool:
    """Return whether a stage is still pending; its pane keeps its height during a compilation."""
    if view.trace is None or view.trace.error is not None:
        return view.awaits
    return view.stage is None or not (view.stage.complete or view.stage.error is not None)


def document(view: StepView, width: int) -> Document:
    """Return the chosen stage, or why it is missing."""
    stage, title = view.stage, titles(view, width)
    if view.trace is None or view.trace.error is not None or stage is None or not stage.complete:
        return Document(lines=wrap(_empty(view), width), title=title, subtitle=call_of(view))
    if stage.error is not None:
        return Document(lines=wrap(_failed(view, stage), width), title=title, subtitle=call_of(view))
    if view.state.stage == "cost":
        return _cost(view, stage, width)
    if view.state.stage == "memory":
        return _memory(view, stage, width)
    if view.state.stage == "graph":
        return graph_document(view, stage, width)
    if view.state.stage == "arguments":
        return arguments_document(view, width)
    beside = gutter_of(stage, view.cell, None if view.stable else view.profiled)
    gutter = MadeLines(len(stage.texts), beside.width, beside.line)
    if stage.evaluated is not None:
        from jaxtour.tui.panes.values import lines_and_gutter

        lines, gutter = lines_and_gutter(view, stage, width, gutter)
    else:
        lines = lines_of(stage)
    return Document(
        lines=lines,
        gutter=gutter if gutter.width else (),
        title=title,
        subtitle=facts(view, stage, width, beside.words),
        cursor=True,
        selectable=lambda line: variables(stage, line),
        folds=stage.folds,
        # A jaxpr prints the functions that it names before itself.
        main_last=stage.stage == "jaxpr" and stage.texts[0].startswith("let "),
    )


SIGN = 2
"""The columns of the sign of the cursor's line."""
KEPT = 4
"""Stages kept ready, as many as there are keys to switch between them."""


@lru_cache(maxsize=KEPT)
def lines_of(stage: StageText) -> LazyLines:
    """Return the stage's lines; measuring 100 000 of them takes 20 ms."""
    from jaxtour.render.ir.highlight import line_of

    return LazyLines(stage.texts, line_of(stage.stage))


def variables(stage: StageText, line: int) -> list[Columns]:
    """Return the columns of variables in a line."""
    from jaxtour.render.ir.highlight import name_columns

    defined, used = stage.names_of(line)
    return name_columns(stage.language, stage.texts[line], (*defined, *used))


@lru_cache(maxsize=KEPT)
def graph_of(stage: StageText, unfolded: frozenset[int] | None) -> "Graph":
    """Return the graph of a jaxpr, laid out once for these unfolded equations; None for the ones it opens with."""
    # Imported here: the first frame shows no graph.
    from jaxtour.render.ir.graph import graph, opening

    return opening(stage) if unfolded is None else graph(stage, unfolded)


def graph_document(view: StepView, stage: StageText, width: int) -> Document:
    """Return the drawing, or why there is none."""
    drawn = graph_of(stage, view.state.unfolded)
    title, words = titles(view, width), facts(view, stage, width)
    if drawn.refusal is not None:
        return Document(lines=wrap(((drawn.refusal, "muted"),), width), title=title, subtitle=words)
    return Document(
        lines=drawn.lines,
        title=title,
        subtitle=words,
        cursor=True,
        steered=True,
        selectable=lambda row: [(node.column, node.end) for node in drawn.nodes if node.row == row],
        anchor=drawn.nodes[0].row if drawn.nodes else None,
    )


TREE_GUTTER = 3
"""Columns left of the tree: the cursor, the sign of a fold, and a highlight's."""


@lru_cache(maxsize=KEPT)
def tree_of(told: Arguments) -> "ArgumentTree":
    """Return the tree of a call's arguments."""
    from jaxtour.render.ir.arguments import ArgumentTree

    return ArgumentTree(told)


def arguments_document(view: StepView, width: int) -> Document:
    """Return the tree of the call's arguments and results."""
    if view.arguments is None:
        lines = wrap((("this worker does not report arguments", "muted"),), width)
        return Document(lines=lines, title=titles(view, width), subtitle=call_of(view))
    tree = tree_of(view.arguments)
    return Document(
        lines=tree.lines(width - TREE_GUTTER),
        title=titles(view, width),
        subtitle=call_of(view),
        cursor=True,
        folds=tree.folds,
        closed=tree.closed,
    )


def _cost(view: StepView, stage: StageText, width: int) -> Document:
    from jaxtour.render.ir.cost import cost_facts, cost_lines

    if stage.cost is None:
        lines = wrap((("this backend does not report the call's cost", "muted"),), width)
        return Document(lines=lines, title=titles(view, width), subtitle=call_of(view))
    facts = (*call_of(view), ("   ", ""), *cost_facts(stage.cost))
    return Document(lines=cost_lines(stage.cost, width), title=titles(view, width), subtitle=facts)


def _memory(view: StepView, stage: StageText, width: int) -> Document:
    # Imported here: the first frame shows no memory.
    from jaxtour.render.ir.memory import drawing

    drawn = drawing(stage, view.cell, width - SIGN, view.state.place)
    return Document(
        lines=drawn.lines,
        title=titles(view, width),
        subtitle=call_of(view),
        cursor=bool(drawn.instructions),
        steered=True,
    )


def memory_rows(view: StepView) -> Mapping[int, int]:
    """Return the line of HLO that each line of the memory stands for; empty before there is one."""
    from jaxtour.render.ir.memory import instructions

    return instructions(view.stage, view.cell, view.state.place) if view.stage else {}


def _failed(view: StepView, stage: StageText) -> Line:
    """Return why the stage could not be made, and the key that tries again."""
    said: Line = (("✗ ", "warning"), (stage.error or "", ""))
    if stage.stage == "jaxpr":
        return said
    return (*said, ("   ", ""), (view.key(f"stage_{view.state.stage}"), "strong"), (" tries again", "muted"))


def _empty(view: StepView) -> Line:
    step, report = view.step, view.report
    if isinstance(step, Broken):
        return ()
    if step.trace == ():
        return (("this step traces nothing", "faint"),)
    if report is None:
        return ((view.key("run"), "strong"), (" shows here what JAX makes of the code", "muted"))
    if view.trace is not None:
        return _waiting(view)
    if report.done is None:
        return (("the jaxpr appears when the code has run", "muted"),)
    if report.failure:
        return (("no jaxpr: the code raised an exception", "muted"),)
    if report.done.status != "ok":
        return (("no jaxpr: the step did not end; ", "muted"), (view.key("run"), "strong"), (" runs it again", "muted"))
    if step.id in view.lesson.cells and report.value and report.value.devices:
        why = "a notebook's cell runs once; its last line is traced if it is a call that changes nothing"
    else:
        why = "the last line does not call a traceable function"
    return ((f"nothing was traced: {why}", "muted"),)


def _waiting(view: StepView) -> Line:
    """Return why a stage of a traced call is not there yet."""
    trace, report = view.trace, view.report
    assert trace is not None and report is not None
    if trace.error is not None:
        said: Line = (("✗ ", "warning"), (trace.error, ""))
        return (*said, (f"   {_raised_at(view, trace.raised)}", "muted")) if trace.raised else said
    if view.worker == "dead":
        return (("the worker is gone; ", "muted"), (view.key("restart"), "strong"), (" starts it again", "muted"))
    verb = {"jaxpr": "tracing", "stablehlo": "lowering", "hlo": "compiling", "values": "evaluating"}[view.behind]
    if report.request:
        doing = f"{verb} {trace.call} … "
        return ((doing, "muted"), (view.key("interrupt"), "strong"), (" interrupts", "muted"))
    if report.done is None and view.behind != "jaxpr":
        return ((f"{verb} begins when the step has run", "muted"),)
    if view.elsewhere:
        return ((f"{verb} begins when the worker has finished {view.elsewhere}", "muted"),)
    if report.done and view.behind == "jaxpr":
        return (("no jaxpr of this call", "muted"),)
    return ((f"{verb} begins when the worker is ready", "muted"),)


def _raised_at(view: StepView, failure: Failure) -> str:
    """Return where tracing raised: the learner's innermost line."""
    frame = failure.frames[-1]
    name = file_name(view.cell, f"{frame.file}:setup" if frame.setup else frame.file)
    return f"in {name}, line {frame.line}" if name else f"in line {frame.line}"


# The borders ----------------------------------------------------------------------------------------------------------


NAMES: dict[Shown, str] = {
    "jaxpr": "jaxpr", "stablehlo": "StableHLO", "hlo": "HLO", "cost": "cost", "memory": "memory",
    "values": "values", "graph": "graph",
    "arguments": "args",
}  # fmt: skip
CORNERS = 3
"""Columns of the border at the sides of its words."""
NARROWER = 1
"""Columns by which the titles have less room than the text below them, which may use the scrollbar's."""
TITLES_APART = 2
"""Columns between the titles, where there is room."""
APART, LEAST_CALL = 3, 12
"""Columns between the facts in a border, and the fewest of a call worth showing."""


def named_stages(view: StepView) -> list[Shown]:
    """Return what the titles name; the arguments replace the graph, since few places have room for both."""
    left_out = "graph" if view.state.stage == "arguments" else "arguments"
    return [shown for shown in NAMES if shown != left_out]


LEFT_OUT: tuple[Shown, ...] = ("graph", "arguments", "cost", "values", "memory", "stablehlo", "hlo")
"""The stages whose names are dropped first when not all fit, unless they are shown."""


def names_within(view: StepView, room: int) -> dict[Shown, str]:
    """Return the names of the stages, with the keys that work now, as many as fit in `room` cells."""
    # While a question is open, the digits answer it.
    context = Context(asks=view.asks, arguments=True)
    works = {shown: BY_ID[f"stage_{shown}"].when(context) for shown in named_stages(view)}
    keys = {shown: f"{view.keys.first(f'stage_{shown}')} " if works[shown] else "" for shown in works}
    names = {shown: keys[shown] + NAMES[shown] for shown in works}
    spare = [shown for shown in LEFT_OUT if shown in names and shown != view.state.stage]
    while spare and sum(width_of(name) + TITLES_APART for name in names.values()) - TITLES_APART > room:
        del names[spare.pop(0)]
    return names


def titles(view: StepView, width: int) -> Line:
    """Return the names of the stages, as many as fit above text of that width; the one shown stands out."""
    line: Line = ()
    for shown, name in names_within(view, width - NARROWER).items():
        gap: Line = ((" " * TITLES_APART, ""),) if line else ()
        line = (*line, *gap, (name, "strong" if shown == view.state.stage else "muted"))
    return line


def facts(view: StepView, stage: StageText, width: int, legend: Line = ()) -> Line:
    """Return the words of the border, `→ forward   2 of 3   predict_many(w, X)   5 equations`; cuts the call first."""
    from jaxtour.render.ir.highlight import stage_facts

    trace = view.trace
    assert trace is not None
    counted = trace.equations if stage.language == "jaxpr" else counts(stage)
    number, (_, counts_words) = number_of(view), stage_facts("", stage.stage, counted)
    room = width - CORNERS - width_of(number) - width_of(counts_words[0])
    if legend and width_of(legend) + APART <= room:
        room -= width_of(legend) + APART
        number = (*legend, (" " * APART, ""), *number)
    call = trace.call.line
    if room < min(width_of(call), LEAST_CALL):
        return (*number, (counts_words[0].lstrip(), counts_words[1]))
    return (*number, (clip(call, room), "muted"), counts_words)


@lru_cache(maxsize=KEPT)
def counts(stage: StageText) -> int:
    """Return the number of operations or instructions in a stage."""
    kinds = [origin.kind == "instruction" for origin in stage.origins]
    return sum(map(kinds.__getitem__, stage.ids))


def number_of(view: StepView) -> Line:
    """Return the number of the call among several, after its label unless that is the call itself."""
    count, trace = len(view.traces), view.trace
    if count < 2 or trace is None:
        return ()
    label: Line = ((trace.label, "strong"), ("  ", "")) if trace.label != str(trace.call) else ()
    return (*label, (f"{view.index + 1} of {count}   ", "muted"))


def call_of(view: StepView) -> Line:
    """Return the call shown, and its number among several."""
    if view.trace is None:
        return ()
    return (*number_of(view), (view.trace.call.line, "muted"))


# The gutter -----------------------------------------------------------------------------------------------------------


class Gutter:
    """What is left of a stage's lines: where each comes from, and the glyph of its transformation."""

    def __init__(self, stage: StageText, cell: str, profile: Profile | None) -> None:
        self._times = None
        if profile is not None:
            from jaxtour.render.profile.columns import StageColumn

            self._times = StageColumn(profile, stage)
        self._stage = stage
        self._cell = cell
        firsts = {origin.spans[0] for origin in stage.origins if origin.spans}
        self._places = max((width_of(where(cell, span, NAME_CELLS)) for span in firsts), default=0)
        if any(len(origin.spans) > 1 for origin in stage.origins):
            self._places += 1
        self.words = legend({origin.transforms for origin in stage.origins})
        """The legend of the glyphs; empty without glyphs."""

    @property
    def width(self) -> int:
        """Cells; the last one is for a highlight's sign."""
        times = self._times.width if self._times else 0
        return times + (self._places + 2 if self._places or times else 0) + (2 if self.words else 0)

    def line(self, line: int) -> Line:
        """Return the gutter of a line; only an equation's first line has one."""
        origin = self._stage.origin_of(line)
        goes_on = is_continued(self._stage, line)
        place = "" if goes_on else place_of(self._cell, origin)
        spans: Line = self._times.line(line) if self._times else ()
        if self._places:
            spans = (*spans, (pad(place, self._places, right=True) + " ", "faint"))
        if self.words:
            mark = glyph(() if goes_on else origin.transforms)
            spans = (*spans, (mark.glyph, mark.style), (" ", ""))
        return (*spans, (" ", ""))


@lru_cache(maxsize=KEPT)
def gutter_of(stage: StageText, cell: str, profile: Profile | None = None) -> Gutter:
    """Return the gutter of a stage of the code in a cell; with a profile, with the time of each line."""
    return Gutter(stage, cell, profile)
