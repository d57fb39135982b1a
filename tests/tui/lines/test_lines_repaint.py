"""What a view repaints, against what it shows."""

import random
from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.style import Style as RichStyle
from shown import Shown, row, texts
from textual.geometry import Region
from textual.strip import Strip
from tours import Tours, pane, ready, resized

from jaxtour.render.text.layout import Line
from jaxtour.tui.lines.document import Document, Highlight, Highlights, LazyLines, MadeLines
from jaxtour.tui.lines.view import LinesView


async def test_of_a_row_only_its_text_is_sent() -> None:
    app = Shown()
    async with app.run_test(size=(40, 6)) as pilot:
        app.view.show(texts("same", "short", "same", *["same"] * 10, cursor=False), fresh=True)
        await pilot.pause()
        app.view._dirty_regions.clear()
        app.view.action_step(1)
        sign = {Region(39, 0, 1, 1), Region(39, 2, 1, 1)}
        assert app.view._dirty_regions == {Region(0, 0, 5, 1), Region(0, 1, 5, 1), *sign}
        assert row(app.view, 0) == "short"


async def test_a_border_is_painted_again_when_its_words_change(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        source = pane(app, "source")
        changes: list[tuple[int, Callable[[], object]]] = [
            (0, lambda: source.title((("another title", ""),))),
            (source.outer_size.height - 1, lambda: source.say((("words", ""),))),
        ]
        for y, change in changes:
            source._dirty_regions.clear()
            change()
            assert any(Region(0, y, source.outer_size.width, 1) in region for region in source._dirty_regions)


async def test_what_is_repainted_is_all_that_changed() -> None:
    """What is repainted is all that changed: the screen, patched as the view said, is what a full repaint makes."""
    chance = random.Random(7)
    app = Shown()
    async with app.run_test(size=(24, 12)) as pilot:
        view = app.view
        view.show(some_document(chance), fresh=True)
        view.focus()
        await pilot.pause()
        painted = [cells_of(view.render_line(y)) for y in range(12)]
        for number in range(600):
            view._dirty_regions.clear()
            chance.choice(operations(view, chance))()
            full = [cells_of(view.render_line(y)) for y in range(12)]
            for region in view._dirty_regions:
                for y in range(max(0, region.y), min(12, region.bottom)):
                    painted[y][region.x : region.right] = full[y][region.x : region.right]
            assert painted == full, number


async def test_rows_that_are_kept_are_as_if_painted_again(tours: Tours) -> None:
    chance = random.Random(8)
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        view = pane(app, "source")

        def shown() -> list[list[tuple[str, RichStyle | None]]]:
            return [cells_of(strip) for strip in view.render_lines(view.outer_size.region)]

        for number in range(150):
            if number % 20 == 0:
                await resized(pilot, chance.choice((60, 80, 130)), chance.choice((20, 24, 30)))
            if number % 7 == 0:
                await pilot.press("tab")
            chance.choice(operations(view, chance))()
            await pilot.pause()
            kept = shown()
            view.notify_style_update()  # forgets all rows
            assert kept == shown(), number


def operations(view: LinesView, chance: random.Random) -> list[Callable[[], object]]:
    """Return operations on a view, some with random arguments."""
    return [
        lambda: view.show(some_document(chance), fresh=chance.random() < 0.3),
        lambda: view.move_to(chance.randrange(200)),
        lambda: view.set_highlights(some_highlights(chance.randrange(5)), range(0, 40, 5)),
        lambda: view.walk(chance.choice((-1, 1))),
        lambda: view.search(chance.choice(("", "f1", "xyz"))),
        lambda: view.find(chance.choice((-1, 0, 1))),
        view.folding.toggle, view.action_fold_all, view.action_wrap,
        lambda: view.action_step(chance.choice((1, 1, -1))), lambda: view.action_across(chance.choice((1, -1))),
        lambda: view.action_pan(chance.choice((1, -1))), lambda: view.action_page(chance.choice((1, -1))),
        view.action_top, view.action_bottom,
    ]  # fmt: skip


def some_document(chance: random.Random) -> Document:
    """Return nested blocks, wide characters and long lines; or equal lines, where scrolling changes only the thumb."""
    count = chance.choice((0, 3, 40, 40, 200))
    lines = tuple(f"{'  ' * (n % 4)}f{n}(x{'xyz' * (n % 9)}) 漢" for n in range(count))
    return Document(
        lines=LazyLines(("same",) * count if chance.random() < 0.3 else lines, highlight),
        cursor=chance.random() < 0.8,
        folds=[(first, first + 5) for first in range(0, count - 6, 7)],
        selectable=some_selections if chance.random() < 0.8 else None,
        gutter=MadeLines(count, 4, lambda n: ((f"{n:>3} ", "faint"),)) if chance.random() < 0.5 else (),
        marks=dict.fromkeys(range(0, count, 9), "error"),
    )


def highlight(text: str) -> Line:
    """Return two styles."""
    return ((text[:3], "keyword"), (text[3:], ""))


def some_selections(line: int) -> Sequence[tuple[int, int]]:
    """Return a selection on every other line."""
    return ((2, 5), (4, 7)) if line % 2 else ()


def some_highlights(rest: int) -> Highlights:
    """Return a highlight on every fifth line."""
    return lambda line: Highlight("link", ((1, 4),)) if line % 5 == rest else None


def cells_of(strip: Strip) -> list[tuple[str, RichStyle | None]]:
    """Return each cell of a row with its style; a wide character is in its first."""
    found: list[tuple[str, RichStyle | None]] = []
    for text, style, _ in strip:
        for character in text:
            found += [(character, style), *[("", style)] * (cell_len(character) - 1)]
    return found
