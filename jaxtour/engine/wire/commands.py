"""The wire: every command to the guard; `messages.py` has the events that come back."""

from typing import Literal, TypeAlias

import msgspec

from jaxtour.course.model import Check, Launch

StageName: TypeAlias = Literal["jaxpr", "stablehlo", "hlo", "values"]
"""`values` is the jaxpr, with what each equation computed from the call's arguments."""


class TraceCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call to trace."""

    label: str
    call: str
    """A Python expression, evaluated in the step's namespace."""


class TimeCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call to measure."""

    label: str
    call: str
    on: Literal["each platform", "one", "host"] = "each platform"
    baseline: bool = False
    """Whether the others are compared with it."""
    sizes: tuple[int, ...] = ()
    """Measure it once for each size; `n` names the size."""
    index: int | None = None
    """The index of its timings; None means its place in the command."""
    program: str = ""
    """The key of a recorded program, measured with the inputs of its first run, up to which the replay goes."""
    keep: str = ""
    """A file for the result of its first call; a bare name means a file in the worker's folder."""
    compare: str = ""
    """Such a file, whose result to compare with that of its first call."""


class StageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a stage of a traced call."""

    index: int
    stage: StageName
    program: str = ""
    """The key of a recorded program whose values to compute, with the inputs of its first run, as for timings."""


class ProfileRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for the profile of a traced call."""

    index: int
    """The index of the cell's trace."""
    program: str = ""
    """The key of a recorded program, profiled with the inputs of its first run, up to which the replay goes."""


class NotebookMode(msgspec.Struct, frozen=True, kw_only=True):
    """Marks a cell as a notebook's: it has `display`, `_`, `Out` and `await`, and runs in the notebook's folder."""

    number: int
    """Its value's key in `Out`."""
    folder: str


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The code of one step."""

    name: str
    """`lesson/step`; the code's file name is `<jaxtour:lesson/step>`, the setup's has `:setup` before the `>`."""
    setup: str = ""
    code: str = ""
    traces: tuple[TraceCall, ...] | None = None
    """The calls to trace; None means the last expression of the code, if it is a call."""
    path: str | None = None
    """The file that the code is compiled as: the learner's own module, not a lesson's step."""
    launch: Launch | None = None
    """How that file runs as a program; JAX's compilations are recorded. None imports the file."""
    notebook: NotebookMode | None = None
    """How a notebook's cell runs; None for a step of a lesson."""
    checked: bool = False
    """Whether it is an exercise's: then the state before its code is kept too."""


class Open(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="open"):
    """Replace the runner by one with this configuration."""

    python: str | None = None
    """The Python that has jax; None means the guard's own."""
    platform: str | None = None
    """`cpu`, `gpu` or `tpu`; None leaves the choice to jax."""
    devices: int | None = None
    """The number of CPU devices to simulate; None simulates none."""
    device: int | None = None
    """The id of the device that code runs on; None leaves the choice to jax, which takes the first."""
    wait: bool = False
    """Whether to wait for an accelerator that another process holds."""
    isolate: bool = False
    """Whether code runs in its own PID namespace, where the machine allows it."""
    processes: int = 1
    """How many runners, each with its own guard, run every step together; `processes.py` makes a command for each."""
    process: int = 0
    """The number of this guard's runner among them."""
    generation: int = 0
    """The number of the runners that start together; it comes back in `Joining` and `Left`."""


class Run(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="run"):
    """Replay some cells without showing them, then run one."""

    run: int
    cell: Cell | None = None
    """The cell to run; None only replays."""
    replay: tuple[Cell, ...] = ()
    fresh: bool = False
    """Start from a new runner, with the configuration of the last `Open`."""
    time: tuple[TimeCall, ...] = ()
    hlo: bool = False
    """Compile each traced call and report its opcodes."""
    ask: str | None = None
    """The question: an expression, or `equations of CALL`."""
    checks: tuple[Check, ...] = ()
    """What must be true of the code of an exercise."""
    solution: str = ""
    """The exercise's own solution, which gives the right values."""
    attempt: str | None = None
    """Code to run in a probe, in place of its cell's code and in the state before that; `checks` check it."""
    timeout_s: float | None = None
    keep: bool = False
    """Keep the namespace as the cell leaves it, for a later `probe`."""
    keep_before: bool = False
    """Keep the state before the cell too, for a probe with an `attempt`."""
    probe: Cell | None = None
    """Handle the requests in the namespace that this cell left: it was kept, or this cell ran last."""
    brief: bool = False
    """Make each timed call once instead of measuring it."""
    patience: float = 1.0
    """The time that a measurement may take to become steady, relative to the usual time."""
    peaks: bool = False
    """Measure the peaks of one device of each platform."""
    programs: tuple[str, ...] = ()
    """Keys of recorded programs, by the indices that requests and an earlier run use."""
    profile: ProfileRequest | None = None
    requests: tuple[StageRequest, ...] = ()
    """Stages to send besides the jaxprs, which always come."""
    ladder: str | None = None
    """A call of composed transformations, `jit(vmap(grad(f)))(x)`, whose levels to send."""
    complete: str | None = None
    """The beginning of a name, `jnp.li`, to complete in the namespace that the replayed cells leave."""
    ladder_of: str = ""
    """The key of the recorded program whose ladder it is; empty for a call in the source."""


class Put(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="put"):
    """A file of this machine that programs there may import, under its path here."""

    path: str
    text: str


class Suspend(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="suspend"):
    """The engine stops for a while, as on Ctrl-Z, and sends no pings."""


class Interrupt(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="interrupt"):
    """Stop the current run: SIGINT, 2 s of grace, SIGKILL. A second one skips the grace."""


class Restart(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="restart"):
    """Replace the runner, even a dead one, by a new one with the same configuration."""


class Renew(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="renew"):
    """Replace the runner because all processes restart; no guard of several processes does that on its own."""

    generation: int
    why: str = ""
    asked: bool = False
    """Whether the user asked for it."""


class Join(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="join"):
    """Connect the runner with the others: all of them have imported jax."""

    generation: int
    coordinator: str
    """`127.0.0.1:8476`"""


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="ping"):
    """Ask for a `Pong`."""

    n: int = 0


class Close(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="close"):
    """Kill the runner's process tree and exit; the end of stdin means the same."""


Command: TypeAlias = Open | Run | Put | Interrupt | Restart | Renew | Join | Ping | Suspend | Close
