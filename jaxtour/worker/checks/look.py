"""One check on one set of inputs, and how it fails."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from .. import compat
from ..ir.lens import Call, parse_call
from ..ir.spans import Span
from ..runner.before import copied
from ..runner.execute import Workspace
from ..runner.failures import lesson_frames
from .spaces import LessonError, Spaces


class NotYetError(Exception):
    """The check fails; carries what was expected, what came instead, and the learner's code that it points at."""

    def __init__(self, expected: str, got: str, spans: tuple[Span, ...] = ()) -> None:
        super().__init__(expected, got)
        self.expected, self.got, self.spans = expected, got, spans


@dataclass(frozen=True)
class Look:
    """A check's fields as on the wire, and the namespaces it runs in."""

    spaces: Spaces
    check: Mapping[str, Any]
    given: dict[str, Any]
    events: compat.CompileEvents

    @property
    def tolerance(self) -> tuple[float, float]:
        """The relative and the absolute tolerance."""
        return float(self.check.get("rtol", 1e-5)), float(self.check.get("atol", 1e-6))

    def learners(self, *sources: str) -> AbstractContextManager[Workspace]:
        """Return the workspace that the learner's code left, with the inputs of this check."""
        return self.spaces.learners(self.given, *sources)

    @contextmanager
    def call(self, source: str) -> Iterator[Call]:
        """Yield a call of the learner's function with its arguments evaluated, to be made once."""
        with self.learners(source) as workspace:
            call = parse_call(workspace, self.spaces.expression(source))
            if call is None:
                raise LessonError(f"{source} is not a call of a function")
            args, kwargs = copied((call.args, call.kwargs))
            yield Call(call.function, args, kwargs)


def raised_at(error: BaseException, name: str) -> tuple[Span, ...]:
    """Return the innermost place in the learner's code that an exception went through."""
    for frame in reversed(lesson_frames(error.__traceback__)):
        if frame["file"] == name and not frame["setup"]:
            column = frame["column"] or 1
            end = frame["end_column"] or len(frame["text"]) + 1
            return ((name, frame["line"], column, frame["line"], max(end, column + 1), frame["function"]),)
    return ()
