"""The keys that look into what JAX made of the code."""

from functools import partialmethod

from msgspec.structs import replace

from jaxtour.course.model import Step
from jaxtour.engine.links import links_of
from jaxtour.engine.session import EngineError
from jaxtour.render.ir.gutter import UNITS, file_name, head
from jaxtour.text import Raw
from jaxtour.tui.linking import Spot, stage_line
from jaxtour.tui.panes.source import code_of
from jaxtour.tui.tour.controllers.links import LinkController
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.state import Shown

TRAVELS = 100
"""Presses of a key from one end of the schedule to the other, at most twice as many."""


class LensController:
    """The actions that choose a traced call and its stage, and explain it."""

    def __init__(self, host: ScreenHost, slots: SlotController, links: LinkController) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes
        self.slots = slots
        self.links = links
        self.stages = slots.stages
        self.graph = self.panes.graph

    async def show_stage(self, shown: Shown) -> None:
        """Show a stage, and request it if it is missing or failed."""
        if shown != self.tour.state.stage:
            self.links.carry()
        self.tour.state.stage = shown
        self._forget_failed()
        self.slots.focus("stage")
        self.host.refresh_view()
        await self.host.request_stage()

    stage_jaxpr = partialmethod(show_stage, "jaxpr")
    stage_stablehlo = partialmethod(show_stage, "stablehlo")
    stage_hlo = partialmethod(show_stage, "hlo")
    stage_cost = partialmethod(show_stage, "cost")
    stage_memory = partialmethod(show_stage, "memory")
    stage_values = partialmethod(show_stage, "values")
    stage_graph = partialmethod(show_stage, "graph")
    stage_arguments = partialmethod(show_stage, "arguments")

    def _forget_failed(self) -> None:
        """Forget the stage shown if it failed, so that it is requested again."""
        state, stage = self.tour.state, self.tour.view.stage
        if state.report and stage and stage.error is not None and stage.stage != "jaxpr":
            others = {key: each for key, each in state.report.stages.items() if each is not stage}
            state.report = replace(state.report, stages=others)

    async def _turn(self, by: int) -> None:
        view = self.tour.view
        if view.traces:
            self.tour.state.trace = (view.index + by) % len(view.traces)
            self.tour.state.sought = None
            self.tour.state.unfolded = self.tour.state.place = None
            self.panes.bring("stage")
            self.host.refresh_view()
            self.slots.keep_focus()
            await self.host.request_stage()

    next_trace = partialmethod(_turn, 1)
    previous_trace = partialmethod(_turn, -1)

    def programs(self) -> None:
        """List what the program compiled, and show the chosen one."""
        from jaxtour.tui.screens.programs import ProgramsScreen

        async def chosen(index: int | None) -> None:
            places = [place for place, trace in enumerate(self.tour.view.traces) if trace.index == index]
            if places:
                await self._turn(places[0] - self.tour.view.index)
                self.links.to_program()
            elif index is not None:
                self.host.note("it is not among the programs whose jaxpr is kept")

        self.host.app.push_screen(ProgramsScreen(self.tour, self.tour.state), chosen)

    def unfold(self, line: int | None) -> None:
        """Unfold or fold an equation of the graph, or all of them."""
        state, graph, node = self.tour.state, self.graph.graph, self.graph.node
        if graph is None:
            return
        unfolded = graph.unfolded if state.unfolded is None else state.unfolded
        every = frozenset(each.line for each in graph.nodes if each.nests)
        state.unfolded = unfolded ^ {line} if line is not None else frozenset() if unfolded else every
        self.host.refresh_view()
        if node is not None:
            self.graph.to_line(node.line)

    def travel(self, by: int) -> None:
        """Show the memory a hundredth of the schedule further on, or back."""
        stage = self.tour.view.stage
        if stage is None or stage.memory is None or not stage.memory.used:
            return
        places = len(stage.memory.used)
        here = stage.memory.at if self.tour.state.place is None else self.tour.state.place
        self.tour.state.place = max(0, min(places - 1, here + by * max(1, places // TRAVELS)))
        self.host.refresh_view()

    def library(self) -> None:
        """Open the library calls behind the line under the cursor."""
        from jaxtour.render.ir.library import calls_of
        from jaxtour.tui.screens.library import LibraryScreen

        view, place = self.tour.view, self.links.place
        stage = view.traced
        if stage is None or place is None:
            return
        file, number = place.file, place.line
        links = links_of(stage)
        found = calls_of(stage, file, number, links.lines(links.at(file, number)))
        if found is None:
            self.host.note("no library function is behind this line")
            return

        def chosen(line: int | None) -> None:
            if line is not None:
                self.tour.state.stage = "jaxpr"
                self.slots.focus("stage")
                self.host.refresh_view()
                self.stages.move_to(line)

        code = code_of(view, file)
        text = code[number - 1].strip() if number <= len(code) else ""
        words = f"{file_name(view.cell, file) or 'line'} {number}  {Raw(text).shown}"
        self.host.app.push_screen(LibraryScreen(view, stage, found, words), chosen)

    def _ladder_wanted(self, call: Raw) -> bool:
        """Return whether a call's ladder is missing or incomplete."""
        state = self.tour.state
        report = state.report if state.climbed == (self.tour.view.index, call) else None
        return report is None or not report.levels or report.ladder_error is not None

    async def ladder(self) -> None:
        """Open the ladder from the function to the traced call."""
        from jaxtour.tui.screens.ladder import LadderScreen

        trace, step = self.tour.view.trace, self.tour.step
        if trace is None or not isinstance(step, Step):
            return
        try:
            if self._ladder_wanted(trace.call) and not await self.tour.request(trace.call):
                self.host.note("the worker is busy; open the ladder when it is ready")
                return
        except EngineError as error:
            self.host.note(str(error))
            return
        self.host.app.push_screen(LadderScreen(self.tour, self.tour.state, trace.call))
        self.host.refresh_view()

    def explain(self) -> None:
        """Explain the equation under the cursor, or the first equation of the expression under the cursor."""
        from jaxtour.tui.screens.explain import ExplainScreen

        view = self.slots.source.view
        stage = view.linked if view else None
        if view is None or stage is None:
            return
        found = self.links.link
        cursor = self.stages.cursor
        if self.links.lead is self.slots.source and found is not None and found.stage.matches:
            cursor = cursor if found.stage.of(cursor) else found.stage.matches[0]
        selection = self.stages.selection if self.links.lead is self.stages else None
        line = stage_line(view, Spot("stage", cursor, selection))
        if line is None or stage.origin_of(line).kind == "other":
            self.host.note(f"no {UNITS[stage.stage]} in this line to explain")
            return
        self.host.app.push_screen(ExplainScreen(view, stage, head(stage, line), ascii_only=self.tour.ascii))
