"""The picture of memory, and the table under it."""

import msgspec
import pytest
from made_memory import MEMORY, stage

from jaxtour.engine.wire.memory import Block, Memory
from jaxtour.render.ir.memory import ROWS, drawing
from jaxtour.render.text.layout import plain, width_of


def texts(memory=MEMORY, width=60, place=None):
    return [plain(line) for line in drawing(stage(memory), "a.py", width, place).lines]


def rows_of(lines):
    """Return the picture's cells without the axis."""
    return [line.partition("┤")[2] or line.partition("│")[2] for line in lines if "┤" in line or "│" in line]


def test_sums_peak_and_lines():
    lines = texts()
    assert texts(width=90)[0] == "needs 180 B = 128 B temporaries + 40 B outputs + 8 B arguments + 4 B constants"
    assert texts(width=60)[0] == "needs 180 B = 128 B temporaries + 40 B outputs + 12 B more"
    assert lines[-3] == "peak 160 B + 8 B free or padding" and "= 168 B, the compiler's own sum" in lines[-2]
    assert lines[-1] == "18% of the device's 1000 B"
    cells = rows_of(lines)
    assert len(cells) == ROWS
    assert len({len(row) for row in cells}) == 1, "every row is as wide"
    peak = next(line for line in lines if "▼" in line)
    column = peak.index("▼") - lines[2].index("┤") - 1
    assert all(row[column] in "ab" for row in cells), "the peak fills the picture"
    assert [row[column] for row in cells] == sorted((row[column] for row in cells), reverse=True)
    assert cells[-1][0] == "a" and cells[0][0] == " ", "it starts lower"
    table = [line for line in lines if line.startswith((" a ", " b "))]
    assert table == [" a  100 B  62%  no source", " b   60 B  38%  line 3"]
    saved = [line for line in lines if "saved for backward" in line]
    assert len(saved) == 2 and "f32[2,5]" in saved[0] and "2×" in saved[0] and "output" in saved[0]


def test_another_place_has_other_holders():
    lines = texts(place=0)
    assert "%a, 1 of 4" in next(line for line in lines if "▲" in line)
    assert [line for line in lines if line.startswith((" a ", " b "))] == [" a  100 B 100%  no source"]
    assert texts(place=99) == texts(place=3), "a place that the program no longer has is its last"


def test_each_row_of_the_table_stands_for_an_instruction_at_every_width():
    wide, narrow = (drawing(stage(MEMORY), "a.py", width) for width in (100, 30))
    assert wide.instructions == narrow.instructions
    assert set(wide.instructions.values()) == {2, 3, 4}
    assert all("f32[" in plain(wide.lines[row]) for row in wide.instructions)


@pytest.mark.parametrize("width", [1, 5, 12, 30, 200])
def test_every_line_fits(width):
    assert max(width_of(line) for line in texts(width=width)) <= width


def test_what_does_not_fit_is_said():
    lines = texts(msgspec.structs.replace(MEMORY, limit_bytes=100))
    assert "does not fit: 180% of the device's 100 B" in lines


def test_no_memory_is_one_sentence():
    assert texts(Memory(error="the compiler of this backend does not say")) == [
        "the compiler of this backend does not say"
    ]
    assert texts(None) == ["this program needs no memory of its own"]


def test_many_values_of_a_line_are_counted_and_not_all_listed():
    blocks = tuple(Block(3, 10, 0, 16 * number, 0, 3, "temporary", "f32[2]") for number in range(9))
    lines = texts(msgspec.structs.replace(MEMORY, blocks=blocks, used=(90,) * 4))
    assert "and 3 more" in [line.strip() for line in lines]
