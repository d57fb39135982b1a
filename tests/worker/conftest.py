"""A workspace with programs to time, and short measurements."""

import builtins
import math
import sys

import pytest
from measured import CODE, EVENTS

from jaxtour.worker.runner.execute import Workspace
from jaxtour.worker.timing import clock, noise


@pytest.fixture(scope="module")
def workspace():
    main, asked = sys.modules["__main__"], builtins.input
    EVENTS.watch()
    space = Workspace(EVENTS)
    space.install()
    assert space.run("a/b", "", CODE).error is None
    yield space
    sys.modules["__main__"], builtins.input = main, asked


@pytest.fixture
def quick(monkeypatch):
    """Make measurements short, and ignore how slow the machine is and its load; `test_noise` tests that."""
    monkeypatch.setattr(clock, "BUDGET_S", 0.02)
    monkeypatch.setattr(clock, "SLOW_S", math.inf)
    monkeypatch.setattr(clock, "LONG_S", math.inf)
    monkeypatch.setattr(clock, "WARM_S", 0.0)
    monkeypatch.setattr(noise, "BUSY_WORKER", math.inf)
    monkeypatch.setattr(noise, "BUSY_MACHINE", math.inf)
    monkeypatch.setattr(noise, "UNSTEADY", math.inf)
