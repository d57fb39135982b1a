"""Noise verdicts fire for the worker's threads, other programs and uneven runs, and for nothing else."""

import os
import subprocess
import sys
import threading
import time

import pytest

from jaxtour.worker.timing import noise, verdicts

pytestmark = pytest.mark.alone

SPIN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"


def codes(load=None, own=0.0, uncertainty=0.0, cores=2):
    found = verdicts.of_circumstances(noise.Load(load), own, uncertainty, cores)
    assert all(verdict["message"].endswith(".") for verdict in found)
    return [verdict["code"] for verdict in found]


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({}, []),
        ({"load": 0.1}, []),
        ({"load": 1.0, "cores": 16}, []),
        ({"load": 1.0}, ["machine_busy"]),
        ({"load": None, "own": 0.2}, []),
        ({"own": 0.9}, ["worker_busy"]),
        ({"uncertainty": 0.01}, []),
        ({"uncertainty": 0.2}, ["noisy"]),
    ],
)
def test_which_circumstances_are_told(facts, found):
    assert codes(**facts) == found


def test_a_thread_that_goes_on_makes_the_worker_busy(monkeypatch):
    monkeypatch.setattr(noise, "SETTLE_S", 0.0)
    stop = threading.Event()

    def spin():
        while not stop.is_set():
            pass

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        assert max(noise.settled_load() for _ in range(10)) > noise.BUSY_WORKER
    finally:
        stop.set()
        thread.join()


STARVED = """
import os, sys, threading
from jaxtour.worker.timing import noise
noise.SETTLE_S = 0.0
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print("ready", flush=True)
sys.stdin.readline()
# The thread starts at the lowest priority, on a core that others fill: it is runnable, and hardly ever runs.
def spin():
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
    data = bytearray(1 << 24)
    while True:
        hash(bytes(data))
threading.Thread(target=spin, daemon=True).start()
print(*(noise.settled_load() for _ in range(5)), flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not noise._THREADS.exists(), reason="this system does not tell")
def test_a_thread_that_gets_no_core_makes_the_worker_busy():
    core = min(os.sched_getaffinity(0))
    others = [subprocess.Popen([sys.executable, "-c", f"import os\nos.sched_setaffinity(0, {{{core}}})\n{SPIN}"])
              for _ in range(4)]  # fmt: skip
    try:
        worker = subprocess.run([sys.executable, "-c", STARVED], input="\n", capture_output=True, text=True, check=True)
        loads = [float(load) for load in worker.stdout.splitlines()[1].split()]
        assert min(loads) > noise.BUSY_WORKER, loads
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_a_worker_with_nothing_to_do_is_not_busy():
    assert noise.settled_load() < noise.BUSY_WORKER


@pytest.mark.skipif(not noise._STAT.exists(), reason="this system does not tell")
def test_another_program_is_seen_and_what_the_worker_does_itself_is_not():
    other = subprocess.Popen([sys.executable, "-c", SPIN])
    try:
        loads = []
        for _ in range(3):
            with noise.watched() as load:
                time.sleep(0.5)
            loads.append(load.others)
        assert max(loads) > 0.5
    finally:
        other.kill()
        other.wait()
    # On a shared machine, the quietest of several moments shows that our own work is subtracted.
    quiet = []
    for _ in range(5):
        with noise.watched() as idle:
            time.sleep(0.2)
        with noise.watched() as load:
            end = time.perf_counter() + 0.2
            while time.perf_counter() < end:
                pass
        quiet.append(load.others - idle.others)
    assert min(quiet) < 0.5


def test_it_says_nothing_where_the_system_does_not_or_the_time_was_too_short(monkeypatch, tmp_path):
    with noise.watched() as load:
        pass
    assert load.others is None
    monkeypatch.setattr(noise, "_STAT", tmp_path / "none")
    monkeypatch.setattr(noise, "_LEAST_S", 0.0)
    with noise.watched() as load:
        pass
    assert load.others is None
