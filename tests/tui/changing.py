"""A course whose second step suggests changes, and what its worker says about them."""

from pathlib import Path

import msgspec
from fake_engine import NAMES, Script
from small_course import MANY, SCRIPT, VMAP
from tours import Tours

from jaxtour.course.model import Lesson, Variation
from jaxtour.course.progress import Progress
from jaxtour.engine.wire.messages import Executed, Name, Names, Result, Trace, Value
from jaxtour.text import Raw

ROW = MANY.replace("predict_many(w, X)", "predict_many(w, X[:2])")
OFFERED = ("predict", "predict_many", "print", "property")

LESSON: Lesson = msgspec.structs.replace(
    VMAP,
    steps=(
        VMAP.steps[0],
        msgspec.structs.replace(
            VMAP.steps[1],
            ask=None,
            time=(),
            tries=(
                Variation(label="only two rows", old=Raw("w, X)"), new=Raw("w, X[:2])")),
                Variation(label="map the weights too", old=Raw("(None, 0)"), new=Raw("(0, 0)")),
            ),
        ),
        *VMAP.steps[2:],
    ),
)
OWN = [event for event in SCRIPT["vmap/many"] if type(event).__name__ not in ("Timing", "Hold", "Done", "Answer")]
VARIED: Script = {
    **SCRIPT,
    "vmap/many": OWN,
    ROW: [
        Result(run=0, value=Value(type="Array", text="[0.3781 0.5577]", shape=(2,), dtype="float32")),
        Executed(run=0, status="ok", seconds=0.31),
        Trace(
            run=0, index=0, label="many", call="predict_many(w, X)", equations=6,
            primitives=("add", "div", "dot_general", "mul", "slice", "tanh"),
        ),
        *[event for event in OWN if type(event).__name__ == "Stage" and event.stage == "jaxpr"][:1],
    ],
    NAMES: [
        Names(run=0, names=tuple(Name(name=name, kind="function" if name != "property" else "class")
                                 for name in OFFERED)),
    ],
}  # fmt: skip


def varied(tours: Tours) -> Tours:
    """Let the tours show this course."""
    tours.entries[0].given = LESSON
    return tours


def edited_before(path: Path) -> None:
    """Write the progress of a learner who edited the step when its code was another one."""
    progress = Progress.open(path)
    progress.update("vmap", "many", edit=ROW.replace("fast", "quick"), base="an older text")
