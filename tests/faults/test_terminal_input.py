"""A terminal sends what no key sends: the tour that receives it still runs the next step."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pty_tour import Tour
from table import Row

from benchmarks.terminal import ESC

pytestmark = [pytest.mark.faults, pytest.mark.terminal]

SEQUENCES = (
    b"\x1b[200~GGGGGG\x1b[201~", b"\x1b[<35;10;10M", b"\x1b[?2026;2$y", b"\x1b[?2048;0$y", b"\x1b[1;5A",
    b"\x1b[57358u", b"\x1bOA", b"\x1b[I", b"\x1b[O",
)  # fmt: skip
"""Keys that do nothing here, and answers to what the tour asks."""
ANSWERS = (
    b"\x1b[?9999999999999999999$y",
    b"\x1b[?2026;99999999999999999999$y",
    b"\x1b[?;;;;c",
    b"\x1b_Gi=99999999999999999999;OK\x1b\\",
    b"\x1b[4;99999999;0t",
    b"\x1b[6;0;0t",
    b"\x1b[?u",
    b"\x1b[?99999u",
    b"\x1b[0;0R",
    b"\x1b[99999999999;1R",
    b"\x1b[;u",
    b"\x1b[1114112u",
    b"\x1b[99999999999999u",
    b"\x1b[55296u",
    b"\x1b[97;;1114112u",
)
MOUSE = (
    b"\x1b[<0;99999;99999M", b"\x1b[<0;99999;99999m", b"\x1b[<-1;0;0M", b"\x1b[<0;-5;-5M", b"\x1b[<99999;1;1M",
    b"\x1b[M\xff\xff\xff", b"\x1b[M\x80\x80\x80", b"\x1b[<0;1M", b"\x1b[<;;M", b"\x1b[<64;1;1M", b"\x1b[<65;500;1M",
    b"\x1b[<35;99999999999999999999;1M",
)  # fmt: skip
SIZES = (b"\x1b[48;0;0;0;0t", b"\x1b[48;1;1;1;1t", b"\x1b[48;30;100;0;0t", b"\x1b[48;30:1;100:2;1;1t")
BURST = 200
KEYS = "╭─ Keys"


def write(tour: Tour, data: bytes) -> None:
    """Write as a terminal does: as much as its buffer takes, while what the tour draws is read."""
    view = memoryview(data)
    os.set_blocking(tour.terminal.master, False)
    try:
        while view:
            try:
                view = view[os.write(tour.terminal.master, view[:4096]) :]
            except BlockingIOError:
                tour.terminal.pump(0.01)
    finally:
        os.set_blocking(tour.terminal.master, True)


def close_boxes(tour: Tour) -> None:
    """Close what keys have opened, or are still opening: the list of keys opens only where no other box is."""
    while True:
        tour.send(ESC)
        tour.send("?")
        tour.terminal.quiet(0.4)
        if KEYS in tour.text:
            break
    tour.send(ESC)
    tour.until(lambda screen: KEYS not in screen)


def cut(tour: Tour) -> None:
    """Send each sequence in two parts, cut at each byte, as over a slow link.

    Where the second part comes too late, the tour has read the first as Esc, and reads the second as keys.
    """
    for sequence in SEQUENCES:
        for end in range(1, len(sequence)):
            write(tour, sequence[:end])
            tour.terminal.pump(0.005)
            write(tour, sequence[end:])
    close_boxes(tour)


def answers(tour: Tour) -> None:
    """Send input that is not a known sequence; it is read as keys, as everywhere: `?` opens the help."""
    write(tour, b"".join(ANSWERS))
    close_boxes(tour)


def mouse(tour: Tour) -> None:
    write(tour, b"".join(MOUSE) * 20)


def sizes(tour: Tour) -> None:
    """Send in-band reports of sizes that make no sense, and then of the right one."""
    write(tour, b"\x1b[?2048;1$y" + b"".join(SIZES))
    tour.terminal.quiet(0.1)
    write(tour, b"\x1b[48;30;100;600;1000t")


def high_bytes(tour: Tour) -> None:
    write(tour, bytes(range(0x80, 0x100)) * 5)


def control_bytes(tour: Tour) -> None:
    write(tour, bytes(byte for byte in range(0x20) if byte not in (0x11, 0x1A)) * 5)
    close_boxes(tour)


def focus(tour: Tour) -> None:
    write(tour, b"\x1b[I\x1b[O" * 40 + b"\x1b[I")


def paste_where_nothing_is_edited(tour: Tour) -> None:
    write(tour, b"\x1b[200~" + b"q" * 1_000_000 + b"\x1b[201~")


def paste_into_the_editor(tour: Tour) -> None:
    tour.send("e")
    tour.until("editing")
    write(tour, b"\x1b[200~" + b"# a line of a large file that was pasted by mistake\n" * 20_000 + b"\x1b[201~")
    tour.until("a line of a large file")
    tour.send(ESC)
    tour.until("edited")
    tour.send("u")
    tour.until("› 1 open(")


def paste_of_nothing_but_controls(tour: Tour) -> None:
    tour.send("e")
    tour.until("editing")
    write(tour, b"\x1b[200~# " + bytes(set(range(0x20)) - {0x1B}) + b"\x1b\x00\x1b[200~ end\x1b[201~")
    tour.until("end")
    tour.send(ESC)
    tour.until("edited")
    tour.send("u")
    tour.until("› 1 open(")


def key_held_down(tour: Tour) -> None:
    write(tour, b"j" * 500 + b"k" * 500)


def interrupts_while_idle(tour: Tour) -> None:
    write(tour, b"\x03" * 20)


def quit_keys_of_a_cooked_terminal(tour: Tour) -> None:
    """Send Ctrl-\\ and Ctrl-S, which are keys here, not SIGQUIT and XOFF."""
    write(tour, b"\x1c\x13\x13\x1c")


def one_cell(tour: Tour) -> None:
    for size in ((1, 1), (100, 30), (1, 30), (100, 30), (100, 1), (100, 30)):
        tour.terminal.resize(*size)
        tour.terminal.quiet(0.05)
    tour.until("It looks at a file.")


def no_cell(tour: Tour) -> None:
    tour.terminal.resize(0, 0, tell=False)
    tour.terminal.quiet(0.1)
    tour.terminal.resize(100, 30)
    tour.until("It looks at a file.")


def storm_of_sizes(tour: Tour) -> None:
    for number in range(BURST):
        tour.terminal.resize(20 + number % 100, 5 + number % 40, tell=False)
        if number % 20 == 0:
            tour.terminal.pump(0)
    tour.terminal.resize(100, 30)
    tour.until("It looks at a file.")


def storm_of_signals(tour: Tour) -> None:
    for _ in range(BURST):
        for number in (signal.SIGWINCH, signal.SIGCONT):
            tour.process.send_signal(number)
    tour.terminal.quiet(0.2)


INPUTS: dict[str, Callable[[Tour], None]] = {
    "sequences cut at every byte": cut,
    "answers of no terminal": answers,
    "a mouse outside of the screen": mouse,
    "sizes of no terminal, in band": sizes,
    "bytes that are no UTF-8": high_bytes,
    "control bytes": control_bytes,
    "a storm of focus": focus,
    "1 MB pasted where nothing is edited": paste_where_nothing_is_edited,
    "1 MB pasted into the editor": paste_into_the_editor,
    "controls pasted": paste_of_nothing_but_controls,
    "a key held down": key_held_down,
    "Ctrl-C 20 times while idle": interrupts_while_idle,
    "Ctrl-\\ and Ctrl-S": quit_keys_of_a_cooked_terminal,
    "resized to 1x1": one_cell,
    "resized to 0x0": no_cell,
    "a storm of sizes": storm_of_sizes,
    "a storm of SIGWINCH and SIGCONT": storm_of_signals,
}
ALONE = ("sizes of no terminal, in band", "answers of no terminal", "1 MB pasted into the editor", "controls pasted")
"""After these, the tour takes its size from the terminal's reports alone, or has an edit."""


@pytest.fixture(scope="module")
def tours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Tour]]:
    """The tour that has received all inputs so far, if it is still running."""
    tours: list[Tour] = []
    yield tours
    for tour in tours:
        tour.__exit__()


@pytest.mark.parametrize("name", INPUTS)
def test_the_next_step_is_right(tours: list[Tour], tmp_path: Path, row: Row, name: str) -> None:
    # It is taken out of the list: a tour that fails meets nothing more.
    tour = tours.pop() if tours else Tour(tmp_path)
    tour.until("ready")
    INPUTS[name](tour)
    tour.terminal.quiet(0.05)
    tour.look(row)
    row.seen = "nothing happened"
    row.left = max(0, len(tour.family()) - 4)
    assert row.left == 0
    if name in ALONE:
        tour.quit(row)
    else:
        tours.append(tour)
