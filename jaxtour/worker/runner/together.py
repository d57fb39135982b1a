"""Joins the processes that run one program: JAX's distributed runtime, with the coordinator that the engine names."""

import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jax

from .. import compat
from .writer import Say

PROCESS, PROCESSES = "JAXTOUR_PROCESS", "JAXTOUR_PROCESSES"
"""Environment variables of the guard: the number of this process, and how many there are."""
CONNECT_S = 60
"""How long a process waits for the coordinator. All others have arrived: the engine waits for them."""
SLOW_S = 10.0
_LOOPBACK = "127."


@dataclass(frozen=True, slots=True)
class ProcessPlace:
    """The place of this process among those of the program."""

    process: int
    processes: int


def place_in(environ: Mapping[str, str]) -> ProcessPlace | None:
    """Return the place of this process; None if it is alone."""
    count = int(environ.get(PROCESSES) or 1)
    return ProcessPlace(int(environ.get(PROCESS) or 0), count) if count > 1 else None


def join(place: ProcessPlace, say: Say, commands: Iterable[dict[str, Any]]) -> bool:
    """Report that this process can join, wait for the coordinator's address, and connect; False if the guard has left.

    JAX ends a process that cannot connect, or whose coordinator disappears later (SIGABRT); nothing can catch that.
    """
    say({"event": "state", "state": "opening devices", "detail": ""})
    with held_port() as held:
        say({"event": "joining", "port": held.getsockname()[1]})
        command = next((each for each in commands if each.get("verb") == "join"), None)
        if command is not None:
            _connect(place, say, str(command["coordinator"]))
    return command is not None


def held_port(host: str = "") -> socket.socket:
    """Return a socket with a free port, which JAX's coordinator can bind too while no other program is given it."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((host, 0))
    return held


def _connect(place: ProcessPlace, say: Say, coordinator: str) -> None:
    # By default the coordinator listens on all addresses; for processes of one machine that would be too many.
    bind = coordinator if coordinator.startswith(_LOOPBACK) else None
    words = (
        f"process {place.process} has not reached process 0 at {coordinator}: can these hosts connect to each other?"
    )
    slow = threading.Timer(SLOW_S, say, [{"event": "state", "state": "opening devices", "detail": words}])
    slow.daemon = True
    slow.start()
    jax.distributed.initialize(
        coordinator_address=coordinator,
        num_processes=place.processes,
        process_id=place.process,
        cluster_detection_method="deactivate",
        initialization_timeout=CONNECT_S,
        coordinator_bind_address=bind if place.process == 0 else None,
    )
    slow.cancel()
    compat.initialized_already()
