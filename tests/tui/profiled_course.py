"""The small course with a profile of its traced call: two lines, a fusion of both, and a loop on another thread."""

import msgspec
from fake_engine import Hold, Script
from made_profiles import SPREAD, profile
from small_course import at_home

from jaxtour.course.model import Lesson
from jaxtour.engine.wire.messages import Profile

FILE = "vmap/many"
SPANS = [[FILE, 5, 20, 5, 33, "predict"], [FILE, 2, 19, 2, 34, "sigmoid"], [FILE, 2, 28, 2, 33, "sigmoid"]]
PATHS = ["vmap(dot_general)", "vmap(tanh)", "vmap(div)"]
INSTRUCTIONS = [
    ["fusion", "fusion", 5, 0.6, 0.6, 4, 1e9, 4e8, [[0, False, 0.75, 0], [1, True, 0.25, 1]], False, []],
    ["sort.0", "sort", 4, 0.2, 0.3, 1, None, 1e6, [[1, False, 0.5, 1], [2, False, 0.5, 2]], True, []],
    ["copy.3", "copy", 3, 0.05, 0.05, 1, 0.0, 1e6, [[-1, False, 1.0]], False, []],
]
TIMELINE = {
    "length_ns": 1_000_000,
    "threads": [
        {"name": "tf_XLAEigen/1", "device": 0, "starts": [0, 620_000, 900_000],
         "lengths": [600_000, 200_000, 50_000], "instructions": [0, 1, 2]},
        {"name": "tf_XLAEigen/2", "device": 0, "starts": [500_000, 520_000], "lengths": [400_000, 100_000],
         "instructions": [0, 1]},
    ],
}  # fmt: skip
VERDICTS = [{"code": "profile_differs", "message": "The profiled calls took 21% longer than calls without."}]


def made(**fields: object) -> Profile:
    """Return the profile of `predict_many(w, X)`."""
    return profile(
        **{
            "label": "many", "call": "predict_many(w, X)", "spans": SPANS, "paths": PATHS, "timeline": TIMELINE,
            "instructions": INSTRUCTIONS, "verdicts": VERDICTS, "untraced": SPREAD, **fields,
        }
    )  # fmt: skip


def profiled(*events: Profile | Hold) -> tuple[Lesson, Script]:
    """Return the course whose second step has all expressions in its own code, and its script with these events."""
    lesson, script = at_home()
    return lesson, {FILE: [*script[FILE], *(events or (made(),))]}


def failed() -> Profile:
    """Return a profile of a backend that tells nothing."""
    return msgspec.structs.replace(
        made(), error="the profiler recorded 7 events, but none of them names an instruction"
    )
