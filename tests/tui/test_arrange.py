"""The panes are arranged on the screen."""

import msgspec
import pytest
from fake_engine import Hold
from textual.events import Resize
from textual.geometry import Region, Size
from tours import Tours, idle, pane, ran, ready, text, until

from jaxtour.engine.wire.messages import Executed, Text
from jaxtour.text import Raw, harmless
from jaxtour.tui.app import TourApp
from jaxtour.tui.widgets.arrange import Wants, narrow, two, wide, wide_file
from jaxtour.tui.widgets.panes import EDITOR_ROWS


def wants(**rows: int) -> Wants:
    return {"lesson": 10, "source": 10, "stage": 10, "result": 4, "time": 5, "devices": 4, **rows}


def covered(regions: dict[str, Region], size: Size) -> bool:
    """Return whether the regions fill the whole without overlapping."""
    area = sum(region.width * region.height for region in regions.values())
    apart = all(a is b or not a.overlaps(b) for a in regions.values() for b in regions.values())
    return area == size.width * size.height and apart


@pytest.mark.parametrize("size", [Size(120, 34), Size(120, 10), Size(200, 58), Size(300, 100)])
@pytest.mark.parametrize(
    "rows",
    [{}, {"lesson": 100}, {"source": 100}, {"result": 500}, {"stage": 10_000}, {"time": 60, "devices": 40},
     dict.fromkeys(("lesson", "source", "stage", "result", "time", "devices"), 100), {"stage": 3, "result": 40}],
)  # fmt: skip
def test_wide_fills_the_screen_and_leaves_none_out(size: Size, rows: dict[str, int]) -> None:
    regions = wide(size, wants(**rows))
    assert covered(regions, size)
    assert min(region.height for region in regions.values()) >= (3 if size.height > 12 else 0)
    regions = wide_file(size, wants(**rows))
    assert covered(regions, size)
    assert min(region.height for region in regions.values()) >= (3 if size.height > 14 else 0)
    source, calls = regions["source"], regions["lesson"]
    if size.height > 14:
        assert source.height == size.height and calls.x == source.right and calls.height <= size.height // 4


@pytest.mark.parametrize("size", [Size(80, 22), Size(40, 10), Size(119, 60)])
@pytest.mark.parametrize("rows", [{}, {"lesson": 100}, {"source": 100, "lesson": 100}, {"result": 500}, {"lesson": 3}])
def test_narrow_fills_the_screen_and_keeps_the_result(size: Size, rows: dict[str, int]) -> None:
    regions = narrow(size, wants(**rows), "lesson")
    assert list(regions) == ["lesson", "source", "result"]
    assert covered(regions, size)
    assert min(region.height for region in regions.values()) >= 3


def test_the_stages_of_a_file_get_more_rows_than_its_devices() -> None:
    rows = {
        slot: at.height
        for slot, at in wide_file(Size(120, 34), wants(lesson=7, stage=99, result=6, time=5, devices=12)).items()
    }
    assert (rows["stage"], rows["devices"]) == (12, 4)


def test_the_border_between_two_panes_stays_where_it_can() -> None:
    assert two(20, 5, 5) == two(20, 9, 7) == (10, 10)
    assert two(20, 14, 5) == (14, 6)
    assert two(20, 5, 14) == (6, 14)
    assert two(20, 9, 7, now=12) == (12, 8)
    assert two(20, 9, 9, now=12) == (11, 9)
    assert two(20, 14, 5, now=12) == (14, 6)
    assert two(20, 50, 5, now=12) == (15, 5)
    assert two(20, 5, 50, now=12) == (5, 15)
    assert two(20, 50, 50, now=12) == (10, 10)
    assert two(20, 5, 5, now=20) == (10, 10), "after a zoom"


def test_curves_take_the_room_that_nothing_else_needs() -> None:
    regions = wide(Size(120, 34), wants(stage=3, result=4, time=40, devices=4))
    assert [regions[slot].height for slot in ("stage", "result", "time", "devices")] == [3, 4, 23, 4]
    regions = wide(Size(120, 34), wants(stage=20, result=20, time=40, devices=4))
    assert regions["time"].height == 34 // 3


def test_a_long_result_takes_the_room_that_no_jaxpr_needs() -> None:
    regions = wide(Size(120, 34), wants(stage=3, result=40, time=3))
    assert regions["stage"].height == 3
    assert regions["result"].height > 20


def test_where_the_terminal_is_narrow_the_result_leaves_room_to_source_and_stages() -> None:
    size = Size(80, 22)
    long = wants(stage=100, source=40, result=30)
    heights = [region.height for region in narrow(size, long, "stage").values()]
    assert heights == [9, 9, 4]
    assert narrow(size, long, "lesson")["result"].height == 7
    assert narrow(size, wants(stage=8, source=8, result=30), "stage")["result"].height == 6
    assert narrow(size, wants(stage=3, source=40, result=30), "stage")["result"].height == 7, "there are no stages"
    assert narrow(size, wants(stage=20, source=20, result=30), "stage")["result"].height == 4
    assert narrow(size, wants(stage=20, source=20, result=30), "stage", failed=True)["result"].height == 7
    figure = wants(lesson=3, source=4, result=24)
    assert [region.height for region in narrow(size, figure, "lesson").values()] == [3, 4, size.height - 7]
    assert narrow(size, wants(lesson=3, source=10, result=24), "lesson")["result"].height == size.height - 13


# In the app -----------------------------------------------------------------------------------------------------------


def heights(app: TourApp) -> dict[str, int]:
    """Return the rows of the visible panes, including borders."""
    return {slot: region.height for slot, region in app.tour_screen.panes.arranged.items()}


@pytest.mark.parametrize("size", [(80, 30), (120, 40)])
async def test_the_border_stays_where_something_that_was_unfolded_moved_it(tours: Tours, size: tuple[int, int]) -> None:
    lesson = tours.entries[0].given
    step = msgspec.structs.replace(
        lesson.steps[3], setup=Raw("\n".join(f"n{number} = {number}" for number in range(22)))
    )
    tours.entries[0].given = msgspec.structs.replace(lesson, steps=(step,))
    app = tours.make(step.id)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        before = heights(app)
        await pilot.press("o")
        await until(pilot, lambda: pane(app, "source").outer_size.height > before["source"])
        after = heights(app)
        assert after["lesson"] < before["lesson"]
        await until(pilot, lambda: pane(app, "source").scroll_offset.y == 0 and pane(app, "source").cursor == 0)
        assert after == {slot: pane(app, slot).outer_size.height for slot in after}
        await pilot.press("o")
        await until(pilot, lambda: "n21" not in text(app, "source"))
        assert heights(app) == after


@pytest.mark.parametrize("size", [(80, 40), (130, 40)])
async def test_a_result_gets_the_rows_that_its_text_takes_at_its_own_width(tours: Tours, size: tuple[int, int]) -> None:
    said = harmless(Text(run=0, stream="stdout", text="".join(f"{number} {'word ' * 13}\n" for number in range(6))))
    app = tours.make("choose", script={"vmap/choose": [said, Executed(run=0, status="ok", seconds=0.01)]})
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        result = pane(app, "result")
        await until(pilot, lambda: result.size.height >= len(result.document.lines))
        assert heights(app)["result"] == len(result.document.lines) + 2


@pytest.mark.parametrize("size", [(80, 40), (130, 40)])
async def test_panes_keep_their_rows_while_the_step_runs_once_more(tours: Tours, size: tuple[int, int]) -> None:
    said = harmless(Text(run=0, stream="stdout", text="one\ntwo\nthree\nfour\nfive\nsix\n"))
    script = {"vmap/choose": [Hold("begun"), said, Executed(run=0, status="ok", seconds=0.01)]}
    app = tours.make("choose", script=script)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        before = heights(app)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release("begun")
        await ran(pilot)
        await until(pilot, lambda: "six" in text(app, "result"))
        after = heights(app)
        assert after != before
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding and "six" not in text(app, "result"))
        assert heights(app) == after


@pytest.mark.parametrize("size", [(80, 30), (120, 36)])
async def test_the_editor_has_room_to_write_however_short_the_code_is(tours: Tours, size: tuple[int, int]) -> None:
    lesson = tours.entries[0].given
    step = msgspec.structs.replace(lesson.steps[3], text="There is a lot to read. " * 100)
    tours.entries[0].given = msgspec.structs.replace(lesson, steps=(step,))
    app = tours.make(step.id)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        assert heights(app)["source"] == 3, "one line of code under a long text"
        await pilot.press("e")
        editor = app.tour_screen.panes.editor
        assert editor is not None
        await until(pilot, lambda: editor.outer_size.height >= EDITOR_ROWS)
        await pilot.press("escape")
        await until(pilot, lambda: heights(app)["source"] == 3)


@pytest.mark.timeout(60)
async def test_two_sizes_that_wait_at_once_do_not_bring_each_other_back(tours: Tours) -> None:
    app = tours.make()
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        screen, layouts = app.screen, []
        screen.screen_layout_refresh_signal.subscribe(screen, layouts.append)
        for size in (Size(80, 24), Size(100, 30)):
            screen.post_message(Resize(size, size))
            screen.call_later(layouts.clear)  # Textual takes two sizes in a row as one
        for _ in range(20):
            await pilot.pause()
        assert screen.size == app.size and len(layouts) < 5


async def test_the_line_that_raised_comes_into_view(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 18)) as pilot:
        await ready(pilot)
        source = pane(app, "source")
        source.focus()
        await pilot.press("down")
        assert source.size.height < 8, "line 8 is not in view"
        await pilot.press("r")
        await ran(pilot)
        await idle(pilot)
        assert source.cursor == source.document.anchor == 8, "after the line that stands for the setup"
        assert source.scroll_offset.y <= 8 < source.scroll_offset.y + source.size.height
