"""The learner's code: the edit of each step and its scratch step, and the versions that `u` goes through.

Nothing that the learner wrote is lost: a change from elsewhere makes a new version, and the old one stays.
"""

from typing import NamedTuple, TypeAlias

from jaxtour.course.model import Broken, Step, StepKey, Variation
from jaxtour.course.progress import Progress, SavedStep, encodable

SCRATCH = "~scratch"
"""The suffix that makes a step's id that of its scratch step."""
MOST = 8
"""The number of versions that are kept of a step."""
Version: TypeAlias = tuple[str, str | None]


def is_scratch(step: Step | Broken) -> bool:
    """Return whether a step is a scratch step."""
    return step.id.endswith(SCRATCH)


class EditFields(NamedTuple):
    """The fields of `SavedStep` for one kind of the learner's code."""

    now: str
    versions: str
    base: str | None = None

    def versions_in(self, saved: SavedStep) -> list[Version]:
        """Return the versions, including the code of a file that has no versions yet."""
        versions: list[Version] = list(getattr(saved, self.versions))
        now = getattr(saved, self.now)
        known = now is None or any(text == now for text, _ in versions)
        return versions if known else [*versions, (now, getattr(saved, self.base) if self.base else None)]


EDIT = EditFields("edit", "versions", "base")
SCRATCH_CODE = EditFields("scratch", "scratches")


class _Slot(NamedTuple):
    """Where a step's code is saved."""

    lesson: str
    step: str
    kind: EditFields


def _slot(key: StepKey) -> _Slot:
    lesson, step = key
    if step.endswith(SCRATCH):
        return _Slot(lesson, step.removesuffix(SCRATCH), SCRATCH_CODE)
    return _Slot(lesson, step, EDIT)


class Edits:
    """The learner's code of each step, on top of the progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def text(self, key: StepKey) -> str | None:
        """Return the learner's code; None if it is the lesson's own."""
        slot = _slot(key)
        found: str | None = getattr(self._progress.saved(slot.lesson, slot.step), slot.kind.now)
        return found

    def code(self, key: StepKey, step: Step) -> str:
        """Return the code to show: the learner's, or the lesson's own."""
        return self.text(key) or step.shown_code.text

    def undone(self, key: StepKey) -> bool:
        """Return whether the lesson's own code is shown, and a version of the learner's can come back."""
        return self.text(key) is None and bool(self._versions(key))

    def write(self, key: StepKey, step: Step, code: str, *, anew: bool = False) -> None:
        """Keep the learner's code; the lesson's own, or an empty text, leaves it to the versions.

        `anew` makes a new version, for code that the learner did not type over the last one.
        """
        code = encodable(code)
        now, own = self.text(key), step.shown_code.text
        if is_own(step, code) or not code.strip():
            self._set(key, None, self._versions(key))
        elif code != now:
            bases = [base for text, base in self._versions(key) if text == now]
            self._put(key, (code, bases[0] if bases else own), over=None if anew else now)

    def vary(self, key: StepKey, step: Step, number: int) -> bool:
        """Turn the edit into the lesson's code with the step's change of this number, from 0.

        False if that is impossible. It replaces another such edit, but not one that the learner wrote.
        """
        code, own, now = varied(step, number), step.shown_code.text, self.text(key)
        if code is not None:
            self._put(key, (code, own), over=now if self.variation(key, step) is not None else None)
        return code is not None

    def variation(self, key: StepKey, step: Step) -> int | None:
        """Return the number of the step's change that the edit is, from 0; None if the learner wrote it."""
        now = self.text(key)
        numbers = range(len(step.tries)) if now is not None else ()
        return next((number for number in numbers if varied(step, number) == now), None)

    def turn(self, key: StepKey) -> None:
        """Go to the version before the one shown, then to the lesson's own code, and from there to the newest."""
        versions, now = self._versions(key), self.text(key)
        place = next((place for place, (text, _) in enumerate(versions) if text == now), len(versions)) - 1
        self._set(key, versions[place] if place >= 0 else None, versions)

    def set_aside(self, key: StepKey) -> None:
        """Go to the lesson's own code; the edit stays among the versions."""
        self._set(key, None, self._versions(key))

    def changed(self, key: StepKey, step: Step) -> bool:
        """Return whether the lesson's code has changed since the edit was made from it."""
        base = self._progress.saved(*key).base
        return self.text(key) is not None and base is not None and base != step.shown_code.text

    def rebase(self, key: StepKey, step: Step) -> None:
        """Treat the edit as one of the lesson's current code."""
        text, own = self.text(key), step.shown_code.text
        versions = [(each, own if each == text else base) for each, base in self._versions(key)]
        if text is not None:
            self._set(key, (text, own), versions)

    def _versions(self, key: StepKey) -> list[Version]:
        slot = _slot(key)
        return slot.kind.versions_in(self._progress.saved(slot.lesson, slot.step))

    def _put(self, key: StepKey, new: Version, over: str | None) -> None:
        """Add a version, or replace the one with the text `over`."""
        versions = self._versions(key)
        place = next((place for place, (text, _) in enumerate(versions) if text == over), None)
        if place is None:
            versions.append(new)
        else:
            versions[place] = new
        others = [each for each in versions if each is new or each[0] != new[0]]
        self._set(key, new, others[-MOST:])

    def _set(self, key: StepKey, now: Version | None, versions: list[Version]) -> None:
        slot = _slot(key)
        fields = {slot.kind.now: now[0] if now else None, slot.kind.versions: versions}
        if slot.kind.base:
            fields[slot.kind.base] = now[1] if now else None
        self._progress.update(slot.lesson, slot.step, **fields)


def is_own(step: Step, code: str) -> bool:
    """Return whether some code is the lesson's own, except for space at its end."""
    return code.rstrip() == step.shown_code.text.rstrip()


def change_of(step: Step, code: str) -> Variation | None:
    """Return the step's change that made this code from the lesson's; None if the code is another."""
    return next((each for number, each in enumerate(step.tries) if varied(step, number) == code), None)


def varied(step: Step, number: int) -> str | None:
    """Return the lesson's code with one of the step's changes; None unless the text to replace occurs exactly once."""
    own, change = step.shown_code.text, step.tries[number]
    return own.replace(change.old.text, change.new.text) if own.count(change.old.text) == 1 else None
