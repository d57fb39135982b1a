"""What the keys do that look into what JAX made of the code."""

from typing import NamedTuple

from jaxtour.course.model import Step
from jaxtour.engine.links import Target, links_of
from jaxtour.engine.session import EngineError
from jaxtour.render.clean import clean
from jaxtour.render.places import head
from jaxtour.tui.actions import Context
from jaxtour.tui.lines.view import CursorMoved
from jaxtour.tui.link_words import in_full, said_of_source, said_of_stage
from jaxtour.tui.linking import Link, Spot, first_of, link, source_of, stage_line
from jaxtour.tui.messages import Note, ShownWanted, Unfolded
from jaxtour.tui.panes.source import columns_shown, rows_of
from jaxtour.tui.screens.step_keys import StepKeys
from jaxtour.tui.visit import Shown, View
from jaxtour.tui.widgets.graph_cursor import GraphCursor
from jaxtour.tui.widgets.pane import Pane

BORDER_CELLS = 8
"""Columns of a border that words cannot have."""


class Keyed(NamedTuple):
    """Where keys lead from a cursor."""

    leads: bool = False
    """Whether there is something to go to in the other pane."""
    many: bool = False
    """Whether several lines of the stage belong to it."""


class LensKeys(StepKeys):
    """A method for each action of the lens, and what a cursor highlights."""

    link: Link | None = None
    """What belongs to the cursor that was moved last."""
    _lead: Pane | None = None
    _linked: tuple[object, ...] = ()
    _carried: Target | None = None
    """What the cursor was on in another stage, until the one that is wanted is shown."""

    @property
    def context(self) -> Context:
        """What decides which keys work now."""
        return self.tour.view.context(
            busy=self.tour.busy,
            zoomed=self.panes.zoomed is not None,
            linking=self._linking.leads,
            many=self._linking.many,
            searching=self.searching,
            alone=self.tour.alone,
        )

    @property
    def _linking(self) -> Keyed:
        """What the keys can do with what belongs to the cursor; nothing where the focus is elsewhere."""
        if self.link is None or self.focused is not self._lead:
            return Keyed()
        return Keyed(self.link.leads, len(self.link.stage.matches) > 1)

    @property
    def searching(self) -> bool:
        """Whether the matches of a search are shown."""
        raise NotImplementedError

    @property
    def source(self) -> Pane:
        """The pane of the source."""
        return self.panes.by_slot["source"]

    @property
    def stages(self) -> Pane:
        """The pane of stages."""
        return self.panes.by_slot["stage"]

    @property
    def graph(self) -> GraphCursor:
        """The cursor of the pane of stages, which goes from node to node where it shows a graph."""
        return self.panes.graph

    # What is shown --------------------------------------------------------------------------------------------------

    async def action_stage_jaxpr(self) -> None:
        """Show the jaxpr."""
        await self.show_stage("jaxpr")

    async def action_stage_stablehlo(self) -> None:
        """Show the StableHLO."""
        await self.show_stage("stablehlo")

    async def action_stage_hlo(self) -> None:
        """Show the HLO."""
        await self.show_stage("hlo")

    async def action_stage_cost(self) -> None:
        """Show what the call costs."""
        await self.show_stage("cost")

    async def action_stage_graph(self) -> None:
        """Show the graph of the jaxpr."""
        await self.show_stage("graph")

    async def show_stage(self, shown: Shown) -> None:
        """Show it in its pane, and have it made if it is not there; once more, if that failed."""
        if self.link and self.link.target and shown != self.tour.visit.stage:
            self._carried = self.link.target
        self.tour.visit.stage = shown
        self.tour.forget_failed()
        self.focus_slot("stage")
        self.refresh_view()
        await self.look()

    async def on_shown_wanted(self, message: ShownWanted) -> None:
        """Show the tab that was clicked."""
        if message.shown:
            await self.show_stage(message.shown)
        else:
            self.focus_slot(message.slot)

    async def look(self) -> bool:
        """Have the worker make what the pane of stages is to show, if it can be seen; whether it was asked to."""
        if not self.panes.in_view("stage"):
            return False
        try:
            asked = await self.tour.look()
        except EngineError as error:
            self.post_message(Note(clean(str(error))))
            return False
        if asked:
            self.refresh_view()
        return asked

    async def action_next_trace(self) -> None:
        """Show the next traced call."""
        await self._turn(1)

    async def action_previous_trace(self) -> None:
        """Show the traced call before."""
        await self._turn(-1)

    async def _turn(self, by: int) -> None:
        view = self.tour.view
        if view.traces:
            self.tour.visit.trace = (view.index + by) % len(view.traces)
            self.tour.visit.unfolded = None
            self.panes.bring("stage")
            self.refresh_view()
            self.keep_focus()
            await self.look()

    def on_unfolded(self, message: Unfolded) -> None:
        """Draw the graph with other equations unfolded."""
        visit, graph, node = self.tour.visit, self.graph.graph, self.graph.node
        if graph is None:
            return
        unfolded = graph.unfolded if visit.unfolded is None else visit.unfolded
        if message.line is not None:
            unfolded ^= {message.line}
        else:
            unfolded = frozenset() if unfolded else frozenset(each.line for each in graph.nodes if each.nests)
        visit.unfolded = unfolded
        self.refresh_view()
        if node is not None:
            self.graph.to_line(node.line)

    async def action_ladder(self) -> None:
        """Climb from the function to the call that was traced."""
        from jaxtour.tui.screens.ladder import LadderScreen

        trace, step = self.tour.view.trace, self.tour.step
        if trace is None or not isinstance(step, Step):
            return
        if self.tour.ladder_wanted(trace.call):
            try:
                if not await self.tour.look(trace.call):
                    self.post_message(Note("the worker is busy; the ladder can be climbed when it is ready"))
                    return
            except EngineError as error:
                self.post_message(Note(clean(str(error))))
                return
        screen = self.over = LadderScreen(self.tour, self.tour.visit, trace.call)

        def closed(_: None) -> None:
            self.over = None

        self.app.push_screen(screen, closed)
        self.refresh_view()

    # What belongs together ------------------------------------------------------------------------------------------

    def on_cursor_moved(self, message: CursorMoved) -> None:
        """Highlight what belongs to the cursor."""
        if message.view is self.stages:
            self._carry()
        if message.view in (self.source, self.stages):
            self.relink(settling=message.view.led)
        if message.view.led:
            message.view.settle(message.view.cursor, message.view.selection)

    def _carry(self) -> None:
        """Go to what belongs to the cursor of the stage that was shown before."""
        target, stage = self._carried, self.tour.view.linked
        self._carried = None
        if target is None or stage is None:
            return
        line = first_of(stage, links_of(stage).lines(target))
        if line is None:
            return
        self.graph.to_line(line)

    def on_descendant_focus(self) -> None:
        """The cursor of the pane that has the focus is the one that counts."""
        focused = self.focused
        if isinstance(focused, Pane) and focused in (self.source, self.stages):
            self._lead = focused
            self.relink()
        self.refresh_keys()

    def relink(self, *, settling: bool = False) -> None:
        """Highlight what belongs to the cursor that counts, unless that stands out already.

        A pane that is `settling` is painted when its cursor has settled, and not before.
        """
        lead, view = self._lead, self.source.view
        if lead is None or view is None:
            return
        spot = Spot("source" if lead is self.source else "stage", lead.cursor, lead.selection)
        state = (spot, id(self.source.document), id(self.stages.document), self.stages.size)
        if state == self._linked:
            return
        self._linked = state
        keyed = self._linking
        if view.linked is None or not lead.document.cursor:
            self.link = None
            self.source.highlight_nothing()
            self.stages.highlight_nothing()
        else:
            found = self.link = link(view, spot)
            for pane, highlighted in ((self.source, found.source), (self.stages, found.stage)):
                if pane is lead and settling:
                    pane.take_highlights(highlighted)
                else:
                    pane.highlight(highlighted, follow=pane is not lead)
            self.source.say(said_of_source(view, found, self.source.outer_size.width - BORDER_CELLS))
            self.stages.say(said_of_stage(view, found, self.stages.document.subtitle))
        if keyed != self._linking:
            self.refresh_keys()

    def action_follow(self) -> None:
        """Go to what belongs to the cursor, in the other pane."""
        found, view = self.link, self.source.view
        if found is None or view is None:
            return
        if self.focused is not self._lead:
            self.post_message(Note("go to a line of the source or of a stage first: what belongs to it is followed"))
            return
        if found.spot.slot == "source":
            self._to_stage(view, found)
        else:
            self._to_source(view, found)

    def _to_stage(self, view: View, found: Link) -> None:
        matches, stage = found.stage.matches, view.linked
        in_graph = view.visit.stage == "graph"
        line = next(iter(matches), None) if in_graph or stage is None else first_of(stage, matches)
        if line is None:
            self.post_message(Note("nothing here comes of it"))
            return
        highlight = found.stage.of(line)
        self.focus_slot("stage")
        self.stages.move_to(line, highlight.ranges[0] if in_graph and highlight and highlight.ranges else None)

    def _to_source(self, view: View, found: Link) -> None:
        span = source_of(view, found.target)
        if span is None:
            places = [in_full(view, each) for each in found.target.spans[:1]]
            self.post_message(Note(f"it comes from {places[0]}" if places else "it has no place in the source"))
            return
        if span.file != view.cell and not view.visit.setup:
            self.action_setup()
            view = self.source.view or view
        rows = rows_of(view)
        line = rows.line(span.file, span.line)
        self.focus_slot("source")
        if line is not None:
            pieces = self.source.document.selectable_in(line)
            start = columns_shown(rows.text(line), (span.column - 1, span.column - 1))[0]
            length = span.end_column - span.column
            begun = [piece for piece in pieces if piece[0] == start]
            one_line = span.end_line == span.line
            best = min(begun, key=lambda piece: abs(piece[1] - piece[0] - length)) if begun and one_line else None
            self.source.move_to(line, best or (begun[0] if begun else None))

    def action_next_match(self) -> None:
        """Go to the next line that belongs together."""
        self._walk(1)

    def action_previous_match(self) -> None:
        """Go to the line before that belongs together."""
        self._walk(-1)

    def _walk(self, by: int) -> None:
        # In the source it is the other pane whose matches are many.
        pane = self.stages if self.focused is self.source else self.focused
        if not isinstance(pane, Pane) or not pane.walk(by):
            self.post_message(Note("nothing else belongs to it"))

    # What is explained ----------------------------------------------------------------------------------------------

    def action_explain(self) -> None:
        """Explain the equation under the cursor, or the first that the source under the cursor became."""
        from jaxtour.render.ir import UNITS
        from jaxtour.tui.screens.explain import ExplainScreen

        view = self.source.view
        stage = view.linked if view else None
        if view is None or stage is None:
            return
        line: int | None = self.stages.cursor
        if self._lead is self.source and self.link is not None and self.link.stage.matches:
            found = self.link.stage
            line = line if line is not None and found.of(line) else found.matches[0]
        line = stage_line(view, Spot("stage", line or 0, self.stages.selection if self._lead is self.stages else None))
        if line is None or stage.origin_of(line).kind == "other":
            self.post_message(Note(f"there is no {UNITS[stage.stage]} in this line to explain"))
            return
        self.app.push_screen(ExplainScreen(view, stage, head(stage, line), ascii_only=self.tour.ascii))
