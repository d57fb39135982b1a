"""Decides which keys work now, and the bottom line: the keys worth pressing, first those that the step's text names."""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from jaxtour.course.model import Step
from jaxtour.render.text.layout import Line, width_of
from jaxtour.tui.actions import BY_ID, Action, Context, Keys, Scope, in_footer, scoped
from jaxtour.tui.status import keys_line
from jaxtour.tui.tour.controllers.devices import DeviceController
from jaxtour.tui.tour.controllers.links import NOWHERE, LinkController
from jaxtour.tui.tour.controllers.search import SearchController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.tour.practice import Judged
from jaxtour.tui.tour.reviewing import Reviewing
from jaxtour.tui.tour.state import Sight
from jaxtour.tui.tour.view import StepView
from jaxtour.tui.widgets.text_input import SEARCH_CELLS

SEARCHING = ("interrupt", "find_next", "find_previous", "end_search")
"""The keys in the bottom line during a search."""
_CODE = re.compile(r"`([^`\s]+)`")
_WORD = re.compile(r"[^\W\d]\w*|\d+")
_OWN = Keys()
"""The keys as texts name them, without changes from the settings."""


class Looking:
    """Says which of the sights of a step the learner looks at, and which one is next."""

    def __init__(self, host: ScreenHost) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes

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

    def shown(self, sight: Sight) -> bool:
        """Return whether the pane to look at has the focus, and is as large as it gets."""
        if self.host.pane.spec.name != sight.slot or self.panes.cut(sight.slot):
            return False
        return sight.shown in (None, self.tour.state.stage)


class KeyLine:
    """Asks the step and the screen which keys work now, and makes the bottom line from them."""

    def __init__(
        self,
        host: ScreenHost,
        looking: Looking,
        links: LinkController,
        devices: DeviceController,
        search: SearchController,
        reviewing: Reviewing | None,
    ) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes
        self.looking = looking
        self.links = links
        self.devices = devices
        self.search = search
        self.reviewing = reviewing
        self._judged: Judged | None = None
        self._by_text: list[Action] = []

    def context(self, view: StepView) -> Context:
        """The facts that decide which keys work now."""
        focused, lesson, result = self.host.focused, self.panes.by_slot["lesson"], self.devices.result
        keyed = self.links.keyed if focused is self.links.lead else NOWHERE
        on_shard = focused is result and bool(result.pieces)
        sights = view.sights
        return view.context(
            busy=self.tour.busy,
            zoomed=self.panes.large is not None,
            linking=keyed.leads,
            many=keyed.many,
            library=keyed.library,
            searching=bool(self.search.pattern) and self.search.line is None,
            alone=self.tour.alone or self.reviewing is not None,
            reviewing=self.reviewing is not None,
            looking=self.looking.away(sights) and not self.panes.wide,
            unseen=self.looking.next_of(sights) is not None,
            on_devices=focused is self.devices.panel,
            on_shard=on_shard,
            points=(focused is lesson or (focused is result and not on_shard)) and view.pointed is not None,
        )

    def line(self, view: StepView, width: int) -> Line:
        """Return the bottom line within a width."""
        scope: Scope = "editor" if self.panes.editor is not None else "step"
        context = self.context(view)
        words = self.search.words() if self.search.pattern else self._asking(context)
        if self.search.line is not None:
            hint: Line = (("in all panes; a capital makes case count", "muted"),)
            return ((" " * SEARCH_CELLS, ""), *(words or hint))
        onwards = "next_question" if self.reviewing else "next_step"
        first = tuple(onwards if name == "next_step" else name for name in view.first_keys)
        done = view.done[view.number - 1] and not self.tour.alone
        asked = context.asks and not context.answered
        bright = first[:1] or (("answer",) if asked else (onwards, "look") if done else ("run",))
        actions = in_footer(scope, context)
        if first:
            actions.sort(key=lambda action: first.index(action.id) if action.id in first else len(first))
        sight = self.looking.next_of(view.sights)
        if scope == "step":
            own = [each for each in self._named(view) if each.when(context)]
            there = f"stage_{sight.shown}" if sight else ""
            if any(action.id == there for action in own):
                # The key that the text names leads where `look` does.
                bright = tuple(there if name == "look" else name for name in bright)
                actions = [BY_ID[there] if action.id == "look" else action for action in actions]
            lead = bright if any(action.id in bright for action in actions) else ("run",)
            actions = with_named(actions, own, lead)
            if self.host.pane.spec.name == "stage":
                actions = [action for action in actions if action.id != f"stage_{view.state.stage}"]
        labels = {"look": f"see {sight.name}" if sight else "see text"}
        if context.profiled:
            labels["profile"] = "tables"
        actions = [
            msgspec.structs.replace(each, label=labels[each.id]) if each.id in labels else each for each in actions
        ]
        if self.search.pattern:
            actions = [action for action in actions if action.id in SEARCHING]
            words = (*words, ("   ", ""))
        return (*words, *keys_line(actions, self.tour.keys, width - width_of(words), bright=bright))

    def _named(self, view: StepView) -> list[Action]:
        """Return the actions that the text names, found again when another text is shown."""
        if self._judged is not view.judged:
            self._judged, self._by_text = view.judged, named(view)
        return self._by_text

    def _asking(self, context: Context) -> Line:
        """Return the keys of the choices, while the question is not answered; before that, the one that shows it."""
        if context.asks and not context.answered and self.panes.by_slot["lesson"].asks_below:
            return ((self.tour.keys.of("page_down")[-1], "primitive"), (" question", "strong"), ("   ", ""))
        if not context.choices or context.answered:
            return ()
        first, last = (self.tour.keys.first(f"choose_{number}") for number in (1, context.choices))
        return ((f"{first}-{last}", "primitive"), (" answer", "strong"), ("   ", ""))


def with_named(actions: Sequence[Action], own: Sequence[Action], behind: Sequence[str]) -> list[Action]:
    """Return the bottom line's actions, with those that the text names at once behind the most important one."""
    rest = [action for action in actions if action.id in behind or action.id not in {each.id for each in own}]
    place = next((place for place, action in enumerate(rest, 1) if action.id in behind), 0)
    return [*rest[:place], *(each for each in own if each.id not in behind), *rest[place:]]


def named(view: StepView) -> list[Action]:
    """Return the actions whose keys the current text names, starting with the text after the run."""
    step = view.step
    if not isinstance(step, Step):
        return []
    judged = view.judged
    texts = (judged.change.after if judged.change else "", step.after if judged.over else "", step.text)
    keys = _named("\n\n".join(texts), f"{step.setup.text}\n{step.solved_code.text}")
    return [BY_ID[each] for key in keys for each in _actions().get(key, ())]


@lru_cache(maxsize=8)
def _named(text: str, code: str) -> tuple[str, ...]:
    """Return the keys in a Markdown text; a name from the code is a variable, unless the text says otherwise."""
    words, keys = set(_WORD.findall(code)), dict[str, None]()
    for found in _CODE.finditer(text):
        before, after, key = text[: found.start()].rstrip(), text[found.end() :], found[1]
        said = before.endswith(("press", "Press")) or after.startswith(" key")
        if key not in words or said or (key.isdigit() and before[-1:] in ("", ".", ":")):
            keys[key] = None
    return tuple(keys)


@lru_cache(maxsize=1)
def _actions() -> dict[str, list[str]]:
    """Return the actions of a step that have a label for the bottom line and the help, by their keys."""
    found: dict[str, list[str]] = {}
    for action in scoped("step"):
        for key in _OWN.of(action) if action.label and action.help else ():
            found.setdefault(key, []).append(action.id)
    return found
