"""Finds the parts of a lesson's steps in its file, for problems that only running the lesson shows."""

from contextlib import suppress
from functools import cached_property
from pathlib import Path

from jaxtour.course.catalogue import SUFFIXES
from jaxtour.course.checks import inside
from jaxtour.course.model import CourseError, Lesson
from jaxtour.course.reader import MAX_BYTES, NodeKey, YamlDocument, at, decode, parse
from jaxtour.files import read_bytes


class Places:
    """The places in one lesson's file, which is read when the first of them is wanted."""

    def __init__(self, lesson: Lesson) -> None:
        self._lesson = lesson

    def of(self, step: str, path: tuple[NodeKey, ...], line: int = 0) -> tuple[int, int]:
        """Return line and column, from 1, of what stands at a path of keys and indices in a step.

        `line` counts the lines of code there, from 1. Without such a place it is the step's own.
        """
        own = self._lesson.places.get(step, (1, 1))
        document = self._document if path else None
        number = next((number for number, each in enumerate(self._lesson.steps) if each.id == step), None)
        if document is None or number is None:
            return own
        whole = at(document.root, "steps", number)
        if (whole.line, whole.column) != own:
            return own  # the file has changed, or is only partly YAML
        node = at(whole, *path)
        return inside(node, document.lines, line, 1) if line else (node.line, node.column)

    @cached_property
    def _document(self) -> YamlDocument | None:
        file = self._lesson.file.text
        if file.endswith(SUFFIXES):
            # A file that has gone or changed since it was read: the step's own place serves.
            with suppress(OSError, ValueError, CourseError):
                return parse(decode(read_bytes(Path(file), MAX_BYTES), file), file)
        return None
