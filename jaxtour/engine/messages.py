"""The wire: every event from the guard, stages in `ir.py`, timings in `timings.py`; `commands.py` has the rest.

A frame is a big-endian u32 length followed by that many bytes of ASCII JSON, at most `FRAME_CAP`. Unknown fields and
unknown events are ignored, so that versions only ever add. The worker builds the same shapes as plain dicts.

Text is made harmless when a frame is decoded: a `str` is one line, `Lines` are lines, `RawText` stays as it came.
"""

from typing import Literal, TypeAlias

import msgspec

from jaxtour.engine.ir import Cost as Cost
from jaxtour.engine.ir import EquationRow as EquationRow
from jaxtour.engine.ir import JaxprRow as JaxprRow
from jaxtour.engine.ir import Origin as Origin
from jaxtour.engine.ir import Span as Span
from jaxtour.engine.ir import Stage as Stage
from jaxtour.engine.machine import Device as Device
from jaxtour.engine.machine import Facts as Facts
from jaxtour.engine.machine import Finding as Finding
from jaxtour.engine.machine import Host as Host
from jaxtour.engine.records import EagerLine as EagerLine
from jaxtour.engine.records import Program as Program
from jaxtour.engine.records import Recorded as Recorded
from jaxtour.engine.records import Site as Site
from jaxtour.engine.timings import Peak as Peak
from jaxtour.engine.timings import Retrace as Retrace
from jaxtour.engine.timings import Timing as Timing
from jaxtour.engine.timings import Verdict as Verdict
from jaxtour.text.raw import NO_TEXT, Lines, RawText

PROTO = 2
FRAME_CAP = 4 * 1024 * 1024

WorkerState: TypeAlias = Literal[
    "spawning", "importing jax", "opening devices", "ready", "running", "interrupting", "restarting", "dead"
]


# Events: guard to engine ---------------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="hello"):
    """The guard's first frame."""

    proto: int
    jaxtour: str
    python: str
    pid: int
    host: str


class State(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="state"):
    """The runner changed state."""

    state: WorkerState
    detail: str = ""
    """One line for the learner: why it restarts, why it is dead and what to do, what it waits for."""
    code: str = ""
    """What is amiss with the accelerators, as in `Finding`, where that is why it is dead: `tpu busy`."""


class Text(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="text"):
    """A piece of what the step wrote."""

    run: int
    stream: Literal["stdout", "stderr"]
    text: RawText
    dropped: int = 0
    """Bytes left out just before this piece, since the cap was reached."""
    background: bool = False
    """Whether it came after its step was done."""
    tracing: bool = False
    """Whether Python wrote it in a function that JAX was tracing: what compiled code does not write again."""


class RunProgress(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="progress"):
    """What the runner does now, in the words of the status line."""

    run: int
    phase: str
    """`replaying`, `running`, `tracing`, `compiling`, `timing`."""
    label: str = ""
    """`jit(f)`, `NumPy`, a step's name."""
    done: int = 0
    of: int = 0


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an array that one device holds."""

    device: int
    index: tuple[tuple[int, int], ...]
    """(start, stop) by axis."""
    replica: int = 0


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """The value of the last expression, as facts."""

    type: str
    """`Array`, `ndarray`, `float`, `dict`, `function`."""
    text: RawText
    length: int = 0
    """Characters of the whole text; more than `len(text)` when it was cut."""
    plain: RawText = NO_TEXT
    """Of a notebook's cell: the text that IPython shows."""
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    weak_type: bool = False
    devices: tuple[str, ...] = ()
    """`cpu:0`"""
    sharding: str | None = None
    committed: bool | None = None
    shards: tuple[Shard, ...] = ()
    """At most 64, only where an array is spread over several devices."""
    mesh: tuple[tuple[str, int], ...] = ()
    """The axes of the mesh that it lies on, with their sizes."""
    spec: tuple[tuple[str, ...], ...] = ()
    """For each of its own axes, those of the mesh that cut it."""
    tree: tuple[str, ...] = ()
    """A pytree's lines: key path, then type, shape and dtype."""
    leaves: "tuple[Leaf, ...]" = ()
    """At most 16 arrays of a pytree that are spread over several devices; `devices` are those of all its arrays."""


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """An array in a pytree."""

    path: str
    """`['w'][0]`"""
    value: Value


class Result(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="result"):
    """The value of the step's last expression."""

    run: int
    value: Value


class TracebackFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A traceback's frame inside lesson code."""

    file: str
    """`lesson/step`"""
    line: int
    column: int = 0
    end_column: int = 0
    function: str = ""
    text: RawText = NO_TEXT
    """The line, in which the columns count."""
    setup: bool = False


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="error"):
    """The step raised."""

    run: int
    type: str
    bases: tuple[str, ...]
    """Names of the classes of the MRO, plain and qualified."""
    message: Lines
    """Without JAX's boilerplate."""
    line: int | None = None
    """In the step's own code."""
    column: int = 0
    end_column: int = 0
    frames: tuple[TracebackFrame, ...] = ()
    """Outermost first."""


class Warned(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="warning"):
    """The step caused a warning."""

    run: int
    category: str
    message: Lines
    line: int | None = None


class Executed(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="executed"):
    """The code has run; traces and timings follow."""

    run: int
    status: Literal["ok", "error"]
    seconds: float
    compiles: int = 0


class Level(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="level"):
    """One level of a ladder of transformations, innermost first; its jaxpr is a `Stage` of the same index."""

    run: int
    index: int
    label: str
    """`f`, `grad(f)`, `vmap(grad(f))`."""
    transform: str = ""
    """What was added since the level before."""
    error: str | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="trace"):
    """The jaxpr of one call."""

    run: int
    index: int
    label: str
    call: RawText
    equations: int = 0
    """Counted through nested jaxprs."""
    primitives: tuple[str, ...] = ()
    """Sorted, each once, nested jaxprs included."""
    error: str | None = None
    """Why there is no jaxpr, in one line; where there is one, it follows as a `Stage`."""
    raised: Failure | None = None
    """The exception, where tracing raised one in the learner's code."""


class Hlo(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="hlo"):
    """The opcodes of one traced call, compiled."""

    run: int
    index: int
    opcodes: tuple[str, ...] = ()
    error: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="answer"):
    """What `ask` evaluates to."""

    run: int
    text: Lines


class Checked(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="checked"):
    """Whether an exercise's check passed."""

    run: int
    passed: bool
    message: Lines = ""


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="done"):
    """A run ended, in whatever way; nothing else follows for it but background text."""

    run: int
    status: Literal["ok", "error", "interrupted", "timeout", "died"]
    seconds: float = 0.0
    dirty: bool = False
    """Whether the runner's state is no longer the one that the cells alone leave."""
    reason: str = ""
    """For `died` and `timeout`, one line: `killed by SIGSEGV`, `the worker ended during the step (exit 0)`."""


class Died(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="died"):
    """The runner is gone without having been asked."""

    code: int | None = None
    signal: str | None = None
    reason: str = ""
    stderr: Lines = ""
    """The last lines that it wrote."""


class Pong(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="pong"):
    """The answer to a `Ping`."""

    n: int = 0


class Log(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="log"):
    """A line for whoever looks after the worker."""

    text: str


Event: TypeAlias = (
    Hello | State | Facts | Text | RunProgress | Result | Failure | Warned | Executed | Trace | Stage | Level | Hlo
    | Timing | Retrace | Peak | Program | Recorded | Answer | Checked | Done | Died | Pong | Log
)  # fmt: skip

RunEvent: TypeAlias = (
    Text | RunProgress | Result | Failure | Warned | Executed | Trace | Stage | Level | Hlo | Timing | Retrace | Peak
    | Program | Recorded | Answer | Checked | Done
)  # fmt: skip
