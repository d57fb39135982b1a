"""The wire: every command the engine sends to the guard and every event that comes back.

A frame is a big-endian u32 length followed by that many bytes of ASCII JSON, at most `FRAME_CAP`. Unknown fields and
unknown events are ignored, so that versions only ever add. The worker builds the same shapes as plain dicts.
"""

from typing import Literal, TypeAlias

import msgspec

PROTO = 1
FRAME_CAP = 4 * 1024 * 1024

WorkerState: TypeAlias = Literal[
    "spawning", "importing jax", "opening devices", "ready", "running", "interrupting", "restarting", "dead"
]
On: TypeAlias = Literal["each platform", "one", "host"]


class TraceCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call whose jaxpr is to be shown."""

    label: str
    call: str
    """A Python expression, evaluated in the step's namespace."""


class TimeCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call to measure."""

    label: str
    call: str
    on: On = "each platform"
    baseline: bool = False
    """Whether the others are compared with it."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The code of one step."""

    name: str
    """`lesson/step`; the code's file name is `<jaxtour:lesson/step>`, the setup's has `:setup` before the `>`."""
    setup: str = ""
    code: str = ""
    traces: tuple[TraceCall, ...] | None = None
    """None means the last expression of the code, if it is a call."""


# Commands: engine to guard -------------------------------------------------------------------------------------------


class Open(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="open"):
    """Start a runner with this configuration, in place of the one there is."""

    python: str | None = None
    """The Python that has jax; None means the guard's own."""
    platform: str | None = None
    """`cpu`, `gpu` or `tpu`; None leaves the choice to jax."""
    devices: int | None = None
    """How many CPU devices to simulate; None means as many as there are."""


class Run(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="run"):
    """Replay some cells without showing them, then run one."""

    run: int
    cell: Cell | None = None
    """None only prepares: the replay is done and nothing is shown."""
    replay: tuple[Cell, ...] = ()
    fresh: bool = False
    """Start from a new runner, with the configuration of the last `Open`."""
    time: tuple[TimeCall, ...] = ()
    hlo: bool = False
    """Compile each traced call and report its opcodes."""
    ask: str | None = None
    """What the worker is to answer: an expression, or `equations of CALL`."""
    check: str | None = None
    """Code of an exercise that raises when the learner's code is not yet right."""
    timeout_s: float | None = None
    keep: bool = False
    """Remember the namespace as the cell leaves it, for a `probe` of it later."""
    probe: Cell | None = None
    """Execute nothing: only compile, ask, check and time, in the namespace as this kept cell left it."""
    brief: bool = False
    """Make each timed call once instead of measuring it."""


class Interrupt(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="interrupt"):
    """Stop what runs: SIGINT, 2 s of grace, SIGKILL. A second one skips the grace."""


class Restart(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="restart"):
    """Replace the runner by a new one with the same configuration, also after it was given up as dead."""


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="ping"):
    """Ask for a `Pong`."""

    n: int = 0


class Close(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="close"):
    """Kill the runner's tree and leave; the end of stdin means the same."""


Command: TypeAlias = Open | Run | Interrupt | Restart | Ping | Close


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
    """One line for the learner: why it restarts, why it is dead and what to do."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One device as jax lists it."""

    id: int
    platform: str
    kind: str
    process: int = 0
    coords: tuple[int, ...] | None = None
    simulated: bool = False
    memory: dict[str, int] | None = None
    """`bytes_in_use`, `bytes_limit`, `peak_bytes_in_use` where the device tells them."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The machine that the runner is on."""

    cpu: str
    cores: int
    memory_bytes: int


class Facts(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="facts"):
    """What the runner found when it was ready, and again when it changed."""

    python: str
    jax: str
    jaxlib: str
    numpy: str
    platforms: tuple[str, ...]
    """The default platform first: `("gpu", "cpu")`."""
    simulated: bool
    devices: tuple[Device, ...]
    host: Host
    flags: dict[str, str] = {}
    """What is not at its default: `x64`, `matmul precision`, `preallocation`."""
    live_arrays: int = 0
    live_bytes: int = 0


class Text(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="text"):
    """A piece of what the step wrote."""

    run: int
    stream: Literal["stdout", "stderr"]
    text: str
    dropped: int = 0
    """Bytes left out just before this piece, since the cap was reached."""
    background: bool = False
    """Whether it came after its step was done."""


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="progress"):
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
    text: str
    length: int = 0
    """Characters of the whole text; more than `len(text)` when it was cut."""
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    weak_type: bool = False
    devices: tuple[str, ...] = ()
    """`cpu:0`"""
    sharding: str | None = None
    committed: bool | None = None
    shards: tuple[Shard, ...] = ()
    """At most 64, only where an array is spread over several devices."""
    tree: tuple[str, ...] = ()
    """A pytree's lines: key path, then type, shape and dtype."""


class Result(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="result"):
    """The value of the step's last expression."""

    run: int
    value: Value


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A traceback's frame inside lesson code."""

    file: str
    """`lesson/step`"""
    line: int
    column: int = 0
    end_column: int = 0
    function: str = ""
    text: str = ""
    setup: bool = False


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="error"):
    """The step raised."""

    run: int
    type: str
    bases: tuple[str, ...]
    """Names of the classes of the MRO, plain and qualified."""
    message: str
    """Without JAX's boilerplate."""
    line: int | None = None
    """In the step's own code."""
    column: int = 0
    end_column: int = 0
    frames: tuple[Frame, ...] = ()
    """Outermost first."""


class Warned(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="warning"):
    """The step caused a warning."""

    run: int
    category: str
    message: str
    line: int | None = None


class Executed(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="executed"):
    """The code has run; traces and timings follow."""

    run: int
    status: Literal["ok", "error"]
    seconds: float
    compiles: int = 0


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A place in lesson code."""

    file: str
    line: int
    column: int
    """1-based."""


class Trace(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="trace"):
    """The jaxpr of one call."""

    run: int
    index: int
    label: str
    call: str
    jaxpr: str = ""
    equations: int = 0
    """Counted through nested jaxprs."""
    primitives: tuple[str, ...] = ()
    """Sorted, each once, nested jaxprs included."""
    sources: tuple[Source | None, ...] = ()
    """One for each line of the text."""
    error: str | None = None
    """Why there is no jaxpr, in one line."""


class Hlo(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="hlo"):
    """The opcodes of one traced call, compiled."""

    run: int
    index: int
    opcodes: tuple[str, ...] = ()
    error: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a timing does not mean."""

    code: str
    message: str


class Timing(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="timing"):
    """One call measured on one platform; seconds."""

    run: int
    index: int
    label: str
    call: str
    platform: str
    """`cpu`, `gpu`, `tpu`; `host` for what never left Python."""
    first_s: float = 0.0
    """The first call, tracing and compiling included."""
    median_s: float = 0.0
    best_s: float = 0.0
    q1_s: float = 0.0
    q3_s: float = 0.0
    runs: int = 0
    baseline: bool = False
    simulated: bool = False
    verdicts: tuple[Verdict, ...] = ()
    error: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="answer"):
    """What `ask` evaluates to."""

    run: int
    text: str


class Checked(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="checked"):
    """Whether an exercise's check passed."""

    run: int
    passed: bool
    message: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="done"):
    """A run ended, in whatever way; nothing else follows for it but background text."""

    run: int
    status: Literal["ok", "error", "interrupted", "timeout", "died"]
    seconds: float = 0.0
    spent: bool = False
    """Whether the runner's state is no longer the one that the cells alone leave."""
    reason: str = ""
    """For `died` and `timeout`, one line: `killed by SIGSEGV`, `the worker ended during the step (exit 0)`."""


class Died(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="died"):
    """The runner is gone without having been asked."""

    code: int | None = None
    signal: str | None = None
    reason: str = ""
    stderr: str = ""
    """The last lines that it wrote."""


class Pong(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="pong"):
    """The answer to a `Ping`."""

    n: int = 0


class Log(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="log"):
    """A line for whoever looks after the worker."""

    text: str


Event: TypeAlias = (
    Hello | State | Facts | Text | Progress | Result | Failure | Warned | Executed | Trace | Hlo | Timing
    | Answer | Checked | Done | Died | Pong | Log
)  # fmt: skip

RunEvent: TypeAlias = (
    Text | Progress | Result | Failure | Warned | Executed | Trace | Hlo | Timing | Answer | Checked | Done
)
