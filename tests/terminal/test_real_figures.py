"""A notebook's figures are drawn in a real pseudo-terminal as the terminal's answer decides."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

pytestmark = [pytest.mark.terminal]

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
    # On so many lines all of the output is in view: where the figure fills the pane, its words leave the screen.
    with Terminal([sys.executable, "-m", "jaxtour", str(tmp_path / "figures.py")], lines=60, env=env) as terminal:
        terminal.until("● ready")
        terminal.send("r")
        terminal.until("figure 640x480 “Peak”, saved to")
        terminal.until(lambda _: QUESTION in terminal.raw)
        yield terminal


def test_a_terminal_that_does_not_answer_gets_half_blocks_and_keys_go_on(tour: Terminal) -> None:
    tour.until("▀" * 40)
    tour.until("behind the figure ")
    assert "figure 640x480 “Peak”, saved to" in tour.text
    tour.send("?")
    tour.until("the next pane")
    assert SIXELS not in tour.raw and tour.raw.count(QUESTION) == 1


def test_a_terminal_with_sixels_gets_them_and_its_answer_is_no_key(tour: Terminal) -> None:
    tour.until("▀" * 40)
    tour.send("\x1b[?62;4;22c")
    tour.until(lambda _: SIXELS in tour.raw)
    assert "the next pane" not in tour.text, "its question mark would open the help"
    tour.send("q")
    assert tour.ended() == 0
