"""Turns a file into a `Lesson`: the head key by key, the steps one by one, so that a fault costs only one step."""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from jaxtour.course.checks import check, check_requires
from jaxtour.course.model import (
    FORMAT,
    Broken,
    CourseError,
    Lesson,
    LessonFile,
    Problem,
    Requires,
    Step,
    guess_id,
    unreadable,
)
from jaxtour.course.reader import (
    MAX_BYTES,
    TOO_LARGE,
    FaultError,
    Mapping,
    Node,
    Scalar,
    Sequence,
    at,
    decode,
    kind,
    parse,
    suggestion,
)
from jaxtour.course.recover import Lost, recover
from jaxtour.course.remedies import QUOTE
from jaxtour.files import read_bytes
from jaxtour.text import Raw, harmless, short

HEAD = {entry.name: entry for entry in msgspec.structs.fields(LessonFile)}
IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def load(path: Path) -> Lesson:
    """Read a lesson and collect its faults in `problems`; raises `CourseError` if the file cannot be read."""
    try:
        data = read_bytes(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        problem = Problem(file=Raw(str(path)), line=1, column=1, message=f"cannot be read: {reason}")
        raise CourseError(f"{path}: cannot be read: {reason}", problem) from error
    if len(data) > MAX_BYTES:
        problem = Problem(file=Raw(str(path)), line=1, column=1, message=TOO_LARGE)
        raise CourseError(str(problem), problem)
    return loads(data, str(path))


def loads(data: bytes, file: str) -> Lesson:
    """Return the lesson in a file's bytes; `file` is the name used in its problems."""
    draft = _Draft(file)
    try:
        text = decode(data, file)
    except CourseError as error:
        return _failed(error, file)
    try:
        document = parse(text, file)
    except CourseError as error:
        pieces = recover(text, file)
        if pieces is None or not any(isinstance(piece, Lost) for piece in pieces.steps):
            return _failed(error, file)
        return draft.lesson(pieces.head, pieces.steps, pieces.lines)
    if not isinstance(document.root, Mapping):
        message = f"a lesson must be a mapping that begins with `format: {FORMAT}`, not {kind(document.root)}"
        return unreadable(file, Problem(file=Raw(file), line=1, column=1, message=message))
    return draft.lesson(document.root, None, document.lines)


def _failed(error: CourseError, file: str) -> Lesson:
    # The reader gives each fault its place.
    assert error.problem is not None
    return unreadable(file, error.problem)


class _Draft(msgspec.Struct):
    """A lesson under construction."""

    file: str
    problems: list[Problem] = []
    places: dict[str, tuple[int, int]] = {}

    def note(self, place: tuple[int, int], message: str, step: str | None = None) -> Problem:
        problem = Problem(file=Raw(self.file), line=place[0], column=place[1], message=message, step=step)
        self.problems.append(problem)
        return problem

    def lesson(self, head: Mapping, pieces: Iterable[Node | Lost] | None, lines: list[str]) -> Lesson:
        """Build the lesson from its head, and from pieces if its steps had to be recovered."""
        format_known = self.has_format(head)
        values = self.head(head) if format_known else self.name_and_title(head)
        name = values.get("id", guess_id(self.file))
        steps: tuple[Step | Broken, ...] = ()
        # In another format, every key of a step may mean something else.
        if format_known:
            nodes = self.steps_of(head) if pieces is None else pieces
            steps = tuple(self.step(piece, number, lines) for number, piece in enumerate(nodes, 1))
        lesson = Lesson(
            id=name,
            title=values.get("title", name),
            summary=values.get("summary", ""),
            minutes=values.get("minutes", 0),
            requires=values.get("requires", Requires()),
            credits=values.get("credits", ""),
            steps=steps,
            file=Raw(self.file),
            problems=tuple(sorted(self.problems, key=lambda problem: (problem.line, problem.column))),
            places=self.places,
        )
        return harmless(lesson)

    def has_format(self, root: Mapping) -> bool:
        """Return whether the format is known; a missing one is noted and assumed to be the newest."""
        node = root.value("format")
        if node is None:
            self.note((root.line, root.column), f"`format` is missing: write `format: {FORMAT}` first")
            return True
        if isinstance(node, Scalar) and node.text == str(FORMAT):
            return True
        newer = isinstance(node, Scalar) and node.text.isdecimal() and int(node.text[:9]) > FORMAT
        remedy = "upgrade jaxtour" if newer else f"write `format: {FORMAT}`"
        self.note((node.line, node.column), f"unknown format {kind(node)}, only {FORMAT} is known: {remedy}")
        return False

    def head(self, root: Mapping) -> dict[str, Any]:
        """Return the valid keys of the head; note the others."""
        values: dict[str, Any] = {}
        meant = []
        for name, (key, _) in root.entries.items():
            if name not in HEAD:
                meant.append(suggestion(name, HEAD))
                self.note((key.line, key.column), f"unknown key `{short(name)}`{meant[-1]}")
        for name, entry in HEAD.items():
            if name not in root.entries:
                misspelt = f": did you mean `{name}`?" in meant
                if entry.required and name != "format" and not misspelt:
                    self.note((root.line, root.column), f"`{name}` is missing")
                continue
            if name in ("format", "steps"):
                continue
            key, node = root.entries[name]
            try:
                value = convert(node, entry.type, key)
                if isinstance(value, Requires):
                    check_requires(value, node)
                values[name] = value
            except FaultError as fault:
                self.note(fault.place, fault.message)
        return values

    @staticmethod
    def name_and_title(root: Mapping) -> dict[str, Any]:
        """Return id and title, which the list shows for a lesson in another format."""
        values = {}
        for name in ("id", "title"):
            node = root.value(name)
            if isinstance(node, Scalar):
                with suppress(FaultError):
                    values[name] = convert(node, HEAD[name].type)
        return values

    def steps_of(self, root: Mapping) -> list[Node]:
        """Return the nodes of the steps; note anything but a list."""
        entry = root.entries.get("steps")
        if entry is None:
            return []
        key, node = entry
        if isinstance(node, Sequence) and node.items:
            return list(node.items)
        self.note((key.line, key.column), "`steps` must be a list of steps, each beginning with `- id:`")
        return []

    def step(self, piece: Node | Lost, number: int, lines: list[str]) -> Step | Broken:
        """Return one step, or a `Broken` in its place; `number` counts from 1."""
        if isinstance(piece, Lost):
            name = self.broken_id(piece.id, number)
            problem = self.note((piece.problem.line, piece.problem.column), piece.problem.message, name)
            self.places[name] = piece.place
            return Broken(id=name, title=piece.title or f"Step {number}", error=problem)
        try:
            if not isinstance(piece, Mapping):
                raise FaultError(piece, f"a step must be a mapping that begins with `id:`, not {kind(piece)}")
            step: Step = harmless(convert(piece, Step))
            if step.id in self.places:
                message = f"the step at line {self.places[step.id][0]} also has the id `{step.id}`: change one"
                raise FaultError(at(piece, "id"), message)
            check(step, piece, lines)
        except FaultError as fault:
            name = self.broken_id(_text(piece, "id"), number)
            self.places[name] = (piece.line, piece.column)
            title = _text(piece, "title") or f"Step {number}"
            return Broken(id=name, title=title, error=self.note(fault.place, fault.message, name))
        self.places[step.id] = (piece.line, piece.column)
        return step

    def broken_id(self, wanted: str | None, number: int) -> str:
        """Return the id in the file if it is valid and unique, or else one made from the number."""
        name = wanted if wanted and IDENTIFIER.fullmatch(wanted) else f"step-{number}"
        while name in self.places:
            name = f"{name[:50]}-{number}"
        return name


def _text(node: Node, key: str) -> str | None:
    value = node.value(key) if isinstance(node, Mapping) else None
    return value.text if isinstance(value, Scalar) else None


def convert(node: Node, kind_of: Any, key: Scalar | None = None) -> Any:
    """Convert the node to a value of this type; raises `FaultError` for the first misfit.

    `key` is the value's key, if the error should name it.
    """
    if key and _is_empty(node):
        raise FaultError(key, f"`{short(key.text)}` has no value: give it one, or delete the line")
    try:
        return msgspec.convert(plain(node), kind_of, strict=False)
    except msgspec.ValidationError as error:
        # Imported here, because a valid lesson does not need it.
        from jaxtour.course.misfits import misfit

        raise misfit(node, kind_of, key.text if key else "", str(error)) from None


def plain(node: Node) -> Any:
    """Convert the node to dicts, tuples and texts; raises `FaultError` for a key without a value."""
    if isinstance(node, Scalar):
        one_line = node.style in ("literal", "folded") and node.text.count("\n") == 1
        return node.text.removesuffix("\n") if one_line else node.text
    if not isinstance(node, Mapping):
        for item in node.items:
            if _is_empty(item):
                raise FaultError(item, f"this entry has no value: delete it; if it is text, {QUOTE}")
        return tuple(plain(item) for item in node.items)
    for key, value in node.entries.values():
        if not _is_empty(value):
            continue
        if node.flow:
            message = f"`{short(key.text)}` became a key, because a comma ends a value inside {{...}}: {QUOTE}"
            raise FaultError(key, message if len(node.entries) > 1 else f"`{short(key.text)}` has no value: {QUOTE}")
        raise FaultError(key, f"`{short(key.text)}` has no value: give it one, or delete the line")
    return {name: plain(value) for name, (_, value) in node.entries.items()}


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.style == "plain" and not node.text
