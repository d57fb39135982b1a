"""A command's arguments name lessons of the course, a user's own, or nothing."""

import os
from pathlib import Path

import click
import pytest
from shell import lesson

from jaxtour.cli import main
from jaxtour.commands.common import catalogue_for, lessons_for, near_command
from jaxtour.course.model import CourseError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two lessons in `own/`, one in `vmap/`, and a dangling link."""
    for name in ("own/01-first", "own/02-second", "vmap/mine"):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(lesson(path.stem.partition("-")[2] or path.stem, "code: '1'"))
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("target", "lessons", "wanted"),
    [
        ("vmap", 13, "vmap"),
        ("vmap/jit", 13, "vmap/jit"),
        ("vmap/", 1, None),
        ("./vmap", 1, None),
        ("numpy/", 13, "numpy"),
        ("own", 2, None),
        ("own/", 2, None),
        ("own/second", 2, "second"),
        ("own/second/s1", 2, "second/s1"),
        ("own/02-second.yaml", 1, None),
        ("own/02-second.yaml/s1", 1, "second/s1"),
        ("./own/01-first.yaml", 1, None),
    ],
)
def test_lessons_of_the_course_and_ones_own(here: Path, target: str, lessons: int, wanted: str | None) -> None:
    catalogue, left = catalogue_for(target)
    assert (len(catalogue.entries), left) == (lessons, wanted)
    if wanted:
        assert catalogue.find(wanted)[0].id == wanted.partition("/")[0]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", "unknown lesson '': choose from numpy, "),
        ("vmpa", "unknown lesson 'vmpa': did you mean vmap?"),
        ("./nope", "./nope: no such file or folder"),
        ("nope/", "nope/: no such file or folder"),
        ("nope.yaml", "nope.yaml: no such file or folder"),
        ("/nope/nope", "/nope/nope: no such file or folder"),
        ("own/third", "unknown lesson 'third': choose from first, second"),
        ("own/first/s2", "lesson first has no step 's2': choose from s1"),
        ("own/first/s1/more", "own/first/s1/more: no such file or folder"),
        ("own/01-first.yaml/x", "lesson first has no step 'x': choose from s1"),
        ("empty", "empty: no lessons here: name lesson files like 01-name.yaml"),
        ("loop", "loop: cannot be read: Too many levels of symbolic links"),
    ],
)
def test_what_is_not_there(here: Path, target: str, message: str) -> None:
    with pytest.raises(CourseError) as error:
        catalogue, wanted = catalogue_for(target)
        catalogue.find(wanted if wanted is not None else catalogue.entries[0].id)
    assert str(error.value).startswith(message)


def test_a_link_to_nowhere_among_lessons_is_a_lesson_that_is_missed(here: Path) -> None:
    (here / "own" / "03-gone.yaml").symlink_to("nowhere")
    os.mkfifo(here / "own" / "04-pipe.yaml")
    found = lessons_for("own")
    assert [lesson.id for lesson in found] == ["first", "second", "gone"]
    assert "cannot be read" in str(found[2].problems[0])


def test_whole_lessons_only(here: Path) -> None:
    assert [lesson.id for lesson in lessons_for("own/second")] == ["second"]
    assert [lesson.id for lesson in lessons_for("grad")] == ["grad"]
    with pytest.raises(CourseError, match="vmap/jit: name a lesson, not one of its steps"):
        lessons_for("vmap/jit")


@pytest.mark.parametrize(
    ("word", "command"),
    [("chekc", "check"), ("lst", "list"), ("vmpa", None), ("vmap", None), ("own", None), ("qqq", None), (None, None)],
)
def test_a_mistyped_command(here: Path, word: str | None, command: str | None) -> None:
    assert near_command(word, ["check", "list", "run"]) == command


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ("list", "list"),
        ("--devices 4 run vmap --json", "run --devices 4 vmap --json"),
        ("--python=P check", "check --python=P"),
        ("--json run vmap", "run --json vmap"),
        ("--python run vmap", "tour --python run vmap"),
        ("vmap run", "tour vmap run"),
        ("--devices 4 vmap", "tour --devices 4 vmap"),
        ("--help", "--help"),
        ("", "tour"),
    ],
)
def test_options_may_stand_before_a_command(monkeypatch: pytest.MonkeyPatch, words: str, taken: str) -> None:
    given: list[str] = []
    monkeypatch.setattr(click.Group, "parse_args", lambda _group, _context, args: given.extend(args) or [])
    main.parse_args(click.Context(main), words.split())
    assert given == taken.split()
