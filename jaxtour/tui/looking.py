"""Which stage of a step that has run is to be looked at next."""

from jaxtour.engine.commands import Look
from jaxtour.tui.tour.view import StepView


def missing(view: StepView) -> Look | None:
    """The stage that is to be shown and has not been asked for; one that failed is there, as its error."""
    report, trace = view.report, view.trace
    if report is None or report.done is None or report.looking or trace is None or trace.error is not None:
        return None
    # The jaxpr comes with the run.
    return None if view.behind == "jaxpr" or view.stage else Look(index=view.index, stage=view.behind)
