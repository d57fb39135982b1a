"""The cursor moves in a document, with its selection and highlighted lines."""

from collections.abc import Sequence

import pytest
from shown import Shown, backgrounds, numbered, row, rows, styled, texts
from textual.geometry import Region

from jaxtour.tui.lines.document import Document, Highlight

CALLS = ("f(g(x))", "plain", "h(x)")


def calls(line: int) -> Sequence[tuple[int, int]]:
    """Return a whole call, then its inside."""
    return {0: ((0, 7), (2, 6)), 2: ((0, 4),)}.get(line, ())


async def test_the_cursor_goes_by_lines_and_the_view_with_it() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(numbered(100), fresh=True)
        app.view.focus()
        await pilot.pause()
        await pilot.press("down", "j", "j", "k")
        assert app.view.cursor == 2 and row(app.view, 2) == "› line 2"
        await pilot.press(*["down"] * 6)
        assert row(app.view, 0) == "  line 1", "two lines below the cursor stay in view"
        await pilot.press("pagedown")
        assert (app.view.cursor, row(app.view, 0)) == (17, "  line 10")
        await pilot.press("end")
        assert app.view.cursor == 99 and row(app.view, 9) == "› line 99"
        await pilot.press("pageup")
        assert (app.view.cursor, row(app.view, 0)) == (90, "  line 83")
        await pilot.press("home", "up")
        assert app.view.cursor == 0 and row(app.view, 0) == "› line 0"


async def test_every_move_is_told_once() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(numbered(100), fresh=True)
        app.view.focus()
        await pilot.press("down", "down", "up")
        assert app.moved == [(1, None), (2, None), (1, None)]
        await pilot.press("home", "up", "up")
        assert app.moved == [(0, None)], "nothing moved at the end"
        app.view.move_to(50)
        app.view.show(numbered(100))
        await pilot.pause()
        assert app.moved == [(50, None)], "another document under the cursor is no move"
        app.view.show(numbered(20))
        await pilot.pause()
        assert app.moved == [(19, None)], "but this one has no line there"
        app.view.show(numbered(20, anchor=7), fresh=True)
        await pilot.pause()
        assert app.moved == [(7, None)]


async def test_a_reload_keeps_the_line_and_brings_it_into_view() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(numbered(100, anchor=60))
        await pilot.pause()
        assert app.view.cursor == 60, "the first document starts at its anchor"
        app.view.move_to(80)
        app.view.show(texts("running", cursor=False))
        await pilot.pause()
        assert rows(app.view) == ["running"]
        app.view.show(numbered(90))
        await pilot.pause()
        assert app.view.cursor == 80
        app.view.show(numbered(30))
        await pilot.pause()
        assert app.view.cursor == 29 and "› line 29" in rows(app.view)


async def test_left_and_right_select_pieces_of_lines() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(texts(*CALLS, selectable=calls), fresh=True)
        app.view.focus()
        await pilot.press("right")
        assert styled(app.view.render_line(0), "underline") == "f(g(x))"
        await pilot.press("right")
        assert styled(app.view.render_line(0), "underline") == "g(x)"
        await pilot.press("right", "right")
        assert app.moved == [(0, (0, 7)), (0, (2, 6)), (2, (0, 4))], "the line without any is passed over"
        await pilot.press("left")
        assert app.moved == [(0, (2, 6))]
        await pilot.press("down")
        assert app.moved == [(1, None)]
        app.view.move_to(0, (2, 6))
        app.view.show(texts("f(y)", selectable=lambda _: ((0, 4),)))
        assert app.view.selection is None, "that piece is not in this document"


async def test_without_pieces_left_and_right_scroll() -> None:
    app = Shown()
    async with app.run_test(size=(12, 4)) as pilot:
        app.view.show(texts("abcdefghijklmnopqrstuvwxyz", selectable=lambda _: ()), fresh=True)
        app.view.focus()
        await pilot.press("right")
        assert row(app.view, 0) == "› ijklmnop›"
        await pilot.press("left")
        assert row(app.view, 0) == "› abcdefgh›"
        app.view.action_pan(1)
        assert row(app.view, 0) == "› ijklmnop›"
        app.view.move_to(0, (20, 24))
        assert "uvwx" in row(app.view, 0), "what is selected comes into view"


async def test_a_document_without_a_cursor_scrolls() -> None:
    app = Shown()
    async with app.run_test(size=(20, 4)) as pilot:
        app.view.show(numbered(20, cursor=False), fresh=True)
        app.view.focus()
        await pilot.press("down")
        assert row(app.view, 0) == "line 1"
        app.view.move_to(10)
        assert row(app.view, 1) == "line 10", "it is in view, and lines around it too"
        assert app.moved == []


async def test_only_what_the_cursor_left_and_reached_is_repainted() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(numbered(5), fresh=True)
        app.view.focus()
        await pilot.pause()
        app.view._dirty_regions.clear()
        app.view.move_to(1)
        assert app.view._dirty_regions == {Region(0, 0, 20, 1), Region(0, 1, 20, 1)}
        app.view._dirty_regions.clear()
        app.view.move_to(1)
        assert app.view._dirty_regions == set()


async def test_the_cursors_line_is_calmer_without_the_keyboard() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(numbered(5), fresh=True)
        app.view.focus()
        await pilot.pause()
        focused = app.view.render_line(0)
        app.set_focus(None)
        await pilot.pause()
        away = app.view.render_line(0)
        plain = app.view.render_line(1)
        assert focused.text == away.text == f"{'› line 0':<20}"
        assert len({max(backgrounds(strip).items(), key=lambda each: len(each[1]))[0] for strip in
                    (focused, away, plain)}) == 3  # fmt: skip


async def test_lights_are_exact_columns_and_a_sign() -> None:
    app = Shown()
    async with app.run_test(size=(30, 4)) as pilot:
        gutter = [((f" {number} ", "faint"),) for number in (1, 2, 3)]
        app.view.show(texts("y = jnp.dot(w, x) + b", "漢字 = f(x)", "z", gutter=gutter, cursor=False), fresh=True)
        await pilot.pause()
        lights = {0: Highlight(ranges=((4, 17),)), 1: Highlight(ranges=((5, 9),)), 2: Highlight("caller")}
        app.view.set_highlights(lights.get)
        assert rows(app.view) == [" 1▌y = jnp.dot(w, x) + b", " 2▌漢字 = f(x)", " 3▏z"]
        amber = app.view.painter.palette.highlight("link").bgcolor
        assert amber is not None
        assert backgrounds(app.view.render_line(0))[amber.name] == "jnp.dot(w, x)"
        assert backgrounds(app.view.render_line(1))[amber.name] == "f(x)", "columns are characters, not cells"
        assert styled(app.view.render_line(2), "underline") == "z"
        app.view.set_highlights(None)
        assert rows(app.view)[0] == " 1 y = jnp.dot(w, x) + b"


async def test_only_rows_whose_light_changed_are_repainted() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(numbered(100), fresh=True)
        await pilot.pause()
        asked: list[int] = []

        def lights(line: int) -> Highlight | None:
            asked.append(line)
            return Highlight() if line in (3, 50) else None

        app.view._dirty_regions.clear()
        app.view.set_highlights(lights, (3, 50))
        assert {region.y for region in app.view._dirty_regions} == {3}
        app.view._dirty_regions.clear()
        app.view.set_highlights(lights, (3, 50))
        assert app.view._dirty_regions == set()
        assert max(asked) < 10, "nobody asks about lines out of view"


async def test_lights_end_with_their_lines() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        document = numbered(10)
        app.view.show(document, fresh=True)
        await pilot.pause()
        app.view.set_highlights(lambda _: Highlight(), range(10))
        app.view.show(Document(lines=document.lines, cursor=True, subtitle=(("more", ""),)))
        assert "▌" in row(app.view, 0), "the lines are the same ones"
        app.view.show(numbered(11))
        assert "▌" not in row(app.view, 0) and not app.view.walk(1)


async def test_walking_goes_from_match_to_match_and_round() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(numbered(1000), fresh=True)
        await pilot.pause()
        app.view.set_highlights(lambda line: Highlight() if line in (5, 400, 900) else None, (5, 400, 900))
        went = []
        for by in (1, 1, 1, 1, -1, -1):
            assert app.view.walk(by)
            went.append(app.view.cursor)
        assert went == [5, 400, 900, 5, 900, 400]
        app.view.move_to(401)
        app.view.walk(-1)
        assert app.view.cursor == 400
        app.view.move_to(399)
        app.view.walk(1)
        assert app.view.cursor == 400
        assert "›" in "".join(rows(app.view)), "the view went along"


async def test_the_signs_in_ascii() -> None:
    app = Shown(ascii_only=True)
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(numbered(4, folds=[(0, 1), (2, 3)]), fresh=True)
        app.view.focus()
        await pilot.pause()
        app.view.set_highlights({0: Highlight(), 1: Highlight("caller")}.get)
        app.view.move_to(2)
        app.view.folding.toggle()
        assert rows(app.view) == [" -*line 0", "  :line 1", ">+ line 2 ~ 1 line"]


@pytest.mark.parametrize("theme", ["dark", "light", "ansi"])
async def test_everything_is_told_without_colours(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Shown(theme=theme)
    async with app.run_test(size=(30, 4)) as pilot:
        app.view.show(texts("f(x)", "g(x)", "    g(y) + 1", selectable=lambda _: ((0, 4),)), fresh=True)
        app.view.focus()
        await pilot.pause()
        app.view.set_highlights({2: Highlight(ranges=((4, 8),))}.get)
        app.view.move_to(1, (0, 4))
        assert rows(app.view) == ["  f(x)", "› g(x)", " ▌    g(y) + 1"]
        assert styled(app.view.render_line(1), "reverse").rstrip() == "› g(x)"
        assert styled(app.view.render_line(2), "underline") == "g(y)"
        app.view.set_highlights(lambda _: Highlight())
        assert styled(app.view.render_line(0), "underline") == "f(x)"
        app.view.search("1")
        app.view.find(0)
        assert styled(app.view.render_line(2), "reverse").rstrip() == "›▌1"


async def test_a_click_puts_the_cursor_there() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(texts(*CALLS, selectable=calls), fresh=True)
        await pilot.pause()
        await pilot.click(app.view, offset=(5, 0))
        assert (app.view.cursor, app.view.selection) == (0, (2, 6)), "the innermost piece"
        await pilot.click(app.view, offset=(5, 1))
        assert (app.view.cursor, app.view.selection) == (1, None)


async def test_a_late_message_about_lines_that_are_gone_moves_nothing() -> None:
    app = Shown()
    async with app.run_test(size=(20, 6)) as pilot:
        app.view.show(texts(*["f(g(x))"] * 20, selectable=calls), fresh=True)
        app.view.move_to(12, (0, 7))
        app.view.show(Document(lines=[(("bool", ""),), (("True", ""),)], cursor=False))
        app.view.settle(app.view.cursor, app.view.selection)
        await pilot.pause()
        assert rows(app.view)[:2] == ["bool", "True"]
