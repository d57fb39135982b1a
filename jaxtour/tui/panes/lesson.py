"""The lesson pane: the text, the question with its verdict, the hints, and what to read after the run."""

from functools import lru_cache

from jaxtour.course.edits import is_own
from jaxtour.course.model import Broken, Step
from jaxtour.course.search import NO_PARAGRAPH
from jaxtour.engine.compare.verify import stored_differences
from jaxtour.render.text.layout import Line, Style, width_of, wrap
from jaxtour.text import plural
from jaxtour.tui.lines.document import Document
from jaxtour.tui.panes.exercise import exercise_lines
from jaxtour.tui.tour.practice import Prediction
from jaxtour.tui.tour.view import StepView

BLANK: Line = ()
MOST_PROBLEMS = 5
"""Lines with problems that the border names."""


def document(view: StepView, width: int) -> Document:
    """Return everything to read about the step."""
    step = view.step
    if isinstance(step, Broken):
        return _broken(view, step, width)
    if view.lesson.plain:
        from jaxtour.tui.panes import calls  # a lesson has no use for it

        return calls.document(view, width)
    lines: list[Line] = [*wrap(((step.title, "title"),), width), BLANK, *text_lines(view, step.text, width)]
    anchor, down_to = None, 0
    if made := view.prediction:
        asked, said, choices = _asked(view, made, width)
        down_to = len(lines) + 1 + choices if made.open and made.said is None else 0
        anchor = len(lines) + 1 + said if made.said is not None or made.truth is not None else None
        lines += [BLANK, *asked]
    if step.exercise:
        own, here = exercise_lines(view, step, width)
        anchor = anchor if here is None else len(lines) + here
        lines += own
    change = view.judged.change
    if change and change.after:
        anchor = len(lines) + 1
        label: Line = (("~ ", "mark"), (change.label, "strong"))
        lines += [BLANK, *wrap(label, width, indent="  "), *text_lines(view, change.after, width)]
    # The text of a notebook's cell may say why its code failed: a command of IPython did not run.
    if step.after and (view.judged.over or (view.finished and step.id in view.lesson.cells)):
        # The verdict on the learner's answer comes first, in view, and then the text.
        anchor = len(lines) + 2 if anchor is None else anchor + 1
        rule: list[Line] = [] if step.exercise else [(("─" * min(width, 24), "faint"), *_of_what(view, step))]
        lines += [BLANK, *rule, *text_lines(view, step.after, width)]
    if view.finished and not view.edited:
        told = stored_differences(view.lesson, step, view.report)
        lines += [line for each in told for line in (BLANK, *wrap((("≠ ", "mark"), (each, "warning")), width))]
    return Document(lines=lines, anchor=anchor, asked=down_to, subtitle=_problems(view))


def _of_what(view: StepView, step: Step) -> Line:
    """Return a note that the continuing text is not about the change that ran."""
    changed = view.state.code and not is_own(step, view.state.code) and step.id not in view.lesson.cells
    return ((" of the lesson's own code", "muted"),) if changed else ()


def text_lines(view: StepView, text: str, width: int) -> list[Line]:
    """Return Markdown as lines; without styles before the first frame, as the parser takes longer than that frame."""
    if view.coloured:
        return _styled(text, width)
    lines: list[Line] = []
    for block in text.strip().split("\n\n"):
        plain = block.replace("**", "").replace("`", "")
        rows = plain.split("\n") if NO_PARAGRAPH.match(block) else [plain.replace("\n", " ")]
        lines += [BLANK, *(line for row in rows for line in wrap(((row, ""),), width))]
    return lines[1:]


@lru_cache(maxsize=32)
def _styled(text: str, width: int) -> list[Line]:
    from jaxtour.render.text.markdown import markdown_lines

    return markdown_lines(text, width)


def _problems(view: StepView) -> Line:
    """Return the lines of the file that have problems, for whoever writes it."""
    rows = sorted({problem.line for problem in view.lesson.problems})
    if not rows:
        return ()
    named = ", ".join(map(str, rows[:MOST_PROBLEMS])) + (" …" if len(rows) > MOST_PROBLEMS else "")
    where = f"line{'s' * (len(rows) > 1)} {named}"
    return ((f"{plural(len(view.lesson.problems), 'problem')} in the file: {where}", "warning"),)


def _broken(view: StepView, step: Broken, width: int) -> Document:
    where = f"{step.error.file}:{step.error.line}:{step.error.column}"
    lines = [
        ((step.title, "title"),),
        BLANK,
        (("✗ ", "error"), ("this step cannot be shown", "error")),
        BLANK,
        *wrap(((step.error.message, ""),), width),
        *wrap(((where, "muted"),), width),
    ]
    if view.withheld and not view.lesson.plain:
        lines += [BLANK, *wrap((("the results of its last run come back with it", "muted"),), width)]
    for other in view.lesson.problems:
        if other != step.error:
            lines += [BLANK, *wrap((("✗ ", "error"), (str(other), "muted")), width, indent="  ")]
    return Document(lines=lines)


def _asked(view: StepView, made: Prediction, width: int) -> tuple[list[Line], int, int]:
    """Return the question, and below it how to answer it, or the learner's answer and whether it was right.

    Also returns the line of the latter, and how many lines the question and its choices take.
    """
    ask = made.ask
    lines = list(wrap((("? ", "mark"), (ask.question, "strong")), width, indent="  "))
    for number, choice in enumerate(ask.texts, 1):
        sign: Line = (("  ", ""),)
        style: Style = ""
        if choice == made.truth:
            sign, style = (("✓ ", "success"),), "strong"
        elif choice == made.said:
            sign, style = (("✗ ", "warning"),) if made.verdict == "wrong" else (("› ", "mark"),), "strong"
        lines += wrap((*sign, (f"{number}  ", "muted"), (choice, style)), width, indent="     ")
    choices = len(lines)
    if made.open and made.said is None and ask.hint:
        lines += wrap((("  ", ""), (ask.hint, "muted")), width, indent="  ")
    said = _said(made)
    if made.open:
        keys = _keys(view, made)
        if width_of(said) + width_of(keys) > width:
            lines, said = [*lines, *wrap(said, width, indent="  ")], (("  ", ""),)
        said = (*said, *keys)
    place = len(lines)
    lines += wrap(said, width, indent="  ")
    if made.verdict == "open" and made.ended:
        why = "the worker found no answer" if made.truth is None else "that is not among the choices"
        lines += wrap(((f"  {why}, so it is not graded", "muted"),), width, indent="  ")
    if made.changed:
        lines += wrap((("  about the lesson's own code, not the code that ran now", "muted"),), width, indent="  ")
    if made.reply:
        lines += wrap((("  ", ""), (made.reply, "")), width, indent="  ")
    return lines, place, choices


def _said(made: Prediction) -> Line:
    """Return `you said 5  ✓ right`, in one line."""
    if made.said is None:
        if made.truth is not None:
            return (("  the answer: ", "muted"), (made.truth, "strong"))
        sign: Line = (("  ✓   ", "success"),) if made.was_right else (("  ✗   ", "warning"),)
        return (("  last time you said ", "muted"), (made.first, ""), *sign) if made.first else (("  ", ""),)
    said: Line = (("  you said ", "muted"), (made.said, "strong"))
    if made.verdict == "right":
        said = (*said, ("  ✓ ", "success"), ("right", "success"))
    elif made.verdict == "wrong" and made.truth is not None:
        said = (*said, ("  ✗ ", "warning"), ("not this time: ", "warning"), (made.truth, "strong"))
    elif made.truth is not None:
        said = (*said, ("   here: ", "muted"), (made.truth, "strong"))
    if made.first and made.verdict is not None:
        said = (*said, ("   first ", "muted"), (made.first, "muted"))
    return said if made.verdict is not None or not made.open else (*said, ("   ", ""))


def _keys(view: StepView, made: Prediction) -> Line:
    """Return the keys of an open question."""
    runs: Line = ((view.key("run"), "strong"), (" runs the step", "muted"))
    if made.said is not None or view.editing:
        return runs
    if made.ask.choices:
        first, last = view.key("choose_1"), view.key(f"choose_{len(made.ask.choices)}")
        return ((f"{first}-{last}", "strong"), (" answers   ", "muted"), *runs)
    return ((view.key("answer"), "strong"), (" answers   ", "muted"), *runs)
