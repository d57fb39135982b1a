"""The widget for long text."""

from shown import Shown, row
from textual.geometry import Region

from jaxtour.render.text.layout import Line
from jaxtour.tui.lines.document import Document, LazyLines


async def test_only_lines_in_view_are_made() -> None:
    made: list[str] = []

    def highlight(text: str) -> Line:
        made.append(text)
        return ((text, "name"),)

    app = Shown()
    async with app.run_test(size=(40, 10)) as pilot:
        app.view.show(Document(lines=LazyLines([f"line {i}" for i in range(100_000)], highlight)))
        await pilot.pause()
        assert len(made) <= 20
        assert row(app.view, 3) == "line 3"
        await pilot.press("end")
        assert row(app.view, 9) == "line 99999"
        await pilot.press("home", "j", "pagedown")
        assert row(app.view, 0) == "line 10"
        assert len(set(made)) < 50


async def test_only_lines_that_changed_are_repainted() -> None:
    app = Shown()
    async with app.run_test(size=(40, 10)) as pilot:
        lines: list[Line] = [((f"line {i}", ""),) for i in range(8)]
        app.view.show(Document(lines=lines))
        await pilot.pause()
        app.view._dirty_regions.clear()
        app.view.show(Document(lines=[*lines[:4], (("changed", ""),), *lines[5:]]))
        assert app.view._dirty_regions == {Region(0, 4, 7, 1)}, "no further than there is text"
        app.view._dirty_regions.clear()
        app.view.show(Document(lines=[*lines[:4], (("changed", ""),), *lines[5:]], marks={1: "error"}))
        assert app.view._dirty_regions == {Region(0, 1, 40, 1)}
        await pilot.pause()
        assert row(app.view, 4) == "changed"


async def test_the_gutter_stays_when_lines_are_scrolled_sideways() -> None:
    app = Shown()
    async with app.run_test(size=(20, 4)) as pilot:
        app.view.show(Document(lines=[(("abcdefghijklmnopqrstuvwxyz", ""),)], gutter=[((" 1 ", "faint"),)]))
        await pilot.pause()
        app.view.focus()
        assert row(app.view, 0) == " 1 abcdefghijklmno›"
        await pilot.press("right")
        assert row(app.view, 0) == " 1 ijklmnopqrstuvw›"
        await pilot.press("right")
        assert row(app.view, 0) == " 1 klmnopqrstuvwxyz", "no further than the end"


async def test_wide_characters_and_ascii() -> None:
    app = Shown(ascii_only=True)
    async with app.run_test(size=(20, 4)) as pilot:
        app.view.show(Document(lines=[(("µs → ×8 ✓ 漢字", ""),), (("plain", ""),)]))
        await pilot.pause()
        assert row(app.view, 0) == "us > x8 + ????"
        assert app.view.render_line(0).cell_length == 20


async def test_a_new_theme_repaints_in_its_colours() -> None:
    app = Shown()
    async with app.run_test(size=(20, 4)) as pilot:
        app.view.show(Document(lines=[(("text", "title"),)]))
        await pilot.pause()
        before = app.view.render_line(0)
        app.theme = "nord"
        await pilot.pause()
        assert app.view.render_line(0).text == before.text
        assert app.view.render_line(0) != before


async def test_the_last_column_shows_where_one_is() -> None:
    app = Shown()
    async with app.run_test(size=(20, 10)) as pilot:
        app.view.show(Document(lines=[((f"line {i}", ""),) for i in range(20)]))
        await pilot.pause()
        app.view.focus()

        def thumb() -> str:
            return "".join(app.view.render_line(y).text[-1] for y in range(10))

        assert thumb() == "▐▐▐▐▐     "
        await pilot.press("end")
        assert thumb() == "     ▐▐▐▐▐"
        app.view.show(Document(lines=[(("short", ""),)]), fresh=True)
        assert thumb() == " " * 10


async def test_what_is_added_comes_into_view_whatever_was_shown_before() -> None:
    app = Shown()
    async with app.run_test(size=(20, 5)) as pilot:
        lines: list[Line] = [((f"line {i}", ""),) for i in range(20)]
        app.view.show(Document(lines=lines), fresh=True)
        await pilot.pause()
        app.view.focus()
        await pilot.press("end")
        assert row(app.view, 0) == "line 15"
        app.view.show(Document(lines=lines[:10]), fresh=True)
        await pilot.pause()
        assert row(app.view, 0) == "line 0"
        app.view.show(Document(lines=lines, anchor=10))
        await pilot.pause()
        assert row(app.view, 0) == "line 9", "the line before says where one is"


async def test_what_follows_shows_its_end_in_a_smaller_view_too() -> None:
    app = Shown()
    async with app.run_test(size=(20, 8)) as pilot:
        lines: list[Line] = [((f"line {i}", ""),) for i in range(11)]
        app.view.show(Document(lines=lines, follow=True), fresh=True)
        await pilot.pause()
        assert row(app.view, 7) == "line 10"
        await pilot.resize_terminal(20, 5)
        assert row(app.view, 4) == "line 10"
        app.view.focus()
        await pilot.press("home")
        await pilot.resize_terminal(20, 4)
        assert row(app.view, 0) == "line 0", "who scrolled back stays there"


async def test_two_rows_begin_with_the_anchor() -> None:
    app = Shown()
    async with app.run_test(size=(20, 2)) as pilot:
        app.view.show(Document(lines=[((f"line {i}", ""),) for i in range(20)], anchor=10), fresh=True)
        await pilot.pause()
        assert [row(app.view, at) for at in (0, 1)] == ["line 10", "line 11"]
