"""The wire: what the user's recorded program compiled; a part of `messages`."""

import msgspec


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the user's code that calls a jitted function."""

    file: str
    line: int
    calls: int | None = None
    """The number of calls; None where Python does not report calls."""


class Program(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="program"):
    """A program that JAX compiled while the user's code ran; `index` is that of its trace."""

    run: int
    index: int
    key: str = ""
    """The program's name in every run of the file, even if its programs come in another order."""
    function: str
    file: str | None = None
    """Where the function is defined; None where JAX does not say."""
    line: int | None = None
    called_at: tuple[Site, ...] = ()
    """The lines that call the function, at most 20, those with most calls first."""
    compiled_at: Site | None = None
    """The line that ran when it was lowered; None if none of the user's code is on the stack."""
    calls: int | None = None
    """The number of calls; None where Python does not report calls, or, unless runs are timed, if the function has
    several programs."""
    function_calls: int | None = None
    """How often the function was called, whichever of its programs ran."""
    at_least: bool = False
    """Whether C code may have called the function too, as `map(step, xs)` does: such calls are not counted."""
    compiles: int = 0
    """0 for one that was lowered and never compiled."""
    avals: tuple[str, ...] = ()
    """The type of each input: `f32[8,64]`."""
    arg_names: tuple[str, ...] = ()
    """The pytree path of each input: `params['w']`."""
    results: tuple[str, ...] = ()
    """The pytree path of each output: `result[0]`."""
    donated: tuple[int, ...] = ()
    """Which inputs are donated."""
    shardings: tuple[str, ...] = ()
    """The sharding of each input, empty where JAX chooses; empty where it chooses all."""
    static: dict[str, str] = {}
    """Static arguments by name, as `repr` writes them."""
    reason: str | None = None
    """Why JAX traced the function again, as text."""
    trace_s: float | None = None
    lower_s: float | None = None
    compile_s: float | None = None
    call_s: float | None = None
    """Seconds that the calling thread spent in its calls, without compilation; without waiting, unless runs are timed.
    """
    run_s: float | None = None
    """Seconds in all its runs, from submission to the devices until completion; None unless runs are timed."""
    first_run_s: float | None = None
    """The seconds of the first run, which may take longer while the backend prepares."""


class Argument(msgspec.Struct, frozen=True, array_like=True):
    """A leaf of a traced call's arguments, or of its result."""

    keys: tuple[str, ...]
    """Its pytree path, key by key: `params`, `['w']`."""
    type: str = ""
    """Its type, as in the jaxpr: `f32[3]`."""
    shape: tuple[int, ...] = ()
    """-1 for a size that is not a number."""
    dtype: str = ""
    bytes: int = 0
    """Its bytes, over all devices' parts."""
    sharding: str | None = None
    """`P('x') on the mesh (x: 8)`; None for one device, or where JAX chooses."""

    @property
    def path(self) -> str:
        """Its pytree path: `params['w']`."""
        return "".join(self.keys)


class Arguments(msgspec.Struct, frozen=True, eq=False, kw_only=True, tag_field="event", tag="arguments"):
    """The arguments and results of a traced call, in the order of the jaxpr's; `index` is that of its trace.

    Compared by identity, since there may be thousands.
    """

    run: int
    index: int
    inputs: tuple[Argument, ...] = ()
    outputs: tuple[Argument, ...] = ()
    static: dict[str, str] = {}
    """Values that were not traced, as `repr` writes them, by path."""
    more: tuple[int, int, int] = (0, 0, 0)
    """How many inputs, outputs and static values were left out because there are too many."""


class EagerLine(msgspec.Struct, frozen=True, kw_only=True):
    """Single operations, outside of any jit, that one line ran."""

    file: str
    line: int
    primitive: str
    count: int | None = None
    seconds: float | None = None
    """Spent by the calling thread, without compilation; None where Python does not report calls."""
    compile_s: float | None = None
    """Spent in tracing, lowering and compiling."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="recorded"):
    """The end of a record; `program` events come before it."""

    run: int
    eager: tuple[EagerLine, ...] = ()
    """The lines that ran single operations, at most 100, the slowest first."""
    stopped: str = ""
    """Why it ended before the program did: `after 20 compilations`."""
    missing: str = ""
    """What could not be recorded here, and why, in one line."""
