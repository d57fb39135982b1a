"""`jaxtour progress` and `jaxtour reset` show what was done, and forget it so that this can be undone."""

import json
import os
import pty
import re
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from inside import command
from shell import COMMAND, lesson

from jaxtour.course.progress import Progress
from jaxtour.course.standing import goes_on, overdue

EXERCISE = 'exercise: {starter: "y = 0", check: "assert y", solution: "y = 1", hints: [one, two]}'
ASK = "ask: {question: 'Which?', choices: [a, b], answer: 1}\ncode: '1'"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Two lessons, the first of which has progress."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "01-first.yaml").write_text(lesson("first", ASK, EXERCISE, EXERCISE, ASK, "code: '1'"))
    (folder / "02-second.yaml").write_text(lesson("second", "code: '2'"))
    kept = Progress.open()
    kept.update("first", "s1", done=True, answer="1", right=True, seconds=90.0)
    kept.update("first", "s2", done=True, hints=2, attempts=3, seconds=150.0)
    kept.update("first", "s3", done=True, hints=1, gave_up=True)
    kept.update("first", "s4", answer="2", right=False, edit="x = 2", scratch="1")
    kept.set_place("first", "s4")
    return folder


def test_progress_tells_steps_exercises_predictions_and_time_apart(own: Path) -> None:
    done = command("progress", str(own))
    assert done.returncode == 0 and not done.stderr
    first, second, total, place = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()]
    assert first == ["first", "3/5 steps", "1/2 exercises", "1/2 predictions right", "1 min left",
                     "3 hints used, 4 min spent"]  # fmt: skip
    assert second == ["second", "0/1 step", "1 min left"]
    assert total[:2] == ["total", "3/6 steps"] and "2 min left" in total
    assert place == ["you left off at first/s4, step 4 of 5: Step 4"]


def test_progress_as_json(own: Path) -> None:
    Progress.open().update("first", "s1", card={"due": (datetime.now(UTC) - timedelta(days=1)).isoformat()})
    found = json.loads(command("progress", str(own), "--json").stdout)
    assert found["lessons"][0] == {
        "id": "first",
        "title": "About first",
        "steps": {"done": 3, "of": 5},
        "predictions": {"right": 1, "made": 2, "of": 2},
        "exercises": {"solved": 1, "of": 2},
        "hints": 3,
        "minutes": 4.0,
        "minutes_left": 1,
    }
    assert found["total"]["steps"] == {"done": 3, "of": 6}
    assert found["place"] == {"lesson": "first", "step": "s4"} and found["due"] == 1
    assert "1 to review" in command("progress", str(own)).stdout


def test_progress_of_the_course_names_other_lessons_harmlessly(own: Path) -> None:
    Progress.open().update("evil\x1b]0;x\x07", "s", done=True)
    out = command("progress").stdout
    assert "total" in out and "also saved: evil␛]0;x␇, first" in out and "\x1b" not in out
    assert "\x1b" not in command("progress", "--json").stdout


def test_cards_are_due_in_order_and_those_without_a_readable_time_at_once(own: Path) -> None:
    kept, now = Progress.open(), datetime.now(UTC)
    for step, due in {
        "s1": (now - timedelta(days=1)).isoformat(),
        "s2": (now - timedelta(days=2)).isoformat(),
        "s3": (now + timedelta(days=1)).isoformat(),
        "s4": "tomorrow",
        "s5": 3,
    }.items():
        kept.update("first", step, card={"due": due})
    assert overdue(kept) == [("first", f"s{number}") for number in (2, 1, 4, 5)]
    assert overdue(kept, now + timedelta(days=2))[2] == ("first", "s3")


def test_reset_forgets_a_step_or_a_lesson_and_keeps_a_copy(own: Path) -> None:
    before = Progress.open()
    done = command("reset", "first/s4", "--yes", cwd=own)
    assert done.returncode == 0, done.stderr
    assert "forgotten: first/s4: 1 edit, 1 scratch step, 1 prediction\n" in done.stdout
    assert Progress.open().saved("first", "s4").edit is None and Progress.open().is_done("first", "s1")
    copy = done.stdout.rsplit("jaxtour import --yes ", 1)[1].strip()
    again = command("reset", "first", "--yes", cwd=own)
    assert "first: 3 steps done, 1 prediction" in again.stdout and copy not in again.stdout
    assert not Progress.open().lessons and Progress.open().place == ("first", "s4")
    assert "no progress to forget" in command("reset", str(own / "01-first.yaml"), "--yes").stdout
    assert command("import", "--yes", copy).returncode == 0
    assert Progress.open().lessons == before.lessons


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("first",), "reset asks first, and there is no terminal: add --yes"),
        (("frist", "--yes"), "unknown lesson 'frist'"),
        (("vmap/nothing", "--yes"), "lesson vmap has no step 'nothing'"),
        ((".", "--yes"), ".: name one lesson"),
    ],
)
def test_reset_refuses_in_one_line(own: Path, args: tuple[str, ...], message: str) -> None:
    done = command("reset", *args, cwd=own)
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert Progress.open().is_done("first", "s1")


def test_reset_forgets_nothing_without_a_copy(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jaxtour.course.state.replace", full)
    done = command("reset", "first", "--yes")
    assert done.returncode == 2 and "nothing is forgotten: cannot keep a copy" in done.stderr
    assert Progress.open().is_done("first", "s1")


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("y", 0)])
def test_reset_asks_on_a_terminal(own: Path, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, "reset", "first"], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    stop = threading.Timer(60, process.kill)
    stop.start()
    try:
        while b"[y/N]" not in seen:
            seen += os.read(ours, 4096)
        os.write(ours, f"{answer}\n".encode())
        assert process.wait(60) == code
    finally:
        stop.cancel()
        os.close(ours)
    assert "Forget first: 3 steps done, 1 edit, 1 scratch step, 2 predictions?" in seen.decode()
    assert Progress.open().is_done("first", "s1") is bool(code)


def test_where_to_go_on() -> None:
    from jaxtour.course.catalogue import bundled

    lessons = [entry.lesson() for entry in bundled().entries[:2]]
    done: set[tuple[str, str]] = set()

    def is_done(lesson: str, step: str) -> bool:
        return (lesson, step) in done

    assert goes_on(lessons, is_done, 0, 3) == (0, 3), "where one is"
    done.add((lessons[0].id, lessons[0].steps[3].id))
    assert goes_on(lessons, is_done, 0, 3) == (0, 4), "after it"
    done |= {(lessons[0].id, step.id) for step in lessons[0].steps[3:]}
    assert goes_on(lessons, is_done, 0, 3) == (0, 0), "what was left out"
    done |= {(lessons[0].id, step.id) for step in lessons[0].steps}
    assert goes_on([lessons[0], None], is_done, 0, 3) is None, "a lesson that is not read may be done"
    assert goes_on(lessons, is_done, 0, 3) == (1, 0)
    done |= {(lessons[1].id, step.id) for step in lessons[1].steps}
    assert goes_on(lessons, is_done, 1, 3) is None
