import os
from pathlib import Path

import pytest

from jaxtour import paths
from jaxtour.course import kept
from jaxtour.course.catalogue import bundled, open_path, shared_ids
from jaxtour.course.model import Broken, CourseError, Step


def write(path: Path, name: str, steps: tuple[str, ...] = ("one", "two")) -> Path:
    text = f"format: 1\nid: {name}\ntitle: T\nsummary: S\nminutes: 1\nsteps:\n"
    text += "".join(f"  - {{id: {step}, title: T, text: x, code: x}}\n" for step in steps)
    path.write_text(text)
    return path


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A course of three lessons instead of the bundled one, written in another order."""
    for number, name in (3, "grad"), (1, "numpy"), (2, "vmap"):
        write(tmp_path / f"0{number}-{name}.yaml", name)
    monkeypatch.setattr(paths, "lessons_dir", lambda: tmp_path)
    return tmp_path


def reads(monkeypatch) -> list[str]:
    """Return the names of the files loaded from now on."""
    seen: list[str] = []
    load = kept.load
    monkeypatch.setattr(kept, "load", lambda path: (seen.append(path.name), load(path))[1])
    return seen


def test_bundled_lessons_come_in_the_order_of_their_numbers(course):
    (course / "notes.yaml").write_text("no lesson")
    (course / "04-pictures").mkdir()
    (course / "README.md").write_text("")
    assert [entry.id for entry in bundled().entries] == ["numpy", "vmap", "grad"]


def test_lessons_are_read_when_they_are_opened(course, monkeypatch):
    seen = reads(monkeypatch)
    found = bundled()
    assert seen == []
    lesson, _ = found.find("vmap/two")
    assert lesson.id == "vmap"
    found.find("vmap")
    assert seen == ["02-vmap.yaml"]


@pytest.mark.parametrize(
    ("target", "expected"), [("vmap", ("vmap", "one")), ("vmap/", ("vmap", "one")), ("vmap/two", ("vmap", "two"))]
)
def test_find_lesson_and_step(course, target, expected):
    lesson, step = bundled().find(target)
    assert (lesson.id, step.id) == expected


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("vmpa", "unknown lesson 'vmpa': did you mean vmap?"),
        ("vmpa/one", "unknown lesson 'vmpa': did you mean vmap?"),
        ("zzz", "unknown lesson 'zzz': choose from numpy, vmap, grad"),
        ("", "unknown lesson '': choose from numpy, vmap, grad"),
        ("vmap/onne", "lesson vmap has no step 'onne': did you mean one?"),
        ("vmap/zzz", "lesson vmap has no step 'zzz': choose from one, two"),
    ],
)
def test_what_is_not_there_is_told_with_the_near_names(course, target, message):
    with pytest.raises(CourseError) as caught:
        bundled().find(target)
    assert str(caught.value) == message


def test_broken_steps_are_found(course):
    (course / "02-vmap.yaml").write_text((course / "02-vmap.yaml").read_text() + "  - {id: bad}\n")
    assert isinstance(bundled().find("vmap/bad")[1], Broken)
    assert isinstance(bundled().find("vmap/one")[1], Step)


def test_a_lesson_of_which_nothing_can_be_read_is_listed_and_cannot_be_opened(course):
    (course / "02-vmap.yaml").write_text("title: [\n")
    found = bundled()
    assert [entry.id for entry in found.entries] == ["numpy", "vmap", "grad"]
    assert len(found.entries[1].lesson().problems) == 1
    with pytest.raises(CourseError, match=r"02-vmap\.yaml:2:1: a value is missing here"):
        found.find("vmap")
    assert found.find("grad")[0].id == "grad"


def test_a_file_that_went_away_is_a_problem_of_its_lesson_alone(course):
    found = bundled()
    (course / "02-vmap.yaml").unlink()
    lesson = found.entries[1].lesson()
    assert (lesson.id, lesson.steps) == ("vmap", ())
    assert "cannot be read: No such file" in str(lesson.problems[0])


def test_a_lessons_own_id_wins_over_the_name_of_its_file(course):
    write(course / "04-other.yaml", "hessian")
    found = bundled()
    assert found.entries[3].id == "other"
    assert found.find("hessian/one")[0].id == "hessian"
    assert found.entries[3].id == "hessian"
    # The file's name still finds the lesson, until another lesson has that id.
    assert bundled().find("other")[0].id == "hessian"
    write(course / "05-last.yaml", "other")
    assert bundled().find("other")[0].file.text.endswith("05-last.yaml")


def test_ids_that_are_taken(course):
    write(course / "04-again.yaml", "vmap")
    found = bundled()
    [problem] = shared_ids([entry.lesson() for entry in found.entries])
    assert str(problem) == f"{course / '04-again.yaml'}:1:1: 02-vmap.yaml also has the id `vmap`: change one"
    assert found.find("vmap")[0].file.text.endswith("02-vmap.yaml")


def test_opening_a_file_or_a_folder(course):
    assert [entry.id for entry in open_path(course).entries] == ["numpy", "vmap", "grad"]
    write(course / "extra.yml", "extra")
    (course / ".hidden.yaml").write_text("x")
    assert [entry.id for entry in open_path(course).entries] == ["numpy", "vmap", "grad", "extra"]
    alone = open_path(course / "02-vmap.yaml")
    assert [entry.id for entry in alone.entries] == ["vmap"]
    assert alone.find("vmap/two")[1].id == "two"


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(CourseError, match=r"none\.yaml: cannot be read: No such file or directory"):
        open_path(tmp_path / "none.yaml")
    with pytest.raises(CourseError, match="no lessons here"):
        open_path(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(tmp_path):
    tmp_path.chmod(0)
    try:
        with pytest.raises(CourseError, match="Permission denied"):
            open_path(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_no_course_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "lessons_dir", lambda: tmp_path / "none")
    with pytest.raises(CourseError, match="cannot be read"):
        bundled()
    monkeypatch.setattr(paths, "lessons_dir", lambda: tmp_path)
    with pytest.raises(CourseError, match="install jaxtour again"):
        bundled()
