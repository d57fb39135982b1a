"""Ctrl-C ends a command at any moment: exit code 130, an empty stderr, no process left."""

import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from shell import COMMAND, lesson

HOOK = """\
import os, signal, sys

def strike(count=int(os.environ.get("STRIKES", "1"))):
    for _ in range(count):
        os.kill(os.getpid(), signal.SIGINT)

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ.get("AT_IMPORT"):
            sys.meta_path.remove(self)
            strike()

def audit(event, args):
    if event == os.environ.get("AT_EVENT") and "jaxtour.entry" in sys.modules and not struck:
        struck.append(event)
        strike()

struck = []
if sys.orig_argv[1:3] == ["-m", "jaxtour"]:
    sys.meta_path.insert(0, Finder())
    sys.addaudithook(audit)
"""
IMPORTS = [
    "click", "jaxtour.cli", "jaxtour.dispatch", "jaxtour.commands.common", "jaxtour.commands.run", "msgspec", "yaml",
    "asyncio", "jaxtour.engine.session", "jaxtour.engine.guards.client", "jaxtour.engine.headless", "jaxtour.settings",
    "platformdirs", "jaxtour.course.loader", "jaxtour.render.text.plain",
]  # fmt: skip
LATE = ["jaxtour.cli", "jaxtour.engine.guards.client", "jaxtour.render.text.plain"]
"""The commands at which a SIGINT that was ignored at the start is handled too."""
IGNORED = pytest.mark.parametrize("ignored", [False, True], ids=["heard", "ignored"])


def marked(marker: str) -> list[int]:
    """Return the processes that have the marker in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


class Running:
    """`jaxtour` as a process; it and all its descendants carry a marker."""

    def __init__(self, folder: Path, *words: str, ignored: bool, **env: str) -> None:
        self.marker = f"JAXTOUR_TEST={uuid.uuid4()}"
        (folder / "sitecustomize.py").write_text(HOOK)
        env |= {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}
        env["JAXTOUR_TEST"] = self.marker.partition("=")[2]

        def before() -> None:
            signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.SIG_DFL)

        self.process = subprocess.Popen(
            [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | env, preexec_fn=before
        )

    def ended(self) -> None:
        """Assert that the process left as it should."""
        _, said = self.process.communicate(timeout=150)
        assert (self.process.returncode, said.decode()) == (130, "")
        deadline = time.monotonic() + 150
        while left := marked(self.marker):
            assert time.monotonic() < deadline, left
            os.sched_yield()


@pytest.fixture
def endless(tmp_path: Path) -> tuple[Path, Path]:
    """A lesson that never ends, and the pipe to which it reports its start."""
    started = tmp_path / "started"
    os.mkfifo(started)
    path = tmp_path / "long.yaml"
    code = f"code: |\n  open({str(started)!r}, 'w').close()\n  while True: pass"
    path.write_text(lesson("long", "code: 1 + 1", code))
    return path, started


@pytest.mark.parametrize(
    ("module", "ignored"), [*((each, False) for each in IMPORTS), *((each, True) for each in LATE)]
)
def test_while_the_program_is_imported(tmp_path: Path, endless: tuple[Path, Path], module: str, ignored: bool) -> None:
    Running(tmp_path, "run", str(endless[0]), ignored=ignored, AT_IMPORT=module).ended()


@IGNORED
@pytest.mark.parametrize("event", ["subprocess.Popen", "socket.__new__"])
@pytest.mark.parametrize("strikes", ["1", "2"])
def test_while_the_worker_is_started(
    tmp_path: Path, endless: tuple[Path, Path], event: str, ignored: bool, strikes: str
) -> None:
    Running(tmp_path, "run", str(endless[0]), ignored=ignored, AT_EVENT=event, STRIKES=strikes).ended()


@IGNORED
@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("strikes", [1, 2, 3])
def test_while_a_step_runs_and_while_all_is_put_away(
    tmp_path: Path, endless: tuple[Path, Path], command: str, ignored: bool, strikes: int
) -> None:
    path, started = endless
    running = Running(tmp_path, command, str(path), ignored=ignored)
    started.read_bytes()
    for _ in range(strikes):
        running.process.send_signal(signal.SIGINT)
    running.ended()


@pytest.mark.row
def test_in_the_background_of_a_shell(tmp_path: Path, endless: tuple[Path, Path]) -> None:
    path, started = endless
    line = f"{' '.join(COMMAND)} run {path} & echo $!; wait $!; exit $?"
    shell = subprocess.Popen(["sh", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert shell.stdout
    pid = int(shell.stdout.readline())
    started.read_bytes()
    os.kill(pid, signal.SIGINT)
    _, said = shell.communicate(timeout=150)
    assert (shell.returncode, said) == (130, "")


@pytest.mark.parametrize("words", [("list",), ("devices",), ("snapshot", "vmap"), ("schema",)], ids=" ".join)
def test_in_the_other_commands(tmp_path: Path, words: tuple[str, ...]) -> None:
    module = {"list": "jaxtour.commands.listing", "devices": "jaxtour.engine.headless", "snapshot": "textual.app"}
    (tmp_path / "temporary").mkdir()
    running = Running(
        tmp_path, *words, ignored=False, AT_IMPORT=module.get(words[0], "jaxtour.course.schema"),
        TMPDIR=str(tmp_path / "temporary"),
    )  # fmt: skip
    running.ended()
    assert not list((tmp_path / "temporary").iterdir())
