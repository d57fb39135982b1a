"""Charts among lines are drawn in every theme, scrolled with the text, and left out without room."""

import dataclasses

from shown import texts
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from timed_course import SIZED, SPREAD, timed
from tours import Tours, resized, run_many, screen_text, text, until

from jaxtour.render.chart import Chart, Curve, axis_over
from jaxtour.tui.lines.document import Document, illustrated
from jaxtour.tui.lines.plot import ChartView
from jaxtour.tui.lines.view import LinesView
from jaxtour.tui.themes import THEMES

RISING = tuple((10.0**power, 10.0 ** (power - 6)) for power in range(1, 6))
FLAT = tuple((10.0**power, 1e-4) for power in range(1, 6))


def chart(*curves: tuple[tuple[float, float], ...]) -> Chart:
    """Return a chart of sizes and seconds."""
    made = tuple(Curve(f"c{number}", points, "bar", "●▲"[number]) for number, points in enumerate(curves))
    every = [point for points in curves for point in points]
    label = "{:.0e}".format
    x, y = axis_over([at for at, _ in every], label), axis_over([value for _, value in every], label)
    return Chart(x, y, made, "seconds over n")


def document(*charts: Chart, before: int = 2, after: int = 30) -> Document:
    """Return charts with lines around them."""
    above = [((f"above {number}", ""),) for number in range(before)]
    below = [((f"below {number}", ""),) for number in range(after)]
    lines, pictures = illustrated([above, *charts, below], 60, 12)
    return Document(lines=lines, pictures=pictures)


class Shown(App[None]):
    """One view."""

    def __init__(self) -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = "dark"
        self.view = LinesView("view")

    def compose(self) -> ComposeResult:
        """Yield the view."""
        yield self.view

    @property
    def screen_rows(self) -> list[str]:
        """What the terminal shows."""
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]


def marks(app: Shown, glyph: str) -> list[tuple[int, int]]:
    """Return rows and columns of a glyph within the frame."""
    found = []
    for row, shown in enumerate(app.screen_rows):
        left = min((shown.find(edge) for edge in "┃┫" if edge in shown), default=len(shown))
        found += [(row, column) for column, char in enumerate(shown) if char == glyph and left < column]
    return found


def wheel(kind: type[events.MouseEvent]) -> events.MouseEvent:
    """Return a turn of the mouse wheel."""
    return kind(None, 20, 5, 0, 0, 0, shift=False, meta=False, ctrl=False, screen_x=20, screen_y=5)


def rightmost(app: Shown) -> int:
    """Return the last column with a mark."""
    return max((column for _, column in marks(app, "●")), default=0)


async def drawn(app: Shown, pilot: Pilot[None], glyph: str = "●") -> None:
    """Wait until there are marks."""
    await until(pilot, lambda: marks(app, glyph))


async def test_points_lie_where_their_values_are() -> None:
    app = Shown()
    async with app.run_test(size=(62, 24)) as pilot:
        app.view.show(document(chart(RISING, FLAT)))
        await drawn(app, pilot, "▲")
        rising, flat = marks(app, "●"), marks(app, "▲")
        assert len({row for row, _ in flat}) == 1
        # Where two marks meet, the later one is seen.
        assert len(rising) == 4 and len(flat) == 5
        columns = [column for _, column in flat]
        assert sorted(column for _, column in rising) == [columns[0], *columns[2:]]
        assert sorted(rising) == sorted(rising, key=lambda mark: -mark[1]), "further right is further up"
        rows = [row.rstrip("▐ ") for row in app.screen_rows]
        assert rows[:2] == ["above 0", "above 1"] and rows[14:16] == ["● c0   ▲ c1   seconds over n", "below 0"]
        assert rows[13].split() == ["1e+01", "1e+02", "1e+03", "1e+04", "1e+05"], "labels of the axis below"
        labels = [row.split("┫")[0].strip() for row in rows if "┫" in row]
        assert labels == ["1e-01", "1e-02", "1e-03", "1e-04", "1e-05"]


async def test_a_chart_scrolls_with_the_text_around_it() -> None:
    app = Shown()
    async with app.run_test(size=(62, 12)) as pilot:
        app.view.focus()
        app.view.show(document(chart(RISING)))
        await drawn(app, pilot)
        before = marks(app, "●")
        await pilot.press("down", "down", "down")
        await until(pilot, lambda: marks(app, "●") == [(row - 3, column) for row, column in before if row >= 3])
        app.query_one(ChartView).post_message(wheel(events.MouseScrollUp))
        await until(pilot, lambda: marks(app, "●") == before)
        app.query_one(ChartView).post_message(wheel(events.MouseScrollDown))
        await until(pilot, lambda: marks(app, "●") != before)
        await pilot.press("end")
        await until(pilot, lambda: app.screen_rows[-1].startswith("below 29"))
        await until(pilot, lambda: not app.query(ChartView)[0].region.overlaps(app.view.region))
        assert not marks(app, "●")
        await pilot.press("home")
        await until(pilot, lambda: marks(app, "●") == before)


async def test_another_document_brings_other_charts_or_none() -> None:
    app = Shown()
    async with app.run_test(size=(62, 40)) as pilot:
        app.view.show(document(chart(RISING)))
        await drawn(app, pilot)
        app.view.show(document(chart(FLAT), chart(RISING)))
        await until(pilot, lambda: len(marks(app, "●")) == 10)
        [first, second] = app.query(ChartView)
        assert (first.chart, second.chart) == (chart(FLAT), chart(RISING))
        app.view.show(texts("nothing drawn"))
        await until(pilot, lambda: not app.query(ChartView))
        assert "nothing drawn" in app.screen_rows[0]


async def test_a_chart_with_wider_labels_keeps_its_place() -> None:
    app = Shown()
    wide = dataclasses.replace(chart(FLAT), y=dataclasses.replace(chart(FLAT).y, label="{:.9e} seconds".format))
    async with app.run_test(size=(62, 24)) as pilot:
        app.view.show(document(chart(RISING)))
        await drawn(app, pilot)
        app.view.show(document(wide))
        await until(pilot, lambda: any("1.000000000e-04 seconds" in row for row in app.screen_rows))
        framed = [row.rstrip("▐ ") for row in app.screen_rows if {"┏", "┫", "┗"} & set(row)]
        assert len(framed) == 5 and {row[-1] for row in framed} == set("┓┣┛"), framed
        assert len(marks(app, "●")) == 5


async def test_a_chart_follows_the_size_and_the_theme() -> None:
    app = Shown()
    async with app.run_test(size=(62, 24)) as pilot:
        app.view.show(document(chart(RISING)))
        await drawn(app, pilot)
        narrow = marks(app, "●")

        def colours() -> set[str]:
            strips = app.screen._compositor.render_strips()
            return {str(style.color) for strip in strips for piece, style, _ in strip if style and "●" in piece}

        await resized(pilot, 90, 24)
        await until(pilot, lambda: rightmost(app) > max(column for _, column in narrow))
        for theme in ("light", "ansi"):
            before = colours()
            app.theme = theme
            await until(pilot, lambda before=before: colours() and not colours() & before)
        await resized(pilot, 20, 5)
        await resized(pilot, 62, 24)
        await until(pilot, lambda: marks(app, "●") == narrow)


def test_no_chart_where_there_is_no_room_and_without_utf_8() -> None:
    blocks = [[(("above", ""),)], chart(RISING)]
    for lines, pictures in (illustrated(blocks, 20, 12), illustrated(blocks, 60, 12, ascii_only=True)):
        assert (lines, pictures) == ([(("above", ""),)], ())
    whole = document(chart(RISING), after=1)
    assert whole.text == "above 0\nabove 1\n● c0   seconds over n\nbelow 0\n", "no room in what is copied"


async def test_time_against_size_is_drawn_in_the_tour(tours: Tours) -> None:
    app = tours.make("many", script=timed(SIZED))
    async with app.run_test(size=(120, 50)) as pilot:
        await run_many(pilot, tours)
        await until(pilot, lambda: screen_text(app).count("▲") >= 4)
        assert "NumPy is faster below about" in text(app, "time")
        assert "time of a call over n" in screen_text(app)
        app.tour_screen.panes.by_slot["time"].focus()
        await pilot.press("z")
        await until(pilot, lambda: app.query_one(ChartView).size.width > 100)
        assert screen_text(app).count("▲") >= 4


async def test_the_spread_of_the_runs_is_drawn_behind_the_timings(tours: Tours) -> None:
    app = tours.make("many", script=timed(SPREAD))
    async with app.run_test(size=(120, 60)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("v")
        await until(pilot, lambda: "▲ jit of vmap   share of the runs that took no longer" in screen_text(app))
        await until(pilot, lambda: screen_text(app).count("┫") == 5)
        [half] = [row for row in screen_text(app).splitlines() if " 50% ┫" in row]
        assert 0 < half.index("▲") < half.index("●"), "the medians are where half of the runs are"
