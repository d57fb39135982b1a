"""A notebook's figures are drawn in a real pseudo-terminal as the terminal's answer decides."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(150)]

SCRIPT = """\
# %% [markdown]
# # Figures
# %%
import matplotlib.pyplot as plt
plt.plot([1, 3, 2]); plt.title("Peak")
plt.show()
print("behind the figure")
"""
QUESTION, SIXELS = b"\x1b[c", b"\x1bP"


@pytest.fixture
def tour(tmp_path: Path) -> Iterator[Terminal]:
    (tmp_path / "figures.py").write_text(SCRIPT)
    env = {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "MPLCONFIGDIR": str(tmp_path / "mpl"),
        "TMPDIR": str(tmp_path),
        "COLORTERM": "truecolor",
    }
    with Terminal([sys.executable, "-m", "jaxtour", str(tmp_path / "figures.py")], lines=40, env=env) as terminal:
        terminal.until("● ready", 60)
        terminal.send("r")
        terminal.until("saved to", 60)
        terminal.until(lambda _: QUESTION in terminal.raw)
        yield terminal


def test_a_terminal_that_does_not_answer_gets_half_blocks_and_keys_go_on(tour: Terminal) -> None:
    tour.until("▀" * 40)
    assert "figure 640x480 “Peak”, saved to" in tour.text
    tour.send("?")
    tour.until("the next pane")
    assert SIXELS not in tour.raw and tour.raw.count(QUESTION) == 1


def test_a_terminal_with_sixels_gets_them_and_its_answer_is_no_key(tour: Terminal) -> None:
    tour.until("▀" * 40)
    before = tour.text.splitlines()[0]
    tour.send("\x1b[?62;4;22c")
    tour.until(lambda _: SIXELS in tour.raw)
    assert tour.text.splitlines()[0] == before
    tour.send("q")
    assert tour.ended() == 0
