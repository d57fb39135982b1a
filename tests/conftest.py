"""Makes every test see the same machine, whoever's machine it is."""

import gc
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from table import Table, give_rows

# The machine decides how long an example takes.
settings.register_profile("any machine", settings.default, deadline=None)
settings.load_profile("any machine")

# Textual reads these when it is imported; the first two change what a snapshot shows.
for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_FILTERS", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_ANIMATIONS", "TEXTUAL"):
    os.environ.pop(name, None)

# In the process of a test too, jax uses the CPU.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Where this is set, every process of the tests would compile all of jaxtour again: half of a short test's time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The tests' own lessons may run; `test_trust.py` takes this away.
os.environ["JAXTOUR_TRUST"] = "1"

ALONE = "alone"
IN_PROCESS = ("fuzz", "render", "tui")
"""Folders whose files are short, since hardly a test of theirs starts a process."""
PYTHONS = "JAXTOUR_PYTHONS"
"""The environment variable that names more Pythons, with other versions of jax, as PATH names folders."""


KINDS = {
    "conformance": re.compile(r"mark\.conformance|\bpython\b *[:,)]"),
    "faults": re.compile(r"mark\.faults"),
    "row": re.compile(r"mark\.row"),
}
"""The text that stands in each file with tests of a kind, or beside it in `conftest.py`; `python` is a parameter
below."""


@cache
def _has(path: Path, kind: str) -> bool:
    beside = path.with_name("conftest.py")
    return any(KINDS[kind].search(each.read_text(encoding="utf-8")) for each in (path, beside) if each.is_file())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files without a test of the chosen kinds: each process takes 13 s to import all of them."""
    kinds = config.option.markexpr.split(" or ")
    if not collection_path.name.startswith("test_") or not KINDS.keys() >= set(kinds):
        return None
    return None if any(_has(collection_path, kind) for kind in kinds) else True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes a `python` on this one's jax, and for `make conformance` on the others that are named."""
    if "python" in metafunc.fixturenames:
        # The worker is in another folder; a link stays one, since it is what ties a Python to its environment.
        named = [str(Path.cwd() / path) for path in os.environ.get(PYTHONS, "").split(os.pathsep) if path]
        more = [pytest.param(path, id=path, marks=pytest.mark.conformance) for path in named]
        metafunc.parametrize("python", [pytest.param(None, id="own"), *more], scope="module")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Give xdist whole files, as their fixtures are costly; one process has what is `alone`.

    Tests that measure or flood are never run two at a time. The longest files come first and short ones last, so that
    no process works on while the others have nothing left to do.
    """
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        kinds = [kind for kind in KINDS if kind in marks]
        kinds += ["conformance"] if "python" in getattr(item, "fixturenames", ()) else []
        if hidden := [kind for kind in kinds if not _has(item.path, kind)]:
            words = f"{hidden[0]} must stand in this file, or `make {hidden[0]}` leaves it out"
            raise pytest.UsageError(f"{item.nodeid}: {words}")
    give_rows(items)
    for item in items:
        alone = item.get_closest_marker(ALONE)
        item.add_marker(pytest.mark.xdist_group(ALONE if alone else item.nodeid.partition("::")[0]))
    yield
    # This comes after the shuffling. What a file has of each Python is made once if its tests are not mixed.
    files = {file: place for place, file in enumerate(dict.fromkeys(item.path for item in items))}
    items.sort(key=lambda item: (*_rank(item), files[item.path], _python(item)))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from all that is imported and collected now: it stays until the process ends."""
    gc.collect()
    gc.freeze()


_table = Table()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the rows of the table of faults."""
    _table.note(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table of faults if it was asked for."""
    if config.option.markexpr.startswith("faults"):
        for line in _table.lines():
            terminalreporter.write_line(line)


def _rank(item: pytest.Item) -> tuple[bool, bool, bool]:
    return not item.get_closest_marker("long"), not item.get_closest_marker(ALONE), _in_process(item.path)


@cache
def _in_process(file: Path) -> bool:
    return file.relative_to(Path(__file__).parent).parts[0] in IN_PROCESS


def _python(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("python")) if callspec else ""


@pytest.fixture(autouse=True)
def own_files(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep progress and settings of whoever runs the tests out of them, and unchanged."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    return home
