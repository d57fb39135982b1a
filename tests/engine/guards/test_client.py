"""The guard's process is reached, spoken to, and missed without an exception."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jaxtour.engine.guards.client as client
from jaxtour.engine.guards.client import GarbledError, ProcessEngine, decode, encode, worker_command
from jaxtour.engine.session import EngineError
from jaxtour.engine.wire.commands import (
    Cell,
    Close,
    Interrupt,
    Open,
    Ping,
    Restart,
    Run,
    TimeCall,
    TraceCall,
)
from jaxtour.engine.wire.messages import (
    FRAME_CAP,
    Died,
    Done,
    Hello,
    Log,
    Pong,
    State,
    Text,
)
from jaxtour.text import harmless

FAULTY = Path(__file__).parents[2] / "worker" / "faulty_runner.py"
HELLO = b'{"event":"hello","proto":2,"jaxtour":"9","python":"3","pid":1,"host":"h","mood":"fine"}'


def framed(*bodies):
    return b"".join(len(body).to_bytes(4, "big") + body for body in bodies)


def scripted(tmp_path, output, then="sys.stdin.buffer.read()"):
    """Return a guard that writes these bytes, then does something else."""
    script = tmp_path / "guard.py"
    script.write_text(f"import os, sys, signal\nos.write(1, {output!r})\n{then}\n")
    return ProcessEngine([sys.executable, "-I", str(script)])


def greeting(*bodies):
    return client.PREAMBLE + framed(HELLO, *bodies)


@pytest.fixture
async def engine(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a killed guard leaves its runner's directory behind
    engine = ProcessEngine([*worker_command(), "--runner", str(FAULTY)])
    await engine.start()
    yield engine
    await engine.close()


async def until(events, reached):
    seen = []
    async with asyncio.timeout(150):
        async for event in events:
            seen.append(event)
            if reached(event):
                return seen
    raise AssertionError(f"ended before that: {seen}")


async def everything(engine):
    async with asyncio.timeout(150):
        return [event async for event in engine.events()]


async def test_a_run_from_start_to_done(engine):
    events = engine.events()
    await engine.send(Open())
    await engine.send(Run(run=1, cell=Cell(name="a/b", code="print('µ')\n1 + 1")))
    seen = await until(events, lambda event: isinstance(event, Done))
    assert isinstance(seen[0], Hello)
    assert harmless(Text(run=1, stream="stdout", text="µ\n")) in seen
    assert seen[-1].status == "ok"
    await engine.send(Ping(n=4))
    assert Pong(n=4) in await until(events, lambda event: isinstance(event, Pong))


async def test_code_with_lone_surrogates_can_be_sent(engine):
    await engine.send(Open())
    await engine.send(Run(run=1, cell=Cell(name="a/b", code="print('\ud800')")))
    seen = await until(engine.events(), lambda event: isinstance(event, Done))
    assert harmless(Text(run=1, stream="stdout", text="?\n")) in seen


@pytest.mark.row("code that is too long to send")
async def test_what_is_too_long_is_refused_here(engine):
    with pytest.raises(EngineError, match="too long"):
        await engine.send(Run(run=1, cell=Cell(name="a/b", code="x" * FRAME_CAP)))
    await engine.send(Ping())
    await until(engine.events(), lambda event: isinstance(event, Pong))


@pytest.mark.row("the guard is killed, as its engine sees it")
async def test_a_killed_guard_is_told_and_can_be_started_again(engine):
    events = engine.events()
    await engine.send(Open())
    await engine.send(Run(run=6, cell=Cell(name="a/b", code="1 + 1")))
    await until(events, lambda event: isinstance(event, Done))
    await engine.send(Run(run=7, cell=Cell(name="a/b", code="print('started')\nwhile True: pass")))
    await until(events, lambda event: isinstance(event, Text))
    assert engine._process is not None
    os.kill(engine._process.pid, signal.SIGKILL)
    async with asyncio.timeout(150):
        rest = [event async for event in events]
    done, died, state = rest[-3:]
    assert [(each.run, each.status, each.dirty) for each in rest if isinstance(each, Done)] == [(7, "died", True)]
    assert isinstance(done, Done)
    assert isinstance(died, Died)
    assert died.code == -signal.SIGKILL
    assert isinstance(state, State)
    assert state.state == "dead" and state.detail.endswith("the worker's guard ended; restart it to continue")
    with pytest.raises(EngineError, match="not running"):
        await engine.send(Ping())
    await engine.send(Close())
    await engine.start()
    await engine.send(Ping(n=1))
    await until(engine.events(), lambda event: event == Pong(n=1))


async def test_close_ends_everything_and_may_be_called_again(engine):
    await engine.send(Open())
    events = engine.events()
    hello = (await until(events, lambda event: event == State(state="ready")))[0]
    closing = asyncio.create_task(engine.close())
    async with asyncio.timeout(150):
        assert [event async for event in events] == []
    await closing
    await engine.close()
    assert not Path(f"/proc/{hello.pid}").exists()


async def test_close_before_start_does_nothing():
    engine = ProcessEngine()
    await engine.close()
    assert await everything(engine) == []


@pytest.mark.row("a guard that does not leave")
async def test_a_guard_that_does_not_leave_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "LEAVE_S", 0.1)
    engine = scripted(
        tmp_path, greeting(), then="signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()"
    )
    await engine.start()
    async with asyncio.timeout(150):
        await engine.close()


@pytest.mark.row("noise before the first frame")
async def test_noise_before_the_preamble_is_skipped(tmp_path):
    engine = scripted(tmp_path, b"Welcome to Ubuntu!\n" * 50 + greeting())
    await engine.start()
    await engine.close()


@pytest.mark.parametrize(
    ("output", "then", "says"),
    [
        (b"bash: jaxtour: command not found\n", "", "command not found"),
        (b"", "sys.exit('Traceback\\nNo module named x')", "it said nothing.*No module named x"),
        (b"x" * 100_000, "sys.stdin.read()", "it said 'xxx"),
        (client.PREAMBLE, "", "exited immediately"),
        (client.PREAMBLE + framed(b'{"event":"pong"}'), "", "not a hello"),
        (client.PREAMBLE + framed(HELLO.replace(b'"proto":2', b'"proto":1')), "", "it speaks protocol 1"),
        (client.PREAMBLE + b"\xff\xff\xff\xff", "", "4 294 967 295 bytes"),
        (b"", "sys.stdin.read()", "no answer"),
    ],
    ids=["no command", "a traceback", "endless noise", "no frame", "no hello", "other version", "no length", "silence"],
)
@pytest.mark.row("a guard that does not greet")
async def test_a_guard_that_does_not_greet_is_told_in_one_line(tmp_path, monkeypatch, output, then, says):
    monkeypatch.setattr(client, "HELLO_S", 0.5 if says == "no answer" else 10)
    engine = scripted(tmp_path, output, then)
    with pytest.raises(EngineError, match=says) as error:
        await engine.start()
    assert "\n" not in str(error.value)
    await engine.close()


async def test_a_command_that_cannot_be_run_is_named():
    with pytest.raises(EngineError, match="cannot start the worker with /no/such: No such file"):
        await ProcessEngine(["/no/such"]).start()


@pytest.mark.parametrize(
    ("garbage", "says"),
    [
        (b"\xff\xff\xff\xff", "4 294 967 295 bytes"),
        (framed(b"{"), "invalid JSON"),
        (framed(b'{"event":"log","mood":' + b"[" * 100_000), "invalid JSON"),
        (framed(b'{"event":"log","text":"\\ud800"}'), "invalid JSON"),
        (framed(b'{"event":"pong","n":NaN}'), "invalid JSON"),
        (b"\0\0", "guard ended"),
    ],
    ids=["no length", "no JSON", "deep", "lone surrogate", "NaN", "cut"],
)
@pytest.mark.row("garbage from the guard")
async def test_garbage_ends_the_events_without_an_exception(tmp_path, garbage, says):
    engine = scripted(tmp_path, greeting() + garbage, then="os.close(1)\nsys.stdin.buffer.read()")
    await engine.start()
    hello, died, state = await everything(engine)
    assert isinstance(hello, Hello)
    assert says in died.reason
    assert (state.state, says in state.detail) == ("dead", True)
    await engine.close()


@pytest.mark.row("events that make no sense")
async def test_unknown_events_are_ignored_and_wrong_ones_left_out(tmp_path):
    events = (b'{"event":"dance"}', b"{}", b'{"event":"pong","n":"x"}', b'{"event":"pong","n":2,"loud":true}')
    engine = scripted(tmp_path, greeting(*events))
    await engine.start()
    seen = await until(engine.events(), lambda event: isinstance(event, Pong))
    assert isinstance(seen[1], Log)
    assert "invalid event" in seen[1].text
    assert seen[2:] == [Pong(n=2)]
    await engine.close()


async def test_frames_up_to_the_cap_pass_one_after_the_other(tmp_path):
    head, tail = b'{"event":"stage","run":1,"index":0,"stage":"hlo","text":"', b'"}'
    frame = framed(head + b"x" * (FRAME_CAP - len(head) - len(tail)) + tail)
    frames = tmp_path / "frames"
    frames.write_bytes(greeting() + frame * 3 + framed(b'{"event":"pong","n":2}'))
    engine = scripted(
        tmp_path, b"", then=f"sys.stdout.buffer.write(open({str(frames)!r}, 'rb').read())\nsys.stdout.flush()\n"
        "sys.stdin.buffer.read()",
    )  # fmt: skip
    await engine.start()
    seen = await until(engine.events(), lambda event: isinstance(event, Pong))
    assert [len(event.text) for event in seen[1:-1]] == [FRAME_CAP - len(head) - len(tail)] * 3
    await engine.close()


async def test_its_last_words_are_kept(tmp_path):
    engine = scripted(tmp_path, greeting(), then="sys.exit('x' * 100_000 + '\\nMemoryError')")
    await engine.start()
    _, died, state = await everything(engine)
    assert died.code == 1
    assert died.stderr.endswith("MemoryError")
    assert len(died.stderr) <= client.STDERR_CAP
    assert "(MemoryError)" in state.detail
    await engine.close()


COMMANDS = [
    Open(python="/p", platform="cpu", devices=8),
    Run(
        run=1,
        cell=Cell(name="a/b", code="é", traces=(TraceCall(label="l", call="f(x)"),)),
        replay=(Cell(name="a/a"),),
        time=(TimeCall(label="l", call="f(x)"),),
        timeout_s=1.5,
    ),
    Run(run=2),
    Interrupt(),
    Restart(),
    Ping(n=3),
    Close(),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_what_the_guard_reads(command):
    from jaxtour.worker.frames import FrameDecoder

    (read,) = FrameDecoder().feed(encode(command))
    assert msgspec.convert(read, type(command)) == command


@given(st.binary())
@pytest.mark.row("random bytes as events")
def test_any_bytes_are_an_event_nothing_or_garbled(body):
    try:
        decode(body)
    except GarbledError as error:
        assert "\n" not in str(error)


def test_the_worker_is_not_imported():
    code = (
        "import sys, jaxtour.engine.guards.client\n"
        "print([m for m in sys.modules if m.startswith(('jaxtour.worker', 'jax.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=150)
    assert done.stdout == "[]\n"
    assert Path(worker_command()[-1]).is_file()
