"""What is written to a terminal makes it show what it should."""

import random

import pyte
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from shown import Shown, numbered
from textual.geometry import Region
from textual.strip import Strip

from jaxtour.tui.cells import Cells, CellStyle, PlacedStrip, parameters
from jaxtour.tui.compat import ChangedCells, write_changed_cells

WIDTH, HEIGHT = 30, 8
TRUE = ColorSystem.TRUECOLOR
STYLES = [None] + [
    Style(color=front, bgcolor=back, bold=bold, underline=underline, reverse=reverse)
    for front in (None, "red", "bright_blue", "#112233", "color(77)")
    for back in (None, "blue", "#445566", "bright_black")
    for bold in (None, True)
    for underline in (None, True)
    for reverse in (None, True)
]


def test_the_terminal_shows_what_textual_would_have_written() -> None:
    chance = random.Random(3)
    ours, textuals = Screen(), Screen()
    cells = Cells()
    cells.forget(WIDTH, HEIGHT)
    whole = [(0, y, some_strip(chance, WIDTH)) for y in range(HEIGHT)]
    seen = [whole]
    for number in range(1500):
        # Much of what Textual draws was drawn before, below something else that came in between.
        pieces = some_pieces(chance) if number % 3 else chance.choice(seen[-4:])
        seen.append(pieces)
        ours.feed(cells.update(pieces, TRUE))
        textuals.feed("".join(f"\x1b[{y + 1};{x + 1}H{as_textual(strip)}" for x, y, strip in pieces))
        assert ours.shown() == textuals.shown(), number


def test_what_is_shown_already_is_not_written_again() -> None:
    cells = Cells()
    cells.forget(10, 2)
    pieces = [(0, 0, Strip([Segment("one", Style(bold=True)), Segment("  two")])), (0, 1, Strip([Segment("three")]))]
    assert cells.update(pieces, TRUE) == "\x1b[1;1H\x1b[1mone\x1b[0m  two\r\x1b[Bthree"
    assert cells.update(pieces, TRUE) == ""
    assert cells.update([(0, 1, Strip([Segment("thrXe")]))], TRUE) == "\x1b[2;4HX"
    cells.forget(10, 2)
    assert cells.update(pieces, TRUE).count("three") == 1, "another program may have written there"


def test_a_frame_in_another_colour_is_its_cells_alone() -> None:
    cells = Cells()
    cells.forget(20, 3)
    frames = [
        [(0, y, Strip([Segment("│", Style(color=colour)), Segment(" " * 8), Segment("│", Style(color=colour))]))
         for y in range(3)]
        for colour in ("red", "green")
    ]  # fmt: skip
    cells.update(frames[0], TRUE)
    assert cells.update(frames[1], TRUE) == "\x1b[1;1H\x1b[32m│\x1b[8C│\r\x1b[B│\x1b[8C│\r\x1b[B│\x1b[8C│\x1b[0m"


def test_cells_that_look_alike_are_written_together_where_that_is_shorter() -> None:
    key, word = Style(color="#010203", bold=True), Style(color="#040506")
    cells = Cells()
    cells.forget(20, 1)
    strip = Strip([Segment("r ", key), Segment("run ", word), Segment("n ", key), Segment("next", word)])
    wrote = cells.update([(0, 0, strip)], TRUE)
    assert wrote == "\x1b[1;1H\x1b[1;38;2;1;2;3mr \x1b[4Cn \x1b[6D\x1b[0;38;2;4;5;6mrun \x1b[2Cnext\x1b[0m"
    few = Strip([Segment("a", Style(color="red")), Segment("bc")])
    cells.forget(3, 1)
    assert cells.update([(0, 0, few)], TRUE) == "\x1b[1;1H\x1b[31ma\x1b[0mbc"


def test_wide_characters_are_written_with_all_that_is_around_them() -> None:
    cells = Cells()
    cells.forget(12, 1)
    cells.update([(0, 0, Strip([Segment("漢字 abc")]))], TRUE)
    assert cells.update([(0, 0, Strip([Segment("漢字 abd")]))], TRUE) == "\x1b[1;1H漢字 abd"
    linked = Strip([Segment("a link", Style(link="https://example.org"))])
    assert cells.update([(0, 0, linked)], TRUE) == f"\x1b[1;1H{as_textual(linked)}"


def test_attributes_end_one_by_one_where_that_is_shorter() -> None:
    bold = CellStyle(frozenset({"1"}), "38;2;1;2;3", "48;2;4;5;6")
    assert parameters(bold, CellStyle(frozenset(), *bold[1:])) == "22"
    assert parameters(bold, CellStyle(frozenset({"2"}), *bold[1:])) == "22;2"
    assert parameters(bold, CellStyle()) == "0"
    assert parameters(CellStyle(frozenset({"53"}), "31"), CellStyle(front="31")) == "0;31", (
        "few terminals know what ends it"
    )


async def test_the_updates_of_an_app_add_up_to_its_screen() -> None:
    app = Written()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.view.show(numbered(40, folds=[(2, 9)]), fresh=True)
        app.view.focus()
        for key in ("down", "down", "f", "end", "pageup", "w", "home"):
            await pilot.press(key)
            await pilot.pause()
            assert app.terminal.rows() == [strip.text for strip in app.screen._compositor.render_strips()], key
        assert app.updates > 5
        wrote = app.bytes
        app.view.refresh(Region(0, 0, WIDTH, HEIGHT - 1))
        await pilot.pause()
        assert app.bytes == wrote, "what styles as before is not written"


class Written(Shown):
    """An app whose updates go to a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = Screen()
        self.updates = self.bytes = 0
        write_changed_cells(self)

    def _display(self, screen: object, renderable: object) -> None:
        if isinstance(renderable, ChangedCells):
            data = renderable.render_segments(self.console)
            self.terminal.feed(data)
            self.updates += 1
            self.bytes += len(data)


class Screen:
    """A terminal."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self.feed = pyte.Stream(self._screen).feed

    def rows(self) -> list[str]:
        """Return the text of each row."""
        return list(self._screen.display)

    def shown(self) -> list[tuple[object, ...]]:
        """Return the visible part of each cell."""
        found: list[tuple[object, ...]] = []
        for y in range(HEIGHT):
            for x in range(WIDTH):
                cell = self._screen.buffer[y][x]
                seen = cell.data != " " or cell.reverse or cell.underscore
                look = (cell.bg, cell.underscore, cell.reverse)
                found.append((cell.data, *look, cell.fg, cell.bold) if seen else (cell.data, *look))
        return found


def some_strip(chance: random.Random, width: int) -> Strip:
    """Draw characters, frames and blanks; sometimes wide ones."""
    segments, left = [], width
    while left:
        if chance.random() < 0.05 and left > 1:
            segments.append(Segment("漢", chance.choice(STYLES)))
            left -= 2
            continue
        count = chance.randint(1, left)
        segments.append(Segment("".join(chance.choices(" ab─│", k=count)), chance.choice(STYLES)))
        left -= count
    return Strip(segments, width)


def some_pieces(chance: random.Random) -> list[PlacedStrip]:
    """Draw up to one strip in each of some rows."""
    found: list[PlacedStrip] = []
    for y in sorted(chance.sample(range(HEIGHT), chance.randint(1, 5))):
        x = chance.randrange(WIDTH)
        found.append((x, y, some_strip(chance, chance.randint(1, WIDTH - x))))
    return found


def as_textual(strip: Strip) -> str:
    """Return the strip as Textual writes it."""
    return "".join(Strip.render_style(style, text, TRUE) if style else text for text, style, _ in strip)


def test_straight_down_is_not_a_column_to_the_left() -> None:
    cells = Cells()
    cells.forget(4, 2)
    cells.update([(0, 0, Strip([Segment("abcd")])), (0, 1, Strip([Segment("abcd")]))], TRUE)
    changed = [(0, 0, Strip([Segment("Xbcd")])), (0, 1, Strip([Segment("aYcd")]))]
    assert cells.update(changed, TRUE) == "\x1b[1;1HX\x1b[BY"
