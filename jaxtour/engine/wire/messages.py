"""The wire: every event from the guard, stages in `ir.py`, timings in `timings.py`; `commands.py` has the rest.

A frame is a big-endian u32 length followed by that many bytes of ASCII JSON, at most `FRAME_CAP`. Unknown fields and
unknown events are ignored, so that versions only ever add. The worker builds the same shapes as plain dicts.

Text is made harmless when a frame is decoded: a `str` is one line, `Lines` are lines, `RawText` stays as it came.
"""

from typing import Literal, TypeAlias

import msgspec

from jaxtour.engine.wire.failures import Inner as Inner
from jaxtour.engine.wire.failures import TracebackFrame as TracebackFrame
from jaxtour.engine.wire.ir import Birth as Birth
from jaxtour.engine.wire.ir import BirthOperand as BirthOperand
from jaxtour.engine.wire.ir import Cost as Cost
from jaxtour.engine.wire.ir import EquationRow as EquationRow
from jaxtour.engine.wire.ir import Evaluated as Evaluated
from jaxtour.engine.wire.ir import Hlo as Hlo
from jaxtour.engine.wire.ir import JaxprRow as JaxprRow
from jaxtour.engine.wire.ir import Origin as Origin
from jaxtour.engine.wire.ir import Span as Span
from jaxtour.engine.wire.ir import Stage as Stage
from jaxtour.engine.wire.ir import Statistics as Statistics
from jaxtour.engine.wire.machine import Device as Device
from jaxtour.engine.wire.machine import Facts as Facts
from jaxtour.engine.wire.machine import Finding as Finding
from jaxtour.engine.wire.machine import Host as Host
from jaxtour.engine.wire.profile import Profile as Profile
from jaxtour.engine.wire.records import Argument as Argument
from jaxtour.engine.wire.records import Arguments as Arguments
from jaxtour.engine.wire.records import EagerLine as EagerLine
from jaxtour.engine.wire.records import Program as Program
from jaxtour.engine.wire.records import Recorded as Recorded
from jaxtour.engine.wire.records import Site as Site
from jaxtour.engine.wire.timings import Peak as Peak
from jaxtour.engine.wire.timings import Retrace as Retrace
from jaxtour.engine.wire.timings import Timing as Timing
from jaxtour.engine.wire.timings import Verdict as Verdict
from jaxtour.text import NO_TEXT, Lines, RawText

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
    """One line for the learner: why the runner restarts, why it is dead, or what it waits for."""
    code: str = ""
    """The code of the `Finding` that explains why it is dead, if any: `tpu busy`."""


class Text(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="text"):
    """A piece of what the step wrote."""

    run: int
    stream: Literal["stdout", "stderr"]
    text: RawText
    dropped: int = 0
    """Bytes dropped just before this piece, because of the cap."""
    background: bool = False
    """Whether it was written after its step was done."""
    tracing: bool = False
    """Whether Python wrote it while JAX traced a function: compiled code does not write it again."""


class RunProgress(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="progress"):
    """What the runner is doing, for the status line."""

    run: int
    phase: str
    """`replaying`, `running again`, `running`, `tracing`, `compiling`, `timing`, `checking`."""
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
    process: int = 0
    """The process that has the device."""
    text: RawText = NO_TEXT
    """Its numbers, if other processes hold parts of a small array."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """The value of the last expression, as facts."""

    type: str
    """`Array`, `ndarray`, `float`, `dict`, `function`."""
    text: RawText
    length: int = 0
    """Characters of the whole text; more than `len(text)` if it was cut."""
    plain: RawText = NO_TEXT
    """The text that IPython shows for a notebook's cell."""
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    weak_type: bool = False
    devices: tuple[str, ...] = ()
    """`cpu:0`"""
    sharding: str | None = None
    committed: bool | None = None
    shards: tuple[Shard, ...] = ()
    """Its parts, at most 64; empty unless the array is spread over several devices."""
    mesh: tuple[tuple[str, int], ...] = ()
    """The axes of its mesh, with their sizes."""
    spec: tuple[tuple[str, ...], ...] = ()
    """For each of its own axes, the mesh axes that split it."""
    tree: tuple[str, ...] = ()
    """A pytree's lines: key path, then type, shape and dtype."""
    leaves: "tuple[Leaf, ...]" = ()
    """The arrays of a pytree that are spread over several devices, at most 16; `devices` covers all its arrays."""


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """An array in a pytree."""

    path: str
    """`['w'][0]`"""
    value: Value


class Result(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="result"):
    """The value of the step's last expression."""

    run: int
    value: Value


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="error"):
    """The step raised."""

    run: int
    type: str
    bases: tuple[str, ...]
    """The names of the classes in its MRO, plain and qualified."""
    message: Lines
    """The exception's text, without JAX's boilerplate."""
    line: int | None = None
    """The line in the step's own code."""
    column: int = 0
    end_column: int = 0
    frames: tuple[TracebackFrame, ...] = ()
    """Outermost first."""
    inner: tuple[Inner, ...] = ()
    """The exceptions of a group, and of the groups in it."""
    who: Lines = ""
    """Which processes raised it, and what the others did, if not all did the same."""


class Warned(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="warning"):
    """The step caused a warning."""

    run: int
    category: str
    message: Lines
    line: int | None = None
    """The line in the step's own code."""
    elsewhere: str = ""
    """`FILE:LINE` in another file of the learner's."""


class Figure(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="figure"):
    """A notebook's cell showed a figure of matplotlib."""

    run: int
    path: RawText
    """The PNG file."""
    width: int
    """Pixels."""
    height: int
    said: RawText
    """The line printed in its place: its size, its titles and its file."""
    data: str = ""
    """The file's content in base64, from a worker on another machine."""


class Executed(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="executed"):
    """The code ended; traces and timings follow."""

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
    """The transformation added to the level before."""
    static: dict[str, str] = {}
    """Untraced arguments of the call, as `repr` writes them, by path."""
    error: str | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="trace"):
    """The jaxpr of one call."""

    run: int
    index: int
    label: str
    call: RawText
    equations: int = 0
    """The number of equations, counted through nested jaxprs."""
    primitives: tuple[str, ...] = ()
    """Sorted, each once, nested jaxprs included."""
    results: tuple[str, ...] = ()
    """The type of each output: `f32[8,64]`."""
    error: str | None = None
    """Why there is no jaxpr, in one line; otherwise a `Stage` follows."""
    raised: Failure | None = None
    """The exception that tracing raised in the learner's code."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="answer"):
    """The value of `ask`."""

    run: int
    text: Lines = ""
    error: Lines = ""
    """Why there is none, in one line."""


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """A name that code may use."""

    name: str
    kind: str = ""
    """`module`, `class`, `function`, or what an array is: `float32[3,2]`."""


class Names(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="names"):
    """The completions of a name."""

    run: int
    names: tuple[Name, ...] = ()
    """Sorted; at most 200."""
    more: int = 0
    """How many were left out."""


class CheckOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one check of an exercise."""

    what: str
    """What must be true: `softmax(x) agrees with jax.nn.softmax(x)`; empty if the lesson's own code knows it alone."""
    passed: bool | None = None
    """None if the check was not made, since an earlier one failed."""
    say: Lines = ""
    """The author's words for a failure, or the message of a check written as code."""
    expected: Lines = ""
    got: Lines = ""
    given: Lines = ""
    """The inputs that it failed on: `x = jnp.array([1000.0, 0.0])`."""
    inputs: int = 0
    """Which of the check's own sets of inputs that was, counted from 0."""
    spans: tuple[Span, ...] = ()
    """The learner's code that the failure points at."""


class Checked(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="checked"):
    """Whether an exercise's check passed."""

    run: int
    passed: bool
    message: Lines = ""
    """Why not, as text."""
    outcomes: tuple[CheckOutcome, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="done"):
    """A run ended; only background text may follow."""

    run: int
    status: Literal["ok", "error", "interrupted", "timeout", "died"]
    seconds: float = 0.0
    dirty: bool = False
    """Whether the runner's state differs from the one that its cells alone leave."""
    reason: str = ""
    """For `died` and `timeout`, one line: `killed by SIGSEGV`, `the worker ended during the step (exit 0)`."""
    who: str = ""
    """Which processes were in the step when it was stopped, if others had left it."""
    stopped: bool = False
    """Whether processes were stopped in it because another one had raised: the step leaves no state."""
    refused: bool = False
    """Whether nothing ran, since the code does not compile: the state is as it was."""


class Died(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="died"):
    """The runner ended unexpectedly."""

    code: int | None = None
    signal: str | None = None
    reason: str = ""
    stderr: Lines = ""
    """Its last lines."""
    generation: int = 0
    """The generation, of one of several runners."""


class Pong(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="pong"):
    """The answer to a `Ping`."""

    n: int = 0


class Joining(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="joining"):
    """One of several runners has imported jax, and can connect with the others."""

    port: int
    """A free port of its machine."""
    generation: int = 0


class Left(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="left"):
    """One of several runners is gone, and its guard waits until all are renewed."""

    reason: str = ""
    generation: int = 0


class Log(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="log"):
    """A line for debugging the worker."""

    text: str


WireEvent: TypeAlias = (
    Hello | State | Facts | Text | RunProgress | Result | Failure | Warned | Figure | Executed | Trace | Arguments
    | Stage | Level | Hlo | Timing | Profile | Retrace | Peak | Program | Recorded | Answer | Checked | Done | Died
    | Names | Pong | Joining | Left | Log
)  # fmt: skip
"""What a guard sends."""

OwnEvent: TypeAlias = (
    Text | RunProgress | Result | Failure | Warned | Figure | Executed | Trace | Arguments | Stage | Level | Hlo
    | Timing | Profile | Retrace | Peak | Program | Recorded | Answer | Checked | Names | Done
)  # fmt: skip
"""What one process reports about a run."""


class FromProcess(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="from process"):
    """What one of several processes reports about a run; `together.py` makes it, and no guard can send it."""

    process: int
    said: OwnEvent

    @property
    def run(self) -> int:
        """The number of the run."""
        return self.said.run


Event: TypeAlias = WireEvent | FromProcess
RunEvent: TypeAlias = OwnEvent | FromProcess
