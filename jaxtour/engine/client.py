"""The guard as a process: starts it, exchanges frames with it, and reports its end."""

import asyncio
import contextlib
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import msgspec

import jaxtour
from jaxtour.engine.commands import Close, Command, Run
from jaxtour.engine.messages import FRAME_CAP, PROTO, Died, Done, Event, Hello, Log, Stage, State
from jaxtour.engine.session import EngineError
from jaxtour.text import clean, harmless, plain_value

PREAMBLE = b"\njaxtour-frames-1\n"
NOISE_CAP = 64 * 1024
STDERR_CAP = 8 * 1024
HELLO_S = 30.0
LEAVE_S = 1.0

_LENGTH = struct.Struct(">I")
_KNOWN = frozenset(kind.__struct_config__.tag for kind in get_args(Event))


class _Tagged(msgspec.Struct):
    event: str = ""


_tagged = msgspec.json.Decoder(_Tagged)
_event: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class GarbledError(Exception):
    """The input is not a valid frame; the message says why."""


def worker_command() -> list[str]:
    """The command that starts the guard with our own Python, isolated from the user's settings and packages."""
    return [sys.executable, "-I", "-S", str(Path(jaxtour.__file__).parent / "worker" / "start_guard.py")]


class ProcessEngine:
    """A guard in a process of its own, reached through pipes.

    If the guard dies or sends an invalid frame, `events` ends with a `Done` for every open run, a `Died`, and a `State`
    that says what happened. `start` may then be called again.
    """

    def __init__(self, worker_command: list[str] | None = None) -> None:
        self._command = worker_command
        self._process: asyncio.subprocess.Process | None = None
        self._hello: Hello | None = None
        self._stderr = bytearray()
        self._stderr_task: asyncio.Task[None] | None = None
        self._open_runs: list[int] = []
        self._closing = False

    async def start(self) -> None:
        """Start the guard and wait for its first frame; raises `EngineError` if none comes."""
        await self.close()
        self._closing = False
        self._stderr.clear()
        self._open_runs.clear()
        command = self._command or worker_command()
        pipe = asyncio.subprocess.PIPE
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise EngineError(f"cannot start the worker with {command[0]}: {error.strerror or error}") from error
        self._stderr_task = asyncio.create_task(self._keep_stderr(self._process), name="worker stderr")
        try:
            async with asyncio.timeout(HELLO_S):
                self._hello = await self._greet(self._process)
        except (TimeoutError, GarbledError) as error:
            # Its stderr is complete only once the process has ended.
            await self.close()
            raise EngineError(
                _one_line(f"the worker did not start: {str(error) or 'no answer'}", self._last_words())
            ) from None
        except BaseException:
            await self.close()
            raise

    async def send(self, command: Command) -> None:
        """Send one command; raises `EngineError` if it is too long or the guard is gone."""
        frame = encode(command)
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            if isinstance(command, Close):
                return
            raise EngineError("the worker is not running")
        if isinstance(command, Run):
            self._open_runs.append(command.run)
        try:
            process.stdin.write(frame)
            await process.stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise EngineError("the worker is gone") from error

    async def events(self) -> AsyncIterator[Event]:
        """Every event until the guard is gone or `close` is called; for one reader at a time."""
        process, hello = self._process, self._hello
        if process is None or hello is None:
            return
        yield hello
        reason = "the worker's guard ended"
        try:
            while True:
                event = decode(await _read_frame(process))
                if event is None:
                    continue
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
        code = process.returncode
        open_runs, self._open_runs = self._open_runs, []
        for run in open_runs:
            yield Done(run=run, status="died", dirty=True, reason=reason)
        yield Died(code=code, reason=reason, stderr=self._last_words())
        yield State(state="dead", detail=_one_line(f"{reason}; restart it to continue", self._last_words()))

    async def close(self) -> None:
        """End the guard and everything it started; may be called at any time, and again."""
        self._closing = True
        process, self._process = self._process, None
        if process is not None:
            await self._end(process)

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
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        await process.wait()
        task, self._stderr_task = self._stderr_task, None
        if task is not None:
            await asyncio.wait([task], timeout=LEAVE_S)
            task.cancel()

    async def _greet(self, process: asyncio.subprocess.Process) -> Hello:
        """Skip what a login shell may have printed before the preamble, and read the first frame."""
        noise = bytearray()
        assert process.stdout is not None
        while not noise.endswith(PREAMBLE):
            byte = await process.stdout.read(1)
            noise += byte
            if not byte or len(noise) > NOISE_CAP:
                said = clean(noise.decode("utf-8", "replace").strip())
                raise GarbledError(f"it said {said[:200]!r}" if said else "it said nothing")
        try:
            hello = decode(await _read_frame(process))
        except asyncio.IncompleteReadError as error:
            raise GarbledError("it exited immediately") from error
        if not isinstance(hello, Hello):
            raise GarbledError("its first message is not a hello")
        if hello.proto != PROTO:
            raise GarbledError(f"it speaks protocol {hello.proto} (jaxtour {hello.jaxtour}); this is protocol {PROTO}")
        return hello

    async def _keep_stderr(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while data := await process.stderr.read(4096):
            self._stderr += data
            del self._stderr[:-STDERR_CAP]

    def _last_words(self) -> str:
        return clean(self._stderr.decode("utf-8", "replace").strip())


async def _read_frame(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    if length > FRAME_CAP:
        raise GarbledError(f"a frame of {length:,} bytes")
    return await process.stdout.readexactly(length)


def decode(body: bytes) -> Event | None:
    """The event in a frame; None for an unknown event. Raises `GarbledError` for anything else."""
    try:
        head = _tagged.decode(body)
        if head.event not in _KNOWN:
            return None
        event = _event.decode(body)
    except msgspec.ValidationError as error:
        # Lesson code may have forged this event; it must not end the session.
        return harmless(Log(text=f"an invalid event was ignored: {error}"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise GarbledError(f"invalid JSON: {error}") from error
    return event if isinstance(event, Stage) and _is_harmless(event, body) else harmless(event)


def _is_harmless(stage: Stage, body: bytes) -> bool:
    """Whether a part of a stage needs no cleaning, as is usual; checking bytes is ten times faster than text."""
    # JSON escapes all invisible characters except DEL. Only line feeds and quotes may be escaped here.
    parts = (
        stage.text, stage.names, stage.typed, stage.types, stage.equations, stage.parameters, stage.jaxprs,
        stage.frames, stage.words,
    )  # fmt: skip
    escaped = sum(part.count("\n") + part.count('"') for part in parts)
    return body.count(b"\\") == escaped and body.isascii() and b"\x7f" not in body


def encode(command: Command) -> bytes:
    """The command as a frame; raises `EngineError` if it is too long."""
    import json  # not needed for the app's first frame

    body = json.dumps(
        _speakable(msgspec.to_builtins(command, enc_hook=plain_value)), allow_nan=False, separators=(",", ":")
    ).encode("ascii")
    if len(body) > FRAME_CAP:
        raise EngineError(f"the code is too long: {len(body):,} bytes to send, at most {FRAME_CAP:,}")
    return _LENGTH.pack(len(body)) + body


def _speakable(value: Any) -> Any:
    """The value without lone surrogates, which cannot be sent."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _speakable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_speakable(item) for item in value]
    return value


def _one_line(text: str, more: str) -> str:
    lines = more.splitlines()
    return f"{text} ({lines[-1].strip()})" if lines else text
