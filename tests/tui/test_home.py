"""The home screen shows progress, where to continue, steps, and the search over all lessons."""

import msgspec
import pytest
from fake_engine import FACTS
from small_course import STATE
from tours import Given, Tours, pane, ready, screen_text, until

from jaxtour.course.model import Requires, Step
from jaxtour.course.search import SearchIndex, ranges
from jaxtour.render.home import around, marked
from jaxtour.render.text.layout import Line, plain, width_of
from jaxtour.tui.app import TourApp
from jaxtour.tui.screens.home import HomeScreen


def row(app: TourApp, part: str) -> str:
    """Return the row of the screen with these words, each gap a space."""
    rows = (" ".join(line.split()) for line in screen_text(app).splitlines())
    [found] = [line for line in rows if part in line]
    return found


async def test_home_tells_progress_and_what_is_broken(tours: Tours) -> None:
    app = tours.make("one")
    app.tour.progress.update("vmap", "one", done=True, seconds=200.0)
    app.tour.progress.update("vmap", "choose", answer="1", right=True)
    app.tour.progress.update("vmap", "write", done=True, hints=1)
    app.tour.progress.mark_done("state", "keys")
    app.tour.progress.mark_done("state", "split")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "State and randomness" in screen_text(app))
        assert "› ● 1 One example, then many" in row(app, "One example") and "2/9 1/1 1/1 10 min" in row(app, "One exa")
        assert "✓ 2 State and randomness" in row(app, "State and") and "2/2" in row(app, "State and")
        assert "✗ 3 A lesson that does not load" in row(app, "A lesson that")
        assert "jaxtour 4/12 steps 10 min left 1/1 exercise 1/1 prediction right" in row(app, "min left")
        assert "1/1 prediction right 1 hint used 3 min spent" in row(app, "spent")
        assert "Enter goes on at step 2 of 9: The same function, for a batch" in row(app, "goes on")
        await pilot.press("down")
        await until(pilot, lambda: "Enter begins again at step 1 of 2" in screen_text(app))
        await pilot.press("down")
        await until(pilot, lambda: "09-odd.yaml:3:7: expected a number" in screen_text(app))


async def test_home_shows_totals_only_of_all_lessons(tours: Tours, monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []
    entitle = HomeScreen.entitle

    def noted(screen: HomeScreen, title: Line, keys: Line) -> None:
        titles.append(plain(title))
        entitle(screen, title, keys)

    monkeypatch.setattr(HomeScreen, "entitle", noted)
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "0/12 steps" in screen_text(app))
    assert titles[0] == "jaxtour"
    assert {words.split()[1] for words in titles if "steps" in words} == {"0/12"}


async def test_home_opens_where_the_tour_goes_on(tours: Tours) -> None:
    app = tours.make("one")
    for step in app.tour.lesson.steps:
        app.tour.progress.mark_done("vmap", step.id)
    app.tour.progress.mark_done("state", "keys")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "› ●  2  State and randomness" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.tour.key == ("state", "split"))
        assert app.screen is app.tour_screen
        await pilot.press("l", "up", "enter")
        await until(pilot, lambda: app.tour.key == ("vmap", "one"))


@pytest.mark.parametrize(("ascii_only", "cursor", "goes_on"), [(False, "›", "●"), (True, ">", "*")])
async def test_the_cursor_and_where_the_tour_goes_on_are_told_apart_without_colours(
    tours: Tours, *, ascii_only: bool, cursor: str, goes_on: str
) -> None:
    app = tours.make("one", ascii_only=ascii_only)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "State and randomness" in screen_text(app))
        assert f"{goes_on} you go on here" in screen_text(app)
        signs = [row(app, title)[2:5] for title in ("One example", "State and")]
        assert signs[0] == f"{cursor} {goes_on}" and cursor not in signs[1]
        await pilot.press("down")
        await until(pilot, lambda: row(app, "State and")[2] == cursor)
        assert row(app, "One example")[2] == goes_on


async def test_a_step_that_is_opened_again_is_shown_from_its_beginning(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(60, 18)) as pilot:
        await ready(pilot)
        shown = pane(app, "lesson")
        await pilot.press("end")
        await until(pilot, lambda: shown.scroll_offset.y > 0)
        await pilot.press("l", "enter")
        await until(pilot, lambda: app.screen is app.tour_screen)
        assert app.tour.key == ("vmap", "one")
        await until(pilot, lambda: shown.scroll_offset.y == 0)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_steps_unfold_and_open(tours: Tours, size: tuple[int, int]) -> None:
    app = tours.make("one")
    app.tour.progress.update("vmap", "choose", answer="1", right=False)
    app.tour.progress.update("vmap", "write", done=True, gave_up=True)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("l", "right", "right", "down", "down")
        await until(pilot, lambda: "Go on to many examples." in screen_text(app) or "batch" in screen_text(app))
        assert row(app, "Which one is it?").count("wrong") == 1
        assert "done" in row(app, "Your turn")
        await pilot.press("left")
        await until(pilot, lambda: "Your turn" not in screen_text(app) or size[0] > 80)
        await pilot.press("right", *["down"] * 4, "enter")
        await until(pilot, lambda: app.tour.key == ("vmap", "choose"))


async def test_what_a_lesson_needs_and_whether_it_is_here(tours: Tours) -> None:
    many, other, new = (
        msgspec.structs.replace(STATE, id=name, title=name, requires=requires)
        for name, requires in {
            "many": Requires(devices=8),
            "tpu": Requires(platform="tpu"),
            "new": Requires(jax=">=99"),
        }.items()
    )
    step = msgspec.structs.replace(STATE.steps[0], requires=Requires(devices=2))
    assert isinstance(step, Step)
    few = msgspec.structs.replace(STATE, id="few", title="few", steps=(step,))
    two = msgspec.structs.replace(STATE, id="two", title="two", requires=Requires(devices=4, processes=2))
    tours.entries[1:] = map(Given, (many, other, new, few, two))
    device = FACTS.devices[0]
    devices = tuple(msgspec.structs.replace(device, id=number, simulated=False) for number in (0, 1))
    tours.facts = msgspec.structs.replace(FACTS, devices=devices)
    app = tours.make("one")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("l", "down")
        await until(pilot, lambda: "✓ the lesson needs 8 devices: simulated on the CPU" in screen_text(app))
        await pilot.press("down")
        await until(pilot, lambda: "✗ the lesson needs a TPU; this worker has cpu" in screen_text(app))
        assert "not here" in row(app, "3 tpu")
        await pilot.press("down")
        await until(pilot, lambda: "✗ the lesson needs jax >=99; this worker has" in screen_text(app))
        await pilot.press("down")
        await until(pilot, lambda: "✓ step 1 needs 2 devices: cpu ×2 is here" in screen_text(app))
        await pilot.press("down")
        told = "✓ the lesson needs 4 devices and 2 processes: started here, on the CPU"
        await until(pilot, lambda: told in screen_text(app))


async def test_what_is_due_for_review_is_a_key_away(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("l", "r")
        assert isinstance(app.screen, HomeScreen), "nothing is due"
        assert "review" not in screen_text(app)
        await pilot.press("l")
        app.tour.progress.update("vmap", "choose", card={"due": "2020-01-01T00:00:00+00:00"})
        app.tour.progress.update("state", "split", card={"due": "2020-01-01T00:00:00+00:00"})
        app.tour.progress.update("elsewhere", "x", card={"due": "2019-01-01T00:00:00+00:00"})
        await pilot.press("l")
        await until(pilot, lambda: "1 to review" in screen_text(app) and "r review" in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: app.tour.key == ("vmap", "choose") and app.tour_screen.context.reviewing)


async def test_the_search_finds_text_and_code_of_all_lessons(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "State and randomness" in screen_text(app))
        await pilot.press("slash", *"random.split")
        await until(pilot, lambda: "1 found" in screen_text(app))
        assert "state/split jax.random.split(key, 2)" in row(app, "state/split")
        assert "One example, then many" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "One example, then many" in screen_text(app))
        await pilot.press("slash", *"key number")
        await until(pilot, lambda: "state/keys" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.tour.key == ("state", "keys"))


async def test_nothing_found_opens_nothing(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("l", "slash", *"nothing like it")
        await until(pilot, lambda: "nothing contains all of these words" in screen_text(app))
        await pilot.press("enter", "enter", "down", "enter")
        assert isinstance(app.screen, HomeScreen), "there is nothing to open"
        await pilot.press("escape", "escape")
        assert app.screen is app.tour_screen


async def test_the_cursor_goes_through_what_is_found(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "State and randomness" in screen_text(app))
        await pilot.press("slash", *"key", "down", "up", "down", "down")
        hit = app.screen._hits[2]  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.tour_screen)
        assert hit.step is not None
        assert (app.tour.index, app.tour.number - 1) == (hit.lesson, hit.step)


def test_words_in_any_order_and_case_counts_with_a_capital() -> None:
    index = SearchIndex()
    index.add(0, STATE)
    assert [hit.name for hit in index.hits("TWICE")] == []
    assert [hit.name for hit in index.hits("twice run")] == ["state/keys"]
    assert [hit.name for hit in index.hits("Run")] == ["state/keys"]
    assert index.hits("state")[0].name == "state", "its own name first"
    assert index.hits("split")[0].line == "Split for more"
    assert index.hits("  ") == [] and ranges("a b", "") == []


@pytest.mark.parametrize("width", [12, 30, 60])
def test_a_line_is_cut_around_its_first_match(width: int) -> None:
    line = around("word " * 20 + "needle and " + "more " * 20, "needle", width)
    assert ("needle", "found") in line and width_of(line) <= width
    assert plain(line).startswith("…")
    assert marked((("a needle", "code"),), "needle") == (("a ", "code"), ("needle", "found"))
