"""What a cursor highlights in the other pane, and the keys that go there."""

from functools import partialmethod
from typing import NamedTuple

from jaxtour.engine.links import Target, links_of
from jaxtour.engine.wire.messages import Span
from jaxtour.tui.lines.cursor import CursorView
from jaxtour.tui.linking import (
    CursorLink,
    Spot,
    first_of,
    in_full,
    link,
    row_of,
    said_of_source,
    said_of_stage,
    source_of,
)
from jaxtour.tui.panes.source import columns_shown, rows_of
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.controllers.step import StepController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.view import StepView
from jaxtour.tui.widgets.pane import Pane

BORDER_CELLS = 8
"""Columns of the border at the sides of its words."""


class Keyed(NamedTuple):
    """Where the cursor's keys lead."""

    leads: bool = False
    """Whether the other pane has something to go to."""
    many: bool = False
    """Whether several lines of the stage are linked."""
    library: bool = False
    """Whether a library function is behind the line."""


NOWHERE = Keyed()


class LinkController:
    """The highlights of a cursor, and the actions that follow its links."""

    def __init__(self, host: ScreenHost, slots: SlotController, step: StepController) -> None:
        self.host = host
        self.slots = slots
        self.step = step
        self.source = slots.source
        self.stages = slots.stages
        self.graph = host.panes.graph
        self.link: CursorLink | None = None
        """The link of the lead's cursor."""
        self.lead: Pane | None = None
        """The pane whose cursor highlights: the last of these two with the focus."""
        self.keyed = NOWHERE
        """Where the keys lead while the lead has the focus."""
        self._linked: tuple[object, ...] = ()
        self._carried: Target | None = None
        """The cursor's target in another stage, until the next stage is shown."""

    @property
    def place(self) -> Span | None:
        """The line of the source that the lead's cursor is on, or that its line comes from, with what begins there."""
        view, found = self.source.view, self.link
        if view is None or view.traced is None or self.lead is None:
            return None
        if self.lead is not self.source:
            return next(iter(found.target.spans), None) if found else None
        place = rows_of(view).place(self.source.cursor)
        return next(iter(links_of(view.traced).at(*place).spans), None) if place else None

    @property
    def unfolds(self) -> bool:
        """Whether a library function is behind that line."""
        from jaxtour.render.ir.library import unfolding

        traced, place = self.source.view.traced if self.source.view else None, self.place
        return bool(traced and traced.frames and place and (place.file, place.line) in unfolding(traced))

    def cursor_moved(self, view: CursorView, *, settling: bool) -> None:
        """Highlight what is linked to the cursor."""
        if view is self.stages:
            self._arrive()
        self.relink(settling=settling)

    def take_lead(self, pane: Pane) -> None:
        """Highlight for the cursor of the pane that has the focus now."""
        self.lead = pane
        self.relink()

    def carry(self) -> None:
        """Keep the cursor's target, so that the cursor goes to it in the next stage."""
        if self.link and self.link.target:
            self._carried = self.link.target

    def _arrive(self) -> None:
        """Go to the target that was carried from the previous stage."""
        target, self._carried = self._carried, None
        stage = self.stages.view.linked if target and self.stages.view else None
        if target is None or stage is None:
            return
        view = self.stages.view
        if view and view.state.stage == "arguments":
            row = row_of(view, stage, target)
            self.stages.move_to(row or 0)
            return
        line = first_of(stage, links_of(stage).lines(target))
        if line is not None:
            self.graph.to_line(line)

    def relink(self, *, settling: bool = False) -> None:
        """Highlight what is linked to the lead's cursor, if that changed.

        With `settling`, the lead is not painted before its cursor has settled.
        """
        lead, view = self.lead, self.source.view
        if lead is None or view is None:
            return
        spot = Spot("source" if lead is self.source else "stage", lead.cursor, lead.selection)
        state = (spot, *((id(pane.document), pane.size) for pane in (self.source, self.stages)))
        if state == self._linked:
            return
        self._linked = state
        before, self.keyed = self.keyed, NOWHERE
        if view.linked is None or not lead.document.cursor:
            self.link = None
            self.source.highlight_nothing()
            self.stages.highlight_nothing()
        else:
            found = self.link = link(view, spot)
            for pane, highlighted in ((self.source, found.source), (self.stages, found.stage)):
                if pane is lead and settling:
                    pane.scene.highlighted = highlighted
                else:
                    pane.highlight(highlighted, follow=pane is not lead)
            self.source.say(said_of_source(view, found, self.source.outer_size.width - BORDER_CELLS))
            peaks = self.host.tour.peaks.found if view.profiled else ()
            self.stages.say(said_of_stage(view, found, self.stages.document.subtitle, peaks))
            self.keyed = Keyed(found.leads, len(found.stage.matches) > 1, self.unfolds)
        if before != self.keyed and self.host.focused is lead:
            self.host.refresh_keys()

    def follow(self) -> None:
        """Go to the other end of the link, in the other pane."""
        found, view = self.link, self.source.view
        if found is None or view is None:
            return
        if self.host.focused is not self.lead:
            self.host.note("go to a line of the source or of a stage first")
            return
        if found.spot.slot == "source":
            self._to_stage(view, found)
        else:
            self._to_source(view, found)

    def show(self, file: str) -> bool:
        """Show a file of the program in the source pane; return whether it could be read."""
        try:
            self.host.tour.show_file("" if file == self.host.tour.view.own else file)
        except OSError as error:
            self.host.note(f"{file} cannot be read: {error.strerror or error}")
            return False
        self.host.refresh_view()
        return True

    def to_program(self) -> None:
        """Show the definition of the program's function in the source pane."""
        program = self.host.tour.view.program
        if program is None or not program.file or program.line is None:
            return
        if program.file != self.host.tour.view.cell and not self.show(program.file):
            return
        line = rows_of(self.host.tour.view).line(program.file, program.line)
        if line is not None:
            self.source.move_to(line)

    def files(self) -> None:
        """List the files of the program, and show the chosen one."""
        from jaxtour.tui.screens.programs import FilesScreen

        def chosen(file: str | None) -> None:
            if file is not None and self.show(file):
                self.slots.focus("source")

        self.host.app.push_screen(FilesScreen(self.host.tour), chosen)

    def _to_stage(self, view: StepView, found: CursorLink) -> None:
        matches, stage = found.stage.matches, view.linked
        in_graph, in_tree = view.state.stage == "graph", view.state.stage == "arguments"
        line = next(iter(matches), None) if in_graph or in_tree or stage is None else first_of(stage, matches)
        if line is None:
            self.host.note("no operation in this stage comes from that expression")
            return
        highlight = found.stage.of(line)
        self.slots.focus("stage")
        self.stages.move_to(line, highlight.ranges[0] if in_graph and highlight and highlight.ranges else None)

    def _to_source(self, view: StepView, found: CursorLink) -> None:
        span = source_of(view, found.target)
        inner = next(iter(found.target.spans), None)
        if view.state.files and inner is not None and inner.file != view.cell:
            # The place that the gutter names is in another file of the program.
            if inner.file not in (view.own, *view.state.files) or not self.show(inner.file):
                return
            span, view = inner, self.source.view or view
        if span is None:
            places = [in_full(view, each) for each in found.target.spans[:1]]
            self.host.note(f"it comes from {places[0]}" if places else "it has no place in the source")
            return
        self.to_span(view, span)

    def to_span(self, view: StepView, span: Span) -> None:
        """Go to an expression of the step's code, or of its setup."""
        if span.file != view.cell and not view.state.setup:
            self.step.setup()
            view = self.source.view or view
        rows = rows_of(view)
        line = rows.line(span.file, span.line)
        self.slots.focus("source")
        if line is not None:
            pieces = self.source.document.selectable_in(line)
            start = columns_shown(rows.text(line), (span.column - 1, span.column - 1))[0]
            length = span.end_column - span.column
            begun = [piece for piece in pieces if piece[0] == start]
            one_line = span.end_line == span.line
            best = min(begun, key=lambda piece: abs(piece[1] - piece[0] - length)) if begun and one_line else None
            self.source.move_to(line, best or (begun[0] if begun else None))

    def _walk(self, by: int) -> None:
        """Go to the next linked line, or the previous one."""
        pane = self.host.focused
        if pane is self.source and self._walk_hot(self.source, by):
            return
        # From the source, keys walk in the stage.
        pane = self.stages if pane is self.source else pane
        if not isinstance(pane, Pane) or not (pane.walk(by) or self._walk_hot(pane, by)):
            self.host.note("nothing else is linked to it")

    def _walk_hot(self, pane: Pane, by: int) -> bool:
        """Go to the next cooler line of a profiled call, or the next hotter one; return whether there is one."""
        view = self.source.view
        if view is None or view.profiled is None or (pane is self.stages and view.state.stage == "graph"):
            return False
        from jaxtour.render.profile.columns import hot_lines, hot_places

        rows = rows_of(view)
        lines = hot_lines(view.profiled, view.linked) if pane is self.stages and view.linked else []
        if pane is self.source:
            lines = [line for place in hot_places(view.profiled) if (line := rows.line(*place)) is not None]
        if lines:
            here = lines.index(pane.cursor) if pane.cursor in lines else -1 if by > 0 else 0
            pane.move_to(lines[(here + by) % len(lines)])
        return bool(lines)

    next_match = partialmethod(_walk, 1)
    previous_match = partialmethod(_walk, -1)
