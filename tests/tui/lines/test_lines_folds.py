"""Folds and wrapping map rows of the view to lines of the document."""

import random
from itertools import pairwise
from string import ascii_letters

import pytest
from shown import Shown, numbered, row, rows, texts
from tours import resized

from jaxtour.tui.lines.document import Highlight
from jaxtour.tui.lines.rows import Folds, Rows, WrappedRows, breaks

NESTED = ((0, 9), (1, 3), (4, 8), (5, 6))


async def test_a_folded_block_is_its_first_line() -> None:
    app = Shown()
    async with app.run_test(size=(30, 12)) as pilot:
        app.view.show(numbered(12, folds=NESTED[1:]), fresh=True)
        await pilot.pause()
        app.view.move_to(6)
        assert app.view.folding.toggle(), "the innermost block around the cursor"
        assert (app.view.cursor, row(app.view, 5)) == (5, "›▸ line 5 … 1 line")
        app.view.move_to(4)
        app.view.folding.toggle()
        assert rows(app.view)[4:] == ["›▸ line 4 … 4 lines", *(f"   line {n}" for n in (9, 10, 11))]
        app.view.folding.toggle()
        assert rows(app.view)[5] == " ▸ line 5 … 1 line", "what was folded inside still is"
        app.view.move_to(10)
        assert not app.view.folding.toggle()


async def test_all_blocks_fold_but_the_one_that_is_all() -> None:
    app = Shown()
    async with app.run_test(size=(30, 12)) as pilot:
        app.view.show(numbered(12, folds=NESTED), fresh=True)
        await pilot.pause()
        app.view.move_to(6)
        app.view.folding.fold_all()
        assert rows(app.view) == [" ▾ line 0", " ▸ line 1 … 2 lines", "›▸ line 4 … 4 lines", "   line 9",
                                  "   line 10", "   line 11"]  # fmt: skip
        app.view.folding.unfold_all()
        assert len(rows(app.view)) == 12


async def test_what_stands_before_the_main_block_folds_without_it() -> None:
    app = Shown()
    before_and_main = [(0, 5), (1, 2), (6, 11), (8, 9)]
    async with app.run_test(size=(30, 12)):
        app.view.show(numbered(12, folds=before_and_main, main_last=True), fresh=True)
        app.view.folding.fold_all()
        assert rows(app.view) == ["›▸ line 0 … 5 lines", " ▾ line 6", "   line 7", " ▸ line 8 … 1 line",
                                  "   line 10", "   line 11"]  # fmt: skip
        app.view.show(numbered(12, folds=before_and_main), fresh=True)
        app.view.folding.fold_all()
        assert len(rows(app.view)) == 2, "of blocks side by side none is the main one"


async def test_the_cursor_steps_over_what_is_folded_and_unfolds_what_it_is_sent_into() -> None:
    app = Shown()
    async with app.run_test(size=(30, 12)) as pilot:
        app.view.show(numbered(12, folds=NESTED), fresh=True)
        app.view.focus()
        await pilot.pause()
        app.view.folding.fold_all()
        await pilot.press("down", "down")
        assert app.view.cursor == 4
        await pilot.press("down", "up")
        assert app.view.cursor == 4
        app.view.move_to(6)
        assert "›  line 6" in rows(app.view) and " ▸ line 1 … 2 lines" in rows(app.view)
        app.view.folding.fold_all()
        app.view.search("line 7")
        app.view.find(1)
        assert (app.view.cursor, app.view.found) == (7, (1, 1))


async def test_lights_and_the_scroll_sign_know_folds() -> None:
    app = Shown()
    async with app.run_test(size=(30, 6)) as pilot:
        app.view.show(numbered(100, folds=[(2, 97)]), fresh=True)
        await pilot.pause()
        app.view.set_highlights({2: Highlight(), 99: Highlight()}.get, (2, 50, 99))
        app.view.move_to(2)
        app.view.folding.toggle()
        assert rows(app.view)[2:] == ["›▸▌line 2 … 95 lines", "   line 98", "  ▌line 99"]
        assert all(app.view.render_line(y).text[-1] == " " for y in range(6)), "everything is in view"
        app.view.walk(1)
        assert app.view.cursor == 50 and app.view.render_line(3).text[-1] == "▐"


async def test_folds_stay_when_the_document_is_made_anew() -> None:
    app = Shown()
    async with app.run_test(size=(30, 12)) as pilot:
        app.view.show(numbered(12, folds=[(1, 3)]), fresh=True)
        await pilot.pause()
        app.view.move_to(1)
        app.view.folding.toggle()
        app.view.show(numbered(12, folds=[(1, 3)]))
        assert len(rows(app.view)) == 10
        app.view.show(numbered(12, folds=[(1, 3)]), fresh=True)
        assert len(rows(app.view)) == 12


async def test_long_lines_go_on_below() -> None:
    app = Shown()
    async with app.run_test(size=(13, 8)) as pilot:
        gutter = [((f"{n} ", ""),) for n in range(3)]
        document = texts("abcdefghijklmnopqrstuvwxyz", "漢字漢字漢字漢", "short", gutter=gutter, cursor=False)
        app.view.show(document, fresh=True)
        app.view.focus()
        await pilot.pause()
        app.view.folding.wrap = True
        assert rows(app.view) == ["0 abcdefghij", "  ╰ klmnopqr", "  ╰ stuvwxyz", "1 漢字漢字漢", "  ╰ 字漢",
                                  "2 short"]  # fmt: skip
        app.view.set_highlights({0: Highlight(ranges=((8, 12),))}.get)
        assert [row(app.view, y)[1] for y in range(4)] == ["▌", "▌", "▌", " "]
        await resized(pilot, 25, 8)
        assert rows(app.view)[:2] == ["0▌abcdefghijklmnopqrstuv", " ▌╰ wxyz"]
        app.view.folding.wrap = False
        assert rows(app.view)[0] == "0▌abcdefghijklmnopqrstu›"


async def test_a_line_higher_than_the_view_can_be_read_to_its_end() -> None:
    app = Shown()
    async with app.run_test(size=(12, 4)) as pilot:
        app.view.show(texts(ascii_letters, "next"), fresh=True)
        app.view.focus()
        await pilot.pause()
        app.view.folding.wrap = True
        seen = set()
        for _ in range(10):
            seen |= set("".join(rows(app.view)))
            await pilot.press("down")
        assert set(ascii_letters) <= seen
        assert app.view.cursor == 1


async def test_in_wrapped_lines_pieces_are_found_where_they_went() -> None:
    app = Shown()
    async with app.run_test(size=(12, 4)) as pilot:
        app.view.show(
            texts(ascii_letters, "next", selectable=lambda line: ((0, 2), (47, 50)) if not line else ()), fresh=True
        )
        app.view.focus()
        await pilot.pause()
        app.view.folding.wrap = True
        await pilot.press("right", "right")
        assert any("VWX" in text for text in rows(app.view)), "what is selected comes into view"
        y = next(y for y, text in enumerate(rows(app.view)) if "VWX" in text)
        await pilot.press("home")
        app.view.scroller.reveal_columns(0, (47, 50))
        await pilot.click(app.view, offset=(row(app.view, y).index("W"), y))
        assert (app.view.cursor, app.view.selection) == (0, (47, 50))
        app.view.search("uvw")
        app.view.action_top()
        app.view.find(1)
        assert any("uvw" in text for text in rows(app.view))


@pytest.mark.parametrize("text", ["", "a", "x" * 8, "x" * 9, "漢字" * 9, "a漢" * 7, "x" * 500])
@pytest.mark.parametrize("room", [4, 5, 8, 33])
def test_no_character_is_lost_between_rows(text: str, room: int) -> None:
    from rich.cells import cell_len, set_cell_size

    starts = [*breaks(text, room), cell_len(text)]
    pieces = []
    for number, (start, end) in enumerate(pairwise(starts)):
        assert end - start <= room - 2 * bool(number)
        before = set_cell_size(text, start)
        pieces.append(set_cell_size(text, end)[len(before) :])
    assert "".join(pieces) == text


def test_lines_and_rows_agree_whatever_is_folded() -> None:
    chance = random.Random(1)
    for _ in range(50):
        count = chance.randrange(1, 40)
        blocks = []
        for _ in range(chance.randrange(6)):
            first = chance.randrange(count)
            blocks.append((first, chance.randrange(first, count)))
        lines = ["x" * chance.randrange(30) for _ in range(count)]
        folds = Folds(blocks, {first for first, _ in blocks if chance.random() < 0.6})
        hidden = folds.hidden()
        gone = {line for start, end in hidden for line in range(start, end)}
        for rows_of in (Rows(count, hidden), WrappedRows(lines, hidden, 10)):
            seen = [rows_of.at(row) for row in range(rows_of.count)]
            expected = [
                (line, part)
                for line in range(count)
                if line not in gone
                for part in range(rows_of.height(line))
            ]  # fmt: skip
            assert seen == expected
            for line in set(range(count)) - gone:
                assert rows_of.at(rows_of.top(line)) == (line, 0) and not rows_of.hides(line)
            for line in gone:
                behind = rows_of.at(rows_of.top(line))[0]
                assert rows_of.hides(line) and behind not in gone and behind in folds.closed and behind < line
