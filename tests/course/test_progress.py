import errno
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from jaxtour.course import progress as module
from jaxtour.course.progress import Progress


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "state" / "jaxtour" / "progress.json"


def test_nothing_is_written_before_there_is_something(file):
    progress = Progress.open(file)
    assert progress.place is None and progress.notice is None
    assert not progress.is_done("a", "b") and progress.saved("a", "b").edit is None
    assert not file.parent.exists()


def test_everything_is_remembered(file):
    progress = Progress.open(file)
    progress.mark_done("vmap", "one")
    progress.set_place("vmap", "two")
    progress.update("vmap", "two", edit="x = 'é'\n")
    for seen in (progress, Progress.open(file)):
        assert seen.is_done("vmap", "one") and not seen.is_done("vmap", "two") and not seen.is_done("one", "vmap")
        assert seen.place == ("vmap", "two")
        assert seen.saved("vmap", "two").edit == "x = 'é'\n" and seen.saved("vmap", "one").edit is None
        assert seen.notice is None
    progress.update("vmap", "two", edit=None)
    assert Progress.open(file).saved("vmap", "two").edit is None


def test_the_file_is_versioned_private_and_alone(file):
    progress = Progress.open(file)
    progress.mark_done("vmap", "one")
    assert json.loads(file.read_text()) == {
        "version": 2,
        "place": None,
        "lessons": {"vmap": {"one": {"done": True}}},
    }
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in file.parent.iterdir()) == ["progress.json", "progress.json.lock"]


def test_the_state_directory_of_xdg_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    Progress.open().mark_done("a", "b")
    assert (tmp_path / "jaxtour" / "progress.json").exists()


def test_what_is_known_is_not_written_again(file):
    progress = Progress.open(file)
    progress.mark_done("a", "b")
    progress.set_place("a", "b")
    progress.update("a", "b", edit="x")
    before = file.stat().st_ino
    progress.mark_done("a", "b")
    progress.set_place("a", "b")
    progress.update("a", "b", edit="x")
    progress.flush()
    assert file.stat().st_ino == before


def test_half_a_surrogate_pair_does_no_harm(file):
    Progress.open(file).update("a", "b", answer="x = '\udc80'")
    assert Progress.open(file).saved("a", "b").answer == "x = '?'"


def test_two_programs_add_to_what_the_other_wrote(file):
    one, other = Progress.open(file), Progress.open(file)
    one.mark_done("a", "1")
    other.mark_done("a", "2")
    one.update("a", "1", edit="mine")
    other.set_place("a", "2")
    after = Progress.open(file)
    assert after.is_done("a", "1") and after.is_done("a", "2")
    assert (after.saved("a", "1").edit, after.place) == ("mine", ("a", "2"))
    assert other.is_done("a", "1") and other.saved("a", "1").edit == "mine"


WRITER = """
import sys
from pathlib import Path
from jaxtour.course import progress as module
module.LOCK_WAIT_S = 100.0  # the lock goes to whoever asks at the right moment
progress = module.Progress.open(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    progress.mark_done(f"lesson-{number % 3}", f"{sys.argv[2]}-{number}")
    progress.update("shared", f"{sys.argv[2]}-{number}", edit=f"code {number}")
assert progress.notice is None, progress.notice
"""


def test_several_processes_at_once_lose_nothing(file):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), name, "25"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b", "c")
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        assert (writer.communicate(timeout=150)[1], writer.returncode) == ("", 0)
    after = Progress.open(file)
    for name in ("a", "b", "c"):
        for number in range(25):
            assert after.is_done(f"lesson-{number % 3}", f"{name}-{number}")
            assert after.saved("shared", f"{name}-{number}").edit == f"code {number}"


def test_several_threads_at_once_lose_nothing(file, monkeypatch):
    monkeypatch.setattr("jaxtour.course.progress.LOCK_WAIT_S", 100.0)
    progress = Progress.open(file)
    threads = [
        threading.Thread(target=lambda name=name: [progress.mark_done(name, str(step)) for step in range(20)])
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = Progress.open(file)
    assert all(after.is_done(name, str(step)) for name in "abcd" for step in range(20))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\x00\xff\xfe",
        b"[]",
        b'{"version": 0}',
        b'{"version": "1"}',
        b'{"version": 1, "lessons": []}',
        b'{"version": 1, "place": ["a"]}',
        b"[" * 100_000,
        b'{"version": 1, "lessons": ' + b'{"a":' * 100_000,
        b'{"version": 1, "place": ["\\ud800", "b"]}',
    ],
    ids=lambda content: repr(content[:30]),
)
@pytest.mark.row("a torn state")
def test_a_file_that_makes_no_sense_is_set_aside(file, content):
    file.parent.mkdir(parents=True)
    file.with_name("progress.json.corrupt-1").write_bytes(b"older")
    file.write_bytes(content)
    progress = Progress.open(file)
    aside = file.with_name("progress.json.corrupt-2")
    assert aside.read_bytes() == content
    assert progress.notice and str(aside) in progress.notice and "\n" not in progress.notice
    assert progress.place is None
    progress.mark_done("a", "b")
    assert Progress.open(file).is_done("a", "b")
    assert file.with_name("progress.json.corrupt-1").read_bytes() == b"older"


def test_a_file_that_breaks_while_the_program_runs_is_set_aside_too(file):
    progress = Progress.open(file)
    progress.mark_done("a", "b")
    file.write_bytes(b"{")
    progress.mark_done("a", "c")
    assert progress.notice and "corrupt-1" in progress.notice
    assert Progress.open(file).is_done("a", "c")


def test_a_file_of_version_1_is_read_and_becomes_version_2(file):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b'{"version": 1, "place": ["a", "b"], "lessons": {"a": {"b": {"done": true, "edit": "x = 1"}}}}')
    progress = Progress.open(file)
    progress.update("a", "b", hints=2, answer="3")
    again = Progress.open(file)
    assert again.is_done("a", "b") and again.saved("a", "b").edit == "x = 1" and again.place == ("a", "b")
    assert (again.saved("a", "b").hints, again.saved("a", "b").answer) == (2, "3")
    assert json.loads(file.read_bytes())["version"] == 2


def test_the_file_of_a_newer_version_is_left_alone(file):
    file.parent.mkdir(parents=True)
    content = b'{"version": 3, "what": "ever"}'
    file.write_bytes(content)
    progress = Progress.open(file)
    assert progress.notice and "newer jaxtour" in progress.notice
    progress.mark_done("a", "b")
    progress.set_place("a", "b")
    assert progress.is_done("a", "b") and progress.place == ("a", "b")
    assert file.read_bytes() == content
    file.unlink()
    progress.mark_done("a", "c")
    assert not file.exists() and progress.is_done("a", "c"), "it is forgotten at the end, as was said"


def test_a_newer_version_that_comes_while_the_program_runs_is_left_alone_too(file):
    progress = Progress.open(file)
    progress.mark_done("a", "b")
    file.write_bytes(content := b'{"version": 3}')
    progress.mark_done("a", "c")
    assert progress.notice and "newer jaxtour" in progress.notice
    assert progress.is_done("a", "b") and progress.is_done("a", "c") and file.read_bytes() == content


def test_a_file_is_written_in_its_own_folder(file, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(file.parent / "not there"))
    Progress.open(file).mark_done("a", "b")
    assert Progress.open(file).is_done("a", "b"), "a folder elsewhere may be on another disk"


def test_what_did_not_get_to_the_disk_takes_the_place_of_nothing(file, monkeypatch):
    def fsync(_):
        raise OSError(errno.EIO, "Input/output error")

    progress = Progress.open(file)
    progress.mark_done("a", "b")
    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", fsync)
    progress.mark_done("a", "c")
    assert progress.notice == f"cannot save progress: Input/output error: {file}"
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == ["progress.json", "progress.json.lock"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "state").write_text("a file in the way")
    progress = Progress.open(tmp_path / "state" / "progress.json")
    progress.mark_done("a", "b")
    progress.update("a", "b", edit="x")
    assert progress.notice and progress.notice.startswith("cannot save progress: ")
    assert progress.is_done("a", "b") and progress.saved("a", "b").edit == "x"


def test_what_could_not_be_written_is_written_later(tmp_path):
    (tmp_path / "state").write_text("a file in the way")
    file = tmp_path / "state" / "progress.json"
    progress = Progress.open(file)
    progress.mark_done("a", "b")
    (tmp_path / "state").unlink()
    other = Progress.open(file)
    other.mark_done("x", "y")
    assert progress.notice
    progress.flush()
    assert progress.notice is None
    after = Progress.open(file)
    assert after.is_done("a", "b") and after.is_done("x", "y")


def test_a_file_that_could_not_be_read_at_first_is_read_with_the_next_change(file):
    file.mkdir(parents=True)
    progress = Progress.open(file)
    assert progress.notice == f"cannot read progress: Is a directory: {file}" and progress.place is None
    file.rmdir()
    Progress.open(file).set_place("x", "y")
    progress.mark_done("a", "b")
    assert progress.notice is None and progress.place == ("x", "y")


def test_a_file_that_was_set_aside_is_told_of_until_the_end_whatever_failed_before(tmp_path):
    (tmp_path / "state").write_text("a file in the way")
    file = tmp_path / "state" / "progress.json"
    progress = Progress.open(file)
    progress.mark_done("a", "b")
    assert progress.notice
    (tmp_path / "state").unlink()
    progress.flush()
    assert progress.notice is None
    file.write_bytes(b"{")
    progress.mark_done("a", "c")
    progress.mark_done("a", "d")
    assert progress.notice and "corrupt-1" in progress.notice


FULL_DISK = """
import resource, sys
from pathlib import Path
from jaxtour.course.progress import Progress
file = Path(sys.argv[1])
Progress.open(file).mark_done("a", "kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
progress = Progress.open(file)
assert progress.is_done("a", "kept") and progress.notice is None
progress.mark_done("a", "b")
progress.set_place("a", "b")
assert progress.is_done("a", "b") and progress.is_done("a", "kept") and progress.place == ("a", "b")
print(progress.notice)
"""


@pytest.mark.row("a full disk")
def test_a_full_disk_costs_a_notice_and_no_progress(file):
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(file)], capture_output=True, text=True, timeout=150)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"cannot save progress: File too large: {file}\n"
    after = Progress.open(file)
    assert after.is_done("a", "kept") and not after.is_done("a", "b")
    assert sorted(path.name for path in file.parent.iterdir()) == ["progress.json", "progress.json.lock"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.row("a state that may not be written")
def test_a_folder_that_may_not_be_written(file):
    Progress.open(file).mark_done("a", "b")
    file.parent.chmod(0o500)
    try:
        progress = Progress.open(file)
        assert progress.is_done("a", "b") and progress.notice is None
        progress.mark_done("a", "c")
        assert progress.notice and progress.is_done("a", "c")
    finally:
        file.parent.chmod(0o700)


def test_progress_in_memory_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "devnull", str(tmp_path / "null"))
    progress = Progress.in_memory()
    progress.mark_done("a", "b")
    progress.flush()
    assert progress.is_done("a", "b") and progress.notice is None and list(tmp_path.iterdir()) == []


def test_a_lock_that_nobody_gives_back_is_waited_for_once(file, monkeypatch):
    monkeypatch.setattr(module, "LOCK_WAIT_S", 0.05)
    progress = Progress.open(file)
    progress.mark_done("a", "b")
    with (file.parent / "progress.json.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        progress.mark_done("a", "c")
        assert progress.notice and "another jaxtour holds its lock" in progress.notice
        progress.mark_done("a", "d")
        assert progress.is_done("a", "c") and progress.is_done("a", "d")
    progress.flush()
    assert Progress.open(file).is_done("a", "c") and Progress.open(file).is_done("a", "d")


def test_a_file_system_without_locks_is_used_without(file, monkeypatch):
    def flock(*_):
        raise OSError(module.NO_LOCKS[0], "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    progress = Progress.open(file)
    progress.mark_done("a", "b")
    assert progress.notice is None and Progress.open(file).is_done("a", "b")


def test_without_a_lock_that_breaks_nothing_is_written(file, monkeypatch):
    def flock(*_):
        raise OSError(errno.EIO, "Input/output error")

    progress = Progress.open(file)
    monkeypatch.setattr(fcntl, "flock", flock)
    progress.mark_done("a", "b")
    assert progress.notice == f"cannot save progress: Input/output error: {file}"
    assert progress.is_done("a", "b") and not file.exists()


def test_a_link_stays_a_link(file, tmp_path):
    target = tmp_path / "dotfiles.json"
    target.write_text('{"version": 1}')
    file.parent.mkdir(parents=True)
    file.symlink_to(target)
    Progress.open(file).mark_done("a", "b")
    assert file.is_symlink() and "done" in target.read_text()
