"""A profile as it arrives on the wire: two lines, a fusion of both, a loop, and time without a source."""

import msgspec

from jaxtour.engine.wire.messages import Profile
from jaxtour.text import harmless

FILE = "/code/ml.py"
SPANS = [[FILE, 3, 5, 3, 12, "f"], [FILE, 5, 9, 5, 20, "f"], ["/code/library.py", 40, 1, 40, 9, "helper"]]
INSTRUCTIONS = [
    ["dot.1", "dot", 12, 0.5, 0.5, 1, 4e9, 2e6, [[0, False, 1.0]], False, []],
    ["fusion", "fusion", 14, 0.2, 0.25, 10, 1e3, 8e7, [[0, False, 0.25], [1, True, 0.75]], False, []],
    ["sort.0", "sort", 15, 0.1, 0.1, 1, None, 1e6, [[1, False, 0.5], [2, False, 0.5]], True, []],
    ["copy.3", "copy", 16, 0.05, 0.05, 1, 0.0, 1e6, [[-1, False, 1.0]], False, []],
]
TIMELINE = {
    "length_ns": 900_000_000,
    "threads": [
        {"name": "tf_XLAEigen/1", "device": 0, "starts": [0, 500_000_000, 710_000_000],
         "lengths": [500_000_000, 200_000_000, 50_000_000], "instructions": [0, 1, 3]},
        {"name": "tf_XLAEigen/2", "device": 0, "starts": [750_000_000], "lengths": [100_000_000], "instructions": [2]},
    ],
    "left_out": 0,
}  # fmt: skip
SPREAD = {"best_s": 0.9, "q1_s": 0.95, "median_s": 0.98, "q3_s": 1.0, "runs": 15}


def profile(**fields) -> Profile:
    """Return a call of one second, of which 0.85 s are covered."""
    whole = {
        "event": "profile", "run": 1, "index": 0, "label": "f(x)", "call": "f(x)", "platform": "cpu",
        "untraced": SPREAD, "wall_s": 1.0, "traced_s": 1.0, "covered_s": 0.85, "unaccounted_s": 0.15, "gaps_s": 0.05,
        "calls": 7, "events": 100, "spans": SPANS, "instructions": INSTRUCTIONS, "devices": [0], "timeline": TIMELINE,
    }  # fmt: skip
    return harmless(msgspec.convert({**whole, **fields}, Profile))
