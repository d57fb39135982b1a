"""`jaxtour export` and `import` take a lesson away, and the learner's work to another machine."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from inside import REAL, command
from shell import lesson

from jaxtour.course.progress import Progress

OWN = lesson(
    "own",
    "setup: import jax.numpy as jnp\ncode: |\n  def f(x): return x * 2\n  print('<b>')\n  f(jnp.ones(3))\n"
    "ask: {question: How long?, value: len(f(jnp.ones(3)))}\nafter: It cost $5, <script>x</script>.",
    "code: f(jnp.ones(2)) + jnp.ones(3)\nraises: TypeError\n"
    "ask: {question: What?, choices: [two, an error], answer: 2}",
    "exercise:\n  starter: |\n    def double(x): return nothing\n    double(2)\n  check: assert double(2) == 4\n"
    "  solution: |\n    def double(x): return 2 * x\n    double(2)\n  hints: [Twice.]",
    "exercise:\n  starter: 'y = None'\n  check: assert y\n  solution: y = double(4)",
    "code: double(3) + y\ntime: [double(3)]",
)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a lesson in which the learner has solved an exercise, changed a step and made a prediction."""
    (tmp_path / "own.yaml").write_text(OWN)
    progress = Progress.open()
    progress.update("own", "s4", edit="y = double(5)\n")
    progress.mark_done("own", "s4")
    progress.update("own", "s5", edit="double(3) + y + 100\n")
    progress.update("own", "s2", answer="two", right=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cells(path: Path) -> list[tuple[str, list[str], list[str]]]:
    """Return each code cell's source, tags, and outputs as text."""
    book = nbformat.read(path, 4)
    nbformat.validate(book)
    return [
        (cell.source, cell.metadata.get("tags", []), [_words(output) for output in cell.outputs])
        for cell in book.cells
        if cell.cell_type == "code"
    ]


def _words(output: nbformat.NotebookNode) -> str:
    return str(output.get("text") or output.get("ename") or output.data["text/plain"])


def test_a_notebook_has_the_learners_code_and_what_it_gives(work: Path) -> None:
    done = command("export", "own.yaml", "--platform", "cpu", engine=REAL)
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote jaxtour-own.ipynb\n", "")
    found = cells(work / "jaxtour-own.ipynb")
    assert found[0] == ("import jax.numpy as jnp", [], [])
    assert found[1][1:] == ([], ["<b>\n", "Array([2., 2., 2.], dtype=float32)"])
    assert found[2][1:] == (["raises-exception"], ["TypeError"])
    assert found[3][1:] == (["raises-exception"], ["NameError"]), "the starter"
    assert found[4][0].endswith("def double(x): return 2 * x\ndouble(2)"), "on which the next steps build"
    assert found[5] == ("y = double(5)", [], [])
    assert found[6] == ("double(3) + y + 100", [], ["116"])
    book = nbformat.read(work / "jaxtour-own.ipynb", 4)
    texts = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    for words in ("**3**", "**an error**\n\nYou said: two", "cost \\$5, &lt;script>", "<summary>Hint 1</summary>",
                  "<summary>jaxpr of f(jnp.ones(3)): 1 equation</summary>", "The lesson's solution"):  # fmt: skip
        assert words in texts, words
    assert (book.metadata.kernelspec.name, book.cells[0].cell_type) == ("python3", "markdown")
    again = command("check", "jaxtour-own.ipynb", "--trust", "--platform", "cpu", engine=REAL)
    assert again.returncode == 0, again.stdout
    assert "jaxtour-own.ipynb: 5 of 5 cells with stored outputs agree" in again.stdout
    here = command("export", "own.yaml", "--no-run")
    assert here.returncode == 2 and "jaxtour-own.ipynb exists already: name another file with -o" in here.stderr


def test_a_script_runs_with_plain_python_and_markdown_and_a_page_show_the_same(work: Path) -> None:
    done = command("export", "own.yaml", "-o", "own.py", "--no-run")
    assert (done.returncode, done.stdout) == (0, "wrote own.py\n"), done.stderr
    ran = subprocess.run([sys.executable, "own.py"], capture_output=True, text=True, check=True, timeout=150)
    lines = ran.stdout.split("\n")
    assert lines[0] == "<b>" and lines[1].startswith("TypeError: ") and lines[2].startswith("NameError: ")
    done = command("export", "own.yaml", "-o", "-", "--to", "md", "--platform", "cpu", engine=REAL)
    assert done.returncode == 0, done.stderr
    assert "```python\ndouble(3) + y + 100\n```\n\n```text\n116\n```" in done.stdout
    time = done.stdout.partition("<summary>Time here: ")[2]
    assert "blocked</summary>\n\n```text\n" in time and "\ndouble(3) " in time
    assert command("export", "own.yaml", "-o", "own.html", "--no-run").returncode == 0
    page = (work / "own.html").read_text("utf-8")
    assert "&lt;script&gt;" in page and "<script" not in page
    assert "<details><summary>The lesson's code</summary>" in page


def test_a_step_that_cannot_run_here_says_so(work: Path) -> None:
    (work / "tpu.yaml").write_text(lesson("tpu", "code: 1 + 1", head="requires: {platform: tpu}\n"))
    done = command("export", "tpu.yaml", "-o", "tpu.md", "--platform", "cpu", engine=REAL)
    assert (done.returncode, done.stderr) == (0, "")
    assert "*Not run here: needs a TPU; this worker has cpu*" in (work / "tpu.md").read_text()


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (
            ("own.yaml", "-o", "own.txt"),
            "unknown format: name a file that ends in .ipynb, .py, .md or .html, or add --to",
        ),
        (("own.yaml", "-o", "none/own.md"), "no folder none"),
        (("own.yaml", "-o", "folder.md"), "this is a folder"),
        (("nope",), "unknown lesson 'nope'"),
        (("own.yaml/s1",), "name a lesson, not one of its steps"),
        (("--to", "md"), "name one, as in jaxtour export vmap --to md"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_runs(work: Path, args: tuple[str, ...], why: str) -> None:
    (work / "folder.md").mkdir()
    done = command("export", *args)
    assert (done.returncode, done.stdout) == (2, "") and why in done.stderr and done.stderr.count("\n") == 1


def test_without_nbformat_there_is_one_line(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nbformat", None)
    done = command("export", "own.yaml", "--no-run")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "pip install 'jaxtour[notebooks]'" in done.stderr and not (work / "jaxtour-own.ipynb").exists()


CARD = {"due": "2026-05-01T00:00:00+00:00", "last_review": "2026-04-01T00:00:00+00:00"}


def test_work_moves_to_another_machine_and_joins_what_is_there(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Progress.open().update("own", "s4", card=CARD, hints=1)
    done = command("export")
    assert (done.returncode, done.stdout) == (0, "wrote jaxtour-state.json\n")
    told = command("export", "-o", "-").stdout
    assert json.loads(told) == json.loads((work / "jaxtour-state.json").read_text())
    monkeypatch.setenv("XDG_STATE_HOME", str(work / "vm"))
    done = command("import", "jaxtour-state.json", "--yes")
    assert (done.returncode, done.stdout, done.stderr) == (0, "added 3 steps\n", ""), "there was nothing to keep"
    there = Progress.open()
    assert there.saved("own", "s4").edit == "y = double(5)\n" and there.saved("own", "s4").card == CARD
    there.update("own", "s4", edit="y = double(6)\n")
    there.update("own", "s4", hints=2, card=CARD | {"last_review": "2026-04-02T00:00:00"})
    there.mark_done("vmap", "one")
    asked = command("import", "jaxtour-state.json")
    assert asked.returncode == 2 and "add --yes" in asked.stderr
    done = command("import", "jaxtour-state.json", "--yes")
    before = there.path.with_name("progress-before-import-1.json")
    assert done.stdout == f"added 3 steps; your earlier progress is in {before}\n"
    there = Progress.open()
    assert there.is_done("vmap", "one") and there.saved("own", "s4").edit == "y = double(5)\n"
    assert there.saved("own", "s4").hints == 2
    assert [text for text, _ in there.saved("own", "s4").versions] == ["y = double(6)\n", "y = double(5)\n"]
    assert there.saved("own", "s4").card == CARD | {"last_review": "2026-04-02T00:00:00"}, "the later review"
    assert Progress.open(before).saved("own", "s4").edit == "y = double(6)\n"
    done = command("import", "jaxtour-state.json", "--yes", "--replace")
    assert done.returncode == 0 and done.stdout.startswith("replaced your progress with 3 steps; ")
    assert not Progress.open().is_done("vmap", "one")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x00\xff", "not what `jaxtour export` writes"),
        (b'{"version": 2, "lessons": {}}', "not what `jaxtour export` writes"),
        (b'{"kind": "jaxtour learning state", "version": 99}', "written by a newer jaxtour"),
        (b'{"kind": "jaxtour learning state", "version": 2, "lessons": [1]}', "not what `jaxtour export` writes"),
        (b"[" * 100_000, "not what `jaxtour export` writes"),
        (None, "no.json: cannot be read: No such file or directory"),
    ],
)
def test_anything_else_is_refused_and_changes_nothing(work: Path, data: bytes | None, why: str) -> None:
    before = Progress.open().path.read_bytes()
    if data is not None:
        (work / "no.json").write_bytes(data)
    done = command("import", "no.json", "--yes")
    assert (done.returncode, done.stdout) == (2, "") and why in done.stderr and done.stderr.count("\n") == 1
    assert Progress.open().path.read_bytes() == before
    assert [path.name for path in Progress.open().path.parent.iterdir() if "before" in path.name] == []
