"""The time of a call is shown by line next to source and stages, in tables, and as a timeline of one call."""

from typing import Any

import pytest
from fake_engine import Hold
from profiled_course import FILE, failed, made, profiled
from textual.pilot import Pilot
from tours import Tours, border, idle, pane, ready, run_many, screen_text, text, until

from jaxtour.engine.wire.commands import Interrupt, Run
from jaxtour.engine.wire.messages import Peak, RunProgress
from jaxtour.render.text.layout import plain
from jaxtour.tui.app import TourApp
from jaxtour.tui.lines.view import LinesView


def asked(tours: Tours) -> list[Run]:
    """Return the requests for a profile."""
    return [each for each in tours.engine.sent if isinstance(each, Run) and each.profile is not None]


def beside(app: TourApp, name: str) -> list[str]:
    """Return what is left of the lines of a pane."""
    return [plain(line) for line in pane(app, name).document.gutter]


async def opened(pilot: Pilot[Any], tours: Tours, *pressed: str) -> None:
    """Run the step, profile its call, and press keys."""
    await run_many(pilot, tours)
    await pilot.press("P")
    await idle(pilot)
    for key in pressed:
        await pilot.press(key)
        await pilot.pause()


@pytest.fixture
def course(tours: Tours) -> Tours:
    tours.entries[0].given, tours.script = profiled()
    return tours


async def test_a_profiled_call_has_the_share_of_each_line_beside_it(course: Tours) -> None:
    app = course.make("many", script=course.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, course)
        assert "%" not in "".join(beside(app, "source")) and asked(course) == []
        await pilot.press("vertical_line")
        assert app.screen is app.tour_screen, "there is no picture yet"
        await pilot.press("P")
        await idle(pilot)
        [run] = asked(course)
        assert (run.profile.index, run.cell) == (0, None) and run.probe.name == FILE  # type: ignore[union-attr]
        code = [line for line in beside(app, "source") if line.split()]
        assert [line.split() for line in code if "%" in line] == [["━╸", "~35%", "2"], ["━━", "45%", "5"]]
        assert len({len(line) for line in beside(app, "source") if line.strip()}) == 1, "one column"
        assert border(app, "source") == "⚑ 980 ms, 15.0% not accounted for"
        assert "P tables" in screen_text(app), "the same key opens these now"


async def test_the_hottest_line_comes_into_view(course: Tours) -> None:
    app = course.make("many", script=course.script)
    async with app.run_test(size=(80, 16)) as pilot:
        await run_many(pilot, course)
        source = pane(app, "source")
        assert source.size.height < len(source.document.lines)
        await pilot.press("P")
        await until(pilot, lambda: "45%" in "".join(beside(app, "source")))
        hottest = next(at for at, column in enumerate(beside(app, "source")) if "45%" in column)
        await until(pilot, lambda: 0 <= hottest - source.scroll_offset.y < source.size.height)
        assert app.focused is source and source.cursor == 0


async def test_stages_have_the_time_of_each_instruction_and_equation(course: Tours) -> None:
    app = course.make("many", script=course.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, course, "1")
        rows = dict(zip(text(app, "stage").splitlines(), beside(app, "stage"), strict=True))
        times = {row.strip().split(" = ")[1][:4]: cells.split()[:2] for row, cells in rows.items() if "%" in cells}
        assert times == {"dot_": ["45%", "×4"], "tanh": ["~25%", "×4"], "div ": ["~10%", "2:28"]}
        await pilot.press("3")
        await idle(pilot)
        fusion = next(cells for cells in beside(app, "stage") if "60%" in cells)
        assert fusion.split()[:2] == ["60%", "×4"]
        pane(app, "stage").move_to(5)
        await pilot.pause()
        assert "600 ms, 60.0%, ×4, 6.7 Gflop/s, 2.7 GB/s" in border(app, "stage")


async def test_with_peaks_an_instruction_says_what_bounds_it(course: Tours) -> None:
    app = course.make("many", script=course.script)
    async with app.run_test(size=(200, 60)) as pilot:
        await opened(pilot, course, "3")
        app.tour.peaks._found = (Peak(run=0, platform="cpu", kind="", flops_per_s=1e12, bytes_per_s=4e9),)
        app.tour.peaks._of = app.tour.session.facts
        await idle(pilot)
        pane(app, "stage").move_to(5)
        await pilot.pause()
        assert "2.7 GB/s (67% of the peak): bound by memory" in border(app, "stage")


async def test_keys_walk_the_hot_lines_and_the_border_tells_forward_from_backward(course: Tours) -> None:
    app = course.make("many", script=course.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, course)
        source = pane(app, "source")
        seen = []
        for key in ("right_curly_bracket", "right_curly_bracket", "right_curly_bracket", "left_curly_bracket"):
            await pilot.press(key)
            await pilot.pause()
            seen.append(beside(app, "source")[source.cursor].split()[-1])
        assert seen == ["5", "2", "5", "2"]
        assert border(app, "source") == "line 2: 20.0% forward, 15.0% backward, 350 ms"


async def test_the_tables_are_sorted_by_time_or_as_the_source(course: Tours) -> None:
    app = course.make("many", script=course.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, course, "P")
        shown = app.screen.query_one(LinesView)
        assert "return sigmoid(jnp.dot(w, x))" in shown.document.text
        assert "not accounted for: host, dispatch, gaps" in shown.document.text
        first = [row for row in shown.document.text.splitlines() if "━" in row and "jnp" in row]
        await pilot.press("less_than_sign")
        await pilot.pause()
        assert [row for row in shown.document.text.splitlines() if "━" in row and "jnp" in row] == first[::-1]
        await pilot.press("greater_than_sign")
        await pilot.pause()
        assert [row for row in shown.document.text.splitlines() if "━" in row and "jnp" in row] == first
        tree = shown.document.texts.index("each line, what it calls, and the instructions (f folds)")
        assert "fusion  backward" in "\n".join(shown.document.texts[tree:])
        count = shown.scene.plan.rows.count
        shown.move_to(tree + 1)
        await pilot.press("f")
        await until(pilot, lambda: shown.scene.plan.rows.count < count)
        await pilot.press("r")
        await idle(pilot)
        assert app.screen is app.tour_screen and len(asked(course)) == 2


async def test_instructions_are_points_under_the_roof(course: Tours) -> None:
    app = course.make("many", script=course.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, course)
        app.tour.peaks._found = (Peak(run=0, platform="cpu", kind="", flops_per_s=1e12, bytes_per_s=4e9),)
        app.tour.peaks._of = app.tour.session.facts
        await pilot.press("V")
        await until(pilot, lambda: "fusion  6.67 Gflop/s" in app.screen.query_one(LinesView).document.text)


async def test_one_call_is_a_picture_with_a_cursor_in_time(course: Tours) -> None:
    app = course.make("many", script=course.script)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, course, "vertical_line")
        assert app.screen is not app.tour_screen
        shown = screen_text(app)
        assert "> thread 1" in shown and "thread 2" in shown and "a line 5" in shown
        assert "at 0 s: fusion fusion, 600 µs, 60.0% of the call" in shown
        await pilot.press("right_curly_bracket", "right_curly_bracket")
        await until(pilot, lambda: "at 900 µs: copy.3 copy" in screen_text(app))
        assert "it has no source: the compiler made it" in screen_text(app)
        await pilot.press("left_curly_bracket", "down")
        await until(pilot, lambda: "> thread 2" in screen_text(app))
        assert "at 620 µs: fusion" in screen_text(app), "after what was nested in it"
        await pilot.press("plus", "plus")
        await until(pilot, lambda: "1.00 ms" not in screen_text(app))
        await pilot.press("home")
        await until(pilot, lambda: "1.00 ms" in screen_text(app))
        await pilot.press("up", *["right"] * 70)
        await until(pilot, lambda: "nothing runs on this thread" in screen_text(app))
        await pilot.press("vertical_line")
        assert app.screen is app.tour_screen


async def test_it_says_how_far_it_is_and_ends_when_interrupted(tours: Tours) -> None:
    tours.entries[0].given, tours.script = profiled(Hold("profile"), made())
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await run_many(pilot, tours)
        await pilot.press("P")
        await until(pilot, lambda: tours.engine.holding)
        run = app.tour.session.current or 0
        tours.engine.push(RunProgress(run=run, phase="profiling", label="many", done=3, of=40))
        await until(pilot, lambda: "profiling many 3/40" in screen_text(app))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "no profile: interrupted" in border(app, "source"))
        assert any(isinstance(command, Interrupt) for command in tours.engine.sent)


async def test_where_a_backend_tells_nothing_the_pane_says_so_and_the_key_tries_again(tours: Tours) -> None:
    tours.entries[0].given, tours.script = profiled(failed())
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, tours)
        assert border(app, "source").startswith("✗ no profile: the profiler recorded 7 events")
        assert "%" not in "".join(beside(app, "source"))
        await pilot.press("P")
        await idle(pilot)
        assert len(asked(tours)) == 2 and app.screen is app.tour_screen
