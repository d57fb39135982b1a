"""Arrays are drawn on their devices."""

import itertools

import pytest

from jaxtour.engine.wire.messages import Shard, Value
from jaxtour.render.devices.sharding import sharding_drawing, sharding_lines
from jaxtour.render.text.layout import plain_lines, width_of
from jaxtour.text import harmless


def spread(shape, cuts, copies=1, sharding=None, **rest):
    """Return an array with each axis split into the given number of parts, each part on `copies` devices."""
    sides = [
        [(at * size // count, (at + 1) * size // count) for at in range(count)]
        for size, count in zip(shape, cuts, strict=True)
    ]
    numbers = itertools.count()
    shards = [
        Shard(device=next(numbers), index=index, replica=copy)
        for index in itertools.product(*sides)
        for copy in range(copies)
    ]
    devices = tuple(f"cpu:{shard.device}" for shard in shards)
    return harmless(Value(
        type="Array", shape=shape, dtype="float32", devices=devices, sharding=sharding, shards=tuple(shards),
        **{"text": "", **rest},
    ))  # fmt: skip


def drawn(value, width=60, **rest):
    lines = sharding_lines(value, width, **rest)
    assert all(width_of(line) <= width for line in lines)
    return plain_lines(lines)


def test_a_vector():
    assert drawn(spread((8,), (4,), sharding="P('x',) over (x: 4)")) == (
        " 0:2  2:4  4:6  6:8\n"
        "┌────┬────┬────┬────┐\n"
        "│ 0  │ 1  │ 2  │ 3  │\n"
        "└────┴────┴────┴────┘\n"
        "float32[2] on each of 4 devices, cpu:0-3\n"
        "P('x',) over (x: 4)\n"
    )


def test_a_matrix_with_copies():
    assert drawn(spread((8, 4), (2, 2), copies=2)) == (
        "      0:2   2:4\n"
        "    ┌─────┬─────┐\n"
        "0:4 │ 0,1 │ 2,3 │\n"
        "    ├─────┼─────┤\n"
        "4:8 │ 4,5 │ 6,7 │\n"
        "    └─────┴─────┘\n"
        "float32[4,2] on each of 8 devices, cpu:0-7\n"
    )


def test_many_rows_without_lines_between_and_aligned_numbers():
    text = drawn(spread((32, 4), (16, 1)), ascii=True)
    rows = text.splitlines()[1:-2]
    assert rows[0] == "  0:2 |  0 |" and rows[15] == "30:32 | 15 |" and len(rows) == 16
    assert text.isascii()


def test_a_cube_in_slabs():
    text = drawn(spread((4, 8, 2), (2, 2, 2)))
    assert text.splitlines()[0] == "[0:2, :, :]"
    assert "[2:4, :, :]\n     0:1  1:2\n    ┌────┬────┐\n0:4 │ 4  │ 5  │\n" in text
    assert text.endswith("float32[2,4,1] on each of 8 devices, cpu:0-7\n")


def test_only_axes_that_are_cut_are_drawn():
    text = drawn(spread((8, 5, 2, 4), (8, 1, 1, 1)))
    assert "7:8 │ 7 │" in text and "float32[1,5,2,4] on each" in text


def test_a_whole_copy_on_each_device():
    assert drawn(spread((4,), (1,), copies=3)) == (
        "┌─────┐\n│ 0-2 │\n└─────┘\nwhole, float32[4], on each of 3 devices, cpu:0-2\n"
    )
    assert "│ 0,1 │" in drawn(spread((), (), copies=2))


def test_a_narrow_pane_leaves_labels_out():
    assert drawn(spread((8,), (8,)), 20).splitlines()[:3] == [
        "┌─┬─┬─┬─┬─┬─┬─┬─┐",
        "│0│1│2│3│4│5│6│7│",
        "└─┴─┴─┴─┴─┴─┴─┴─┘",
    ]


def test_a_list_where_no_grid_fits():
    assert drawn(spread((16,), (16,)), 24).splitlines()[9:11] == ["cpu:9   [ 9:10]", "cpu:10  [10:11]"]
    four_axes = drawn(spread((2, 2, 2, 2), (2, 2, 2, 2)))
    assert four_axes.splitlines()[15] == "cpu:15  [1:2, 1:2, 1:2, 1:2]"


def test_uneven_parts():
    assert "float32[2] or float32[3] on 4 devices, cpu:0-3\n" in drawn(spread((9,), (4,)))


def test_parts_that_were_left_out_are_counted():
    value = spread((8,), (8,))
    fewer = harmless(
        Value(type="Array", text="", shape=(8,), dtype="float32", devices=value.devices, shards=value.shards[:4])
    )
    assert drawn(fewer).endswith("4 of 8 parts shown\n")


@pytest.mark.parametrize(
    ("devices", "text"), [(("cpu:0",), ""), ((), ""), (("gpu:0", "gpu:1"), "on 2 devices, gpu:0-1\n")]
)
def test_without_parts(devices, text):
    assert drawn(harmless(Value(type="Array", text="", shape=(3,), dtype="float32", devices=devices))) == text


def test_what_the_worker_says_is_clean():
    assert "[red]␛" in drawn(spread((2,), (2,), sharding="[red]\x1b"))


def counting(*shape):
    """Return NumPy's text of an array that counts from 0."""
    numbers = itertools.count()

    def text(axis):
        if axis == len(shape):
            return str(next(numbers))
        return "[" + " ".join(text(axis + 1) for _ in range(shape[axis])) + "]"

    return {"text": (whole := text(0)), "length": len(whole)}


def test_a_small_array_shows_its_numbers():
    assert drawn(spread((4, 4), (2, 2), copies=2, **counting(4, 4))) == (
        "        0:2       2:4\n"
        "    ┌─────────┬─────────┐\n"
        "0:2 │ cpu:0,1 │ cpu:2,3 │\n"
        "    │   0  1  │   2  3  │\n"
        "    │   4  5  │   6  7  │\n"
        "    ├─────────┼─────────┤\n"
        "2:4 │ cpu:4,5 │ cpu:6,7 │\n"
        "    │   8  9  │  10 11  │\n"
        "    │  12 13  │  14 15  │\n"
        "    └─────────┴─────────┘\n"
        "float32[2,2] on each of 8 devices, cpu:0-7\n"
    )


@pytest.mark.parametrize(
    ("shape", "cuts", "rows"),
    [
        ((4,), (2,), [["0 1"], ["2 3"]]),
        ((), (), [["0"]]),
        ((2, 3), (1, 1), [["0 1 2", "3 4 5"]]),
        ((2, 2, 2), (2, 1, 1), [["0 1", "2 3"], ["4 5", "6 7"]]),
        ((2, 2, 2), (1, 2, 1), [["0 1", "4 5"], ["2 3", "6 7"]]),
        ((2, 1, 3), (1, 1, 3), [["0", "3"], ["1", "4"], ["2", "5"]]),
        ((4, 2, 2), (2, 1, 1), [["0  1", "2  3", "", "4  5", "6  7"], ["8  9", "10 11", "", "12 13", "14 15"]]),
    ],
)
def test_the_numbers_of_each_part(shape, cuts, rows):
    array = spread(shape, cuts, copies=2, **counting(*shape))
    drawing = sharding_drawing(array, 60)
    text = plain_lines(drawing.lines).split("\n")
    shown = [[text[row][cell.start : cell.end].strip() for row in range(cell.row + 1, cell.row + cell.rows)]
             for cell in drawing.cells]  # fmt: skip
    assert shown == rows


@pytest.mark.parametrize(
    "rest", [{}, {"text": "[0 1 ... 7]", "length": 11}, {**counting(8), "length": 99}, counting(8, 2)]
)
def test_numbers_that_are_not_all_there_are_not_drawn(rest):
    assert drawn(spread((8,), (2,), **rest)).splitlines()[1:4] == ["┌────┬────┐", "│ 0  │ 1  │", "└────┴────┘"]


def test_what_has_four_axes_and_what_is_too_wide_has_no_numbers():
    assert "│ 0 │" in drawn(spread((4, 2, 2, 2), (2, 1, 1, 1), **counting(4, 2, 2, 2)))
    assert "cpu:" not in drawn(spread((8,), (8,), **counting(8)), 45).splitlines()[2]


def test_the_axes_of_a_mesh_are_named_as_they_run():
    mesh = (("x", 2), ("y", 2), ("z", 2), ("one", 1))
    text = drawn(spread((8, 4), (2, 2), copies=2, mesh=mesh, spec=(("x",), ("z",))))
    assert text.startswith("↓ x   → z   copies along y\n      0:2   2:4\n")
    assert drawn(spread((8,), (4,), copies=2, mesh=mesh, spec=(("x", "[y]\x1b"),))).startswith("→ x, [y]␛   copies")
    cube = spread((4, 8, 2), (2, 2, 2), mesh=mesh, spec=(("y",), ("x",), ("z",)))
    assert drawn(cube, ascii=True).startswith("slabs y   v x   > z\n[0:2, :, :]\n")
    assert drawn(spread((4,), (1,), copies=8, mesh=mesh, spec=((),))).startswith("copies along x, y, z\n┌")
    four = spread((2, 2, 2, 2), (2, 2, 2, 2), mesh=mesh, spec=(("x",), (), ("y",), ("z",)))
    assert drawn(four).startswith("axis 0 by x   axis 2 by y   axis 3 by z\ncpu:0 ")


@pytest.mark.parametrize("width", [12, 24, 40, 80])
@pytest.mark.parametrize(
    "array",
    [
        spread((8,), (4,), copies=2, **counting(8), mesh=(("x", 4), ("y", 2)), spec=(("x",),)),
        spread((8, 4), (2, 2), copies=2),
        spread((4, 4, 2), (2, 2, 2), **counting(4, 4, 2)),
        spread((2, 2, 2, 2), (2, 2, 2, 2)),
        spread((4,), (1,), copies=3),
    ],
)
def test_every_device_leads_to_its_part_and_back(array, width):
    drawing = sharding_drawing(array, width)
    text = plain_lines(drawing.lines).split("\n")
    for shard in array.shards:
        cells = [cell for cell in drawing.cells if shard.device in cell.devices]
        assert cells or width == 12
        for cell in cells:
            name = text[cell.row][cell.start : cell.end].strip()
            assert str(shard.device) in name or "-" in name or "…" in text[cell.row]
