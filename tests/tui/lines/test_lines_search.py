"""A search finds a text in a document."""

import pytest
from shown import Shown, backgrounds, numbered, row, styled, texts

from jaxtour.tui.lines.search import Search


@pytest.mark.parametrize(
    ("pattern", "text", "ranges"),
    [("dot", "dot Dot DOT", [(0, 3), (4, 7), (8, 11)]), ("Dot", "dot Dot DOT", [(4, 7)]),
     ("a.b", "axb a.b", [(4, 7)]), ("aa", "aaaa", [(0, 2), (2, 4)]), ("x", "İx", [(1, 2)]), ("[", "f[2]", [(1, 2)])],
)  # fmt: skip
def test_matches_are_plain_text_in_any_case_until_there_is_a_capital(
    pattern: str, text: str, ranges: list[tuple[int, int]]
) -> None:
    search = Search(pattern, ["", text, "zzz"])
    assert search.ranges(text) == ranges
    assert search.total == len(ranges)
    assert [search.line_of(match) for match in range(search.total)] == [1] * len(ranges)
    assert (search.first(1), search.first(2)) == (0, len(ranges))


async def test_matches_are_walked_to_both_ends_and_counted() -> None:
    app = Shown()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show(texts("dot a dot", *["other"] * 20, "Dot"), fresh=True)
        app.view.focus()
        await pilot.pause()
        assert app.view.found is None
        assert app.view.search("dot") == 3
        assert app.view.found == (0, 3)
        went = []
        for by in (0, 1, 1, -1, 1):
            assert app.view.find(by)
            assert app.view.found is not None
            went.append((app.view.cursor, app.view.found[0]))
        assert went == [(0, 1), (0, 2), (21, 3), (0, 2), (21, 3)]
        assert not app.view.find(1) and app.view.found == (3, 3), "the last one"
        assert app.view.find(1, anew=True) and app.view.found == (1, 3) and not app.view.find(-1)
        assert app.view.find(-1, anew=True) and app.view.found == (3, 3)
        app.view.move_to(5)
        app.view.find(-1)
        assert (app.view.cursor, app.view.found) == (0, (2, 3)), "from the cursor, wherever it went meanwhile"
        assert styled(app.view.render_line(0), "underline") == "dot"
        assert styled(app.view.render_line(0), "reverse") == "dot", "the one gone to, apart from the others"
        assert app.view.search("nowhere") == 0 and not app.view.find(1)
        app.view.search("")
        assert app.view.found is None and styled(app.view.render_line(0), "underline") == ""


async def test_while_it_is_typed_a_search_starts_where_it_began() -> None:
    app = Shown()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show(texts("start", "ab", "x", "abc", "abcd"), fresh=True)
        await pilot.pause()
        lines = []
        for typed in ("a", "ab", "abc", "abcd", "ab"):
            app.view.search(typed)
            app.view.find(0)
            lines.append(app.view.cursor)
        assert lines == [0, 1, 3, 4, 1]


async def test_the_search_goes_on_in_another_document() -> None:
    app = Shown()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show(numbered(3), fresh=True)
        await pilot.pause()
        app.view.search("line")
        app.view.show(numbered(5))
        assert app.view.found == (0, 5)


async def test_a_match_out_of_view_is_scrolled_to_without_a_cursor_too() -> None:
    app = Shown()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show(texts(*["other"] * 50, "." * 60 + "here", cursor=False), fresh=True)
        await pilot.pause()
        app.view.search("here")
        app.view.find(1)
        shown = [row(app.view, y) for y in range(6)]
        assert any("here" in text for text in shown), shown
        app.view.set_highlights(None)
        assert backgrounds(app.view.render_line(0))
