"""Finds lessons by their files, and reads each one when it is opened."""

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from jaxtour import paths
from jaxtour.course import kept
from jaxtour.course.model import Broken, CourseError, Lesson, Problem, Step, guess_id, unreadable
from jaxtour.text import Raw

SUFFIXES = (".yaml", ".yml")
NOTEBOOKS = (".ipynb", ".md", ".py")
"""Suffixes of files that are opened as notebooks."""
BUNDLED = re.compile(r"\d+-.+\.ya?ml")


class LessonEntry:
    """One lesson file, read only when its lesson is needed."""

    def __init__(self, lesson_id: str, path: Path, within: Path | None = None, *, keep: bool = False) -> None:
        self._id = lesson_id
        self.path = path
        self._within = within
        self._keep = keep
        """Whether the lesson is cached."""
        self._lesson: Lesson | None = None

    def __repr__(self) -> str:
        return f"LessonEntry({self.id!r}, {str(self.path)!r})"

    @property
    def id(self) -> str:
        """The lesson's own id once it has been read; until then a guess from the file's name."""
        return self._lesson.id if self._lesson else self._id

    def lesson(self) -> Lesson:
        """Return the lesson; a file that cannot be read becomes a lesson without steps that has the problem."""
        try:
            return self.load()
        except CourseError as error:
            problem = error.problem or Problem(file=Raw(str(self.path)), line=1, column=1, message=str(error))
            self._lesson = unreadable(self.path, problem)
        return self._lesson

    def reload(self) -> Lesson:
        """Return the lesson as its file is now."""
        self._lesson = None
        return self.lesson()

    def load(self) -> Lesson:
        """Return the lesson; raises `CourseError` for a file that cannot be read."""
        if self._lesson is None:
            # Unlike pathlib's, this one raises nothing for a loop of links.
            real = Path(os.path.realpath(self.path))
            if self._within is not None and not real.is_relative_to(os.path.realpath(self._within)):
                raise CourseError(f"{self.path}: this link leads out of its folder: name {real} itself")
            self._lesson = kept.load(self.path) if self._keep else _opened(self.path)
        return self._lesson


class Catalogue(msgspec.Struct, frozen=True):
    """Lessons in the order in which they are taught."""

    entries: tuple[LessonEntry, ...]
    comes_along: bool = False
    """Whether it is the course that comes with jaxtour."""
    folder: Path | None = None
    """The folder whose files these are, if the user named one."""

    def as_now(self, shown: LessonEntry) -> "Catalogue":
        """Return the lessons that the folder has now, with what was read of them.

        If the file of the lesson shown is gone, a new file with its id replaces it; without one it stays.
        """
        if self.folder is None:
            return self
        try:
            found = _files(self.folder)
        except CourseError:
            return self
        known = {entry.path: entry for entry in self.entries}
        new = [LessonEntry(guess_id(path), path, self.folder) for path in found if path not in known]
        entries = [*(known[path] for path in found if path in known), *new]
        if shown not in entries and all(entry.lesson().id != shown.id for entry in new):
            entries.append(shown)
        return Catalogue(tuple(sorted(entries, key=lambda entry: entry.path.name)), folder=self.folder)

    def place_of(self, entry: LessonEntry) -> int:
        """Return the index of an entry, or else of the one with its id."""
        if entry in self.entries:
            return self.entries.index(entry)
        return next(place for place, each in enumerate(self.entries) if each.id == entry.id)

    def find(self, target: str) -> tuple[Lesson, Step | Broken]:
        """Return lesson and step of `lesson/step`, or the first step; raises `CourseError` that suggests names."""
        name, _, step_name = target.partition("/")
        lesson = self.entry(name).lesson()
        if not lesson.steps:
            raise CourseError(why_empty(lesson))
        for step in lesson.steps:
            if step_name in (step.id, ""):
                return lesson, step
        steps = [step.id for step in lesson.steps]
        raise CourseError(f"lesson {lesson.id} has no step {step_name!r}: {_near(step_name, steps)}")

    def entry(self, name: str) -> LessonEntry:
        """Return the entry of a lesson by its id; raises `CourseError`."""
        guessed = [entry for entry in self.entries if entry.id == name]
        # The lesson's own id takes precedence over the file's name, but reading every file would cost time.
        if guessed and guessed[0].lesson().id == name:
            return guessed[0]
        for entry in self.entries:
            if entry.lesson().id == name:
                return entry
        if guessed:
            return guessed[0]
        raise CourseError(f"unknown lesson {name!r}: {_near(name, [entry.id for entry in self.entries])}")


def shared_ids(lessons: Iterable[Lesson]) -> tuple[Problem, ...]:
    """Return a problem for each lesson whose id an earlier lesson already has."""
    first: dict[str, Lesson] = {}
    problems = []
    for lesson in lessons:
        other = first.setdefault(lesson.id, lesson)
        if other.file != lesson.file:
            message = f"{Path(other.file.text).name} also has the id `{lesson.id}`: change one"
            problems.append(Problem(file=lesson.file, line=1, column=1, message=message))
    return tuple(problems)


def bundled() -> Catalogue:
    """Return the course that comes with jaxtour; raises `CourseError` if it is missing."""
    folder = paths.lessons_dir()
    found = [path for path in _files(folder) if BUNDLED.fullmatch(path.name)]
    if not found:
        raise CourseError(f"{folder}: the course is missing: install jaxtour again")
    return Catalogue(tuple(LessonEntry(guess_id(path), path, keep=True) for path in found), comes_along=True)


def open_path(path: Path) -> Catalogue:
    """Return the lessons of a file or of all YAML files in a folder; raises `CourseError` if there are none."""
    if not path.is_dir():
        # Read at once: otherwise a mistyped name would become a course with one broken lesson.
        entry = LessonEntry(guess_id(path), path)
        entry.load()
        return Catalogue((entry,))
    found = _files(path)
    if not found:
        raise CourseError(f"{path}: no lessons here: name lesson files like 01-name.yaml; jaxtour new writes one")
    return Catalogue(tuple(LessonEntry(guess_id(each), each, path) for each in found), folder=path)


def has_lessons(folder: Path) -> bool:
    """Return whether the folder contains a lesson file."""
    try:
        return bool(_files(folder))
    except CourseError:
        return False


def _opened(path: Path) -> Lesson:
    # Imported here, since the course itself is cached and has no notebooks.
    if path.suffix not in NOTEBOOKS:
        from jaxtour.course.loader import load

        return load(path)
    from jaxtour.course.notebook import load_notebook
    from jaxtour.course.notebook_file import is_percent

    if path.suffix == ".py" and not is_percent(path):
        raise CourseError(f"{path}: a Python file, not a lesson: open it with `jaxtour explore {path}`")
    return load_notebook(path)


def why_empty(lesson: Lesson) -> str:
    """Return why a lesson has no steps, in one line."""
    if not lesson.problems:
        return f"{lesson.file}: no steps"
    more = len(lesson.problems) - 1
    return str(lesson.problems[0]) + (f" (and {more} more: see jaxtour check {lesson.file})" if more else "")


def _files(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise CourseError(f"{folder}: cannot be read: {error.strerror}") from error
    names = [path for path in entries if path.suffix in SUFFIXES and not path.name.startswith(".")]
    # A dangling link is kept: it stands for a missing lesson.
    return [path for path in names if path.is_file() or (path.is_symlink() and not path.exists())]


def _near(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=2)
    return f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(names)}"


class ReadLessons:
    """The lessons of a catalogue that were read so far, each with at least one step; a broken one says why."""

    def __init__(self) -> None:
        self._by_path: dict[Path, Lesson] = {}

    def of(self, entry: LessonEntry) -> Lesson:
        """Return the lesson of an entry, read once; an unreadable lesson has one broken step."""
        if entry.path not in self._by_path:
            lesson = entry.lesson()
            if not lesson.steps:
                steps = _broken(lesson, "unreadable", "This lesson cannot be shown")
                lesson = msgspec.structs.replace(lesson, steps=steps)
            self._by_path[entry.path] = lesson
        return self._by_path[entry.path]

    def known(self, entry: LessonEntry) -> Lesson | None:
        """Return the lesson of an entry, if it was read before."""
        return self._by_path.get(entry.path)

    def forget(self, entry: LessonEntry) -> None:
        """Let the next visit read a lesson again."""
        self._by_path.pop(entry.path, None)

    def keep(self, entries: Iterable[LessonEntry]) -> None:
        """Forget the lessons of all other entries."""
        paths = {entry.path for entry in entries}
        self._by_path = {path: lesson for path, lesson in self._by_path.items() if path in paths}

    def renew(self, entry: LessonEntry, lesson: Lesson, place: Step | Broken) -> Lesson:
        """Take a lesson as its file is now; an unreadable one keeps its title, and `place` becomes its broken step."""
        if not lesson.steps:
            steps = _broken(lesson, place.id, place.title)
            lesson = msgspec.structs.replace(self.of(entry), steps=steps, problems=lesson.problems)
        self._by_path[entry.path] = lesson
        return lesson


def _broken(lesson: Lesson, name: str, title: str) -> tuple[Broken]:
    """Return the only step of a lesson without steps."""
    problem = next(iter(lesson.problems), Problem(file=lesson.file, line=1, column=1, message="no steps"))
    return (Broken(id=name, title=title, error=problem),)
