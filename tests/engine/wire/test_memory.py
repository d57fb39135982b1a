"""The record of a compiled call's memory says who holds it."""

import msgspec
from made_memory import BLOCKS, MEMORY, stage

from jaxtour.engine.memory_record import memory_record, owner_of
from jaxtour.engine.wire.memory import Memory, held_at, holders


def test_holders_add_up_to_what_is_used_at_every_place():
    every = list(held_at(MEMORY, range(4)))
    assert [sum(held.bytes for held in each) for each in every] == list(MEMORY.used)
    assert [held.bytes for held in every[2]] == [100, 40, 20], "the largest first; a part that is shared counts once"
    assert holders(MEMORY, 2) == every[2]
    assert [[held.bytes for held in each] for each in held_at(MEMORY, (0, 3))] == [[100], [100, 40]]


def test_the_sums():
    assert (MEMORY.peak_bytes, MEMORY.compiler_bytes, MEMORY.gap_bytes) == (160, 168, 8)
    assert not MEMORY.exact and msgspec.structs.replace(MEMORY, temporary_bytes=120).exact
    assert MEMORY.needed_bytes == 8 + 4 + 40 + 128


def test_the_owner_is_the_line_that_computes_and_not_the_loop_around_it():
    whole = stage(MEMORY)
    assert owner_of(whole, BLOCKS[0]) is None
    assert owner_of(whole, BLOCKS[1]) == ("a.py", 3)
    assert owner_of(whole, BLOCKS[3]) == ("a.py", 3)
    assert owner_of(whole, msgspec.structs.replace(BLOCKS[3], trips=0)) == ("a.py", 9)
    assert owner_of(whole, msgspec.structs.replace(BLOCKS[3], line=-1)) is None


def test_the_record():
    found = memory_record(stage(MEMORY))
    assert found is not None
    assert {key: found[key] for key in ("peak_bytes", "compiler_bytes", "exact", "at")} == {
        "peak_bytes": 160, "compiler_bytes": 168, "exact": False, "at": "w",
    }  # fmt: skip
    assert found["lines"] == [
        {"file": None, "line": None, "bytes": 100, "saved_for_backward": 0},
        {"file": "a.py", "line": 3, "bytes": 60, "saved_for_backward": 60},
    ]
    blocks = {(each["instruction"], each["offset"]): each for each in found["blocks"]}
    assert blocks["w", 0]["spans"][1]["line"] == 3 and blocks["w", 0]["saved_for"] == "a"
    assert blocks["b", 80]["last_use"] == "w" and blocks["b", 0]["last"] == 2
    assert memory_record(stage(None)) is None and memory_record(stage(Memory(error="none"))) is None
