"""Each moment of a run is counted once in the sums of events, whatever runs beside what."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.worker.profile.events import Piece, Ran, Thread, pieces_of
from jaxtour.worker.profile.spent import DeviceThreads, divided, executions

NONE = frozenset()


def thread(*events, later=None):
    rows = [Ran(start, end, name, 1, (later or {}).get(name, end)) for start, end, name in events]
    return Thread("t", 0, sorted(rows, key=lambda ran: (ran.start, -ran.end)))


def union(pieces):
    covered, reached = 0.0, -math.inf
    for start, end, _ in sorted(pieces):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def test_a_loop_keeps_only_the_time_between_its_bodies():
    spent = list(pieces_of(thread((0, 100, "while"), (10, 30, "sin"), (40, 90, "dot"), (50, 60, "inner")), NONE))
    own = {}
    for start, end, name in spent:
        own[name] = own.get(name, 0) + end - start
    assert own == {"while": 30, "sin": 20, "dot": 40, "inner": 10}


def test_what_other_threads_finish_later_counts_until_then_but_not_for_loops():
    rows = thread((0, 10, "dot"), (20, 30, "while"), later={"dot": 18, "while": 99})
    assert list(pieces_of(rows, frozenset({"while"}))) == [
        Piece(0, 10, "dot"), Piece(10, 18, "dot"), Piece(20, 30, "while"),
    ]  # fmt: skip


def test_a_moment_is_divided_evenly_among_what_runs_at_it():
    assert divided([Piece(0, 30, "a"), Piece(10, 30, "b"), Piece(20, 30, "b")]) == pytest.approx(
        {"a": 10 + 5 + 10 / 3, "b": 5 + 20 / 3}
    )


PIECES = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**5), st.sampled_from("abcd")).map(
        lambda row: Piece(row[0], row[0] + row[1], row[2])
    ),
    max_size=60,
)


@given(PIECES)
def test_the_parts_add_up_to_the_union(pieces):
    found = divided(pieces)
    assert math.fsum(found.values()) == pytest.approx(union(pieces), rel=1e-9, abs=1e-6)
    assert all(part >= -1e-6 for part in found.values())


@given(PIECES)
def test_the_pieces_of_a_thread_do_not_overlap_and_cover_what_its_events_do(events):
    rows = thread(*[(start, end, name) for start, end, name in events])
    nested = [piece for piece in pieces_of(rows, NONE) if piece.end > piece.start]
    assert sum(piece.end - piece.start for piece in nested) == pytest.approx(union(nested))
    assert all(any(piece.start >= ran.start and piece.end <= ran.end for ran in rows.events) for piece in nested)


def test_a_device_covers_its_threads_together():
    device = DeviceThreads(0, [thread((0, 10, "a")), thread((5, 20, "b"))])
    spent = device.spent(NONE)
    assert spent.own == {"a": 7.5, "b": 12.5}
    assert spent.busy == {"a": 10, "b": 15}
    assert (spent.covered, spent.inside) == (20, 20)


def test_the_rarest_instruction_of_a_computation_tells_how_often_it_ran():
    counts = {"sort": 4, "tanh": 2, "body": 20}
    assert executions(counts, {"sort": "main", "tanh": "main", "body": "region"}, 2) == {
        "sort": 1, "tanh": 1, "body": 10,
    }  # fmt: skip
