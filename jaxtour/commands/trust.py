"""`jaxtour trust`, `untrust` and `trusted`: keeps which lessons from elsewhere may run, and checks before they do."""

import time
from collections.abc import Iterable, Sequence

from jaxtour.commands.common import lessons_for, write, write_json
from jaxtour.course.model import CourseError, Lesson
from jaxtour.course.trust import Trust, size_of
from jaxtour.streams import warn
from jaxtour.text import clean

VERSION = 1


def check_trusted(lessons: Iterable[Lesson], *, trust: bool) -> None:
    """Raise `CourseError` for the first lesson that may not run; `trust` is --trust."""
    answers = Trust(everything=trust)
    for lesson in lessons:
        if question := answers.question(lesson):
            raise CourseError(question.words)


def trust(targets: Sequence[str]) -> int:
    """Trust the lessons as they are now, and print what changed in those that were trusted before."""
    answers = Trust()
    for target in targets:
        for lesson in lessons_for(target):
            question = answers.question(lesson)
            if question is None:
                write(f"{lesson.file.line}: may run\n")
                continue
            if question.changes:
                write(question.changes.shown)
            _kept(answers, lesson)
            write(f"{lesson.file.line}: trusted as it is now ({size_of(question)})\n")
    return 0


def untrust(targets: Sequence[str], *, everything: bool) -> int:
    """Forget the answers for these files, for the files in these folders, or for all; 1 if one was not trusted."""
    answers = Trust()
    if not targets and not everything:
        raise CourseError("name a file, or --all; jaxtour trusted lists them")
    failed = 0
    for target in sorted(answers.files()) if everything else targets:
        gone = answers.forget(target)
        if not gone:
            warn(f"{target}: was not trusted")
            failed = 1
        write("".join(f"{clean(file, keep_newlines=False)}: no longer trusted\n" for file in gone))
    return failed


def trusted(*, as_json: bool) -> int:
    """Print the trusted files, and whether they are still as trusted."""
    answers = Trust()
    found = [(file, answers.state_of(file), each.when) for file, each in sorted(answers.files().items())]
    if as_json:
        files = [{"file": file, "state": state, "trusted_at": when} for file, state, when in found]
        write_json({"version": VERSION, "files": files})
        return 0
    if not found:
        write("you trust no lessons from elsewhere; the course's own lessons always run\n")
    for file, state, when in found:
        day = time.strftime("%Y-%m-%d", time.localtime(when))
        write(f"{day}  {state:<13}  {clean(file, keep_newlines=False)}\n")
    return 0


def _kept(answers: Trust, lesson: Lesson) -> None:
    try:
        answers.allow(lesson, keep=True)
    except OSError as error:
        raise CourseError(f"cannot write {answers.path}: {error.strerror or error}") from None
