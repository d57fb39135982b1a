"""The lens of the real program links the stages with a real worker, by keys alone."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import ESC, Terminal

pytestmark = [pytest.mark.terminal]

LESSON = """\
format: 1
id: lens
title: Lens
summary: For the tests.
minutes: 1
steps:
  - id: dot
    title: A product
    text: The text of the step.
    code: |
      import jax, jax.numpy as jnp
      def f(w, x):
          return jnp.tanh(jnp.dot(w, x))
      g = jax.grad(f)
      g(jnp.ones(3), jnp.ones(3))
  - id: other
    title: Another step
    text: It has nothing to trace.
    code: 1 + 1
"""


@pytest.fixture
def tour(tmp_path: Path) -> Iterator[Terminal]:
    path = tmp_path / "lens.yaml"
    path.write_text(LESSON)
    env = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with Terminal([sys.executable, "-m", "jaxtour", str(path)], env=env, columns=80, lines=24) as terminal:
        terminal.until("ready")
        terminal.send("r")
        terminal.until(lambda screen: "equations" in screen and first_has_the_keys(terminal))
        yield terminal


def first_has_the_keys(tour: Terminal) -> bool:
    """Return whether the first pane's border has another colour than those below it."""
    first, *others = (
        tour.screen.buffer[row][0].fg for row, line in enumerate(tour.screen.display) if line.startswith("╭")
    )
    return bool(others) and first not in others


def test_from_the_source_through_every_stage_and_back(tour: Terminal) -> None:
    tour.send("\x1b[Z")  # to the source, above which the jaxpr is
    tour.send("jj")
    tour.until("line 3 →")
    tour.send("\x1b[C\x1b[C")
    tour.until("3:21  jnp.dot(w, x) →")
    tour.send("2")
    tour.until("stablehlo.")
    tour.send("3")
    tour.until("{0}")  # a layout, which only HLO has; the module's line is scrolled out of view
    tour.send("\x1b[Z")
    tour.until(lambda screen: "3:21  jnp.dot(w, x) →" in screen and "5 g(" in screen)
    tour.send("\r")
    tour.until("5▏g(")  # the call that the instruction comes from
    tour.send("i")
    tour.until("Esc close")
    assert "3:21" in tour.text
    os.write(tour.master, b"\x1b")  # as a terminal without Kitty's keyboard protocol sends it
    tour.until(lambda screen: "Esc close" not in screen)
    tour.send("4")
    tour.until("flop")
    tour.send("g")
    tour.until("dot_general")


def test_the_ladder_and_the_step_after_a_look(tour: Terminal) -> None:
    tour.send("L")
    tour.until("[f]  →  grad(f)")
    tour.send("]")
    tour.until("added")
    tour.send(ESC)
    tour.until(lambda screen: "Esc close" not in screen)
    tour.send("n")
    tour.until("It has nothing to trace")
    tour.send("r")
    tour.until("ran in")
