"""The lesson pane: the text, the question with its verdict, the hints, and what to read after the run."""

from functools import lru_cache

from jaxtour.course.model import Broken, Step
from jaxtour.course.search import NO_PARAGRAPH
from jaxtour.engine.answers import grade, truth
from jaxtour.engine.verify import status, stored_differences
from jaxtour.render.text.layout import Line, wrap
from jaxtour.tui.lines.document import Document
from jaxtour.tui.panes.exercise import exercise_lines
from jaxtour.tui.tour.view import StepView

BLANK: Line = ()


def document(view: StepView, width: int) -> Document:
    """Everything to read about the step."""
    step = view.step
    if isinstance(step, Broken):
        return _broken(step, width)
    if view.lesson.plain:
        from jaxtour.tui.panes import calls  # a lesson has no use for it

        return calls.document(view, width)
    lines: list[Line] = [*wrap(((step.title, "title"),), width), BLANK, *text_lines(view, step.text, width)]
    anchor = None
    if step.ask:
        lines += [BLANK, *_asked(view, step, width)]
        anchor = None if view.state.prediction is None else len(lines) - 1
    if step.exercise:
        own, here = exercise_lines(view, step, width)
        anchor = anchor if here is None else len(lines) + here
        lines += own
    # The text of a notebook's cell may say why its code failed: a command of IPython did not run.
    if step.after and (_over(view, step) or (view.finished and step.id in view.lesson.cells)):
        # Below the verdict on the learner's answer, which is to be seen now.
        anchor = len(lines) + 2 if anchor is None else anchor + 1
        rule = [] if step.exercise else [BLANK, (("─" * min(width, 24), "faint"),)]
        lines += [*rule, BLANK, *text_lines(view, step.after, width)]
    if view.finished and not view.edited:
        told = stored_differences(view.lesson, step, view.report)
        lines += [line for each in told for line in (BLANK, *wrap((("≠ ", "mark"), (each, "warning")), width))]
    return Document(lines=lines, anchor=anchor)


def text_lines(view: StepView, text: str, width: int) -> list[Line]:
    """Markdown as lines; without styles before the first frame, since the parser takes longer than that frame."""
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


def _broken(step: Broken, width: int) -> Document:
    where = f"{step.error.file}:{step.error.line}:{step.error.column}"
    lines = [
        ((step.title, "title"),),
        BLANK,
        (("✗ ", "error"), ("this step cannot be shown", "error")),
        BLANK,
        *wrap(((step.error.message, ""),), width),
        *wrap(((where, "muted"),), width),
    ]
    return Document(lines=lines)


def _over(view: StepView, step: Step) -> bool:
    """Whether the code has run as the step intended."""
    report = view.report
    if report is None or not (report.executed or report.done):
        return False
    if report.done:
        return status(step, report) in ("ok", "raised")
    return (report.failure is None) == (step.raises is None)


def _asked(view: StepView, step: Step, width: int) -> list[Line]:
    ask = step.ask
    assert ask is not None
    lines = list(wrap((("? ", "mark"), (ask.question, "strong")), width, indent="  "))
    for number, choice in enumerate(ask.texts, 1):
        lines += wrap(((f"  {number}  ", "muted"), (choice, "")), width, indent="     ")
    if ask.hint and view.state.prediction is None:
        lines += wrap((("  ", ""), (ask.hint, "muted")), width, indent="  ")
    if view.state.prediction is None:
        return [*lines, (("  ", ""), (view.key("answer"), "strong"), (" answers", "muted"))]
    said: Line = (("  you said ", "muted"), (view.state.prediction, "strong"))
    answer = view.report.answer if view.report else None
    if not _over(view, step):
        return [*lines, *wrap(said, width, indent="  ")]
    verdict = grade(ask, view.state.prediction, answer)
    right = truth(ask, answer)
    if verdict == "right":
        said = (*said, ("  ✓ ", "success"), ("right", "success"))
    elif verdict == "wrong" and right is not None:
        said = (*said, ("  ✗ ", "warning"), ("not this time: ", "warning"), (right, "strong"))
    return [*lines, *wrap(said, width, indent="  ")]
