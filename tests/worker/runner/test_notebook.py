"""A notebook's cells have features in a runner that a lesson's steps do not have."""

import sys

import pytest
from runner_client import RunnerClient

from jaxtour.worker.runner.failures import message
from jaxtour.worker.runner.notebook import Notebook, plain_repr


@pytest.fixture
def runner():
    client = RunnerClient()
    client.until("state", state="ready")
    yield client
    client.close()


def cell(code, folder, number=1):
    return {"name": f"book/cell-{number}", "code": code, "notebook": {"number": number, "folder": str(folder)}}


def test_an_interrupt_ends_an_await_and_the_runner_lives(runner, tmp_path):
    waits = "import asyncio, warnings\nwarnings.warn('begun')\nawait asyncio.sleep(1000)"
    run = runner.begin(cell=cell(waits, tmp_path))
    runner.until("warning", message="begun")
    runner.interrupt()
    assert runner.finish(run).one("done")["status"] == "interrupted"
    ran = runner.finish(runner.begin(cell=cell("await asyncio.sleep(0, 2)", tmp_path, 2)))
    assert ran.one("result")["value"]["plain"] == "2"


def test_tasks_go_on_from_one_cell_to_the_next(runner, tmp_path):
    first = (
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5\n"
        "async def start():\n    return asyncio.create_task(f())\ntask = await start()"
    )
    runner.finish(runner.begin(cell=cell(first, tmp_path)))
    ran = runner.finish(runner.begin(cell=cell("await task", tmp_path, 2)))
    assert ran.text == "5"


def test_a_lesson_s_value_has_no_other_text(runner):
    assert "plain" not in runner.run("1 + 1").one("result")["value"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (int, "int"),
        (pytest.Item, "_pytest.nodes.Item"),
        (cell, f"<function {__name__}.cell(code, folder, number=1)>"),
        ({"a": 1.5}, "{'a': 1.5}"),
    ],
)
def test_values_have_the_text_that_ipython_shows(value, text):
    assert plain_repr(value) == text


@pytest.mark.parametrize(
    ("bundle", "text"),
    [
        ({"text/plain": "\x1b[1mbold\x1b[0m", "text/html": "<b>"}, "bold"),
        (({"text/plain": "two"}, {}), "two"),
        ({"text/html": "<b>"}, "<Shown>"),
        (None, "<Shown>"),
    ],
)
def test_a_value_that_tells_its_own_text_is_shown_by_that(bundle, text):
    class Shown:
        def _repr_mimebundle_(self, include, exclude):
            return bundle

        def __repr__(self):
            return "<Shown>"

    assert plain_repr(Shown()) == text


def test_the_display_that_is_imported_from_ipython_is_the_notebook_s(runner, tmp_path):
    folder = tmp_path / "IPython" / "core"
    folder.mkdir(parents=True)
    (tmp_path / "IPython" / "__init__.py").write_text("")
    (tmp_path / "IPython" / "display.py").write_text("from IPython.core.display_functions import *\n")
    (folder / "__init__.py").write_text("")
    (folder / "display_functions.py").write_text("def display(*objects): print('IPython')\n")
    code = "import sys\nsys.modules.pop('IPython', None)\nfrom IPython.display import display as shown\nshown('a')"
    assert runner.finish(runner.begin(cell=cell(code, tmp_path))).stdout == "'a'\n"
    assert runner.finish(runner.begin(cell=cell("shown == display", tmp_path, 2))).text == "True"


def test_a_repr_that_raises_is_told():
    class Bad:
        def __repr__(self):
            raise ValueError

    assert plain_repr(Bad()) == "(its __repr__ raised ValueError)"


def test_names_that_a_cell_takes_stay_its_own():
    notebook, space = Notebook(), {}
    notebook.enter(space, sys.path[0])
    for number, value in enumerate((1, None, 2, 3), 1):
        notebook.keep(space, number, value)
    assert [space[name] for name in ("_", "__", "___", "_4")] == [3, 2, 1, 3]
    assert space["Out"] == {1: 1, 3: 2, 4: 3}
    space["__"] = "mine"
    notebook.keep(space, 5, 9)
    notebook.enter(space, sys.path[0])
    assert (space["_"], space["__"], space["_5"]) == (3, "mine", 9)


def test_matplotlib_is_only_used_where_the_code_has_imported_it(runner, tmp_path):
    code = "import sys, os\n'matplotlib' in sys.modules, os.environ['MPLBACKEND']"
    assert runner.finish(runner.begin(cell=cell(code, tmp_path))).text == "(False, 'Agg')"


def test_a_missing_ipython_has_a_remedy():
    assert "install ipython in the Python" in message(ModuleNotFoundError("No module named 'IPython'"))
