"""What a worker says about the exercise of the small course."""

from fake_engine import Script
from small_course import JAXPR, LINES, NAMES, ORIGINS, SCRIPT, STRUCTURE, lowered, timing

from jaxtour.engine.wire.messages import Checked, CheckOutcome, Executed, Span, Stage, Trace
from jaxtour.engine.wire.timings import Compared

RIGHT = "def double(x):\n    return 2 * x\n"
OUTCOMES = (
    CheckOutcome(what="double(2) agrees with 4", passed=True),
    CheckOutcome(
        what="double(x) agrees with 2 * x",
        passed=False,
        say="Think of more than one number.",
        expected="[2. 4. 6.]",
        got="[1. 4. 9.]",
        given="x = jnp.array([1.0, 2.0, 3.0])",
        spans=(Span("vmap/write", 2, 5, 2, 8),),
    ),
    CheckOutcome(what="the jaxpr of double(2.0) lacks while"),
)


def failing() -> Script:
    """Return a worker whose second check of three fails."""
    checked = Checked(run=0, passed=False, message="Think of more than one number.", outcomes=OUTCOMES)
    return {**SCRIPT, "vmap/write": [Executed(run=0, status="ok", seconds=0.001), checked]}


def compared() -> Script:
    """Return a worker that compiles the solution and the learner's code to the same."""
    call = "double(2.0)"
    played = [
        Executed(run=0, status="ok", seconds=0.001),
        Checked(run=0, passed=True),
        Trace(run=0, index=0, label=call, call=call, equations=5),
        Stage(run=0, index=0, stage="jaxpr", text=JAXPR, lines=LINES, origins=ORIGINS, names=NAMES, **STRUCTURE),
        *lowered(),
        timing(0, call, call, 2.18e-4, 4.12e-2, compile_s=0.03, compared=Compared(count=1, equal=1)),
    ]
    return {"vmap/write": played}
