"""The lists: keys, the palette."""

from tours import Tours, ready, screen_text, until

from jaxtour.tui.screens.find import FindScreen


async def test_help_has_every_key(tours: Tours) -> None:
    from jaxtour.tui.actions import ACTIONS

    app = tours.make("one")
    async with app.run_test(size=(120, 80)) as pilot:
        await ready(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: "copy the pane's text" in screen_text(app))
        shown = screen_text(app)
        for action in ACTIONS:
            if action.help:
                assert action.help in shown, action.id
        await pilot.press("escape")
        assert app.screen is app.tour_screen


async def test_the_palette_finds_actions_steps_and_lessons(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+p", *"terminal", "enter")
        await until(pilot, lambda: app.theme == "light")
        await pilot.press("ctrl+p", *"your turn", "enter")
        await until(pilot, lambda: app.tour.key == ("vmap", "write"))
        await pilot.press("ctrl+p", *"state", "enter")
        await until(pilot, lambda: app.tour.key == ("state", "keys"))
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, FindScreen)
        await pilot.press(*"zzz", "enter")
        await until(pilot, lambda: "nothing has this name or text" in screen_text(app))
        await pilot.press("escape")
        assert app.screen is app.tour_screen


async def test_the_palette_finds_steps_of_all_lessons_by_text_and_code(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+p", *"random.split")
        await until(pilot, lambda: "state/split" in screen_text(app) and "(key, 2)" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.tour.key == ("state", "split"))
        await pilot.press("ctrl+p", *"split for")
        await until(pilot, lambda: "Split for more" in screen_text(app))
        assert "state/split" not in screen_text(app), "a step of this lesson is found by its title already"


async def test_the_palette_ends_an_edit_before_it_goes_elsewhere(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "x", "ctrl+p", *"your turn", "enter")
        await until(pilot, lambda: app.tour.key == ("vmap", "write"))
        assert app.tour_screen.panes.editor is None
        assert app.tour.progress.saved("vmap", "choose").edit == "xX.shape"


async def test_themes_turn_and_nothing_breaks(tours: Tours) -> None:
    app = tours.make("one", theme="no such theme")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "unknown theme 'no such theme'" in screen_text(app))
        for theme in ("light", "ansi", "dark"):
            await pilot.press("c")
            await until(pilot, lambda theme=theme: app.theme == theme)
        for theme in ("nord", "gruvbox", "textual-light", "ansi-light"):
            app.theme = theme
            await pilot.pause()
            assert "A function for one example" in screen_text(app)
