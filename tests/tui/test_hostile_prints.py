"""Whatever a lesson, a program or a machine says, only visible characters are printed."""

import json
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
from fake_engine import FakeEngine, Script
from poison import EVENTS, FACTS, LESSONS, VOWELS, known
from tours import Given

from jaxtour import dispatch
from jaxtour.cli import main
from jaxtour.commands import check, common, lens, listing, run, time
from jaxtour.commands.launch import program
from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import CourseError, Lesson
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.text import UNCLEAN

HOSTILE = "x" + "".join(VOWELS.values()) + "x"
COLOUR = re.compile("\x1b\\[[\\d;]*m")
Capture = pytest.CaptureFixture[str]


def harmless(capsys: Capture) -> str:
    """Return the printed text, with only visible characters."""
    out, err = capsys.readouterr()
    for text in (out, err):
        assert not UNCLEAN.search(COLOUR.sub("", text)), ascii(UNCLEAN.findall(COLOUR.sub("", text)))
    return out + err


@pytest.fixture(params=[0, 1], ids=["tpu", "cpu"])
def worker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], None]:
    """A fake worker, and the hostile course."""

    def play(script: Script) -> None:
        monkeypatch.setattr(
            common, "session", lambda config, **_: Session(FakeEngine(script, facts=FACTS[request.param]), config)
        )

    catalogue = Catalogue(tuple(Given(lesson) for lesson in LESSONS))
    for module in (run, listing, check):
        if hasattr(module, "catalogue_for"):
            monkeypatch.setattr(module, "catalogue_for", lambda _: (catalogue, None))
        if hasattr(module, "lessons_for"):
            monkeypatch.setattr(module, "lessons_for", lambda _: list(LESSONS))
    play(EVENTS)
    return play


@pytest.mark.parametrize("colour", [False, True])
def test_a_lesson_is_run(worker: object, monkeypatch: pytest.MonkeyPatch, capsys: Capture, colour: bool) -> None:
    monkeypatch.setattr(run, "coloured", lambda: colour)
    assert run.run("all", WorkerConfig(), as_json=False, width=100) == 1
    assert "␛" in harmless(capsys)


@pytest.mark.parametrize(
    "command",
    [
        partial(run.run, "all", WorkerConfig(), as_json=True, width=100),
        partial(listing.list_lessons, None, as_json=True),
        partial(check.check, (), WorkerConfig(), as_json=True, jobs=1),
        partial(listing.devices, WorkerConfig(), as_json=True),
    ],
    ids=["run", "list", "check", "devices"],
)
def test_json_has_escapes_for_what_is_invisible(worker: object, capsys: Capture, command: Callable[[], int]) -> None:
    command()
    out, _ = capsys.readouterr()
    assert not UNCLEAN.search(out) and json.loads(out)


@pytest.mark.parametrize(
    "command",
    [
        partial(listing.list_lessons, None, as_json=False),
        partial(check.check, (), WorkerConfig(), as_json=False, jobs=1),
        partial(listing.devices, WorkerConfig(), as_json=False),
    ],
    ids=["list", "check", "devices"],
)
def test_lessons_are_listed_and_checked(
    worker: object, monkeypatch: pytest.MonkeyPatch, capsys: Capture, command: Callable[[], int]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    command()
    out, err = capsys.readouterr()
    assert set("␛␇") & set(out) and not UNCLEAN.search(out)
    assert not UNCLEAN.search(re.sub("\r\x1b\\[K", "", err))


def _lens(target: str, *, stage: str, as_json: bool) -> int:
    found = program(target, None, ())
    return lens.lens(lens.LensRequest(found, (), stage=stage, links=True), WorkerConfig(), as_json=as_json)


def _time(target: str, *, as_json: bool) -> int:
    asked = time.TimeRequest(program(target, None, ()), (), (), (), roofline=True)
    return time.time(asked, WorkerConfig(), as_json=as_json, width=100)


def one(lesson: Lesson, step: str) -> Lesson:
    """Return the lesson with one step, as a file."""
    steps = tuple(each for each in lesson.steps if each.id == step)
    return msgspec.structs.replace(lesson, steps=steps)


@pytest.mark.parametrize("step", ["many", "choose", "one", "forever"])
@pytest.mark.parametrize(
    "command",
    [
        *(partial(_lens, stage=stage, as_json=as_json)
          for stage in ("jaxpr", "stablehlo", "hlo") for as_json in (False, True)),
        *(partial(_time, as_json=as_json) for as_json in (False, True)),
    ],
)  # fmt: skip
def test_a_file_is_looked_into_and_timed(
    worker: object, monkeypatch: pytest.MonkeyPatch, capsys: Capture, command: Callable[[str], int], step: str
) -> None:
    for module in (lens, time):
        monkeypatch.setattr(module, "lesson_of", lambda *_: one(LESSONS[0], known(step)))
    command(f"{HOSTILE}.py")
    harmless(capsys)


FILES = {
    "bad.yaml": "format: 1\nid: [",
    "wrong.yaml": f'format: 1\nid: "x\\e{HOSTILE[3:]}"\ntitl\u202e: "a\\e"\n',
    "bad.py": "x = '\0'",
    "later.py": b"x = '\xff'",
}


@pytest.mark.parametrize(
    "words",
    [
        f"list {HOSTILE}", f"run {HOSTILE}", f"run ./{HOSTILE}.yaml", f"check ./{HOSTILE}", HOSTILE, f"./{HOSTILE}",
        f"--{HOSTILE}", f"run vmap --{HOSTILE}", f"run vmap --python ./{HOSTILE}", f"run vmap --python {HOSTILE}",
        f"run vmap --devices {HOSTILE}", f"snapshot vmap --theme {HOSTILE}", f"snapshot vmap --size {HOSTILE}",
        f"snapshot vmap -o {HOSTILE}/a.svg", f"snapshot vmap -o {HOSTILE}", f"lens {HOSTILE}.py",
        f"lens x.py::{HOSTILE}", f"list FOLDER/{HOSTILE}wrong.yaml --json",
        f"time FOLDER/good.py --sizes {HOSTILE}", f"explore {HOSTILE}.py", f"lens FOLDER/{HOSTILE}bad.py",
        f"lens FOLDER/{HOSTILE}later.py", f"list FOLDER/{HOSTILE}bad.yaml", f"list FOLDER/{HOSTILE}wrong.yaml",
        f"list FOLDER/{HOSTILE}", f"list vmap/{HOSTILE}", f"run vmap/{HOSTILE}",
        f"lens vmap --stage {HOSTILE}",
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_command_line_is_told(tmp_path: Path, capsys: Capture, words: str) -> None:
    for name, text in FILES.items():
        (tmp_path / f"{HOSTILE}{name}").write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "good.py").write_text("1")
    (tmp_path / HOSTILE).mkdir()
    args = [word.replace("FOLDER", str(tmp_path)) for word in words.split(" ")]
    with pytest.raises(SystemExit):
        main(args, prog_name="jaxtour")
    assert harmless(capsys)


def test_settings_progress_and_findings_are_complained_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    home = tmp_path / HOSTILE
    for name, text in (("settings.toml", f"{HOSTILE!r} = 1"), ("progress.json", "{")):
        (home / "jaxtour").mkdir(parents=True, exist_ok=True)
        (home / "jaxtour" / name).write_text(text.replace("'", '"'))
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    for args in (["list"], ["run", "nowhere"]):
        with pytest.raises(SystemExit):
            main(args, prog_name="jaxtour")
        assert "jaxtour: " in harmless(capsys)


def test_errors_of_groups_and_faults_of_the_program_are_told(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def action() -> int:
        raise ExceptionGroup(HOSTILE, [CourseError(HOSTILE)])

    with pytest.raises(SystemExit):
        dispatch.finish(action)
    harmless(capsys)
    with pytest.raises(SystemExit):
        main(["--version"], prog_name="jaxtour")
    sys.excepthook(ValueError, ValueError(HOSTILE), None)
    assert "ValueError: x␛" in harmless(capsys)
