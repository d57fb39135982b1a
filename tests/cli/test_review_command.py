"""`jaxtour review` shows what is due and what comes later, or that there is nothing to do."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from inside import command
from shell import lesson

from jaxtour.course.progress import Progress
from jaxtour.course.review import reschedule, utc_now

OWN = lesson(
    "own",
    "code: x = 1",
    "code: x\nask: {question: What?, value: x}",
    "code: x + 1\nask: {question: What?, choices: [one, two], answer: 2}",
)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own.yaml").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_list_says_what_is_due_and_when_the_rest_is(work: Path) -> None:
    progress, now = Progress.open(), utc_now()
    reschedule(progress, "own", "s3", "again", now - timedelta(days=3))
    reschedule(progress, "own", "s2", "again", now - timedelta(hours=1))
    reschedule(progress, "elsewhere", "s2", "again", now - timedelta(days=3))
    done = command("review", "own.yaml", "--list")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n") == [
        "1 question due",
        "  own/s3  now           Step 3",
        "  own/s2  tomorrow      Step 2",
        "",
    ]
    found = json.loads(command("review", "own.yaml", "--list", "--json").stdout)["items"]
    assert [(each["step"], each["is_due"], each["title"]) for each in found] == [
        ("s3", True, "Step 3"),
        ("s2", False, "Step 2"),
    ]


def test_without_anything_due_it_says_when_something_is(work: Path) -> None:
    assert command("review", "own.yaml").stdout == (
        "nothing to review yet: finish a lesson with predictions or exercises\n"
    )
    progress = Progress.open()
    for step in ("s1", "s2", "s3"):
        progress.update("own", step, done=True, right=True)
    done = command("review", "own.yaml")
    assert (done.returncode, done.stdout) == (0, "nothing is due; the next is in 2 days\n"), "the lesson is finished"
    assert {step for step, saved in Progress.open().lessons["own"].items() if saved.card} == {"s2", "s3"}


def test_what_it_cannot_do_is_one_line(work: Path) -> None:
    for args, why in (
        (("own.yaml/s1",), "name a lesson, not one of its steps"),
        (("vmapp",), "did you mean vmap"),
        (("--json",), "--json prints a list: add --list"),
    ):
        done = command("review", *args)
        assert (done.returncode, done.stdout) == (2, "") and why in done.stderr and done.stderr.count("\n") == 1
