"""What the border of the pane of stages says: what can be shown, which call it is of, and how much there is."""

from functools import lru_cache

from jaxtour.engine.stage import StageText
from jaxtour.render.text.layout import clip, width_of
from jaxtour.render.text.spans import Line
from jaxtour.tui.tour.view import Shown, StepView

NAMES: dict[Shown, str] = {
    "jaxpr": "jaxpr", "stablehlo": "StableHLO", "hlo": "HLO", "cost": "cost", "graph": "graph",
}  # fmt: skip
CORNERS = 3
"""Columns of a border that its words cannot have, beside those that no text has."""
APART, LEAST_CALL = 3, 12
"""Columns between the facts in a border, and of a call that are worth having."""


def titles(view: StepView) -> Line:
    """What can be shown, each with its key; what is shown stands out."""
    line: Line = ()
    for shown, name in NAMES.items():
        here = shown == view.state.stage
        gap: Line = (("   ", ""),) if line else ()
        line = (*line, *gap, (f"{view.key(f'stage_{shown}')} {name}", "strong" if here else "muted"))
    return line


def facts(view: StepView, stage: StageText, width: int, legend: Line = ()) -> Line:
    """What a border says: `→ forward   2 of 3   predict_many(w, X)   5 equations`; the call gives way to the rest."""
    from jaxtour.render.ir.highlight import stage_facts

    trace = view.trace
    assert trace is not None
    counted = trace.equations if stage.stage == "jaxpr" else counts(stage)
    number, (_, counts_words) = number_of(view), stage_facts("", stage.stage, counted)
    room = width - CORNERS - width_of(number) - width_of(counts_words[0])
    if legend and width_of(legend) + APART <= room:
        room -= width_of(legend) + APART
        number = (*legend, (" " * APART, ""), *number)
    call = trace.call.line
    if room < min(width_of(call), LEAST_CALL):
        return (*number, (counts_words[0].lstrip(), counts_words[1]))
    return (*number, (clip(call, room), "muted"), counts_words)


@lru_cache(maxsize=4)
def counts(stage: StageText) -> int:
    """How many operations or instructions a stage has."""
    kinds = [origin.kind == "instruction" for origin in stage.origins]
    return sum(map(kinds.__getitem__, stage.ids))


def number_of(view: StepView) -> Line:
    """Which of several calls it is, by its label where that is not the call itself."""
    count, trace = len(view.traces), view.trace
    if count < 2 or trace is None:
        return ()
    label: Line = ((trace.label, "strong"), ("  ", "")) if trace.label != str(trace.call) else ()
    return (*label, (f"{view.index + 1} of {count}   ", "muted"))


def call_of(view: StepView) -> Line:
    """The call that is shown, and which of several it is."""
    if view.trace is None:
        return ()
    return (*number_of(view), (view.trace.call.line, "muted"))
