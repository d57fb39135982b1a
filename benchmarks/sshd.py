"""Runs a real sshd on the loopback, with its own key and port, and a proxy in front of it that delays and cuts."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin") if shutil.which("ssh") else None
WHY_NOT = "sshd is not installed: apt-get install openssh-server"


@dataclass
class Server:
    """A running sshd, and what ssh needs to reach it."""

    folder: Path
    port: int

    def prefix(self, port: int | None = None, *options: str) -> str:
        """Return the prefix that runs a command behind it, as for `--worker`."""
        known = f"-o UserKnownHostsFile={self.folder}/known_hosts -o GlobalKnownHostsFile=/dev/null"
        key = f"-i {self.folder}/user -o IdentitiesOnly=yes"
        return f"ssh -F none -T -p {port or self.port} {key} {known} {' '.join(options)} 127.0.0.1"


@contextlib.contextmanager
def sshd(folder: Path) -> Iterator[Server]:
    """Run an sshd. The far side's home is `folder`/home."""
    assert SSHD is not None, WHY_NOT
    (folder / "home").mkdir(parents=True)
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    words = (folder / "host.pub").read_text().split()[:2]
    # The host key is valid on any port: the proxy uses others.
    (folder / "known_hosts").write_text(f"* {' '.join(words)}\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it drops privileges
    (folder / "config").write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPrintMotd no\n"
        f"SetEnv HOME={folder}/home XDG_CACHE_HOME={folder}/home/.cache TMPDIR={folder}/home JAX_PLATFORMS=cpu\n"
    )
    command = [SSHD, "-i", "-e", "-f", str(folder / "config")]
    with socket.create_server(("127.0.0.1", 0)) as listening, (folder / "log").open("ab") as log:
        serving = threading.Thread(target=_serve, args=(listening, command, log))
        serving.start()
        try:
            yield Server(folder, listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            serving.join()


def _serve(listening: socket.socket, command: list[str], log: IO[bytes]) -> None:
    """Give each connection its own sshd, until the listening socket is shut down. sshd itself cannot choose a port."""
    served = []
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # it was shut down
            break
        with connection:
            served.append(subprocess.Popen(command, stdin=connection, stdout=connection, stderr=log))
    for process in served:
        process.terminate()
        process.wait(20)


class Proxy:
    """Forwards bytes to a port, each `delay_s` late, until told to stall or to cut."""

    def __init__(self, port: int, delay_s: float = 0.0, rate: float | None = None) -> None:
        self._to = port
        self.delay_s = delay_s
        self.rate = rate
        """Bytes a second in each direction; None for as fast as it goes."""
        self.port = 0
        self.carried = [0, 0]
        """Bytes there and back."""
        self.connections = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stall(self) -> None:
        """Silently forward nothing any more in either direction: a half-open connection."""
        self._flowing.clear()

    def cut(self) -> None:
        """Close all connections, and let new ones through."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self._flowing.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers += [writer, back]
        for number, (source, sink) in enumerate(((reader, back), (there, writer))):
            late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(1000)
            for work in (self._take(source, late, number), self._give(late, sink)):
                task = asyncio.create_task(work)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _take(
        self, source: asyncio.StreamReader, late: "asyncio.Queue[tuple[float, bytes]]", number: int
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while data := await source.read(16384):
                self.carried[number] += len(data)
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                await late.put((loop.time() + self.delay_s, data))
        await late.put((loop.time() + self.delay_s, b""))

    async def _give(self, late: "asyncio.Queue[tuple[float, bytes]]", sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while True:
                when, data = await late.get()
                await asyncio.sleep(max(0.0, when - loop.time()))
                await self._flowing.wait()
                if not data:
                    break
                sink.write(data)
                await sink.drain()
        sink.close()


async def main() -> None:
    """`python -m benchmarks.sshd PORT DELAY_S`: proxy an sshd; a line on stdin stalls, cuts, or ends."""
    port, delay_s = int(sys.argv[1]), float(sys.argv[2])
    async with Proxy(port, delay_s) as proxy:
        print(proxy.port, flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while word := (await reader.readline()).decode().strip():
            {"stall": proxy.stall, "cut": proxy.cut}[word]()
            print(word, proxy.carried, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
