"""Keys that are sent at once, as over a slow line, all take effect."""

from textual import events
from textual.pilot import Pilot
from tours import Tours, border, pane, ready, run_many, screen_text, until

from jaxtour.tui.app import TourApp
from jaxtour.tui.widgets.editor import Editor


def typed(pilot: Pilot[int], *keys: str) -> None:
    """Send the app some keys without waiting between them."""
    names = {"/": "slash"}
    for key in keys:
        pilot.app.post_message(events.Key(names.get(key, key), key if len(key) == 1 else "\r"))


async def writing(pilot: Pilot[int], tours: Tours, code: str) -> Editor:
    """Return the editor with this code."""
    app = pilot.app
    assert isinstance(app, TourApp)
    await run_many(pilot, tours)
    await pilot.press("e")
    editor = app.tour_screen.panes.editor
    assert editor is not None
    editor.text = code
    return editor


async def test_a_search_has_all_that_was_typed(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("1")
        theme = app.theme
        typed(pilot, "/", *"cos", *"f32", "enter")
        await until(pilot, lambda: "no match in any pane" in screen_text(app))
        typed(pilot, "/", *"f32", "enter", "n")
        await until(pilot, lambda: "/f32  2 of" in border(app, "stage"))
        typed(pilot, "/", *"tanh", "enter")
        await until(pilot, lambda: "/tanh  1 of 1" in border(app, "stage"))
        await until(pilot, lambda: pane(app, "stage").has_focus)
        assert app.tour.key == ("vmap", "many") and app.theme == theme, "no letter was a command"


async def test_an_edit_has_all_that_was_typed(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        typed(pilot, "e", *"qn", "enter", *"r")
        await until(pilot, lambda: app.tour_screen.panes.editor and "qn\nr" in app.tour_screen.panes.editor.text)
        assert app.tour.key == ("vmap", "many")


async def test_the_editor_runs_what_was_typed_before_it_opened(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        typed(pilot, "e", *"1+", "f5")
        await until(pilot, lambda: app.tour.state.code.startswith("1+"))
        typed(pilot, "escape", "e", "escape", "n")
        await until(pilot, lambda: app.tour.key != ("vmap", "many"))
        assert app.tour_screen.panes.editor is None


async def test_a_level_less_comes_before_what_is_typed_after_it(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        editor = await writing(pilot, tours, "")
        typed(pilot, *"if x:", "enter", "y", "enter", "backspace", "z")
        await until(pilot, lambda: editor.text == "if x:\n    y\nz")


async def test_the_cursor_is_where_what_is_typed_after_it_belongs(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        editor = await writing(pilot, tours, "one\ntwo\nthree")
        typed(pilot, *"a", "down", "down", "end", "enter", *"four", "up", "home", *"b", "delete", "left", *"c")
        await until(pilot, lambda: editor.text == "aone\ntwo\ncbhree\nfour")


async def test_a_run_has_all_that_was_typed_before_it(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        editor = await writing(pilot, tours, "")
        typed(pilot, *"1+1", "f5")
        await until(pilot, lambda: app.tour.state.code == "1+1")
        assert editor.still_has("1+1"), "nothing was written since"


async def test_the_home_screen_has_all_that_was_typed(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        typed(pilot, "l", "down", "enter")
        await until(pilot, lambda: app.tour.key == ("state", "keys") and app.screen is app.tour_screen)
        typed(pilot, "l", "/", *"random.split", "enter")
        await until(pilot, lambda: app.tour.key == ("state", "split") and app.screen is app.tour_screen)


async def test_a_filter_has_all_that_was_typed(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("l")
        typed(pilot, "/", *"jqx")
        await until(pilot, lambda: "jqx" in screen_text(app))


async def test_of_many_changes_of_the_terminals_focus_the_last_counts(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        focused, seen = app.screen.focused, []
        assert focused is not None
        app.watch(app, "app_focus", lambda focus: seen.append(focus), init=False)
        for _ in range(40):
            app.post_message(events.AppBlur())
            app.post_message(events.AppFocus())
        await pilot.press("j")
        assert seen == [] and app.screen.focused is focused, "the screen is not styled anew for each"
        app.post_message(events.AppBlur())
        await until(pilot, lambda: app.screen.focused is None)
        app.post_message(events.AppFocus())
        await until(pilot, lambda: app.screen.focused is focused)
        assert seen == [False, True]
