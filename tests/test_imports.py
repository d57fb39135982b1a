"""`sys.modules` shows what an import or a command brings with it: only that proves that a late import stays late."""

import json
import pkgutil
import subprocess
import sys
from graphlib import TopologicalSorter

import grimp
import pytest

import jaxtour

SHOW = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
TOUR = ("jax", "jaxlib", "textual", "numpy")


def modules(code: str) -> set[str]:
    """Return the packages that are loaded after the code has run in a separate process."""
    done = subprocess.run([sys.executable, "-c", f"{code}\n{SHOW}"], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def submodules(*packages: str) -> list[str]:
    """Return every module of these packages of jaxtour."""
    everything = [found.name for found in pkgutil.walk_packages(jaxtour.__path__, "jaxtour.")]
    names = [name for name in everything if name.split(".")[1] in packages]
    assert names
    return names


def importing(names: list[str]) -> str:
    return "\n".join(f"import {name}" for name in names)


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """What each module of jaxtour imports from jaxtour, anywhere in it and for types too."""
    graph = grimp.build_graph("jaxtour")
    return {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}


def test_no_modules_import_each_other_in_a_circle(imports):
    assert "jaxtour.tui.actions" in imports["jaxtour.tui.app"]
    # Raises CycleError, which names the modules of a circle.
    TopologicalSorter(imports).prepare()


def test_every_module_is_imported_or_started(imports):
    packages = {name.rpartition(".")[0] for name in imports}
    imported = set().union(*imports.values())
    started = {
        "jaxtour.__main__",
        "jaxtour.render.ir.lexers",  # an entry point of Pygments
        "jaxtour.worker.guard.supervisor",  # by name, like everything that the guard starts with
        "jaxtour.worker.start_guard",
        "jaxtour.worker.start_remote",  # as text, on another machine
        "jaxtour.worker.start_runner",
    }
    assert imports.keys() - packages - imported == started


def test_the_command_line_starts_with_click_alone():
    assert not modules("import jaxtour.cli") & {*TOUR, "yaml", "msgspec", "platformdirs", "pygments", "packaging"}


@pytest.mark.parametrize("words", [[], ["vmap"], ["vmap/axes"]])
def test_the_tour_opens_without_the_command_line(words, tmp_path):
    opened = f"""
import os, sys
os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = {str(tmp_path)!r}
from jaxtour import entry
from jaxtour.commands import tour
tour.tour = tour.print_lesson = lambda target, config, **_: print(target, config.python) or 0
sys.argv = ["jaxtour", *{words!r}]
try:
    entry.main()
except SystemExit as leaving:
    assert leaving.code == 0
"""
    assert "click" not in modules(opened)
    assert "click" in modules(opened.replace("sys.argv = [", "sys.argv = ['jaxtour', '--theme=light'] or ["))


def test_a_command_comes_before_a_lesson_of_its_name():
    from jaxtour.cli import main
    from jaxtour.course.catalogue import bundled
    from jaxtour.entry import SHADOWED

    assert {entry.id for entry in bundled().entries} & main.commands.keys() == set(SHADOWED)


def test_asyncio_comes_without_openssl_which_may_come_later():
    done = "from jaxtour.dispatch import finish\ntry:\n    finish(lambda: 0)\nexcept SystemExit:\n    pass"
    found = modules(done)
    assert "asyncio" in found and not found & {"ssl", "_ssl"}
    assert "_ssl" in modules(f"{done}\nimport ssl")


@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "--version",
        "run --help",
        "lens --help",
        "explore --help",
        "time --help",
        "list",
        "list --json",
        "progress",
        "progress --json",
        "reset vmap --yes",
        "schema",
    ],
)
def test_commands_that_need_no_screen_and_no_worker(line, tmp_path):
    code = f"""
import contextlib, io, os, sys
os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = {str(tmp_path)!r}
from jaxtour.cli import main
out = io.StringIO()
with contextlib.redirect_stdout(out):
    try:
        main({line.split()!r})
    except SystemExit as leaving:
        assert not leaving.code, leaving.code
assert out.getvalue()
"""
    found = modules(code)
    assert not found & set(TOUR)
    if line.endswith(("--help", "--version")):
        assert not found & {"yaml", "msgspec"}


@pytest.mark.parametrize("package", ["course", "engine", "render", "commands"])
def test_what_is_behind_the_screen_imports_neither_screen_nor_jax(package):
    names = submodules(package)
    if package == "commands":
        # This one opens the app.
        names = [name for name in names if not name.endswith(".snapshot")]
    assert not modules(importing(names)) & set(TOUR)


@pytest.mark.row("jax in the app by accident")
def test_the_screen_never_imports_jax():
    names = submodules("tui", "render", "engine", "course")
    found = modules(importing(names))
    assert "textual" in found
    assert not found & {"jax", "jaxlib"}
    # Charts are drawn with it, and wait for the first one.
    assert "numpy" not in modules(importing(name for name in names if not name.endswith(".plot")))


def test_the_guard_is_the_standard_library_and_its_own_folder():
    guard = f"{jaxtour.__path__[0]}/worker/start_guard.py"
    found = modules(f"import runpy; runpy.run_path({guard!r}, run_name='guard')")
    assert not found & {*TOUR, "jaxtour", "msgspec", "yaml", "click", "pygments", "platformdirs", "packaging"}


def test_reading_a_lesson_loads_no_more_than_it_needs():
    found = modules("from jaxtour.course.catalogue import bundled\nassert not bundled().entries[0].lesson().problems")
    assert {"yaml", "msgspec"} <= found
    assert not found & {*TOUR, "click", "pygments", "packaging"}


def test_timings_without_a_chart_need_no_numpy():
    shown = """
import asyncio, pygments
from textual.app import App
from jaxtour.tui.lines.document import Document, illustrated
from jaxtour.tui.lines.view import LinesView

async def show():
    app = App()
    async with app.run_test() as pilot:
        view = LinesView("view")
        await app.mount(view)
        for blocks in ([], [[(("a row", ""),)]], []):
            lines, pictures = illustrated(blocks, 60, 12)
            view.show(Document(lines=lines, pictures=pictures))
            await pilot.pause()

asyncio.run(show())
"""
    found = modules(shown)
    assert "textual" in found and "numpy" not in found


def test_the_first_frame_waits_for_nothing_that_it_does_not_show(tmp_path):
    started = f"""
import asyncio, os, sys
os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = {str(tmp_path)!r}
from jaxtour.commands import tour as command
from jaxtour.engine.session import WorkerConfig
from jaxtour.tui import app as tui, terminal

shown = []

def begin(app):
    shown.append("def predict" in app.tour.view.code.text and app.tour_screen.panes.is_attached)
    app.exit(0)

def run_tour(catalogue, session, progress, settings, start, **rest):
    app = tui.TourApp(catalogue, session, progress, settings, start=start)
    async def run():
        async with app.run_test(size=(160, 45)) as pilot:
            while not shown:
                await pilot.pause()
    asyncio.run(run())
    return 0

tui.TourApp.begin = begin
terminal.run_tour = run_tour
command.tour("vmap", WorkerConfig(), theme=None, mouse=False)
assert shown == [True]
print(*sys.modules)
"""
    for parsers in ({"yaml"}, set()):  # the second time the lesson is in the cache
        done = subprocess.run([sys.executable, "-c", started], capture_output=True, text=True, timeout=150)
        assert done.returncode == 0, done.stderr
        loaded = set(done.stdout.splitlines()[-1].split())
        assert parsers == loaded & {"yaml"}
    assert {"msgspec", "jaxtour.tui.panes.time"} <= loaded
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"jax", "jaxlib", "numpy", "packaging", "pygments", "tomllib", "markdown_it", "graphlay"}
    assert not packages & {"textual_plot", "textual_image", "PIL", "tree_sitter", "tree_sitter_python"}
    ours = {name for name in loaded if name.startswith("jaxtour.")}
    # What draws results, stages, measurements and devices; the editor, and the boxes over a step.
    late = (
        "render.chart",
        "render.devices",
        "render.ir",
        "render.timing",
        "render.value",
        "tui.screens",
        "tui.lines.plot",
    )
    early = {"render.ir", "render.ir.gutter", "tui.screens", "tui.screens.box"}
    assert {name for name in ours if name.removeprefix("jaxtour.").startswith(late)} == {
        f"jaxtour.{name}" for name in early
    }
    assert not ours & {"jaxtour.render.text.markdown", "jaxtour.tui.widgets.editor", "jaxtour.engine.headless"}
