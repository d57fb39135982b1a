"""The guard as a process: starts it, exchanges frames with it, and reports its end."""

import asyncio
import contextlib
import functools
import os
import signal
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import msgspec

import jaxtour
from jaxtour.engine.guards.connection import EngineError
from jaxtour.engine.guards.own_modules import OwnModules
from jaxtour.engine.guards.pulse import Pulse
from jaxtour.engine.guards.remote import ASK, Pictures, Start, archive, remedy
from jaxtour.engine.guards.remote import HELLO_S as REMOTE_HELLO_S
from jaxtour.engine.wire.commands import Close, Command, Ping, Run, Suspend
from jaxtour.engine.wire.messages import (
    FRAME_CAP,
    PROTO,
    Died,
    Done,
    Event,
    Figure,
    Hello,
    Log,
    Pong,
    Stage,
    State,
    WireEvent,
)
from jaxtour.text import clean, grouped, harmless, plain_value

PREAMBLE = b"\njaxtour-frames-1\n"
NOISE_CAP = 64 * 1024
STDERR_CAP = 8 * 1024
HELLO_S = 30.0
LEAVE_S = 1.0
NOTHING = "it said nothing"

_LENGTH = struct.Struct(">I")
_KNOWN = frozenset(kind.__struct_config__.tag for kind in get_args(WireEvent))


class _Tagged(msgspec.Struct):
    event: str = ""


_tagged = msgspec.json.Decoder(_Tagged)


@functools.cache
def _events() -> msgspec.json.Decoder[WireEvent]:
    # Built for the first event: walking all types takes 2 ms, which the first frame need not wait for.
    return msgspec.json.Decoder(WireEvent)


class GarbledError(Exception):
    """The input is not a valid frame; the message says why."""


def worker_command() -> list[str]:
    """Return the command that starts the guard with our own Python, isolated from the user's settings and packages."""
    return [sys.executable, "-I", "-S", str(Path(jaxtour.__file__).parent / "worker" / "start_guard.py")]


class ProcessEngine:
    """A guard in a separate process, reached through pipes; with a `Start`, on another machine.

    If the guard dies or sends an invalid frame, `events` ends with a `Done` for every open run, a `Died`, and a `State`
    that says what happened. After that, `start` may be called again.
    """

    def __init__(self, worker_command: list[str] | Start | None = None) -> None:
        self._start = worker_command if isinstance(worker_command, Start) else None
        self._command = worker_command if isinstance(worker_command, list) else None
        self._process: asyncio.subprocess.Process | None = None
        self._hello: Hello | None = None
        self._stderr = bytearray()
        self._tasks: list[asyncio.Task[None]] = []
        self._pulse: Pulse | None = None
        """The pulse of a link to another machine."""
        self._lost = ""
        """Why that link is lost, once its other end has fallen silent."""
        self._modules = OwnModules()
        """The user's modules that it was sent."""
        self._pictures = Pictures()
        self._open_runs: list[int] = []
        self._closing = False

    async def start(self) -> None:
        """Start the guard and wait for its first frame; raises `EngineError` if none comes."""
        await self.close()
        self._closing = False
        self._stderr.clear()
        self._open_runs.clear()
        self._lost, self._modules, self._hello = "", OwnModules(), None
        command = self._start.command if self._start else self._command or worker_command()
        pipe = asyncio.subprocess.PIPE
        # Without its own terminal, ssh would open a window to ask for a password.
        env = {**os.environ, "SSH_ASKPASS_REQUIRE": "never"} if self._start else None
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, env=env
            )
        except OSError as error:
            raise EngineError(f"cannot start the worker with {command[0]}: {error.strerror or error}") from error
        self._tasks = [asyncio.create_task(self._keep_stderr(process), name="worker stderr")]
        try:
            async with asyncio.timeout(REMOTE_HELLO_S if self._start else HELLO_S):
                self._hello = await self._greet(process)
        except (TimeoutError, GarbledError) as error:
            # Its stderr is complete only once the process has ended.
            await self.close()
            said = self._one_line(f"the worker did not start: {str(error) or 'no answer'}")
            raise EngineError(said) from None
        except BaseException:
            await self.close()
            raise
        if self._start:
            self._stderr.clear()  # the remote shell's greeting does not explain an end
            self._pulse = Pulse(functools.partial(self._ping, process), functools.partial(self._give_up, process))
            self._tasks.append(asyncio.create_task(self._pulse.beat(), name="worker pulse"))

    async def send(self, command: Command) -> None:
        """Send one command; raises `EngineError` if it is too long or the guard is gone."""
        frame = encode(command)
        if self._start and isinstance(command, Run):
            frame = b"".join([*map(encode, self._modules.of(command)), frame])
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None or self._hello is None:
            if isinstance(command, Close):
                return
            raise EngineError("the worker is not running")
        if isinstance(command, Run):
            self._open_runs.append(command.run)
        self._count(frame)
        try:
            process.stdin.write(frame)
            await process.stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise EngineError("the worker is gone") from error

    async def events(self) -> AsyncIterator[Event]:
        """Yield every event until the guard is gone or `close` is called; for one reader at a time."""
        process, hello = self._process, self._hello
        if process is None or hello is None:
            return
        yield hello
        reason = f"the connection to {hello.host} ended" if self._start else "the worker's guard ended"
        stdout, pulse = process.stdout, self._pulse
        assert stdout is not None
        read = (lambda count: pulse.read(stdout, count)) if pulse else stdout.readexactly
        try:
            while True:
                event = decode(await _read_frame(read))
                if event is None:
                    continue
                if pulse and isinstance(event, Pong) and event.n < 0:
                    pulse.answered(event.n)
                    continue
                if pulse and isinstance(event, Figure):
                    event = self._pictures.here(event, hello.host)
                if isinstance(event, Done):
                    self._open_runs = [run for run in self._open_runs if run != event.run]
                yield event
        except asyncio.IncompleteReadError:
            pass
        except GarbledError as error:
            reason = f"the worker's guard sent an invalid message: {error}"
        if self._closing or process is not self._process:
            return
        await self._end(process)
        code, reason = process.returncode, self._lost or reason
        open_runs, self._open_runs = self._open_runs, []
        for run in open_runs:
            # A lost connection is not the fault of the code that ran.
            yield Done(run=run, status="interrupted" if self._start else "died", dirty=True, reason=reason)
        yield Died(code=code, reason=reason, stderr=self._last_words())
        remedied = reason if self._start else f"{reason}; restart it to continue"
        yield State(state="dead", detail=self._lost or self._one_line(remedied))

    async def close(self) -> None:
        """End the guard and everything it started; may be called at any time, and again."""
        self._closing = True
        process, self._process = self._process, None
        if process is not None:
            await self._end(process)
        self._pictures.close()

    def suspend(self) -> None:
        """Tell a guard on another machine, at once, that this process is about to stop for a while."""
        process = self._process
        if self._start and process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(encode(Suspend()))

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Let the guard exit, or kill it; the runner dies with it."""
        try:
            if process.stdin is not None:
                process.stdin.close()
            async with asyncio.timeout(LEAVE_S):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            _kill(process)
        await process.wait()
        tasks, self._tasks, self._pulse = self._tasks, [], None
        if tasks:
            await asyncio.wait(tasks[:1], timeout=LEAVE_S)
            for task in tasks:
                task.cancel()

    def _ping(self, process: asyncio.subprocess.Process, number: int) -> None:
        """Send a ping, unless the pipe is full."""
        stdin = process.stdin
        if stdin is not None and not stdin.is_closing() and not stdin.transport.get_write_buffer_size():
            frame = encode(Ping(n=number))
            self._count(frame)
            stdin.write(frame)

    def _count(self, data: bytes) -> None:
        if self._pulse:
            self._pulse.sent += len(data)

    def _give_up(self, process: asyncio.subprocess.Process, silent_s: float) -> None:
        """Close a connection that has gone silent."""
        host = self._hello.host if self._hello else "the other machine"
        self._lost = f"the connection to {host} is lost: it was silent for {silent_s:.0f} s"
        _kill(process)

    async def _greet(self, process: asyncio.subprocess.Process) -> Hello:
        """Skip what a login shell may have printed before the preamble, and read the first frame."""
        noise = bytearray()
        assert process.stdout is not None and process.stdin is not None
        if self._start:
            process.stdin.write(await asyncio.to_thread(lambda start: start.line, self._start))
        while not noise.endswith(PREAMBLE):
            byte = await process.stdout.read(1)
            noise += byte
            if self._start and noise.endswith(ASK):
                process.stdin.write(archive()[1])
            if not byte or len(noise) > NOISE_CAP:
                said = clean(noise.decode("utf-8", "replace").strip())
                raise GarbledError(f"it said {said[-200:]!r}" if said else NOTHING)
        try:
            hello = decode(await _read_frame(process.stdout.readexactly))
        except asyncio.IncompleteReadError as error:
            raise GarbledError("it exited immediately") from error
        if not isinstance(hello, Hello):
            raise GarbledError("its first message is not a hello")
        if hello.proto != PROTO:
            own = f"this is protocol {PROTO} (jaxtour {jaxtour.__version__})"
            raise GarbledError(f"it speaks protocol {hello.proto} (jaxtour {hello.jaxtour}); {own}")
        return hello

    async def _keep_stderr(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while data := await process.stderr.read(4096):
            self._stderr += data
            del self._stderr[:-STDERR_CAP]

    def _last_words(self) -> str:
        return clean(self._stderr.decode("utf-8", "replace").strip())

    def _one_line(self, text: str) -> str:
        """Return the text with the most telling line of stderr, and its remedy."""
        said, helps = remedy(self._last_words())
        if not self._start:
            helps, said = "", self._last_words().rpartition("\n")[2].strip()
        elif said and text.endswith(NOTHING):
            text, said = text.removesuffix(NOTHING) + said, ""
        return f"{text}{f' ({said})' if said else ''}{f': {helps}' if helps else ''}"


async def _read_frame(read: Callable[[int], Awaitable[bytes]]) -> bytes:
    (length,) = _LENGTH.unpack(await read(_LENGTH.size))
    if length > FRAME_CAP:
        raise GarbledError(f"a frame of {grouped(length)} bytes")
    return await read(length)


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a process with its group: gcloud, for one, starts ssh as a child."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def decode(body: bytes) -> Event | None:
    """Return the event in a frame; None for an unknown event.

    Raises `GarbledError` for anything else.
    """
    try:
        head = _tagged.decode(body)
        if head.event not in _KNOWN:
            return None
        event = _events().decode(body)
    except msgspec.ValidationError as error:
        # Lesson code may have forged this event; it must not end the session.
        return harmless(Log(text=f"an invalid event was ignored: {error}"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise GarbledError(f"invalid JSON: {error}") from error
    return event if isinstance(event, Stage) and _is_harmless(event, body) else harmless(event)


def _is_harmless(stage: Stage, body: bytes) -> bool:
    """Return whether a part of a stage needs no cleaning, as is usual; checking bytes is ten times faster than text."""
    # JSON escapes all invisible characters except DEL. Only line feeds and quotes may be escaped here.
    parts = (
        stage.text, stage.names, stage.typed, stage.types, stage.equations, stage.parameters, stage.jaxprs,
        stage.frames, stage.words,
    )  # fmt: skip
    escaped = sum(part.count("\n") + part.count('"') for part in parts)
    return body.count(b"\\") == escaped and body.isascii() and b"\x7f" not in body


def encode(command: Command) -> bytes:
    """Return the command as a frame; raises `EngineError` if it is too long."""
    import json  # not needed for the app's first frame

    body = json.dumps(
        _speakable(msgspec.to_builtins(command, enc_hook=plain_value)), allow_nan=False, separators=(",", ":")
    ).encode("ascii")
    if len(body) > FRAME_CAP:
        raise EngineError(f"the code is too long: {grouped(len(body))} bytes to send, at most {grouped(FRAME_CAP)}")
    return _LENGTH.pack(len(body)) + body


def _speakable(value: Any) -> Any:
    """Return the value without lone surrogates, which cannot be sent."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _speakable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_speakable(item) for item in value]
    return value
