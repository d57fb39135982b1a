"""`jaxtour new` writes a lesson that passes its check, and overwrites nothing."""

from pathlib import Path

import pytest
import yaml
from inside import REAL, command

from jaxtour.course.catalogue import open_path
from jaxtour.course.model import Step


def test_the_lesson_passes_its_own_check(tmp_path: Path) -> None:
    done = command("new", "04-my-loops.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    written = tmp_path / "04-my-loops.yaml"
    lesson = open_path(written).entries[0].lesson()
    assert (lesson.id, lesson.title, lesson.problems) == ("my-loops", "My loops", ())
    # Editors' parsers are as strict as PyYAML's own.
    assert yaml.safe_load(written.read_text())["id"] == "my-loops"
    ask, exercise = lesson.steps
    assert isinstance(ask, Step) and isinstance(exercise, Step) and ask.ask and exercise.exercise
    _, opens, checks = (line.partition("#")[0].split() for line in done.stdout.strip().split("\n") if line)
    assert opens == ["jaxtour", "--trust", "04-my-loops.yaml"]
    check = command(*checks[1:], cwd=tmp_path, engine=REAL)
    assert (check.returncode, check.stdout.rpartition(": ")[2]) == (0, "ok\n"), check.stdout + check.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("there.yaml", "there.yaml: it is already there: name a new file"),
        ("link.yaml", "link.yaml: it is already there: name a new file"),
        ("loops", "loops: a lesson is a YAML file: name it like loops.yaml"),
        ("loops.ipynb", "loops.ipynb: a lesson is a YAML file: name it like loops.yaml"),
        ("", ": a lesson is a YAML file: name it like first.yaml"),
        ("gone/loops.yaml", "gone/loops.yaml: cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_written_costs_one_line_and_no_file(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "there.yaml").write_text("mine")
    (tmp_path / "link.yaml").symlink_to("nowhere")
    done = command("new", name, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"jaxtour: {message}\n")
    assert (tmp_path / "there.yaml").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "there.yaml"]
