"""The keys that a step's text names, such as `P` in “Run it, then press `P`”."""

import re
from collections.abc import Sequence
from functools import lru_cache

from jaxtour.course.edits import change_of
from jaxtour.course.model import Step
from jaxtour.engine.compare.verify import over
from jaxtour.tui.actions import BY_ID, Action, Context, Keys, scoped
from jaxtour.tui.tour.view import StepView

_CODE = re.compile(r"`([^`\s]+)`")
_WORD = re.compile(r"[^\W\d]\w*|\d+")
_OWN = Keys()
"""The keys as texts name them, without changes from the settings."""


def with_named(actions: Sequence[Action], view: StepView, context: Context, behind: Sequence[str]) -> list[Action]:
    """Return the bottom line's actions, with those that the text names at once behind the most important one."""
    own = [action for action in named(view) if action.when(context)]
    rest = [action for action in actions if action.id in behind or action.id not in {each.id for each in own}]
    place = next((place for place, action in enumerate(rest, 1) if action.id in behind), 0)
    return [*rest[:place], *(each for each in own if each.id not in behind), *rest[place:]]


def named(view: StepView) -> list[Action]:
    """Return the actions whose keys the current text names, starting with the text after the run."""
    step = view.step
    if not isinstance(step, Step):
        return []
    ran = view.report is not None and view.report.executed is not None
    change = change_of(step, view.state.code) if ran else None
    texts = (change.after if change else "", step.after if over(step, view.report) else "", step.text)
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
