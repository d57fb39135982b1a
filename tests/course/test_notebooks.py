"""Notebooks, MyST pages and percent scripts become lessons."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from nbformat import v4

from jaxtour.course import notebook_file
from jaxtour.course.catalogue import open_path
from jaxtour.course.model import CourseError, Lesson, Step, TimeSpec
from jaxtour.text import Raw

CODE = v4.new_code_cell
TEXT = v4.new_markdown_cell


def printed(text: str, name: str = "stdout") -> Any:
    return v4.new_output("stream", name=name, text=text)


def result(text: str, **data: str) -> Any:
    return v4.new_output("execute_result", data={"text/plain": text, **data}, execution_count=1)


HTML = "<IPython.core.display.HTML object>"


def shown(text: str, **data: str) -> Any:
    return v4.new_output("display_data", data={"text/plain": text, **data})


def tagged(source: str, *tags: str, outputs: list[Any] | None = None) -> Any:
    return CODE(source, metadata={"tags": list(tags)}, outputs=outputs or [])


def saved(path: Path, *cells: Any) -> Path:
    nbformat.write(v4.new_notebook(cells=list(cells)), path)
    return path


def opened(path: Path) -> Lesson:
    return open_path(path).entries[0].load()


def steps(lesson: Lesson) -> list[Step]:
    assert all(isinstance(step, Step) for step in lesson.steps)
    return [step for step in lesson.steps if isinstance(step, Step)]


def test_a_code_cell_is_a_step_and_the_markdown_before_it_its_text(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "My vmap.ipynb",
        TEXT("# The `title`\n\nFirst."),
        TEXT("More ![A cat](a.png)."),
        CODE("x = 1"),
        v4.new_raw_cell("raw"),
        CODE("  \n"),
        CODE("x"),
        TEXT("## Then\n\nsecond"),
        CODE("x + 1"),
        TEXT("The end."),
    )
    lesson = opened(path)
    assert (lesson.id, lesson.title, lesson.problems) == ("my-vmap-ipynb", "The title", ())
    first, second, third = steps(lesson)
    assert [first.id, second.id, third.id] == ["cell-1", "cell-2", "cell-3"]
    assert [first.title, second.title, third.title] == ["The title", "Cell 2", "Then"]
    assert [first.text, second.text, third.text] == ["First.\n\nMore A cat.", "", "second"]
    assert [first.code.text, second.code.text, third.code.text] == ["x = 1", "x", "x + 1"]
    assert (first.after, third.after) == ("", "The end.")


def test_the_same_cells_make_the_same_lesson_in_each_format(tmp_path: Path) -> None:
    book = v4.new_notebook(
        cells=[TEXT("# T\n\nread"), CODE("%time x = 1\nx"), TEXT("## U"), tagged("1/0", "raises-exception")]
    )
    for suffix, fmt in ((".ipynb", "ipynb"), (".md", "md:myst"), (".py", "py:percent")):
        path = tmp_path / f"page{suffix}"
        path.write_text(jupytext.writes(book, fmt=fmt))
        lesson = opened(path)
        assert (lesson.id, lesson.title) == (f"page-{suffix[1:]}", "T")
        one, two = steps(lesson)
        assert (one.title, one.text, one.code.text, one.time) == ("T", "read", "%time x = 1\nx", (Raw("1"),))
        assert (two.title, two.code.text, two.raises) == ("U", "1/0", "Exception")
        lines = path.read_text().split("\n")
        places = [lines[lesson.places[step.id][0] - 1] for step in (one, two)]
        assert "%time x = 1" in places[0] and "1/0" in places[1]


def test_tags(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.ipynb",
        tagged("import os", "remove-cell"),
        tagged("%matplotlib inline", "remove-cell"),
        TEXT("kept"),
        v4.new_markdown_cell("dropped", metadata={"tags": ["remove-cell"]}),
        CODE("os"),
        tagged("never()", "skip-execution"),
        tagged(
            "1 / 0",
            "raises-exception",
            outputs=[v4.new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])],
        ),
        tagged("last", "remove-cell"),
    )
    lesson = opened(path)
    one, two = steps(lesson)
    assert (one.id, one.setup.text, one.text) == ("cell-3", "import os\n\n%matplotlib inline", "kept")
    assert (two.id, two.setup.text, two.text) == ("cell-5", "", "```python\nnever()\n```")
    assert (two.raises, lesson.cells["cell-5"].error, lesson.cells["cell-3"].error) == (
        "Exception",
        "ZeroDivisionError",
        None,
    )


def test_what_the_file_has_stored_is_kept_without_pictures_and_timings(tmp_path: Path) -> None:
    png = "A" * 1000
    path = saved(
        tmp_path / "a.ipynb",
        CODE("f()", outputs=[printed("one\n"), printed("bad", "stderr"), printed("two\n"), result("0.3781")]),
        CODE("g()", outputs=[v4.new_output("display_data", data={"text/plain": "<Figure>", "image/png": png})]),
        CODE("display(1)", outputs=[v4.new_output("display_data", data={"text/plain": "1"})]),
        CODE("%timeit np.f(x)\nf()", outputs=[printed("3 µs ± 1 ns per loop (mean ± std. dev. of 7 runs)\nx\n")]),
        CODE("%timeit f(x)", outputs=[printed("10 loops, best of 3: 6.75 ms per loop\n")]),
        CODE("!ls\n2", outputs=[printed("a.ipynb\n"), result("2")]),
        CODE("show(m)\n3", outputs=[printed("a\n"), shown(HTML, **{"text/html": "<b>"}), result("3")]),
        CODE("rich(m)", outputs=[shown("\x1b[38;5;1;48;5;2m CPU 0 \x1b[0m", **{"text/html": "<pre>"})]),
        CODE("df", outputs=[result(HTML, **{"text/html": "<b>"})]),
        CODE("display(df)", outputs=[shown("   a\n0  1", **{"text/html": "<table>"})]),
        CODE("tqdm()", outputs=[printed("b\n"), shown("  0%", **{"application/vnd.jupyter.widget-view+json": ""})]),
        CODE("plot()", outputs=[printed("c\n"), shown("<Figure size 640x480 with 1 Axes>")]),
        CODE("rich(n)", outputs=[shown("\x1b[1;36m0\x1b[0m", **{"text/html": "<pre>"})]),
    )
    lesson = opened(path)
    stored = {
        name: (cell.stdout and cell.stdout.text, cell.value and cell.value.text) for name, cell in lesson.cells.items()
    }
    assert stored == {
        "cell-1": ("one\ntwo\n", "0.3781"),
        "cell-2": (None, None),
        "cell-3": ("1\n", None),
        "cell-4": ("x\n", None),
        "cell-5": (None, None),
        "cell-6": (None, "2"),
        "cell-7": (None, "3"),
        "cell-8": (None, None),
        "cell-9": (None, None),
        "cell-10": ("   a\n0  1\n", None),
        "cell-11": ("b\n", None),
        "cell-12": ("c\n", None),
        "cell-13": ("\x1b[1;36m0\x1b[0m\n", None),
    }
    assert steps(lesson)[3].time == (TimeSpec(call=Raw("np.f(x)"), on="host"),)
    assert steps(lesson)[5].after == "- Line 1: `!ls` is shown, but does not run."
    assert lesson.cells["cell-1"].folder.text == str(tmp_path)


def test_an_error_that_the_file_has_stored_is_expected_without_a_tag_and_an_interrupt_is_not(tmp_path: Path) -> None:
    def failed(name: str) -> list[Any]:
        return [v4.new_output("error", ename=name, evalue="", traceback=[])]

    path = saved(tmp_path / "a.ipynb", CODE("f()", outputs=failed("TypeError")), CODE("g()"),
                 CODE("h()", outputs=failed("KeyboardInterrupt")))  # fmt: skip
    lesson = opened(path)
    assert [step.raises for step in steps(lesson)] == ["Exception", None, None]
    assert [cell.error for cell in lesson.cells.values()] == ["TypeError", None, None]


def test_text_of_a_notebook_is_harmless(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.ipynb", TEXT("# a\x1b[31mb\n\nc\u202ed"), CODE("!\x1b]0;x\x07\n'\x1b'"))
    lesson = opened(path)
    (step,) = steps(lesson)
    shown = lesson.title + step.title + step.text + step.after
    assert "\x1b" not in shown and "\u202e" not in shown and "\x07" not in shown
    assert "\x1b" in step.code.text


def test_an_id_is_none_of_the_course(tmp_path: Path) -> None:
    path = saved(tmp_path / "vmap.ipynb", CODE("1"))
    assert opened(path).id == "vmap-ipynb"


def old_notebook() -> str:
    cells = [{"cell_type": "code", "input": ["1 +\n", "1"], "language": "python", "outputs": [], "metadata": {}}]
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells, "metadata": {}}]}
    )


def test_a_notebook_of_format_3_and_one_that_is_not_quite_valid_open(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(old_notebook())
    assert steps(opened(path))[0].code.text == "1 +\n1"
    cell = {"cell_type": "code", "source": ["1"], "more": 1, "metadata": {}, "outputs": [], "execution_count": None}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    assert steps(opened(path))[0].code.text == "1"
    assert capfd.readouterr() == ("", "")


BOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": %s}'


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.ipynb", b'{"cells": [\n  1,}', ":2:5: not a notebook: "),
        ("a.ipynb", b"", ":1:1: not a notebook: "),
        ("a.ipynb", b"[1]", ":1:1: not a notebook: it has no `nbformat`"),
        ("a.ipynb", b'{"nbformat": 2}', ":1:1: a notebook of format 2, too old: save it with a current Jupyter"),
        ("a.ipynb", b'{"nbformat": 9}', ":1:1: a notebook of format 9, too new: save it as format 4"),
        ("a.ipynb", b"ab\n\xffPNG", ":2:1: byte 0xff is not UTF-8"),
        ("a.ipynb", b"a\0", ":1:2: the character U+0000 is not text"),
        ("a.ipynb", b"[" * 200_000, ":1:1: not a notebook: "),
        ("a.ipynb", (BOOK % "[]").encode(), ":1:1: no code cell here"),
        ("a.ipynb", (BOOK % "7").encode(), ":1:1: "),
        ("a.ipynb", (BOOK % '[{"cell_type": "code", "source": 7}]').encode(), ":1:1: "),
        ("a.ipynb", (BOOK % '[{"cell_type": "odd", "source": "", "metadata": {}}]').encode(), ":1:1: "),
        ("a.md", b"# T\n\n```python\n1\n```\n", ":1:1: no code cell here: "),
        ("a.md", b"\xff", ":1:1: byte 0xff is not UTF-8"),
        ("a.py", b"# %% [markdown]\n# only\n", ":1:1: no code cell here"),
        ("a.py", b"x = 1\n", ": a Python file, not a lesson: open it with `jaxtour explore "),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_told_in_one_line_with_its_place(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(CourseError) as error:
        opened(path)
    assert str(error.value).startswith(f"{path}{message}")
    assert "\n" not in str(error.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name, reason in (
        ("pipe.ipynb", "a pipe without data, not a file"),
        ("gone.ipynb", "No such file or directory"),
    ):
        with pytest.raises(CourseError, match=reason):
            opened(tmp_path / name)


def test_pictures_may_be_large_but_not_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = v4.new_output("display_data", data={"text/plain": "<Figure>", "image/png": "A" * 3_000_000})
    path = saved(tmp_path / "a.ipynb", CODE("1", outputs=[picture]))
    assert len(steps(opened(path))) == 1
    monkeypatch.setitem(notebook_file.MAX_BYTES, ".ipynb", 2 << 20)
    with pytest.raises(CourseError, match="larger than 2 MiB: split it"):
        opened(path)
    with pytest.raises(CourseError, match="its cells have more than 1 MiB of text: split it"):
        opened(saved(path, CODE("1"), TEXT("x" * (1 << 20))))
    monkeypatch.setattr(notebook_file, "MAX_CELLS", 1)
    with pytest.raises(CourseError, match="more than 1 cells: split it"):
        opened(saved(path, CODE("1"), CODE("2")))


@pytest.mark.parametrize(("name", "module"), [("a.ipynb", "nbformat"), ("a.md", "jupytext")])
def test_without_the_libraries_the_extra_is_named(
    tmp_path: Path, name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_text(jupytext.writes(v4.new_notebook(cells=[CODE("1")]), fmt="ipynb" if name[-1] == "b" else "md:myst"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CourseError) as error:
        opened(path)
    assert "pip install 'jaxtour[notebooks]'" in str(error.value)
