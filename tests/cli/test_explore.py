"""`jaxtour explore` opens a file in the app, on a real worker, and follows its saves the way editors make them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from textual.pilot import Pilot
from tours import screen_text, settled, until

from jaxtour.commands.files import FileEntry
from jaxtour.course.catalogue import Catalogue
from jaxtour.course.progress import Progress
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.session import Engine, Session, WorkerConfig
from jaxtour.render.text.layout import plain, plain_lines
from jaxtour.tui.explore import ExploreApp, FileWatch
from jaxtour.tui.panes.calls import document
from jaxtour.tui.screens.find import everything

FILE = """\
import jax
import jax.numpy as jnp

import ours

f = jax.jit(lambda x: jnp.sin(ours.twice(x)))
g = jax.jit(lambda x: jnp.cos(x))
f(1.0)
g(1.0)
"""
OURS = "def twice(x):\n    return x * 2\n"


@pytest.fixture(autouse=True)
def settles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a key and a pause end when the app has answered, however busy the machine is."""
    monkeypatch.setattr("textual.app.wait_for_idle", settled)
    monkeypatch.setattr("textual.pilot.wait_for_idle", settled)


@asynccontextmanager
async def exploring(folder: Path, engine: Engine | None = None) -> AsyncIterator[tuple[ExploreApp, Pilot[int]]]:
    (folder / "ours.py").write_text(OURS)
    path = folder / "ml.py"
    path.write_text(FILE)
    entry = FileEntry(path)
    entry.load()
    app = ExploreApp(
        Catalogue((entry,)),
        Session(engine or ProcessEngine(), WorkerConfig(platform="cpu")),
        Progress.open(folder / "elsewhere" / "progress.json"),
        path=path,
        reload=entry.reload,
        poll_s=0.01,
    )
    async with app.run_test(size=(100, 40)) as pilot:
        yield app, pilot


def stage(app: ExploreApp) -> str:
    """Return the text of the stage shown, once it is complete."""
    found = app.tour.view.stage
    return found.text if found and found.complete else ""


def failed(app: ExploreApp) -> str | None:
    """Return the error that ended the run."""
    report = app.tour.state.report
    return report.failure.type if report and report.done and report.failure else None


def renamed(path: Path, text: str) -> None:
    """Save like editors that never leave half a file."""
    other = path.with_name(".swap")
    other.write_text(text)
    other.rename(path)


async def test_a_file_runs_at_once_and_again_when_it_is_saved(tmp_path: Path, own_files: Path) -> None:
    path = tmp_path / "ml.py"
    async with exploring(tmp_path) as (app, pilot):
        await until(pilot, lambda: "sin" in stage(app))
        await pilot.press("]")
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.cosine" in stage(app))
        pane = app.tour_screen.panes.by_slot["stage"]
        pane.move_to(2)
        renamed(path, FILE.replace("jnp.cos(x)", "jnp.exp(x)"))
        await until(pilot, lambda: "stablehlo.exponential" in stage(app))
        assert (app.tour.state.trace, app.tour.state.stage, pane.cursor) == (1, "stablehlo", 2)
        await pilot.press("[")
        await until(pilot, lambda: "stablehlo.sine" in stage(app))
        # A change of an imported module counts too, and its old version is forgotten.
        (tmp_path / "ours.py").write_text(OURS.replace("* 2", "- 2"))
        await until(pilot, lambda: "stablehlo.subtract" in stage(app))
    assert path.read_text() == FILE.replace("jnp.cos(x)", "jnp.exp(x)")
    assert not list((own_files / "state").rglob("*"))


async def test_an_error_stands_beside_its_line_and_goes_when_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "ml.py"
    async with exploring(tmp_path) as (app, pilot):
        await until(pilot, lambda: "sin" in stage(app))
        path.write_text(FILE + "undefined\n")
        await until(pilot, lambda: failed(app) == "NameError")
        source = app.tour_screen.panes.by_slot["source"].document
        assert "undefined" in source.lines[9][0][0] and source.marks == {9: "error"}
        assert not stage(app)
        # A call that does not trace shows the line that raised.
        code = "import jax.numpy as jnp\n\n\ndef f(x):\n    return x @ jnp.ones(5)\n\n\nif __name__ == '__main__':\n"
        renamed(path, f"{code}    f(jnp.ones(3))\n")
        await until(pilot, lambda: app.tour.view.failure and app.tour.view.failure.type == "TypeError")
        source, stages = (app.tour_screen.panes.by_slot[slot] for slot in ("source", "stage"))
        assert source.document.marks == {4: "error"}
        assert "TypeError in line 5" in plain(source.document.subtitle)
        shown = " ".join(plain_lines(stages.document.lines).split())
        assert "got (3,) and (5,)" in shown and shown.endswith("in line 5")
        path.write_text(FILE + "def f(:\n")
        await until(pilot, lambda: failed(app) == "SyntaxError")
        path.write_bytes(b"x = '\xe9'\n")
        await until(pilot, lambda: "not UTF-8" in app.tour_screen.panes.by_slot["lesson"].document.text)
        path.write_text(FILE)
        await until(pilot, lambda: "sin" in stage(app))


async def test_an_edit_is_kept_and_the_file_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "ml.py"
    async with exploring(tmp_path) as (app, pilot):
        await until(pilot, lambda: "sin" in stage(app))
        app.tour.set_code("import jax.numpy as jnp\njnp.tan(jnp.ones(3))\n")
        await pilot.press("r")
        await until(pilot, lambda: "tan" in stage(app))
        assert path.read_text() == FILE
        path.write_text(FILE.replace("jnp.sin", "jnp.log"))
        await until(pilot, lambda: "log" in app.tour.step.shown_code.text)
        assert app.tour.view.edited and "tan" in app.tour.code.text
        await until(pilot, lambda: "the file changed since your edit; D shows both" in screen_text(app))
        await pilot.press("D")
        assert "file now" in screen_text(app)
        await pilot.press("t", "r")
        await until(pilot, lambda: "log" in stage(app))


def test_a_save_is_seen_by_size_or_time_or_another_file_of_the_name(tmp_path: Path) -> None:
    path, other = tmp_path / "a.py", tmp_path / "b.py"
    path.write_text("x = 1\n")
    watch = FileWatch(path)
    assert not watch.changed()
    path.write_text("x = 10\n")
    assert watch.changed() and not watch.changed()
    was = path.stat()
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns + 1_000_000))
    assert watch.changed() and not watch.changed()
    was = path.stat()
    renamed(path, "x = 20\n")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert watch.changed() and not watch.changed()
    path.unlink()
    assert not watch.changed(), "it is about to be another one"
    path.write_text("x = 300\n")
    assert watch.changed() and not watch.changed()
    other.write_text("y = 1\n")
    watch.also([other])
    assert not watch.changed()
    other.write_text("y = 22\n")
    assert watch.changed() and not watch.changed()


async def test_a_file_has_no_keys_for_other_steps(tmp_path: Path) -> None:
    async with exploring(tmp_path, FakeEngine()) as (app, pilot):
        await until(pilot, lambda: app.tour.state.report and app.tour.state.report.done)
        screen = app.tour_screen
        assert "next" not in plain(screen.keys.line) and "lessons" not in plain(screen.keys.line)
        assert "1 of 1" not in plain(screen.top.line) and "ml.py" in plain(screen.top.line)
        await pilot.press("n", "p", "N", "B", "l")
        assert app.screen is screen and "last step" not in plain(screen.keys.line)
        assert all(found.action for found in everything(app.tour, screen.context))


async def test_enter_goes_through_the_files_of_the_program(tmp_path: Path) -> None:
    async with exploring(tmp_path) as (app, pilot):
        await until(pilot, lambda: app.tour.state.report and app.tour.state.report.done and app.tour.state.files)
        assert app.tour.state.files == (str(tmp_path / "ours.py"),)
        await pilot.press("1", "j", "j", "j", "j")
        await until(pilot, lambda: app.tour_screen.links.link is not None)
        await pilot.press("enter")
        assert app.tour.view.cell == str(tmp_path / "ours.py")
        assert app.tour.view.code.text == OURS
        source = app.tour_screen.slots.source
        assert source.has_focus and source.cursor == 1
        assert not app.tour_screen.context.editable
        await pilot.press("o")
        assert "ours.py" in screen_text(app) and "Files of the program" in screen_text(app)
        await pilot.press("up", "enter")
        assert app.tour.view.cell == app.tour.view.own and app.tour.view.code.text == FILE


async def test_the_calls_stand_in_place_of_a_lesson(tmp_path: Path) -> None:
    async with exploring(tmp_path) as (app, pilot):

        def calls() -> str:
            return plain_lines(document(app.tour.view, 60).lines)

        assert calls() == "the calls appear when the file has run\n"
        assert "Calls" in screen_text(app) and "Lesson" not in screen_text(app)
        await until(pilot, lambda: app.tour.state.report and app.tour.state.report.done)
        first, second = calls().splitlines()
        assert first.startswith("›") and first.endswith("eqn  f(1.0)")
        assert second.startswith(" ") and second.endswith("eqn  g(1.0)")


async def test_a_file_that_is_gone_is_said_and_the_own_stays(tmp_path: Path) -> None:
    async with exploring(tmp_path) as (app, pilot):
        await until(pilot, lambda: app.tour.state.files)
        (tmp_path / "ours.py").unlink()
        assert not app.tour_screen.links.show(str(tmp_path / "ours.py"))
        assert app.tour.view.cell == app.tour.view.own
