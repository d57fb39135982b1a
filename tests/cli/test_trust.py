"""Lessons from elsewhere can be read right away, and run only when the user allows it."""

import json
from pathlib import Path

import pytest
from inside import Done, command, scripted
from shell import lesson

from jaxtour.course.catalogue import open_path
from jaxtour.course.trust import EVERYTHING, Trust, code_of

STEP = "setup: a = 1\ncode: 'a + 1'\ntrace: []\nask: {question: What?, value: 1 + 1}"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with nothing trusted."""
    monkeypatch.delenv(EVERYTHING)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(lesson("own", STEP))
    return path


NO_ENGINE = (
    ("run", "own.yaml"), ("run", "own.yaml", "--json"), ("check", "own.yaml"), ("check", "own.yaml", "--json"),
    ("snapshot", "own.yaml", "--run"), ("export", "own.yaml"), ("own.yaml",),
)  # fmt: skip


@pytest.mark.parametrize("words", NO_ENGINE, ids=" ".join)
def test_nothing_runs_before_it_is_trusted_and_one_line_says_so(file: Path, words: tuple[str, ...]) -> None:
    done = command(*words, cwd=file.parent)  # an engine would fail the test
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "jaxtour: own.yaml: it is not part of the course, so none of it runs: "
        "read it, then `jaxtour trust own.yaml`, or add --trust for once\n"
    )


def test_it_can_be_read(file: Path) -> None:
    done = command("list", "own.yaml", cwd=file.parent)
    assert done.returncode == 0 and "own" in done.stdout


def ran(file: Path, *words: str) -> Done:
    return command("check", file.name, *words, cwd=file.parent, engine=scripted({}))


@pytest.mark.row("a lesson that changed after it was trusted")
def test_for_once_for_good_and_no_more(file: Path) -> None:
    assert "none of it runs" not in ran(file, "--trust").stderr
    assert "none of it runs" in ran(file).stderr, "once is once"
    done = command("trust", "own.yaml", cwd=file.parent)
    assert (done.returncode, done.stderr) == (0, "") and "trusted as it is now (1 step, " in done.stdout
    assert "none of it runs" not in ran(file).stderr
    found = json.loads(command("trusted", "--json").stdout)
    assert [(each["file"], each["state"]) for each in found["files"]] == [(str(file), "as trusted")]
    file.write_text(file.read_text().replace("text: Read.", "text: Read this."))
    assert "none of it runs" not in ran(file).stderr, "words do not run"
    file.write_text(file.read_text().replace("a + 1", "a + 2"))
    assert "own.yaml: its code changed since you trusted it" in ran(file).stderr
    assert "changed since" in command("trusted").stdout
    shown = command("trust", str(file)).stdout
    assert "-a + 1\n" in shown and "+a + 2\n" in shown
    assert "none of it runs" not in ran(file).stderr
    assert command("untrust", str(file.parent)).stdout == f"{file}: no longer trusted\n"
    assert "it is not part of the course" in ran(file).stderr
    assert command("untrust", str(file)).returncode == 1
    assert "you trust no lessons from elsewhere" in command("trusted").stdout


@pytest.mark.parametrize("place", ["setup", "ask"])
def test_all_that_runs_counts(file: Path, place: str) -> None:
    command("trust", str(file))
    old = {"setup": "a = 1", "ask": "value: 1 + 1"}[place]
    file.write_text(file.read_text().replace(old, old.replace("1", "3", 1)))
    assert "its code changed" in ran(file).stderr


@pytest.mark.row("a link in place of a trusted lesson")
def test_a_copy_or_a_link_is_its_own_file(file: Path) -> None:
    command("trust", str(file))
    copy = file.with_name("copy.yaml")
    copy.write_bytes(file.read_bytes())
    assert "copy.yaml: it is not part of the course" in ran(copy).stderr
    link = file.with_name("link.yaml")
    link.symlink_to(file)
    assert "none of it runs" not in ran(link).stderr, "what it names is trusted"


def test_the_environment_trusts_for_ci(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EVERYTHING, "1")
    assert "none of it runs" not in ran(file).stderr


def test_the_course_and_the_users_own_python_run(file: Path) -> None:
    assert "none of it runs" not in command("check", "vmap", engine=scripted({})).stderr
    path = file.with_name("train.py")
    path.write_text("print(1)")
    assert "none of it runs" not in command("lens", str(path), engine=scripted({})).stderr


@pytest.mark.row("a lesson from outside its folder")
def test_a_folder_takes_nothing_from_outside(tmp_path: Path) -> None:
    inside, outside = tmp_path / "pack", tmp_path / "outside.yaml"
    inside.mkdir()
    outside.write_text(lesson("outside", "code: '1'"))
    (inside / "01-own.yaml").write_text(lesson("own", "code: '1'"))
    (inside / "02-link.yaml").symlink_to(outside)
    own, link = open_path(inside).entries
    assert own.lesson().steps and not link.lesson().steps
    assert f"this link leads out of its folder: name {outside} itself" in link.lesson().problems[0].message


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"version": 2, "files": {}}', b"\xff\xfe", b'{"version": 1, "files": 3}']
)
@pytest.mark.row("a torn record of trust")
def test_a_torn_record_trusts_nothing(file: Path, content: bytes) -> None:
    command("trust", str(file))
    Trust().path.write_bytes(content)
    assert "it is not part of the course" in ran(file).stderr
    assert command("trust", str(file)).returncode == 0
    assert "none of it runs" not in ran(file).stderr


def test_two_jaxtours_do_not_lose_each_others_answers(file: Path) -> None:
    other = file.with_name("other.yaml")
    other.write_text(lesson("other", "code: '2'"))
    first, second = Trust(), Trust()
    assert first.files() == second.files() == {}
    first.allow(open_path(file).entries[0].lesson(), keep=True)
    second.allow(open_path(other).entries[0].lesson(), keep=True)
    assert set(Trust().files()) == {str(file), str(other)}


def test_every_piece_of_code_is_in_what_is_trusted(tmp_path: Path) -> None:
    pieces = (
        "setup: p1\ntrace: [{call: p2()}, p3()]\ntime: [p4(), {call: p5()}]\nexpect: {stdout: p6}\n"
        "tries: [{label: x, old: p7, new: p8}]\n"
        "exercise: {starter: p9 p7, check: [{value: p10, equals: p11, given: [{x: p12}]}, {compiles: [p13()]}], "
        "solution: p14, others: [p15], wrong: [{code: p16, because: no}], hints: [h]}"
    )
    path = tmp_path / "all.yaml"
    path.write_text(lesson("all", pieces))
    found = open_path(path).entries[0].lesson()
    assert not found.problems
    assert [f"p{number}" for number in range(1, 17) if f"p{number}" not in code_of(found)] == []
