"""`jaxtour check` of some steps proves those alone, in the state that the others leave, and tells GitHub the places."""

from pathlib import Path

import pytest
from inside import REAL, command, scripted
from shell import lesson

FIRST = "setup: a = 1\ncode: x = 19 + a\nexpect: {stdout: not printed}"
EXERCISE = (
    "exercise: {starter: y = 0, check: 'assert y > x', solution: y = 30, "
    "wrong: [{code: y = 40, because: never}], others: [y = 50]}"
)
LAST = "code: x + y\nexpect: {value: 50}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(lesson("own", FIRST, EXERCISE, "cod: oops", LAST))
    return path


def test_one_step_is_proved_in_the_state_that_the_others_leave_without_their_faults(file: Path) -> None:
    done = command("check", "own.yaml/s4", cwd=file.parent, engine=REAL)
    assert done.returncode == 0, done.stdout
    said, summary = done.stdout.splitlines()
    assert said == "own.yaml: checked 1 of 4 steps: s4 (earlier steps only run, for their state)"
    assert summary.startswith("1 lesson, 1 step in ") and summary.endswith(": ok")


def test_that_step_is_proved_whole(file: Path) -> None:
    done = command("check", "own.yaml/s2", cwd=file.parent, engine=REAL)
    assert done.returncode == 1
    assert done.stdout.startswith("own.yaml:16:81: exercise: wrong[0] passes its check\nown.yaml: checked 1 of 4 steps")


def test_steps_of_one_lesson_are_checked_together(file: Path) -> None:
    done = command("check", "own.yaml/s3", "own.yaml/s1", "own.yaml/s3", cwd=file.parent, engine=scripted({}))
    assert [line.partition(" in ")[0] for line in done.stdout.splitlines()] == [
        "own.yaml:12:22: stdout: expected not printed, got nothing",
        "own.yaml:20:5: unknown key `cod`: did you mean `code`?",
        "own.yaml: checked 2 of 4 steps: s1, s3",
        "1 lesson, 2 steps",
    ]
    done = command("check", "own.yaml/s3", "own.yaml", cwd=file.parent, engine=scripted({}))
    assert "checked" not in done.stdout and "1 lesson, 4 steps" in done.stdout


def test_a_step_that_is_not_there_is_one_message(file: Path) -> None:
    done = command("check", "own.yaml/s5", cwd=file.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("jaxtour: lesson own has no step 's5': choose from s1, s2, s3, s4")


def test_github_shows_each_problem_next_to_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "100%, so: far"
    folder.mkdir()
    path = folder / "own.yaml"
    path.write_text(lesson("own", "cod: x", FIRST))
    done = command("check", "own.yaml", "--github", cwd=folder, engine=scripted({}))
    assert done.returncode == 1
    place = f"{tmp_path}/100%25%2C so%3A far/own.yaml"
    first, second, summary = done.stdout.splitlines()
    assert first == (
        f"::error file={place},line=10,col=5,title=jaxtour check"
        "::own.yaml:10:5: unknown key `cod`: did you mean `code`?"
    )
    assert second.startswith(f"::error file={place},line=16,col=22,") and summary.endswith("2 problems")
    assert "choose one" in command("check", "own.yaml", "--github", "--json", cwd=folder).stderr
