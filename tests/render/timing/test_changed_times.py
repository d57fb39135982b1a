"""A change shows what it did to the times."""

import pytest

from jaxtour.engine.wire.messages import Timing
from jaxtour.render.text.layout import plain
from jaxtour.render.timing.changed import changed_times
from jaxtour.text import Raw


def timing(label: str, median: float, q1: float, q3: float, platform: str = "cpu", **rest: object) -> Timing:
    return Timing(run=1, index=0, label=label, call=Raw("f()"), platform=platform, median_s=median, q1_s=q1, q3_s=q3,
                  **rest)  # fmt: skip


FAST = timing("f", 20e-6, 18e-6, 23e-6)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([FAST], [timing("f", 1e-3, 0.9e-3, 1.2e-3)],
         "≠ f  was 20.0 µs (18.0 to 23.0), now 1.00 ms (900 µs to 1.20): 50× slower"),
        ([FAST], [timing("f", 8e-6, 7e-6, 9e-6)],
         "≠ f  was 20.0 µs (18.0 to 23.0), now 8.00 µs (7.00 to 9.00): 2.5× faster"),
        ([FAST], [timing("f", 40e-6, 22e-6, 60e-6)], "= the time cannot be told apart from before"),
        ([timing("f", 20e-6, 20e-6, 20e-6)], [timing("f", 21e-6, 21e-6, 21e-6)],
         "= the time cannot be told apart from before"),
        ([FAST, timing("g", 1.0, 1.0, 1.0)], [FAST, timing("g", 2.0, 2.0, 2.0)],
         "≠ g  was 1.00 s (1.00 to 1.00), now 2.00 s (2.00 to 2.00): 2.0× slower"
         " / = the other times cannot be told apart from before"),
        ([FAST, timing("g", 1.0, 1.0, 1.0)], [FAST, timing("g", 1.0, 1.0, 1.0)],
         "= the times cannot be told apart from before"),
        ([FAST], [timing("f", 1.0, 1.0, 1.0, "gpu")], ""),
        ([FAST], [timing("f", 1.0, 1.0, 1.0, size=8)], ""),
        ([timing("f", 0.0, 0.0, 0.0, error="no")], [FAST], ""),
        ([FAST], [], ""),
    ],
)  # fmt: skip
def test_times_that_differ_are_said_with_their_spread(before: list[Timing], after: list[Timing], said: str) -> None:
    assert " / ".join(map(plain, changed_times(before, after, 100))) == said
