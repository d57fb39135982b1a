"""Commands open and run notebooks, and compare them with their own outputs."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4
from shell import jaxtour

from jaxtour.commands.common import catalogue_for, lessons_for
from jaxtour.course.model import CourseError

PERCENT = "# %% [markdown]\n# # A script\n\n# %%\nx = 1\n\n# %%\nx + 1\n"
PAGE = "# A page\n\n```{code-cell}\n1 + 1\n```\n"


def shown(text: str) -> list[Any]:
    return [v4.new_output("execute_result", data={"text/plain": text})]


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook whose third cell no longer gives the output that it has stored."""
    cells = [
        v4.new_markdown_cell("# Means\n\nof numbers"),
        v4.new_code_cell("import jax.numpy as jnp\n%time x = jnp.arange(4.0)"),
        v4.new_code_cell("x.mean()", outputs=shown("Array(1.50001, dtype=float32)")),
        v4.new_code_cell("x.sum()", outputs=shown("Array(6.5, dtype=float32)")),
    ]
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "book.ipynb")
    (tmp_path / "script.py").write_text(PERCENT)
    (tmp_path / "page.md").write_text(PAGE)
    (tmp_path / "plain.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_check_names_the_cell_and_both_texts(book: Path) -> None:
    done = jaxtour("check", "book.ipynb", "page.md", cwd=book)
    assert (done.returncode, done.stderr) == (1, "")
    line = (book / "book.ipynb").read_text().split("\n").index('   "source": [') + 1
    told = done.stdout.split("\n")
    place, _, message = told[0].partition(": ")
    assert place.startswith("book.ipynb:") and int(place.split(":")[1]) > line
    assert message == "cell 3: the notebook says Array(6.5, dtype=float32), here Array(6., dtype=float32)"
    assert told[1] == "book.ipynb: 1 of 2 cells with stored outputs agree"
    assert told[2].startswith("2 lessons, 4 steps in ") and told[2].endswith(": 1 problem")


def test_a_run_tells_what_differs_and_goes_well(book: Path) -> None:
    done = jaxtour("run", "book.ipynb", cwd=book)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Means" in done.stdout and "%time x = jnp.arange(4.0)" in done.stdout
    assert "── the notebook says otherwise\ncell 3: the notebook says Array(6.5, dtype=float32)" in done.stdout
    document = json.loads(jaxtour("run", "book.ipynb/cell-3", "--json", cwd=book).stdout)
    (step,) = document["steps"]
    assert (document["lesson"], step["id"], step["status"]) == ("book-ipynb", "cell-3", "ok")
    assert step["stored"] == ["cell 3: the notebook says Array(6.5, dtype=float32), here Array(6., dtype=float32)"]


def test_what_a_target_means(book: Path) -> None:
    assert [lesson.title for lesson in lessons_for("script.py")] == ["A script"]
    assert [lesson.title for lesson in lessons_for("./page.md")] == ["A page"]
    catalogue, wanted = catalogue_for("script.py/cell-2")
    lesson, step = catalogue.find(str(wanted))
    assert (lesson.id, step.id) == ("script-py", "cell-2")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nope.ipynb", "nope.ipynb: no such file or folder"),
        ("nope.md", "nope.md: no such file or folder"),
        ("nope.py", "nope.py: a Python file, not a lesson: open it with `jaxtour explore nope.py`"),
        ("plain.py", "plain.py: a Python file, not a lesson: open it with `jaxtour explore plain.py`"),
        ("plain.py/cell-1", "plain.py: a Python file, not a lesson: open it with `jaxtour explore plain.py`"),
        ("plain.py::f", "plain.py::f: a Python file, not a lesson: open it with `jaxtour explore plain.py::f`"),
        ("script.py/cell-3", "lesson script-py has no step 'cell-3': did you mean cell-2 or cell-1?"),
    ],
)
def test_what_is_not_there(book: Path, target: str, message: str) -> None:
    with pytest.raises(CourseError) as error:
        catalogue, wanted = catalogue_for(target)
        catalogue.find(wanted if wanted is not None else catalogue.entries[0].id)
    assert str(error.value) == message


def test_without_the_libraries_the_message_names_the_extra(book: Path) -> None:
    (book / "missing").mkdir()
    (book / "missing" / "nbformat.py").write_text("raise ModuleNotFoundError(\"No module named 'nbformat'\")\n")
    root = Path(__file__).parents[2]
    done = jaxtour("check", "book.ipynb", cwd=book, PYTHONPATH=f"{book / 'missing'}:{root}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "jaxtour: book.ipynb: notebooks need nbformat and jupytext: pip install 'jaxtour[notebooks]'"
        " (No module named 'nbformat')\n"
    )


def test_a_file_that_is_no_notebook_is_one_line_and_exit_code_2(book: Path) -> None:
    (book / "bad.ipynb").write_text("{\n]")
    for command in ("check", "run", "list"):
        done = jaxtour(command, "bad.ipynb", cwd=book)
        assert done.returncode == 2, command
        assert done.stderr.startswith("jaxtour: bad.ipynb:2:1: not a notebook: ") and done.stderr.count("\n") == 1


def test_explore_says_how_a_notebook_is_opened(book: Path) -> None:
    done = jaxtour("lens", "book.ipynb", cwd=book)
    assert done.returncode == 2
    assert "open a notebook with `jaxtour FILE`" in done.stderr
