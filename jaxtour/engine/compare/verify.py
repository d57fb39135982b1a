"""Compares what a step did with what the lesson expects."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from jaxtour.course.model import Broken, Expect, Lesson, NameRules, Step
from jaxtour.course.questions import what_of
from jaxtour.engine.compare.answers import as_word, proof_of, right_choice
from jaxtour.engine.compare.apart import stdout_of, value_text
from jaxtour.engine.compare.tokens import bare, difference, spread
from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Done, Failure, Value
from jaxtour.text import clean, short

Status: TypeAlias = Literal["ok", "raised", "failed", "timeout", "died"]

WELL = ("ok", "raised")
"""How a step ends that did what it should."""
ASYNC_PARTS = ("-start", "-done", "-update")
"""XLA may split an operation into these: `all-reduce-start` and `all-reduce-done`."""


class Mismatch(NamedTuple):
    """One thing that a step expects and that is not so."""

    message: str
    at: tuple[str | int, ...] = ()
    """Where the lesson says it: keys and indices from the step's own mapping on."""
    line: int = 0
    """The line of the code there, from 1; 0 for none."""


def needs_hlo(step: Step) -> bool:
    """Return whether the step's calls must be compiled to check their opcodes."""
    return step.expect is not None and step.expect.hlo is not None


def status(step: Step, report: Report) -> Status:
    """Return how the step's code ended; `raised` is the expected error, and `verify` checks `expect`."""
    if _ran_out(step, report):
        return "raised"
    if report.done and report.done.status in ("timeout", "died"):
        return "timeout" if report.done.status == "timeout" else "died"
    if report.done is None or report.done.status == "interrupted":
        return "failed"
    if report.checked and not report.checked.passed:
        return "failed"
    if step.raises is not None:
        return "raised" if as_expected(step.raises, report.failure) else "failed"
    return "failed" if report.failure else "ok"


def _ran_out(step: Step, report: Report) -> bool:
    """Return whether the run reached its time limit, as it should."""
    return step.runs_out and report.done is not None and report.done.status == "timeout"


def over(step: Step, report: Report | None) -> bool:
    """Return whether the code has run as the step intended."""
    if report is None or not (report.executed or report.done):
        return False
    if report.done:
        return status(step, report) in WELL
    if step.exercise:
        return report.checked is not None and report.checked.passed
    return (report.failure is None) == (step.raises is None)


def answered(step: Step, report: Report | None) -> bool:
    """Return whether the code has run as far as the step's question needs: an exercise need not be solved for that."""
    if step.exercise and report:
        step, report = msgspec.structs.replace(step, exercise=None), msgspec.structs.replace(report, checked=None)
    return over(step, report)


def verify(step: Step, report: Report) -> list[str]:
    """Return one line for each mismatch with the step's `raises`, `expect`, `ask` and `exercise`."""
    return [each.message for each in mismatches(step, report)]


def mismatches(step: Step, report: Report) -> list[Mismatch]:
    """Return every mismatch with what the step expects, and its place."""
    # The messages quote raw text.
    return [each._replace(message=clean(each.message, keep_newlines=False)) for each in _mismatches(step, report)]


def _mismatches(step: Step, report: Report) -> Iterable[Mismatch]:
    if _ran_out(step, report):
        return []
    if ended := _ended(step, report.done):
        return [Mismatch(ended)]
    if report.failure and not (step.raises and as_expected(step.raises, report.failure)):
        told = _told(report.failure)
        where = ("exercise", "solution") if step.exercise else ("code",)
        at, line = (("setup",), in_setup(report.failure)) if in_setup(report.failure) else (where, report.failure.line)
        return [Mismatch(f"expected {step.raises}, got {told}" if step.raises else f"raised {told}", at, line or 0)]
    if step.raises and not report.failure:
        return [Mismatch(f"expected {step.raises}, but nothing was raised", ("raises",))]
    return [*_measured(step, report), *_answered(step, report), *_expected(step.expect, report)]


def _ended(step: Step, done: Done | None) -> str | None:
    """Return why there is nothing to compare; None if there is something."""
    if done is None:
        return "the step did not end"
    because = f": {done.reason}" if done.reason else ""
    if done.status == "died":
        return f"the worker died{because}"
    if done.status == "timeout":
        limit = f" of {step.timeout:g} s" if step.timeout else ""
        return f"timed out{because}" if because else f"ran past its time limit{limit}"
    return "the step was interrupted" if done.status == "interrupted" else None


def as_expected(raises: str, failure: Failure | None) -> bool:
    """Return whether the error is an instance of this class, named with or without its module."""
    return failure is not None and raises in (failure.type, *failure.bases)


def in_setup(failure: Failure) -> int:
    """Return the line of the setup that raised, from 1; 0 if the step's own code did."""
    last = failure.frames[-1] if failure.frames else None
    return last.line if last and last.setup and failure.line is None else 0


def _told(failure: Failure) -> str:
    first = failure.message.strip().partition("\n")[0]
    line, part = (in_setup(failure), " of the setup") if in_setup(failure) else (failure.line, "")
    where = f" (line {line}{part})" if line is not None else ""
    return f"{failure.type}: {short(first, 120)}{where}" if first else f"{failure.type}{where}"


def _measured(step: Step, report: Report) -> Iterator[Mismatch]:
    """Yield each requested trace or timing that failed."""
    if step.trace is not None:
        for trace in report.traces:
            if trace.error:
                yield Mismatch(f"trace {trace.label}: {trace.error}", ("trace", trace.index))
    for entry in report.timings:
        if entry.error:
            yield Mismatch(f"timing {entry.label} on {entry.platform}: {entry.error}", ("time",))


def _answered(step: Step, report: Report) -> Iterator[Mismatch]:
    if (ask := step.ask) and ask.value is not None:
        question, at = short(ask.value.text, 60), ("ask", "value")
        if report.answer is None:
            why = f": {report.unanswered}" if report.unanswered else ""
            yield Mismatch(f"ask: `{question}` has no answer{why}", at)
        elif ask.choices and right_choice(ask, report.answer) is None and what_of(ask.value.text)[0] != "fastest":
            # The fastest call depends on the machine, and may not be clear.
            yield Mismatch(f"ask: `{question}` is {short(report.answer, 60)}, which is not among the choices", at)
    if ask and ask.mark and (proof_of(ask) or step.show or "jaxpr") == "jaxpr":
        texts = [stage.text for (_, name), stage in report.stages.items() if name == "jaxpr"]
        if texts and not any(map(as_word(ask.mark).search, texts)):
            yield Mismatch(f"ask: `{short(ask.mark, 60)}` is in no jaxpr, so no line is marked", ("ask", "mark"))
    if step.exercise and report.checked is None:
        yield Mismatch("exercise: the check did not run", ("exercise", "check"))
    elif step.exercise and report.checked and not report.checked.passed:
        message = short(report.checked.message, 300) or "no message"
        outcomes = report.checked.outcomes
        failed = next((number for number, outcome in enumerate(outcomes) if outcome.passed is False), None)
        part = ("solution",) if failed is None else ("check", failed)
        yield Mismatch(f"exercise: the solution fails its check: {message}", ("exercise", *part))


def _expected(expect: Expect | None, report: Report) -> Iterator[Mismatch]:
    if expect is None:
        return
    if expect.stdout is not None and (told := difference(expect.stdout.text, stdout_of(report))):
        yield Mismatch(f"stdout: {told}", ("expect", "stdout"))
    yield from _value(expect, report.value, value_text(report))
    if expect.primitives:
        yield from _primitives(expect.primitives, report)
    if expect.hlo:
        yield from _opcodes(expect.hlo, report)
    for label, most in (expect.equations or {}).items():
        yield from _equations(label, most, report)
    if expect.compiles is not None and report.compiles != expect.compiles:
        yield Mismatch(f"compiles: expected {expect.compiles}, got {report.compiles}", ("expect", "compiles"))
    if expect.warns is not None:
        seen = sorted({warned.category for warned in report.warnings})
        if not any(_same_class(expect.warns, category) for category in seen):
            got = ", ".join(seen) or "no warning"
            yield Mismatch(f"warns: expected {expect.warns}, got {got}", ("expect", "warns"))


def _value(expect: Expect, value: Value | None, text: str) -> Iterator[Mismatch]:
    """Compare the last expression's value, with its type, shape, dtype and devices; its text covers all processes."""
    asked: dict[str, Any] = {
        "value": expect.value,
        "type": expect.type,
        "shape": expect.shape,
        "dtype": expect.dtype,
        "devices": expect.devices,
    }
    asked = {name: wanted for name, wanted in asked.items() if wanted is not None}
    if asked and value is None:
        yield Mismatch(f"{', '.join(asked)}: the last expression has no value", ("expect", next(iter(asked))))
        return
    if value is None:
        return
    if "value" in asked:
        expected = spread(asked.pop("value"))
        got_text = text if "rray" in expected else bare(text)
        if told := difference(expected, got_text):
            yield Mismatch(f"value: {told}", ("expect", "value"))
    got = {"type": value.type, "shape": value.shape, "dtype": value.dtype, "devices": len(value.devices)}
    for name, wanted in asked.items():
        if name in got and got[name] != wanted:
            yield Mismatch(f"{name}: expected {_text(wanted)}, got {_text(got[name])}", ("expect", name))


def _text(part: Any) -> str:
    return f"[{', '.join(map(str, part))}]" if isinstance(part, tuple) else "none" if part is None else str(part)


def _primitives(names: NameRules, report: Report) -> Iterator[Mismatch]:
    if not report.traces:
        yield Mismatch("primitives: nothing was traced", ("expect", "primitives"))
        return
    seen = {name for trace in report.traces for name in trace.primitives}
    yield from _names("primitives", names, seen, seen)


def _opcodes(names: NameRules, report: Report) -> Iterator[Mismatch]:
    if not report.hlo:
        yield Mismatch("hlo: nothing was compiled", ("expect", "hlo"))
        return
    yield from (Mismatch(f"hlo: {entry.error}", ("expect", "hlo")) for entry in report.hlo if entry.error)
    seen = {name for entry in report.hlo for name in entry.opcodes}
    whole = {name.removesuffix(part) for name in seen for part in ASYNC_PARTS}
    yield from _names("hlo", names, seen | whole, seen)


def _names(what: str, names: NameRules, seen: Iterable[str], shown: Iterable[str]) -> Iterator[Mismatch]:
    present = ", ".join(sorted(shown)) or "nothing"
    for number, alternatives in enumerate(names.has):
        if not any(name.strip() in seen for name in alternatives.split("|")):
            wanted = alternatives.replace("|", " or ")
            at = ("expect", what, "has", number)
            yield Mismatch(f"{what}: expected {wanted}, got {short(present, 200)}", at)
    for number, alternatives in enumerate(names.lacks):
        if found := [name.strip() for name in alternatives.split("|") if name.strip() in seen]:
            yield Mismatch(f"{what}: did not expect {', '.join(found)}", ("expect", what, "lacks", number))


def _equations(label: str, most: int, report: Report) -> Iterator[Mismatch]:
    found, at = [trace for trace in report.traces if trace.label == label], ("expect", "equations", label)
    if not found:
        labels = ", ".join(trace.label for trace in report.traces) or "none"
        yield Mismatch(f"equations: no trace is labelled {label}; labels: {labels}", at)
    for trace in found:
        if trace.equations > most:
            yield Mismatch(f"equations of {label}: expected at most {most}, got {trace.equations}", at)


def _same_class(wanted: str, category: str) -> bool:
    return wanted == category or wanted.rpartition(".")[2] == category.rpartition(".")[2]


# Stored outputs of notebooks -----------------------------------------------------------------------------------------


_ADDRESS = re.compile(r"(?: object)? at 0x[0-9a-fA-F]+")
_SCALAR = re.compile(r"\bnp\.(?:bool_?|str_|u?int\d+|float\d+|complex\d+)(?=\()")
"""How NumPy 2 shows a scalar that NumPy 1 shows as its number."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RENAMED = {"DeviceArray(": "Array(", "jaxlib.xla_extension.": "jaxlib._jax.", "PartitionSpec(": "P("}
"""How older releases of JAX write what current ones write differently."""
_OVERWRITTEN = re.compile(r"[^\r\n]*\r(?!\n)")
"""What a progress bar wrote before it went back to the start of the line."""
_CELL = re.compile(r"<ipython-input-[^<>]*>|<jaxtour:[^<>]*>|[^\s\"]*/ipykernel_\d+/\d+\.py")
"""How IPython, and the tour, name a cell in tracebacks."""
_TIME = re.compile(
    r"(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)? ?(?:s|secs?|seconds?|ms|milliseconds?|[uµμ]s|ns|minutes?|it/s)\b"
)
"""A measured time, which differs in each run."""
_SHOWN = 120
"""The most characters of each text."""


def is_compared(lesson: Lesson, step: Step) -> bool:
    """Return whether the file has an output of the step that can be compared."""
    cell = lesson.cells.get(step.id)
    return cell is not None and any(each is not None for each in (cell.stdout, cell.value, cell.error))


def stored_differences(lesson: Lesson, step: Step | Broken, report: Report | None) -> list[str]:
    """Return one line with both texts for each difference; numbers may differ by 1e-4 of their size, as in `expect`.

    Compares only what the file has stored: a cell that was not run before the file was saved has no differences.
    """
    if isinstance(step, Broken) or report is None:
        return []
    return [clean(line, keep_newlines=False) for line in _differences(lesson, step, report)]


def _differences(lesson: Lesson, step: Step, report: Report) -> Iterator[str]:
    cell = lesson.cells.get(step.id)
    if cell is None:
        return
    head = f"cell {cell.number}"
    if report.failure and (cell.error is None or step.raises is None):
        # The error is reported, and explains what is missing.
        return
    if cell.error is not None and report.failure and cell.error not in (report.failure.type, *report.failure.bases):
        yield f"{head}: the notebook says {cell.error}, here {report.failure.type}"
    if cell.stdout is not None:
        printed = report.stdout.text
        for figure in report.figures:
            # The file has a picture in its place.
            printed = printed.replace(f"{figure.said.text}\n", "")
        yield from texts_differ(f"{head} printed", cell.stdout.text, printed)
    if cell.value is not None:
        yield from texts_differ(head, cell.value.text, report.value.plain.text if report.value else "")


@lru_cache(maxsize=64)
def texts_differ(head: str, stored: str, got: str) -> tuple[str, ...]:
    """Return a line with both texts if they differ by more than two runs, or two shells, would."""
    # Cached, since a pane asks whenever it is drawn.
    stored, got = _COLOUR.sub("", stored), _COLOUR.sub("", got)
    if not difference(_comparable(stored), _comparable(got)):
        return ()
    one, other = _around(stored, got)
    return (f"{head}: the notebook says {one or 'nothing'}, here {other or 'nothing'}",)


def _comparable(text: str) -> str:
    """Return the text without what varies between two runs, two shells or two releases."""
    text = _OVERWRITTEN.sub("", text)
    for old, new in _RENAMED.items():
        text = text.replace(old, new)
    return bare(_TIME.sub("(time)", _CELL.sub("(cell)", _SCALAR.sub("", _ADDRESS.sub("", text)))))


def _around(one: str, other: str) -> tuple[str, str]:
    """Return each text in one line; of long ones, the lines from the first different one on."""
    if max(len(one), len(other)) > _SHOWN:
        ones, others = one.split("\n"), other.split("\n")
        pairs = zip(ones, others, strict=False)
        first = next(
            (at for at, pair in enumerate(pairs) if difference(*map(_comparable, pair))), min(len(ones), len(others))
        )
        one, other = "\n".join(ones[first:]), "\n".join(others[first:])
    return short(one, _SHOWN), short(other, _SHOWN)
