"""A guard is started behind a prefix, and its failure is explained. No network: `env` runs a command."""

import os
import stat
import sys
from pathlib import Path

import pytest

import jaxtour
from jaxtour.engine.guards.client import PREAMBLE, ProcessEngine
from jaxtour.engine.guards.connection import EngineError
from jaxtour.engine.guards.remote import archive, remote_command
from jaxtour.engine.wire.commands import Open, Ping
from jaxtour.engine.wire.messages import Hello, Pong
from jaxtour.worker.start_remote import digest

HELLO = b'{"event":"hello","proto":%d,"jaxtour":"9.9","python":"3","pid":1,"host":"far"}'


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / "cache" / "jaxtour"


def stub(tmp_path, text):
    """Return a prefix that is a script of the shell, which gets the command as its words."""
    script = tmp_path / "far"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(stat.S_IRWXU)
    return str(script)


async def hello_of(prefix, python=sys.executable):
    engine = ProcessEngine(remote_command(prefix, python))
    await engine.start()
    try:
        await engine.send(Ping(n=3))
        seen = []
        async for event in engine.events():
            seen.append(event)
            if event == Pong(n=3):
                break
    finally:
        await engine.close()
    assert isinstance(seen[0], Hello)
    return seen[0]


@pytest.mark.parametrize(
    ("prefix", "command"),
    [
        ("ssh -T tpu-vm", "ssh -o BatchMode=yes -T tpu-vm sh"),
        ("docker exec -i box", "docker exec -i box sh"),
        ("kubectl exec -i pod --", "kubectl exec -i pod -- sh"),
        ("srun -w node7", "srun -w node7 sh"),
        ("gcloud compute tpus tpu-vm ssh v --command={}", "gcloud compute tpus tpu-vm ssh v --command=sh"),
        ("ssh -T a 'ssh -T b {}'", "ssh -o BatchMode=yes -T a|ssh -T b sh"),
    ],
)
def test_the_command_is_one_word_for_every_kind_of_prefix(prefix, command):
    *words, last = command.partition("|")[::2] if "|" in command else (command, "")
    assert remote_command(prefix).command == (*words[0].split(), *([last] if last else []))


@pytest.mark.parametrize("prefix", ["", "  ", "ssh 'tpu"])
def test_a_prefix_that_is_none_is_refused_in_one_line(prefix):
    with pytest.raises(EngineError, match="--worker"):
        remote_command(prefix)


async def test_the_files_are_sent_once_and_checked_each_time(cache):
    wanted, _ = archive()
    for _ in range(2):
        hello = await hello_of("env")
        assert (hello.jaxtour, hello.host) == (jaxtour.__version__, os.uname().nodename)
        assert [entry.name for entry in cache.iterdir()] == [wanted]
    damaged = cache / wanted / "worker" / "frames.py"
    damaged.write_text("raise SystemExit('damaged')")
    await hello_of("env")
    assert "damaged" not in damaged.read_text()


async def test_a_home_without_room_for_them_gets_them_for_this_time_only(tmp_path, cache):
    (tmp_path / "cache").write_text("not a folder")
    await hello_of("env")
    assert not list(tmp_path.glob("jaxtour-*"))


async def test_files_that_others_may_write_are_not_used(cache):
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    await hello_of("env")
    assert not list(cache.iterdir())


@pytest.mark.row("noise of a login shell on another machine")
async def test_noise_of_a_login_shell_is_skipped(tmp_path, cache):
    await hello_of(stub(tmp_path, 'echo "Welcome!"; echo more >&2; exec "$@"'))


async def test_a_folder_of_an_environment_and_odd_names_are_a_python(tmp_path, cache, monkeypatch):
    odd = tmp_path / "it's $HOME" / "bin"
    odd.mkdir(parents=True)
    (odd / "python").symlink_to(sys.executable)
    monkeypatch.setenv("HOME", str(tmp_path))
    for named in (str(odd.parent), str(odd / "python"), "~/it's $HOME"):
        await hello_of("env", named)


@pytest.mark.parametrize(
    ("script", "named", "says"),
    [
        ("exit 3", None, "it said nothing"),
        ("echo Forbidden; exit 1", None, "it said 'Forbidden'"),
        ("sleep 0.1; echo 'Host key verification failed.' >&2; exit 255", None, "Host key.*connect once by hand"),
        ("echo 'u@h: Permission denied (publickey).' >&2; echo bye >&2; exit 255", None, "denied.*ssh-add"),
        ('exec "$@"', "/no/python", "/no/python: not found.*--python"),
        ('exec "$@"', "{old}", r"Python 3\.8 \(/old\) is too old.*name another one there by --python"),
        ("cat > /dev/null", None, "no answer"),
    ],
)
@pytest.mark.row("what does not start on another machine")
async def test_what_does_not_start_is_told_in_one_line(tmp_path, cache, monkeypatch, script, named, says):
    monkeypatch.setattr("jaxtour.engine.guards.client.REMOTE_HELLO_S", 0.5 if says == "no answer" else 20)
    if named == "{old}":
        named = stub(tmp_path, 'echo "Python 3.8 (/old) is too old; jaxtour needs 3.11 or newer" >&2; exit 1')
        script, tmp_path = 'exec "$@"', tmp_path / "more"
        tmp_path.mkdir()
    engine = ProcessEngine(remote_command(stub(tmp_path, script), named))
    with pytest.raises(EngineError, match=f"the worker did not start: .*{says}") as error:
        await engine.start()
    assert "\n" not in str(error.value)


async def test_a_terminal_there_is_refused(tmp_path, cache):
    prefix = stub(tmp_path, f"exec {sys.executable} -c \"import pty; pty.spawn(['sh'])\"")
    with pytest.raises(EngineError, match="leave out -t"):
        await ProcessEngine(remote_command(prefix, sys.executable)).start()


@pytest.mark.row("another version on another machine")
async def test_another_version_is_named_with_ours(tmp_path):
    frame = HELLO % 99
    (tmp_path / "frames").write_bytes(PREAMBLE + len(frame).to_bytes(4, "big") + frame)
    prefix = stub(tmp_path, f"cat {tmp_path}/frames")
    with pytest.raises(EngineError, match=rf"protocol 99 \(jaxtour 9\.9\).*jaxtour {jaxtour.__version__}"):
        await ProcessEngine(remote_command(prefix)).start()


async def test_a_python_there_is_the_one_of_the_runner(cache):
    engine = ProcessEngine(remote_command("env", sys.executable))
    await engine.start()
    await engine.send(Open())
    async for event in engine.events():
        if getattr(event, "state", "") in ("importing jax", "dead"):
            break
    await engine.close()
    assert event.state == "importing jax"


def test_both_ends_compute_the_same_digest():
    worker = Path(jaxtour.__file__).parent / "worker"
    files = {f"worker/{path.relative_to(worker)}": path.read_text("utf-8") for path in worker.rglob("*.py")}
    files["__init__.py"] = f'__version__ = "{jaxtour.__version__}"\n'
    assert digest(files) == archive()[0]
