"""The wire, one way: every command the engine sends to the guard; `messages.py` has what comes back."""

from typing import Literal, TypeAlias

import msgspec

On: TypeAlias = Literal["each platform", "one", "host"]
StageName: TypeAlias = Literal["jaxpr", "stablehlo", "hlo"]


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
    sizes: tuple[int, ...] = ()
    """Measure it once for each, with the name `n` standing for the size."""


class StageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of a traced call that is to be shown."""

    index: int
    """Which of the cell's traces."""
    stage: StageName


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How a Python file runs as a program, as in `course.model.Launch`."""

    argv: tuple[str, ...]
    module: str = ""
    main: bool = True
    stop_after: int | None = None
    stop_after_s: float | None = None


class NotebookCell(msgspec.Struct, frozen=True, kw_only=True):
    """That a cell is a notebook's: it has `display`, `_`, `Out` and `await`, and runs in the notebook's folder."""

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
    """None means the last expression of the code, if it is a call."""
    path: str | None = None
    """The file that the code is, which it is then compiled as: a module of the learner's own, not a lesson's step."""
    launch: Launch | None = None
    """How that file runs as a program; what it compiles is recorded. None imports it."""
    notebook: NotebookCell | None = None
    """None for a step of a lesson."""


class Open(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="open"):
    """Start a runner with this configuration, in place of the one there is."""

    python: str | None = None
    """The Python that has jax; None means the guard's own."""
    platform: str | None = None
    """`cpu`, `gpu` or `tpu`; None leaves the choice to jax."""
    devices: int | None = None
    """How many CPU devices to simulate; None means as many as there are."""
    device: int | None = None
    """The id of the device of that platform that code runs on; None means jax's own choice, the first."""
    wait: bool = False
    """Whether to wait for an accelerator that another process holds, and not to give up."""


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
    """After the replay only compile, ask, check, time and look, in the namespace as this cell left it: it was kept, or
    is the one that ran last."""
    brief: bool = False
    """Make each timed call once instead of measuring it."""
    patience: float = 1.0
    """How many times the usual time a measurement may take to become steady."""
    peaks: bool = False
    """Measure what a device of each platform can do at most."""
    requests: tuple[StageRequest, ...] = ()
    """Stages to show of the traced calls, beside the jaxprs that always come."""
    ladder: str | None = None
    """A call of composed transformations, `jit(vmap(grad(f)))(x)`: show the jaxpr of each level."""


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
