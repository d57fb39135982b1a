"""Matplotlib's figures in the cells of a notebook appear where Jupyter shows them, each once."""

import struct
from pathlib import Path

import pytest
from nbformat import v4
from notebooks import ran, saved

from jaxtour.engine.compare.verify import stored_differences
from jaxtour.engine.report import Report

CELLS = (
    "import numpy as np, matplotlib.pyplot as plt\nfrom matplotlib.figure import Figure\nfrom pylab import show",
    "plt.plot([1, 2]); plt.title('Loss\\nby step')\nplt.show()\nprint('between')\nfig = plt.figure(figsize=(2, 1))",
    "plt.get_fignums()",
    "fig",
    "print('before')\ndisplay(fig, 'text', fig)\nprint('after')\nfig",
    "own = Figure((1, 1), dpi=50)\nown.add_subplot().plot([1, 2])\ndisplay(own)",
    "fig, axes = plt.subplots(1, 2)\nfig.suptitle('Both')\naxes[0].set_title('left')\nshow();",
    "plt.plot([1]); plt.close(); plt.plot([2]); plt.close('all')",
    "plt.plot([1])\n1 / 0",
    "class Bad(Figure):\n    def savefig(self, *a, **k): raise ValueError('no font')\ndisplay(Bad())",
)
SHOWN = [
    "",
    "figure 640x480 “Loss by step”, saved to FILE\nbetween\nfigure 200x100, saved to FILE\n",
    "",
    "figure 200x100, saved to FILE\n",
    "before\nfigure 200x100, saved to FILE\n'text'\nafter\n",
    "figure 50x50, saved to FILE\n",
    "figure 640x480 “Both, left”, saved to FILE\n",
    "",
    "figure 640x480, saved to FILE\n",
    "a figure that cannot be drawn: ValueError: no font\n",
]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def size_of(path: str) -> tuple[int, int]:
    """Return width and height from the header of a PNG file."""
    data = Path(path).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


async def test_each_figure_is_saved_and_said_where_jupyter_shows_it(tmp_path: Path, temporary: Path) -> None:
    picture = v4.new_output("display_data", data={"text/plain": "<Figure size 640x480>", "image/png": "aGVsbG8="})
    stored = {"c2": [picture, v4.new_output("stream", name="stdout", text="between\n")]}
    lesson = saved(tmp_path, *CELLS, **stored)
    outcomes = await ran(lesson)
    for number, (outcome, expected) in enumerate(zip(outcomes, SHOWN, strict=True), 1):
        report = outcome.report
        assert isinstance(report, Report)
        told = report.stdout.text
        for count, figure in enumerate(report.figures, 1):
            path = Path(figure.path.text)
            assert path.name == f"book-ipynb-cell-{number}-{count}.png" and temporary in path.parents
            assert size_of(figure.path.text) == (figure.width, figure.height)
            assert f"{figure.said.text}\n" in told
            told = told.replace(figure.path.text, "FILE")
        assert told == expected, CELLS[number - 1]
        assert expected.count("FILE") == len(report.figures)
        assert stored_differences(lesson, outcome.step, report) == []
    assert [outcome.report.value.text.text for outcome in outcomes[2:3] if outcome.report and outcome.report.value] == [
        "[]"
    ]


async def test_what_is_replayed_saves_no_figure(tmp_path: Path, temporary: Path) -> None:
    lesson = saved(tmp_path, "import matplotlib.pyplot as plt\nplt.plot([1])", "x = 1", "plt.get_fignums(), x")
    outcomes = await ran(lesson, only=(2,))
    report = outcomes[0].report
    assert report is not None and report.value is not None
    assert (report.value.text.text, report.figures, report.stdout.text) == ("([], 1)", (), "")
    assert list(temporary.rglob("*.png")) == []
