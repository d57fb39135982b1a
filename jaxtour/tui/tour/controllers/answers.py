"""The keys that answer a step's question, and that show what proves the answer."""

from collections.abc import Iterable, Sequence
from functools import partialmethod

import msgspec

from jaxtour.render.text.layout import Line
from jaxtour.text import clean
from jaxtour.tui.actions import Action, Context
from jaxtour.tui.tour.controllers.lens import LensController
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.state import Sight


class AnswerController:
    """The actions of a question, before the run and after it."""

    def __init__(self, host: ScreenHost, slots: SlotController, lens: LensController) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes
        self.slots = slots
        self.lens = lens

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
        sight = self.next_of(sights) or (None if self.away(sights) else sights[0])
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
        if self.shown(sight):
            pane = self.panes.by_slot[sight.slot]
            # A pane that was hidden shows its lines after the next layout.
            pane.call_after_refresh(pane.to_proof if sight.shown else pane.from_proof)

    def looking_at(self, sights: Sequence[Sight]) -> Sight | None:
        """Return the one of the sights that has the focus."""
        return next(filter(self.shown, sights), None)

    def away(self, sights: Sequence[Sight]) -> bool:
        """Return whether there is a way back to the text: a sight has the focus, or the text is hidden."""
        return self.looking_at(sights) is not None or not self.panes.in_view("lesson")

    def next_of(self, sights: Sequence[Sight]) -> Sight | None:
        """Return the next sight that is not in view; None without one, and after the last."""
        here = self.looking_at(sights)
        rest = sights[sights.index(here) + 1 :] if here else sights
        return next(filter(self.unseen, rest), None)

    def unseen(self, sight: Sight) -> bool:
        """Return whether a sight is hidden or cut, or is not the stage that appears on its own."""
        seen = self.panes.in_view(sight.slot) and not self.panes.cut(sight.slot)
        return not (seen and sight.shown in (None, "jaxpr", self.tour.state.stage))

    def labelled(self, actions: Iterable[Action], sights: Sequence[Sight]) -> list[Action]:
        """Return the actions of the bottom line, one of which names what to look at."""
        sight = self.next_of(sights)
        words = f"see {sight.name}" if sight else "see text"
        return [msgspec.structs.replace(each, label=words) if each.id == "look" else each for each in actions]

    def digits(self, context: Context) -> Line:
        """Return the keys of the choices in the bottom line, while the question is not answered."""
        if not context.choices or context.answered:
            return ()
        first, last = (self.tour.keys.first(f"choose_{number}") for number in (1, context.choices))
        return ((f"{first}-{last}", "primitive"), (" answer", "strong"), ("   ", ""))

    def shown(self, sight: Sight) -> bool:
        """Return whether the pane to look at has the focus, and is as large as it gets."""
        if self.slots.pane.spec.name != sight.slot or self.panes.cut(sight.slot):
            return False
        return sight.shown in (None, self.tour.state.stage)
