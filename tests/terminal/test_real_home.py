"""The first start, the home screen and what is kept work in a real pseudo-terminal with a real worker."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

pytestmark = [pytest.mark.terminal]
ARGV = [sys.executable, "-m", "jaxtour"]


def test_from_the_first_start_to_the_second(tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with Terminal(ARGV, env=env, columns=80, lines=24) as first:
        first.until("Welcome to jaxtour")
        assert "Where am I?" not in first.raw.decode(), "no step before it"
        first.send("r")
        first.until("Where am I?")
        first.until("● ready")
        first.send("r")
        first.until("ran in")
        first.send("l")
        first.until("Enter goes on at step 2")
        [row] = [line for line in first.text.splitlines() if "jax.numpy in place" in line]
        assert " 1/" in row, "the step that was run a moment ago is done"
        first.send("/in_axes pmap\r")
        first.until("pmap ›")
        first.send("q")
        assert first.ended() == 0
    with Terminal(ARGV, env=env, columns=80, lines=24) as second:
        second.until("pmap ›")
        assert "Welcome" not in second.text
        second.send("q")
        assert second.ended() == 0
    told = subprocess.run(
        [*ARGV, "progress", "--json"], env=os.environ | env, capture_output=True, text=True, timeout=150, check=True
    )
    found = json.loads(told.stdout)
    assert found["lessons"][0]["steps"]["done"] == 1
    assert found["place"]["lesson"] == "pmap" and found["total"]["minutes"] > 0
