"""Disks are full, read-only, slow or far away, and files are something else: one line says so."""

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pty_tour import Tour, mounted
from table import Row

from jaxtour.course.progress import Progress

pytestmark = [pytest.mark.faults, pytest.mark.terminal]
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root mounts a disk")


def state_file(home: Path) -> Path:
    path = home / "state" / "jaxtour" / "progress.json"
    path.parent.mkdir(parents=True)
    return path


def settings_file(home: Path) -> Path:
    path = home / "config" / "jaxtour" / "settings.toml"
    path.parent.mkdir(parents=True)
    return path


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)


def loop(path: Path) -> None:
    path.with_name("other").symlink_to(path)
    path.symlink_to(path.with_name("other"))


def someone_elses(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)
    if os.getuid() == 0:
        os.chown(path, 65534, 65534)


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    # What replaces a file, and what the tour says about progress that is kept there.
    "NULs": (lambda path: path.write_bytes(bytes(4096)), "it is saved as"),
    "half of it": (lambda path: path.write_text('{"version": 2, "lessons": {"standing": {"lo'), "it is saved as"),
    "100 MB": (large, "it is larger than 64 MiB"),
    "a folder": (Path.mkdir, "cannot read progress"),
    "a loop of links": (loop, "cannot read progress"),
    "a pipe": (os.mkfifo, "cannot read progress"),
    "an endless device": (lambda path: path.symlink_to("/dev/zero"), "cannot read progress"),
    "a newer version": (lambda path: path.write_text('{"version": 99}'), "a newer jaxtour wrote the progress"),
    "someone else's": (someone_elses, "cannot read progress" if os.getuid() else "it is saved as"),
}


@pytest.mark.parametrize("kind", KINDS, ids="progress is {}".format)
def test_progress_is(tmp_path: Path, row: Row, kind: str) -> None:
    make, says = KINDS[kind]
    make(state_file(tmp_path))
    with Tour(tmp_path) as tour:
        tour.shown(row, says)
        tour.quit(row)


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "an endless device", "NULs", "100 MB"])
def test_settings_are(tmp_path: Path, row: Row, kind: str) -> None:
    KINDS[kind][0](settings_file(tmp_path))
    with Tour(tmp_path) as tour:
        tour.shown(row, "settings.toml")
        tour.quit(row)


@pytest.mark.parametrize("which", ["state", "config"])
def test_a_file_where_the_folder_should_be(tmp_path: Path, row: Row, which: str) -> None:
    (tmp_path / which).write_text("a file")
    with Tour(tmp_path) as tour:
        if which == "state":
            tour.shown(row, "progress")
        tour.look(row)
        tour.quit(row)


@as_root
@pytest.mark.parametrize("options", ["ro", "size=4k", "nr_inodes=1"], ids=["read-only", "full", "without inodes"])
def test_the_home_is(tmp_path: Path, row: Row, options: str) -> None:
    state = tmp_path / "state"
    prefix = mounted(state, options)
    if options.startswith("size"):
        # One page, which the lesson's progress does not share.
        prefix[4] = prefix[4].replace("&&", f"&& mkdir {state}/jaxtour && head -c 4096 /dev/zero > {state}/zeros &&", 1)
    with Tour(tmp_path, prefix=prefix) as tour:
        tour.shown(row, "cannot save progress")
        tour.look(row)
        tour.quit(row)


def test_no_file_may_grow(tmp_path: Path, row: Row) -> None:
    """No file may grow, as under `ulimit -f 0`."""
    with Tour(tmp_path, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))) as tour:
        tour.shown(row, "cannot save progress")
        tour.look(row)
        tour.quit(row)


def test_a_lock_that_nobody_gives_back(tmp_path: Path, row: Row) -> None:
    """Another jaxtour stops while it writes: the tour reports it, quits at once and writes if the lock is free."""
    lock = state_file(tmp_path).with_name("progress.json.lock")
    with lock.open("w") as held, Tour(tmp_path) as tour:
        fcntl.flock(held, fcntl.LOCK_EX)
        tour.shown(row, "another jaxtour holds its lock")
        tour.look(row)
        fcntl.flock(held, fcntl.LOCK_UN)
        tour.quit(row)
    assert Progress.open(lock.with_name("progress.json")).is_done("standing", "look")


SITE = """\
import errno, fcntl, os, sys, time
if sys.orig_argv[1:3] == ["-m", "jaxtour"]:
    flock, replace = fcntl.flock, os.replace
    def no_locks(descriptor, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    def stale(one, other):
        if not os.path.exists({flag!r}):
            open({flag!r}, "w").close()
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        replace(one, other)
    def hangs(*_):
        time.sleep(600)
    {patch}
"""
FAR: dict[str, tuple[str, str]] = {
    "no locks (ENOLCK)": ("fcntl.flock = no_locks", ""),
    "a stale handle (ESTALE)": ("os.replace = stale", "Stale file handle"),
    "a lock that hangs": ("fcntl.flock = hangs", ""),
    "a rename that hangs": ("os.replace = hangs", ""),
}


@pytest.mark.parametrize("name", FAR, ids="NFS: {}".format)
def test_a_disk_far_away(tmp_path: Path, row: Row, name: str) -> None:
    """A disk is far away, as over NFS: calls fail or never return, and the tour runs, and leaves within seconds."""
    patch, says = FAR[name]
    (tmp_path / "sitecustomize.py").write_text(SITE.format(flag=str(tmp_path / "flag"), patch=patch))
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    with Tour(tmp_path, env={"PYTHONPATH": path}) as tour:
        tour.until("It looks at a file.")
        if says:
            tour.shown(row, says)
        tour.look(row)
        tour.quit(row)
        if "hangs" in name:
            tour.shown(row, "progress is not saved")
    if "hangs" not in name:
        assert Progress.open(tmp_path / "state" / "jaxtour" / "progress.json").is_done("standing", "look")


KILLED = """\
import os, resource, signal, sys
from pathlib import Path
from jaxtour.course.progress import Progress

path = Path(sys.argv[1])
seen = set()

def save(before):
    if (child := os.fork()) == 0:
        before()
        Progress.open(path).update("a", "b", edit="new")
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = Progress.open(path)
    assert found.notice is None, found.notice
    edit = found.saved("a", "b").edit
    assert edit in ("old", "new"), edit
    assert (edit == "new") == (code == 0) or edit == "new", (edit, code)
    seen.add((edit, code))
    found.update("a", "b", edit="old")
    return code

def limited(size):
    def before():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return before

def struck(number):
    def before():
        left = [number]
        def audit(event, args):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(audit)
    return before

Progress.open(path).update("a", "b", edit="old")
size = 0
while save(limited(size)) != 0:
    size += 1
number = 1
while save(struck(number)) != 0:
    number += 1
assert {code for _, code in seen} == {0, -signal.SIGXFSZ, -signal.SIGKILL}, seen
print(size, number)
"""


def test_killed_at_any_byte_and_call_of_a_save(tmp_path: Path, row: Row) -> None:
    """A kill at any byte of the file, or at any call around it, leaves either the old or the new file."""
    path = tmp_path / "progress.json"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    size, calls = map(int, done.stdout.split())
    assert size == len(path.read_bytes())
    row.seen = f"old or new after each of {size} bytes and {calls} calls"


def test_killed_while_it_saves(tmp_path: Path, row: Row) -> None:
    """A tour killed by `kill -9` while keys come leaves progress that the next tour reads."""
    with Tour(tmp_path) as tour:
        tour.until("ready")
        tour.send("npnpnpnn")
        tour.until("It is the last step.")
        os.kill(tour.process.pid, signal.SIGKILL)
    path = tmp_path / "state" / "jaxtour" / "progress.json"
    assert not path.exists() or json.loads(path.read_text())["version"]
    with Tour(tmp_path) as tour:
        tour.until("ready")
        assert "saved as" not in tour.text
        row.seen = "opened again"
        tour.quit(row)
