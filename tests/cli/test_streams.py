"""Commands survive streams that are closed, full, or not in UTF-8, and invalid command lines."""

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from inside import command
from shell import COMMAND, jaxtour, lesson

JAXTOUR = shlex.join(COMMAND)
CLOSED = (">&-", "2>&-", "<&-", "<&- >&- 2>&-")


def shell(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", line], env=os.environ | env, capture_output=True, text=True, timeout=150)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(lesson("own", "code: print('grün')\nexpect: {stdout: grün}").replace("About own", "Übung"))
    return path


@pytest.mark.parametrize(
    "line",
    [
        *(f"list {closed}" for closed in CLOSED),
        "schema >&-",
        "--help >&-",
        "--version >&-",
        # Once each with a worker, because its pipes would get the free numbers.
        "run {} >&-",
        "run {} <&- >&- 2>&-",
        "check {} --json 2>&-",
        "check {} --json <&-",
    ],
)
def test_closed_streams_are_no_fault(own: Path, line: str) -> None:
    done = shell(f"{JAXTOUR} {line.format(own)}")
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (">&-" not in line.replace("2>&-", ""))


def test_a_full_disk_leaves_the_file_that_was_there(own: Path) -> None:
    kept = own.parent / "kept.md"
    kept.write_text("mine")
    kept.chmod(0o640)
    command = f"cd {own.parent} && ulimit -f {{}} && {JAXTOUR} export own.yaml --no-run -o {kept}"
    done = shell(command.format(0))
    assert done.stderr == f"jaxtour: {kept}: cannot be written: File too large\n"
    assert kept.read_text() == "mine" and sorted(own.parent.iterdir()) == [kept, own]
    assert shell(command.format("unlimited")).returncode == 0
    assert "Read." in kept.read_text() and kept.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("line", ["snapshot own.yaml", "diff own.yaml own.yaml"])
def test_no_place_for_temporary_files_is_one_line_with_the_remedy(own: Path, line: str) -> None:
    done = shell(f"cd {own.parent} && ulimit -f 0 && {JAXTOUR} {line}")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "no place takes temporary files: set TMPDIR to a folder with room" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.row
@pytest.mark.parametrize("line", ["list", "--help"], ids="stdout is full: {}".format)
def test_a_full_disk_is_one_line(line: str) -> None:
    done = shell(f"{JAXTOUR} {line} >/dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith("jaxtour: cannot write") and done.stderr.endswith("No space left on device\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.row
def test_a_reader_that_leaves_is_no_fault(own: Path) -> None:
    for line in ("schema", f"run {own}"):
        done = shell(f"set -o pipefail; {JAXTOUR} {line} | head -1")
        assert (done.returncode, done.stderr) == (0, "") and done.stdout.count("\n") == 1


def test_json_is_utf8_and_text_is_ascii_where_the_locale_knows_no_more(own: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = jaxtour("list", str(own), "--json", **plain, PYTHONIOENCODING="")
    assert json.loads(done.stdout)["lessons"][0]["title"] == "Übung"
    run = jaxtour("run", str(own), **plain, PYTHONIOENCODING="")
    shown = command("list", str(own), charset="ascii")
    for done in (run, shown):
        assert done.returncode == 0 and done.stdout.isascii() and "?bung" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("run",), "missing argument 'LESSON[/STEP] | PATH': see jaxtour run --help"),
        (("run", "vmap", "--jsno"), "no such option '--jsno'. Did you mean '--json'?"),
        (("--devices", "0"), "invalid value for '--devices': 0 is not in the range 1<=x<=64: see jaxtour --help"),
        (("chekc",), "unknown lesson or command 'chekc': did you mean jaxtour check?"),
        (("snapshot", "vmap", "--theme", "nope"), "unknown theme 'nope': use dark, light or ansi"),
        (("snapshot", "vmap", "-o", "/nope/a.svg"), "/nope/a.svg: the folder /nope does not exist: create it"),
        (("list", "vmap/jit"), "vmap/jit: name a lesson, not one of its steps"),
    ],
)
def test_a_command_line_that_is_not_understood_is_one_line(args: tuple[str, ...], message: str) -> None:
    done = command(*args)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"jaxtour: {message}\n")


@pytest.mark.row
@pytest.mark.parametrize("command", ["run", "check"], ids="Ctrl-C during {}".format)
def test_an_interrupt_leaves_with_130_and_no_process(tmp_path: Path, command: str) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    path = tmp_path / "long.yaml"
    path.write_text(
        lesson(
            "long", f"code: |\n  import os\n  open({str(started)!r}, 'w').write(str(os.getpid()))\n  while True: pass"
        )
    )
    process = subprocess.Popen(
        [*COMMAND, command, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    runner = int(started.read_text())
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=150)
    assert (process.returncode, said) == (130, "")
    with pytest.raises(ProcessLookupError):
        os.kill(runner, 0)


def test_help_lists_options_and_whole_sentences() -> None:
    text = command("--help").stdout
    assert "..." not in text.partition("Commands:")[2]
    assert all(line.strip() != "[LESSON[/STEP] | PATH]" for line in text.splitlines())
