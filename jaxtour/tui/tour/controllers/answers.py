"""The keys that answer a step's question, and that show what proves the answer."""

from functools import partialmethod

from jaxtour.text import clean
from jaxtour.tui.tour.controllers.lens import LensController
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.key_line import Looking


class AnswerController:
    """The actions of a question, before the run and after it."""

    def __init__(self, host: ScreenHost, slots: SlotController, lens: LensController, looking: Looking) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes
        self.slots = slots
        self.lens = lens
        self.looking = looking

    def answer(self, begun: str = "") -> None:
        """Open a box for the answer, whose first characters may already be there."""
        from jaxtour.tui.screens.ask import AskScreen

        if prediction := self.tour.view.prediction:
            self.host.app.push_screen(AskScreen(prediction.ask, begun, ascii_only=self.tour.ascii), self._said)

    say_0 = partialmethod(answer, "0")
    say_minus = partialmethod(answer, "-")

    def _said(self, text: str | None) -> None:
        if text:
            self.tour.state.prediction = text = clean(text, keep_newlines=False)
            self.tour.predictions.made(self.tour.key, text)
            self.panes.bring("lesson")
            self.host.refresh_view()

    def _choose(self, number: int) -> None:
        """Answer by a choice's number; without choices, begin the answer with the digit."""
        prediction = self.tour.view.prediction
        if prediction is None or not prediction.ask.choices:
            self.answer(str(number))
        else:
            self._said(prediction.ask.texts[number - 1])

    choose_1 = partialmethod(_choose, 1)
    choose_2 = partialmethod(_choose, 2)
    choose_3 = partialmethod(_choose, 3)
    choose_4 = partialmethod(_choose, 4)
    choose_5 = partialmethod(_choose, 5)
    choose_6 = partialmethod(_choose, 6)
    choose_7 = partialmethod(_choose, 7)
    choose_8 = partialmethod(_choose, 8)
    choose_9 = partialmethod(_choose, 9)

    async def look(self) -> None:
        """Go to what proves the answer, then to what the step is about; from there, back to the text."""
        sights = self.tour.view.sights
        if not sights:
            return
        sight = self.looking.next_of(sights) or (None if self.looking.away(sights) else sights[0])
        if sight is None:
            self.slots.focus("lesson")
            return
        if sight.shown:
            await self.lens.show_stage(sight.shown)
        else:
            enlarged = self.panes.cut(sight.slot)
            self.slots.focus(sight.slot)
            if enlarged:
                self.panes.enlarge(sight.slot)
                self.host.refresh_keys()
        if self.looking.shown(sight):
            pane = self.panes.by_slot[sight.slot]
            # A pane that was hidden shows its lines after the next layout.
            pane.call_after_refresh(pane.to_proof if sight.shown else pane.from_proof)
