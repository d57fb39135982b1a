"""Renders the home screen: lessons, their steps, search results, and what is known about each."""

from collections.abc import Sequence

from jaxtour.course.model import Broken, Lesson, Step
from jaxtour.course.progress import SavedStep
from jaxtour.course.search import Hit, ranges
from jaxtour.course.standing import Standing
from jaxtour.engine.wire.messages import Facts
from jaxtour.render.needs import needs_lines
from jaxtour.render.standing import (
    exercises_words,
    further_words,
    minutes,
    predictions_words,
    spent,
    steps_words,
)
from jaxtour.render.text.code import python_lines
from jaxtour.render.text.layout import Line, StyledText, clip, clip_line, clip_lines, pad, spread, width_of, wrap
from jaxtour.render.text.markdown import markdown_lines
from jaxtour.text import plural

COLUMNS = (("done", 7), ("solved", 8), ("right", 6), ("left", 8))
"""The columns after the bar, and their cells."""
GOES_ON: StyledText = ("●", "mark")
"""The sign of the step where the tour continues."""
HEAD_CELLS = 8
BAR_CELLS = 6
WIDE_BAR_CELLS, WIDE_FROM = 12, 84
ALL_FROM = 60
"""The width of a row from which on it has all columns."""
NAME_CELLS = 24
TITLE_LEAST = 22
"""Cells of a step's title that matter more than the facts next to it."""
BEFORE_MATCH = 12
"""The most characters of a line kept before its first match."""


def title_line(whole: Standing | None, reviews: int, width: int) -> Line:
    """Return what the border says about all lessons, as much as fits; without totals until all are read."""
    parts: list[StyledText] = [(f"{reviews} to review", "warning")] if reviews else []
    if whole:
        left = f"{minutes(whole.minutes_left)} left" if whole.minutes_left else ""
        parts += [(steps_words(whole), "muted"), (left, "muted")]
        parts += [(exercises_words(whole), "muted"), (predictions_words(whole), "muted")]
    line: Line = (("jaxtour", "strong"),)
    for text, style in parts:
        if text and width_of(line) + 3 + width_of(text) <= width:
            line = (*line, ("   ", ""), (text, style))
    return line


def header(width: int) -> Line:
    """Return what the sign of a row says, and the names of the columns."""
    bar, title = _cells(width)
    names = "".join(pad(name, cells, right=True) for name, cells in _columns(width))
    sign, style = GOES_ON
    return (("  ", ""), (sign, style), (pad(" you go on here", HEAD_CELLS + title + 2 + bar - 3) + names, "faint"))


def _cells(width: int) -> tuple[int, int]:
    """Return the cells of the bar and of the title."""
    bar = WIDE_BAR_CELLS if width >= WIDE_FROM else BAR_CELLS if width >= ALL_FROM else 0
    return bar, max(8, width - HEAD_CELLS - 2 - bar - sum(cells for _, cells in _columns(width)))


def _columns(width: int) -> Sequence[tuple[str, int]]:
    """Return the columns that fit."""
    return COLUMNS if width >= ALL_FROM else COLUMNS[:1]


def lesson_row(
    lesson: Lesson, number: int, standing: Standing, facts: Facts | None, width: int, *, goes_on: bool
) -> Line:
    """Return a lesson's row: whether it is done, its title, its progress, and the minutes left."""
    bar, room = _cells(width)
    mark: StyledText = ("✓", "success") if standing.complete else GOES_ON if goes_on else ("·", "muted")
    if lesson.problems:
        mark = ("✗", "error")
    head: Line = (("  ", ""), mark, (f" {number:>2}  ", "muted"))
    unmet = any(line[0][0].startswith("✗") for line in needs_lines(lesson, facts))
    title = pad(lesson.title, room)
    if not lesson.minutes and lesson.problems:
        return (*head, (title, "error"))
    counts = (
        f"{standing.done}/{standing.steps}",
        f"{standing.solved}/{standing.exercises}" if standing.exercises else "",
        f"{standing.right}/{standing.made}" if standing.made else "",
        "not here" if unmet else minutes(standing.minutes_left),
    )
    cells = [pad(text, size, right=True) for text, (_, size) in zip(counts, _columns(width), strict=False)]
    styled: list[StyledText] = [(cell, "warning" if cell.endswith("not here") else "muted") for cell in cells]
    return (*head, (title, "strong" if goes_on else ""), ("  ", ""), *bar_of(standing, bar), *styled)


def bar_of(standing: Standing, cells: int) -> Line:
    """Return a bar that is thick for the part that is done."""
    thick = round(cells * standing.done / standing.steps) if standing.steps else 0
    return (("━" * thick, "bar"), ("─" * (cells - thick), "bar-muted"))


def unread_row(name: str, number: int) -> Line:
    """Return the row of a lesson that has not been read yet."""
    return ((f"  · {number:>2}  ", "muted"), (name, "muted"))


def step_row(
    step: Step | Broken, number: int, saved: SavedStep, width: int, *, done: bool, here: bool, indent: int = HEAD_CELLS
) -> Line:
    """Return a step's row: whether it is done, its title, and the outcome of its question and its exercise."""
    mark: StyledText = ("✓", "success") if done else GOES_ON if here else ("·", "muted")
    if isinstance(step, Broken):
        mark = ("✗", "error")
    head: Line = ((" " * indent + "  ", ""), mark, (f" {number:>2}  ", "muted"))
    gap: StyledText = ("   ", "")
    said = [span for each in step_words(step, saved, done=done) for span in (gap, each)]
    room = width - width_of(head) - width_of(tuple(said))
    if room < min(width_of(step.title), TITLE_LEAST):
        room, said = width - width_of(head), []
    return clip_line((*head, (pad(step.title, room), "strong" if here else ""), *said), width)


def step_words(step: Step | Broken, saved: SavedStep, *, done: bool) -> list[StyledText]:
    """Return the learner's traces in a step: its prediction, its exercise, an edit."""
    said: list[StyledText] = []
    if isinstance(step, Broken):
        return said
    if step.ask and saved.right is not None:
        said.append(("right", "success") if saved.right else ("wrong", "warning"))
    if step.exercise:
        solved: StyledText = ("solved", "success") if not saved.gave_up else ("done", "muted")
        said.append(solved if done else ("exercise", "muted"))
    if saved.edit is not None:
        said.append(("edited", "muted"))
    return said


def hit_row(hit: Hit, written: str, width: int) -> Line:
    """Return a search result: its place and its line, with the words marked."""
    cells = min(NAME_CELLS, width // 3)
    name: StyledText = (pad(hit.name, cells), "muted" if hit.step is not None else "strong")
    return (name, ("  ", ""), *around(hit.line.strip(), written, width - cells - 2))


def around(text: str, written: str, width: int) -> Line:
    """Return the part of a text with its first match, the words marked."""
    found = ranges(text, written)
    start = found[0][0] - min(BEFORE_MATCH, width // 3) if found and found[0][1] > width - 1 else 0
    if start > 0:
        start = text.find(" ", start, found[0][0]) + 1 or start
        text = "…" + text[start:]
    return clip_line(marked(((text, ""),), written), width)


def marked(line: Line, written: str) -> Line:
    """Return the line with every search word marked."""
    spans: list[StyledText] = []
    for text, style in line:
        at = 0
        for first, last in ranges(text, written):
            spans += [(text[at:first], style), (text[first:last], "found")]
            at = last
        spans.append((text[at:], style))
    return tuple(span for span in spans if span[0])


def about_lesson(
    lesson: Lesson,
    standing: Standing,
    facts: Facts | None,
    goes_on: Line,
    width: int,
    *,
    titled: bool,
) -> list[Line]:
    """Return what a lesson is about, what it requires, where to continue, and what the learner did in it."""
    lines = [*wrap(((lesson.title, "title"),), width), ()] if titled else []
    if lesson.problems:
        first, *others = lesson.problems
        lines += wrap(((str(first), "error"),), width)
        lines += [((f"and {plural(len(others), 'more problem')}", "muted"),)] if others else []
    lines += wrap(((lesson.summary, ""),), width) if lesson.summary else []
    lines += [fitted for line in needs_lines(lesson, facts) for fitted in wrap(line, width, indent="  ")]
    began = standing.done or standing.seconds
    words = [predictions_words(standing), *further_words(standing)] if began else []
    lines += spread((), [(word, "muted") for word in words if word], width)
    return [*lines, *([()] if titled else []), *wrap(goes_on, width, indent="  ")]


def about_step(
    step: Step | Broken, saved: SavedStep, written: str, width: int, height: int, *, done: bool, titled: bool
) -> list[Line]:
    """Return the beginning of a step, or, for a search, the lines around the first match."""
    lines: list[Line] = wrap(((step.title, "title"),), width) if titled else []
    said = step_words(step, saved, done=done)
    said += [(f"{time} spent", "muted")] if (time := spent(saved.seconds)) else []
    if said and titled:
        lines += spread((), said, width)
    lines += [()] if titled else []
    if isinstance(step, Broken):
        return [*lines, *wrap(((str(step.error), "error"),), width)]
    body = markdown_lines(step.text, width)
    if step.ask:
        body += [(), *markdown_lines(step.ask.question, width)]
    code = python_lines(step.shown_code.shown.removesuffix("\n"))
    body += [(), *code] if any(code) else []
    body += [(), *markdown_lines(step.after, width)] if done and written and step.after else []
    body = [marked(line, written) for line in clip_lines(body, width)]
    return lines + _window(body, max(1, height - len(lines)))


def _window(lines: Sequence[Line], height: int) -> list[Line]:
    """Return as many lines as fit: from the first marked one on, if that is further down."""
    first = next((place for place, line in enumerate(lines) if any(style == "found" for _, style in line)), 0)
    start = max(0, min(first - 1, len(lines) - height)) if first >= height else 0
    shown = list(lines[start : start + height])
    return [(("…", "faint"),), *shown[1:]] if start else shown


def goes_on_line(key: str, lesson: Lesson, step: int, *, done: bool) -> Line:
    """Return which step the key opens."""
    verb = "begins again at" if done else "goes on at" if step else "begins with"
    place = f" {verb} step {step + 1} of {len(lesson.steps)}: "
    return ((key, "primitive"), (place, "muted"), (clip(lesson.steps[step].title, 60), ""))
