"""A search covers all panes of a step."""

from typing import Any

import pytest
from textual.pilot import Pilot
from tours import Tours, border, pane, run_many, screen_text, until

from jaxtour.tui.app import TourApp
from jaxtour.tui.panes.stage import NAMES

SIZES = [(80, 24), (120, 36)]


def bottom(app: TourApp) -> str:
    """Return the bottom line."""
    return screen_text(app).splitlines()[-1]


def at(app: TourApp) -> tuple[str, str, str]:
    """Return the place with the keys, what its border says, and the text under the cursor, if the pane has one."""
    here = app.tour_screen.pane
    name = NAMES[app.tour.state.stage] if here.spec.name == "stage" else here.spec.name
    under = here.document.text_of(here.cursor) if here.document.cursor else ""
    return name, border(app, here.spec.name), under


async def searched(pilot: Pilot[Any], text: str) -> None:
    """Search a text, as it is typed."""
    await pilot.press("slash", *text, "enter")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_search_counts_in_every_pane_and_walks_from_one_to_the_next(linked: Tours, size: Any) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=size) as pilot:
        await run_many(pilot, linked)
        await pilot.press("2")
        await until(pilot, lambda: app.tour.view.linked)
        await pilot.press("1", "shift+tab", "slash", *"dot")
        lesson = pane(app, "lesson").document_at(size[0] // (2 if size[0] > 100 else 1) - 5).text.count("dot")
        assert lesson and pane(app, "source").document.text.count("dot") == 1
        counted = f"lesson {lesson}   source 1   jaxpr 1   StableHLO 1"
        assert bottom(app).split(maxsplit=1)[0] == "dot" and counted in bottom(app)
        await pilot.press("enter")
        assert bottom(app).startswith(f" {counted}   not searched: 3 HLO")
        walked = [at(app)]
        for _ in range(2):
            await pilot.press("n")
            walked.append(at(app))
        assert [(name, words) for name, words, _ in walked] == [
            (name, "/dot  1 of 1") for name in ("source", "jaxpr", "StableHLO")
        ]
        assert all("dot" in under for _, _, under in walked)
        await pilot.press("n")
        assert at(app)[:2] == ("lesson", f"/dot  1 of {lesson}"), "round"
        await pilot.press("N")
        assert at(app)[0] == "StableHLO", "round the other way"
        await pilot.press("escape")
        assert "dot" not in border(app, "stage") and not any(
            each.scene.finder.search for each in app.tour_screen.panes.by_slot.values()
        )


async def test_matches_go_on_from_the_last_one_of_a_pane_to_the_first_one_of_the_next(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("1", "shift+tab")
        await searched(pilot, "r")
        counts = {slot: each.document.text.lower().count("r") for slot, each in app.tour_screen.panes.by_slot.items()}
        assert counts["source"] > 1 and counts["stage"] > 1
        await pilot.press(*["n"] * counts["source"])
        assert at(app)[:2] == ("jaxpr", f"/r  1 of {counts['stage']}")
        await pilot.press("N")
        assert at(app)[:2] == ("source", f"/r  {counts['source']} of {counts['source']}")
        await pilot.press("tab", "N")
        assert at(app)[:2] == ("source", f"/r  {counts['source']} of {counts['source']}"), "before the stage's first"
        await pilot.press("tab", "n")
        assert at(app)[0] == "jaxpr", "the keys walk in the pane that has them"


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_match_in_another_pane_alone_is_gone_to_at_once(tours: Tours, size: Any) -> None:
    app = tours.make("many")
    async with app.run_test(size=size) as pilot:
        await run_many(pilot, tours)
        await pilot.press("1")
        await searched(pilot, "python loop")
        await until(pilot, lambda: "a Python loop" in screen_text(app))
        assert at(app)[:2] == ("time", "/python loop  1 of 1")


async def test_a_zoomed_pane_gives_the_screen_to_the_next_one(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("1", "z")
        await searched(pilot, "0.378")
        await until(pilot, lambda: "0.37815177" in screen_text(app))
        assert app.tour_screen.panes.zoomed == "result" and at(app)[1] == "/0.378  1 of 1"


async def test_stages_that_are_not_made_are_said_with_their_keys(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await searched(pilot, "fusion(")
        note = "no match in any pane; not searched: 2 StableHLO, 3 HLO"
        await until(pilot, lambda: note in bottom(app))
        await pilot.press("3")
        await until(pilot, lambda: app.tour.view.linked)
        await pilot.press("1", "slash", *"fusion(", "enter")
        assert at(app)[:2] == ("HLO", "/fusion(  1 of 1")
        assert bottom(app).startswith(" HLO 1   not searched: 2 StableHLO")
        await pilot.press("g")
        assert bottom(app).startswith(" HLO 1   not searched: 2 StableHLO"), "a graph draws the jaxpr again"


async def test_the_cost_is_searched_once_it_is_known(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("3")
        await until(pilot, lambda: app.tour.view.linked)
        await searched(pilot, "transcendentals")
        assert at(app)[:2] == ("cost", "/transcendentals  1 of 1")


async def test_without_a_call_there_is_no_stage_to_make(tours: Tours) -> None:
    app = tours.make("loud")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.tour.coloured)
        await searched(pilot, "zqx")
        assert "no match in any pane" in bottom(app) and "StableHLO" not in bottom(app)
