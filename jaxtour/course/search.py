"""Full text search over lessons: titles, text, questions and code."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from jaxtour.course.model import Lesson, Step

NO_PARAGRAPH = re.compile(r"\s{4}|```|[-*>#|] |\d+[.)] ")
"""The start of a block of Markdown whose lines are not joined."""
PLAIN = re.compile(r"\*\*(.+?)\*\*|`([^`]+)`")
"""Bold text and code in Markdown, searched without their markup."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A place that has every word: the line with the most of them."""

    lesson: int
    """The lesson's index."""
    step: int | None
    """The step's index; None for the lesson itself."""
    name: str
    """`vmap/jit`, or `vmap`."""
    line: str


class SearchIndex:
    """The searchable lines of lessons, which can be added one after the other."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, int], _Place] = {}
        """The places, by the index of the lesson, and -1 or the index of the step."""

    def add(self, index: int, lesson: Lesson) -> None:
        """Add a lesson with its steps."""
        self._places[index, -1] = _Place(lesson.id, (lesson.title, lesson.summary))
        for place, step in enumerate(lesson.steps):
            lines = tuple(_lines(step)) if isinstance(step, Step) else ()
            self._places[index, place] = _Place(f"{lesson.id}/{step.id}", (step.title, *lines))

    def hits(self, written: str) -> list[Hit]:
        """Return the places that have every word: the one of that name, then those with most of them in the title.

        Case matters only if the words contain a capital.
        """
        words = written.split()
        found = []
        for (lesson, step), place in sorted(self._places.items()) if words else ():
            line = place.best(words, any_case=any_case(written))
            if line is not None:
                hit = Hit(lesson=lesson, step=None if step < 0 else step, name=place.name, line=place.lines[line])
                found.append((place.name != written.strip(), line > 0, hit))
        return [hit for *_, hit in sorted(found, key=lambda each: each[:2])]


class _Place:
    def __init__(self, name: str, lines: tuple[str, ...]) -> None:
        self.name = name
        self.lines = lines
        self._small = tuple(line.lower() for line in lines)

    def best(self, words: Sequence[str], *, any_case: bool) -> int | None:
        """Return the index of the line with most of the words; None if a word is in no line, nor in the name."""
        lines = self._small if any_case else self.lines
        counts = [0] * len(lines)
        for word in words:
            has = [word in line for line in lines]
            if not any(has) and word not in self.name:
                return None
            counts = [count + one for count, one in zip(counts, has, strict=True)]
        return counts.index(max(counts))


def any_case(written: str) -> bool:
    """Return whether to ignore case: the words contain no capital."""
    return written == written.lower()


def ranges(line: str, written: str) -> list[tuple[int, int]]:
    """Return the matching characters of a line as pairs (from, to), none of which overlap."""
    words = sorted(written.split(), key=len, reverse=True)
    if not words:
        return []
    either = "|".join(map(re.escape, words))
    return [match.span() for match in re.finditer(either, line, re.IGNORECASE if any_case(written) else re.NOFLAG)]


def _lines(step: Step) -> Iterable[str]:
    """Yield what the learner can read of a step, line by line; solutions and hints are left out."""
    yield from _paragraphs(step.text)
    if step.ask:
        yield from _paragraphs(step.ask.question)
        yield from map(_plain, step.ask.texts)
    yield from step.shown_code.shown.splitlines()
    yield from step.setup.shown.splitlines()
    yield from _paragraphs(step.after)


def _paragraphs(markdown: str) -> Iterable[str]:
    """Yield each paragraph as one line; lists and code line by line."""
    for block in markdown.strip().split("\n\n"):
        rows = block.split("\n") if NO_PARAGRAPH.match(block) else [block.replace("\n", " ")]
        yield from (_plain(row) for row in rows if row.strip())


def _plain(text: str) -> str:
    return PLAIN.sub(lambda match: match[1] or match[2], text)
