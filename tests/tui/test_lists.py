"""The lists: lessons, keys, the palette."""

from tours import Tours, pane, ready, screen_text, until

from jaxtour.tui.screens.find import FindScreen
from jaxtour.tui.screens.lessons import LessonsScreen


async def test_lessons_tell_progress_and_what_is_broken(tours: Tours) -> None:
    app = tours.make("one")
    app.tour.progress.mark_done("vmap", "one")
    app.tour.progress.mark_done("state", "keys")
    app.tour.progress.mark_done("state", "split")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "State and randomness" in screen_text(app))
        rows = {row.split("  ")[0]: row for row in screen_text(app).splitlines()}
        shown = screen_text(app)
        assert "12 min     1/9" in shown
        assert "✓  2  State and randomness" in shown
        assert "✗  3  A lesson that does not load" in shown
        assert rows
        await pilot.press("down", "down")
        await until(pilot, lambda: "09-odd.yaml:3:7: expected a number" in screen_text(app))


async def test_a_lesson_opens_where_it_is_not_done(tours: Tours) -> None:
    app = tours.make("one")
    app.tour.progress.mark_done("state", "keys")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("l", "down", "enter")
        await until(pilot, lambda: app.tour.key == ("state", "split"))
        assert app.screen is app.tour_screen


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


async def test_the_filter_narrows_and_clears(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        assert isinstance(app.screen, LessonsScreen)
        await until(pilot, lambda: "State and randomness" in screen_text(app))
        await pilot.press("slash", *"random")
        await until(pilot, lambda: "One example, then many" not in screen_text(app))
        assert "State and randomness" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "One example, then many" in screen_text(app))
        await pilot.press("slash", *"nothing like it")
        await until(pilot, lambda: "nothing matches" in screen_text(app))
        await pilot.press("enter", "enter")
        assert isinstance(app.screen, LessonsScreen), "there is nothing to open"
        await pilot.press("escape")
        assert app.screen is app.tour_screen


async def test_one_lesson_left_opens_from_the_filter(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "State and randomness" in screen_text(app))
        await pilot.press("slash", *"random", "enter")
        await until(pilot, lambda: app.tour.key == ("state", "keys"))


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
        await until(pilot, lambda: "nothing has that name" in screen_text(app))
        await pilot.press("escape")
        assert app.screen is app.tour_screen


async def test_the_palette_ends_an_edit_before_it_goes_elsewhere(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "x", "ctrl+p", *"your turn", "enter")
        await until(pilot, lambda: app.tour.key == ("vmap", "write"))
        assert app.tour_screen.panes.editor is None
        assert app.tour.progress.edit("vmap", "choose") == "xX.shape"


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
