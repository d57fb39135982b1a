"""Figures among lines are drawn, scrolled and resized with the text, and described where they cannot be drawn."""

import io
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from PIL import Image, ImageColor, ImageDraw
from rich.color import ColorSystem
from rich.color_triplet import ColorTriplet
from small_course import VMAP
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widgets import Static
from tours import resized

from jaxtour.course.model import Step
from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Done, Figure
from jaxtour.text import Raw
from jaxtour.tui.cells import Cells
from jaxtour.tui.graphics import Graphics
from jaxtour.tui.lines.document import Document, Picture
from jaxtour.tui.lines.images import FigureView
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.panes import result
from jaxtour.tui.tour.state import StepState
from jaxtour.tui.tour.view import StepView

RED, BLUE = (255, 0, 0), (0, 0, 255)
ROWS = 10


@pytest.fixture
def png(tmp_path: Path) -> Path:
    """A picture of 320 by 160 pixels: the left half red, the right half blue."""
    picture = Image.new("RGB", (320, 160), RED)
    ImageDraw.Draw(picture).rectangle((160, 0, 320, 160), fill=BLUE)
    picture.save(tmp_path / "f.png")
    return tmp_path / "f.png"


def figure(path: Path, run: int = 1) -> Figure:
    said = Raw(f"figure 320x160 “Halves”, saved to {path}")
    return Figure(run=run, path=Raw(str(path)), width=320, height=160, said=said)


class Shown(App[None]):
    """A view with a figure between lines."""

    def __init__(self, shown: Figure) -> None:
        super().__init__()
        self.view = LinesView("view")
        self.figure = shown

    def compose(self) -> ComposeResult:
        """Yield the view."""
        yield self.view

    def show(self, shown: Figure) -> None:
        lines = [(("above", ""),), *[()] * ROWS, *[((f"below {number}", ""),) for number in range(30)]]
        self.view.show(Document(lines=lines, pictures=(Picture(1, ROWS, shown),)))

    def on_mount(self) -> None:
        self.show(self.figure)

    def colours(self) -> list[list[object]]:
        """Return the foreground of each half block, row by row, empty for rows without any."""
        found = []
        for strip in self.screen._compositor.render_strips():
            blocks = [style for text, style, _ in strip for character in text if character == "▀"]
            found.append([style.color.triplet for style in blocks if style and style.color])
        return found


async def test_a_figure_is_drawn_in_half_blocks_and_scrolls_with_its_lines(png: Path) -> None:
    app = Shown(figure(png))
    async with app.run_test(size=(61, 20)) as pilot:
        await pilot.pause()
        rows = app.colours()
        # Twice as wide as high, in cells twice as high as wide: 40 columns for 10 rows.
        assert [len(row) for row in rows] == [0] + [40] * ROWS + [0] * 9
        assert all(row[:19] == [RED] * 19 and row[21:] == [BLUE] * 19 for row in rows[1 : ROWS + 1])
        app.view.scroller.to(y=4)
        await pilot.pause()
        assert [len(row) for row in app.colours()] == [40] * (ROWS - 3) + [0] * 13
        app.view.scroller.to(y=0)
        await resized(pilot, 31, 20)
        await pilot.pause()
        assert [len(row) for row in app.colours()][: ROWS + 1] == [0] + [30] * 8 + [0] * 2
        assert "▀" in app.export_screenshot()


@pytest.mark.parametrize(("ground", "line"), [("white", "red"), ("black", "red"), ("white", "blue")])
async def test_a_thin_line_of_a_plot_is_seen_in_half_blocks(png: Path, ground: str, line: str) -> None:
    picture = Image.new("RGB", (640, 320), ground)
    ImageDraw.Draw(picture).line((0, 162, 640, 162), fill=line)
    picture.save(png)
    app = Shown(figure(png))
    async with app.run_test(size=(61, 20)) as pilot:
        await pilot.pause()
        middle = app.colours()[ROWS // 2 + 1][20]
        assert isinstance(middle, ColorTriplet)
        far = [abs(own - other) for own, other in zip(middle, ImageColor.getrgb(ground), strict=True)]
        assert max(far) > 80


async def test_another_figure_in_the_same_file_is_drawn_anew(png: Path) -> None:
    app = Shown(figure(png))
    async with app.run_test(size=(61, 20)) as pilot:
        await pilot.pause()
        Image.new("RGB", (320, 160), BLUE).save(png)
        app.show(figure(png, run=2))
        await pilot.pause()
        await pilot.pause()
        assert app.colours()[1] == [BLUE] * 40


@pytest.mark.parametrize("content", [None, b"", b"not a picture", b"\x89PNG\r\n\x1a\nbroken\x1b[2J"])
async def test_a_file_that_is_no_picture_is_said_in_its_place(png: Path, content: bytes | None) -> None:
    png.unlink() if content is None else png.write_bytes(content)
    app = Shown(figure(png))
    async with app.run_test(size=(61, 20)) as pilot:
        await pilot.pause()
        [words] = app.query_one(FigureView).query(Static)
        assert str(words.content).startswith("no picture: ") and "\x1b" not in str(words.content)
        assert not any(app.colours())


def test_textual_image_is_imported_without_asking_the_terminal(png: Path) -> None:
    """textual-image is imported without asking the terminal.

    It would write a question to a terminal, and take the next keys for the answer.
    """
    code = f"""
import io, os, sys
from PIL import Image
class Terminal(io.StringIO):
    def isatty(self): return True
    def fileno(self): return 1
sys.__stdout__ = told = Terminal()
from jaxtour.tui.lines.images import _drawn
print(type(_drawn(Image.open({str(png)!r}), None)).__name__, repr(told.getvalue()), sys.__stdout__ is told)
print("TEXTUAL_CELL_WIDTH" in os.environ, "textual_image" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=150)
    assert (done.stdout, done.stderr) == ("HalfcellImage '' True\nFalse True\n", "")


# What the terminal can do -----------------------------------------------------------------------------------------


class Written(App[None]):
    """A figure on a terminal with graphics, and what is written for it."""

    def __init__(self, shown: Figure, graphics: Graphics) -> None:
        super().__init__()
        self.figure = shown
        self.graphics = graphics

    def compose(self) -> ComposeResult:
        """Yield the figure."""
        self._driver.graphics = self.graphics
        yield FigureView(self.figure)


@pytest.fixture
def told() -> list[str]:
    """What was written to the terminal besides the screen's cells."""
    return []


async def test_kitty_gets_the_picture_once_through_textual_s_own_queue(
    png: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.setattr(sys, "__stdout__", beside := io.StringIO())
    app = Written(figure(png), Graphics(told.append, list))
    async with app.run_test(size=(61, 20)) as pilot:
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        assert sum(strip.text.count("\U0010eeee") for strip in strips) > 100
    assert told and all(each.startswith("\x1b_G") and each.endswith("\x1b\\") for each in told)
    assert beside.getvalue() == "" and "\x1b[c" not in told


async def test_sixels_are_written_and_what_they_cover_is_not_taken_for_known(png: Path, told: list[str]) -> None:
    graphics = Graphics(told.append, list)
    graphics.ask()
    assert graphics.heard("\x1b[?62;4;22c") == ("", "")
    app = Written(figure(png), graphics)
    async with app.run_test(size=(61, 20)) as pilot:
        await pilot.pause()
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        cells = Cells()
        cells.forget(61, 20)
        pieces = [(0, y, strip) for y, strip in enumerate(strips)]
        assert cells.update(pieces, ColorSystem.TRUECOLOR).count("\x1bP") == 1
        blank = [(0, y, Strip.blank(61)) for y in range(20)]
        assert cells.update(blank, ColorSystem.TRUECOLOR).count(" ") == 61 * 20
        assert cells.update(blank, ColorSystem.TRUECOLOR) == ""


# The pane ----------------------------------------------------------------------------------------------------------


def document(path: Path, width: int = 60, **view: object) -> Document:
    step = VMAP.steps[1]
    assert isinstance(step, Step)
    shown = figure(path)
    report = Report(
        run=1, stdout=Raw(f"before\n{shown.said.text}\nafter\n"), figures=(shown,), done=Done(run=1, status="ok")
    )
    made = StepView.of(StepState(report=report), lesson=VMAP, step=step, number=2, code=step.code, worker="ready")
    return result.document(msgspec.structs.replace(made, **view), width)


def test_a_figure_stands_below_the_line_that_names_it(png: Path) -> None:
    shown = document(png, 300)
    assert shown.text.splitlines() == ["before", f"figure 320x160 “Halves”, saved to {png}", "after"]
    [picture] = shown.pictures
    assert (picture.line, picture.rows) == (2, result.FIGURE_ROWS)
    assert shown.anchor == 1 and not shown.follow
    assert [row.rows for row in document(png, 41).pictures] == [10]


@pytest.mark.parametrize(("width", "view"), [(20, {}), (60, {"ascii": True})])
def test_where_there_is_no_room_or_only_ascii_the_words_stand_alone(
    png: Path, width: int, view: dict[str, object]
) -> None:
    shown = document(png, width, **view)
    assert shown.pictures == () and "saved to" in " ".join(shown.text.split())


def test_a_stable_picture_of_the_screen_names_no_folder_of_this_machine(png: Path) -> None:
    assert "figure 320x160 “Halves”\nafter" in document(png, 80, stable=True).text


def test_without_the_library_the_remedy_is_said_once(png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result, "drawable", lambda: False)
    shown = document(png, 80)
    assert shown.pictures == () and shown.text.count("pip install 'jaxtour[notebooks]' draws the figures here") == 1


def test_output_that_lost_the_line_draws_nothing(png: Path) -> None:
    step = VMAP.steps[1]
    report = Report(run=1, stdout=Raw("other\n"), figures=(figure(png),), done=Done(run=1, status="ok"))
    view = StepView(lesson=VMAP, step=step, number=2, state=StepState(report=report), worker="ready")
    assert result.document(view, 60).pictures == ()
