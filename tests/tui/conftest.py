"""Raises for any import of jax, which only the worker may import."""

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest
from small_course import at_home
from textual.widgets import Input, TextArea
from tours import Tours, settled


class NoJax(MetaPathFinder):
    """Raises for any import of jax, which only the worker may import."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in ("jax", "jaxlib"):
            raise AssertionError(f"{fullname} is imported in the process of the terminal app")
        return None


@pytest.fixture(autouse=True)
def no_jax() -> Iterator[None]:
    """Fail on any import of jax: the app must run without it."""
    finder = NoJax()
    sys.meta_path.insert(0, finder)
    yield
    sys.meta_path.remove(finder)


@pytest.fixture(autouse=True)
def settles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a key and a pause end when the app has answered, however busy the machine is."""
    monkeypatch.setattr("textual.app.wait_for_idle", settled)
    monkeypatch.setattr("textual.pilot.wait_for_idle", settled)


@pytest.fixture(autouse=True)
def no_cursor_blink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cursor from blinking, which would make snapshots differ."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _: None)


@pytest.fixture
def tours(tmp_path: Path) -> Tours:
    return Tours(tmp_path)


@pytest.fixture
def linked(tours: Tours) -> Tours:
    """A course whose second step has all of its expressions in its own code."""
    tours.entries[0].given, tours.script = at_home()
    return tours
