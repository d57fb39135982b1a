"""What gloo prints is left out, however its threads and the pipe cut it."""

from hypothesis import given
from hypothesis import strategies as st

from jaxtour.engine.guards.gloo import without_gloo


def line(rank: int) -> list[str]:
    """Return the pieces in which gloo writes a line."""
    ends = ["Expected number of connected peer ranks is : ", "3", "\n"]
    return ["[Gloo] Rank ", str(rank), " is connected to ", "3", " peer ranks. ", *ends]


@given(st.data(), st.lists(st.sampled_from(["28.0\n", "a [list] of 3\n", "[Glo", "7", "\n"]), max_size=3))
def test_lines_of_two_threads_are_left_out_wherever_they_are_cut(data: st.DataObject, own: list[str]) -> None:
    one, other = line(2), line(3)
    mixed = ""
    while one or other:
        mixed += (one if one and (not other or data.draw(st.booleans())) else other).pop(0)
    before, after = "".join(own), "4.0\n"
    whole = before + mixed + after
    cut = data.draw(st.integers(0, len(whole)))
    shown, begun = without_gloo(whole[:cut])
    more, rest = without_gloo(begun + whole[cut:])
    assert (shown + more, rest) == (before + after, "")


def test_a_line_with_something_else_in_it_stays() -> None:
    text = "[Gloo] Rank 2 is what I print\n"
    assert without_gloo(text) == (text, "")
