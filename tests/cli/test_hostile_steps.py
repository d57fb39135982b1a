"""Commands report steps that end the worker, never end, or cannot run here, and the steps after them."""

import json
from pathlib import Path

import pytest
from inside import REAL, command, scripted
from shell import lesson

from jaxtour.engine.wire.messages import Executed, Failure, Text

FINE = "code: print('fine')\nexpect: {stdout: fine}"
FINE_ENGINE = scripted(
    {"print('fine')": (Text(run=0, stream="stdout", text="fine\n"), Executed(run=0, status="ok", seconds=0.1))}
)
ENDS = {
    "dies": ("code: |\n  import os\n  os._exit(3)", "died", "ended the worker", "(exit 3)"),
    "loops": ("code: |\n  while True: pass\ntimeout: 0.5", "timeout", "ran out of time", "longer than 0.5 s"),
    "stops": ("code: raise KeyboardInterrupt", "failed", "was interrupted", "interrupted"),
}


@pytest.fixture
def halting(tmp_path: Path) -> Path:
    """A folder with a lesson for each way in which a step fails to end; the failing step is the second."""
    for name, (code, *_) in ENDS.items():
        (tmp_path / f"{name}.yaml").write_text(lesson(name, FINE, code, FINE, FINE))
    return tmp_path


@pytest.mark.row("steps after some that do not end")
def test_steps_behind_one_that_does_not_end_run_without_it_and_say_so(halting: Path) -> None:
    run = command("run", str(halting), "--json", engine=REAL)
    documents = {document["lesson"]: document["steps"] for document in json.loads(run.stdout)}
    assert run.returncode == 1 and documents.keys() == ENDS.keys()
    for name, (_, status, _, _) in ENDS.items():
        steps = documents[name]
        assert [step["status"] for step in steps] == ["ok", status, "ok", "ok"], name
        assert [step.get("without") for step in steps] == [None, None, ["s2"], ["s2"]], name
        assert steps[3]["stdout"] == "fine\n"


def test_of_steps_behind_one_that_does_not_end_nothing_is_wrong(halting: Path) -> None:
    check = command("check", str(halting), "--json", engine=REAL)
    verdict = json.loads(check.stdout)
    assert check.returncode == 1 and set(verdict) == {"ok", "lessons", "steps", "seconds", "problems"}
    assert [Path(problem["file"]).stem for problem in verdict["problems"]] == sorted(ENDS)
    for problem in verdict["problems"]:
        assert set(problem) == {"file", "line", "column", "step", "message"}
        assert problem["step"] == "s2" and ENDS[Path(problem["file"]).stem][3] in problem["message"]


@pytest.mark.row("a step after one that ended the worker")
def test_a_step_runs_on_what_came_before_the_one_that_ended_the_worker(tmp_path: Path) -> None:
    path = tmp_path / "dies.yaml"
    path.write_text(lesson("dies", "code: kept = 1", ENDS["dies"][0], "code: kept + 1\nexpect: {value: '2'}"))
    done = command("run", f"{path}/s3", engine=REAL)
    assert (done.returncode, done.stdout.count("the worker died")) == (0, 0)
    assert "ran without s2, which ended the worker" in done.stdout
    check = command("check", str(path), engine=REAL)
    assert check.returncode == 1
    first, second, last = check.stdout.splitlines()
    assert "the worker died" in first and last.endswith("1 problem")
    assert second.endswith(": s3 ran without s2, which ended the worker")


def test_steps_that_cannot_run_here_are_told_and_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text(lesson("gates", FINE, "code: 1/0\nrequires: {platform: tpu}", FINE))
    check = command("check", str(path), engine=FINE_ENGINE)
    assert check.returncode == 0, check.stdout
    assert f"{path}:12: s2 skipped: needs a TPU; this worker has cpu\n" in check.stdout
    assert check.stdout.splitlines()[-1].startswith("1 lesson, 3 steps in ")
    assert check.stdout.endswith(": ok, 1 skipped\n")
    run = command("run", str(path), engine=FINE_ENGINE)
    assert run.returncode == 0 and "── skipped\nneeds a TPU" in run.stdout
    assert run.stdout.endswith("\n3 steps: 2 ok, 1 skipped (s2)\n")


@pytest.mark.row("escapes in an exception, printed")
def test_what_a_step_says_of_itself_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "raises.yaml"
    path.write_text(lesson("raises", "code: raises()"))
    raised = Failure(run=0, type="ValueError", bases=("ValueError",), message="\x1b[31mred\x1b]0;title\x07", line=1)
    engine = scripted({"raises()": (raised, Executed(run=0, status="error", seconds=0.1))})
    for name in ("run", "check"):
        done = command(name, str(path), engine=engine)
        assert done.returncode == 1 and "red" in done.stdout and not {"\x1b", "\x07"} & set(done.stdout)


def test_a_folder_runs_whatever_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "01-good.yaml").write_text(lesson("good", FINE))
    (tmp_path / "02-empty.yaml").write_text("")
    (tmp_path / "03-half.yaml").write_text(lesson("half", FINE, "cod: x", head="requires: {jax: new}\n"))
    run = command("run", str(tmp_path), engine=FINE_ENGINE)
    assert run.returncode == 1 and run.stdout.count("── output\nfine\n") == 2
    assert [line.partition(": ")[2].partition(":")[0] for line in run.stderr.splitlines()] == [
        str(tmp_path / "02-empty.yaml"),
        str(tmp_path / "03-half.yaml"),
    ]
    assert run.stdout.count("unknown key `cod`") == 1
    documents = json.loads(command("run", str(tmp_path), "--json", engine=FINE_ENGINE).stdout)
    assert [document["lesson"] for document in documents] == ["good", "empty", "half"]
    assert [len(document["steps"]) for document in documents] == [1, 0, 2]
    assert "problems" not in documents[0] and documents[1]["problems"][0]["line"] == 1


def test_broken_lessons_need_no_worker(tmp_path: Path) -> None:
    (tmp_path / "01-empty.yaml").write_text("")
    (tmp_path / "02-list.yaml").write_text("- 1\n")
    done = command("check", str(tmp_path), "--python", "/bin/false")
    assert done.returncode == 1 and done.stdout.count("\n") == 3
    assert done.stdout.splitlines()[1].startswith(f"{tmp_path}/02-list.yaml:1:1: a lesson must be a mapping")


def test_devices_that_an_earlier_step_needs_are_there_for_the_later_ones(tmp_path: Path) -> None:
    path = tmp_path / "spread.yaml"
    count = "code: |\n  import jax\n  jax.device_count()"
    first, last = (f'{count}\nexpect: {{value: "{number}"}}' for number in (1, 3))
    path.write_text(lesson("spread", first, f"{count}\nrequires: {{devices: 3}}", last))
    done = command("check", str(path), engine=REAL)
    assert done.returncode == 0, done.stdout
