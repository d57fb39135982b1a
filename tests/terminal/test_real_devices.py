"""The real program copes with simulated machines whose accelerators are not available."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from tests.worker.machines import NOBODY, V4, Machine

pytestmark = pytest.mark.terminal

WORKER = Path(__file__).parents[1] / "worker" / "machine_runner.py"
PATIENCE_S = 150
LESSON = """\
format: 1
id: real
title: Real
summary: For the tests.
minutes: 1
steps:
  - id: add
    title: Adding
    text: The text of the step.
    code: |
      import jax.numpy as jnp
      jnp.arange(3) + 40
"""
Open = Callable[..., Terminal]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "machine")
    machine.tpu(*[V4] * 4)
    return machine


@pytest.fixture
def open_tour(tmp_path: Path, machine: Machine) -> Iterator[Open]:
    """Opens the tour with a worker that sees the simulated machine."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -u {WORKER} "$@"\n')
    python.chmod(0o755)
    lesson = tmp_path / "real.yaml"
    lesson.write_text(LESSON)
    terminals = []

    def opened(**more: str) -> Terminal:
        env = {
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "JAX_PLATFORMS": "",
            "JT_MACHINE": str(machine.root),
            "JT_INSTALLED": "libtpu",
            "GCE_METADATA_IP": NOBODY,
            **more,
        }
        argv = [sys.executable, "-m", "jaxtour", str(lesson), "--python", str(python)]
        terminals.append(Terminal(argv, env=env, columns=80, lines=24))
        return terminals[-1]

    yield opened
    for terminal in terminals:
        terminal.end()


def runs_on_the_cpu(tour: Terminal) -> None:
    tour.until("● ready", PATIENCE_S)
    tour.send("r")
    tour.until("[40 41 42]", PATIENCE_S)
    tour.until("cpu", PATIENCE_S)


def test_the_cpu_is_taken_in_place_of_a_tpu_that_is_held(open_tour: Open, machine: Machine) -> None:
    machine.process(4321, "python train.py", "/dev/accel0", started=9280)
    tour = open_tour()
    tour.until("the TPU is held by process 4321 (`python train.py`, started 12", PATIENCE_S)
    tour.until("W waits until it is free   C uses the CPU   R starts it again   q quits")
    assert "r runs the step" not in tour.text
    tour.send("C")
    runs_on_the_cpu(tour)
    assert "is held" not in tour.text


def test_a_tpu_that_is_held_is_waited_for(open_tour: Open, machine: Machine) -> None:
    machine.process(4321, "python train.py", "/dev/accel0")
    tour = open_tour()
    tour.until("W waits until it is free", PATIENCE_S)
    tour.send("W")
    tour.until("! waiting: the TPU is held by process 4321", PATIENCE_S)
    tour.until("○ opening devices")
    shutil.rmtree(machine.root / "proc" / "4321")
    runs_on_the_cpu(tour)  # the test machine has no TPU
    tour.send("d")
    tour.until("jax found only the CPU, though this machine has 4 TPU v4 chips", PATIENCE_S)


def test_who_waits_can_choose_something_else_or_quit(open_tour: Open, machine: Machine) -> None:
    machine.process(4321, "python train.py", "/dev/accel0")
    tour = open_tour()
    tour.until("W waits until it is free", PATIENCE_S)
    tour.send("W")
    tour.until("! waiting: the TPU is held by process 4321", PATIENCE_S)
    tour.send("d")
    tour.until("jax is looking for devices")
    tour.send("\r")
    tour.until("simulate")
    tour.send("\x1b[B\x1b[B\r")
    tour.until("cpu ×2 simulated", PATIENCE_S)
    tour.send("q")
    assert tour.ended() == 0


def test_one_host_of_several_is_said_while_devices_are_opened_and_after(open_tour: Open, tmp_path: Path) -> None:
    said, pipe = "this is one of 4 hosts of a TPU slice", tmp_path / "opening"
    os.mkfifo(pipe)
    tour = open_tour(TPU_WORKER_HOSTNAMES="a,b,c,d", JT_OPENING=str(pipe))
    tour.until(lambda text: "○ opening devices" in text and said in text, PATIENCE_S)
    pipe.write_text("")
    tour.until(lambda text: "● ready" in text and said not in text, PATIENCE_S)
    tour.send("d")
    tour.until(said)
