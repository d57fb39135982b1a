"""The events of the wire that tell how long things take, and what the numbers do not mean."""

import msgspec

from jaxtour.text.raw import RawText


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a timing does not mean."""

    code: str
    message: str


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How long the calls took, seconds; fast calls are timed in groups, and then it is of the groups' means."""

    best_s: float
    q1_s: float
    median_s: float
    q3_s: float
    runs: int
    """Calls that were timed."""
    group: int = 1
    """How many calls the clock was read once for."""
    quantiles: tuple[float, ...] = ()
    """From the fastest to the slowest in equal steps, for a picture of the distribution."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The largest difference between the values of two timings."""

    against: str
    """The other timing's platform, or its label where the call is another one."""
    absolute: float | None = None
    """None where one of them has a NaN, or an infinity, that the other has not."""
    ulp: float | None = None
    """In units in the last place, of the narrower type; None for integers too."""
    largest: float | None = None
    """The largest magnitude among the values, beside which the absolute difference is large or small."""
    shapes: str | None = None
    """`f32[3] against f32[4]` where these differ, so that the values cannot be compared."""


class Timing(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="timing"):
    """One call measured on one platform; seconds. `median_s` to `runs` are those of the complete call."""

    run: int
    index: int
    label: str
    call: RawText
    platform: str
    """`cpu`, `gpu`, `tpu`; `host` for what never left Python."""
    size: int | None = None
    """What `n` stood for, of a call that is timed against its size."""
    trace_s: float | None = None
    """In the first call; None where JAX does not tell, and where there is nothing to trace. So are the next two."""
    lower_s: float | None = None
    compile_s: float | None = None
    first_s: float = 0.0
    """The first call, tracing and compiling included."""
    dispatch: Spread | None = None
    """Until Python has control again; the result is waited for outside of it, before the next call."""
    complete: Spread | None = None
    """Until the result is there."""
    median_s: float = 0.0
    best_s: float = 0.0
    q1_s: float = 0.0
    q3_s: float = 0.0
    runs: int = 0
    baseline: bool = False
    simulated: bool = False
    transfer_bytes: int | None = None
    """Of a call that only moves arrays, what it moves."""
    flops: float | None = None
    """Of one call, on one device, as the compiler counts with loops multiplied; None where it does not tell."""
    bytes: float | None = None
    """Read and written, likewise."""
    cost_notes: tuple[str, ...] = ()
    """What the two do not mean, a sentence each."""
    differs: tuple[Difference, ...] = ()
    """From the values of timings before it."""
    verdicts: tuple[Verdict, ...] = ()
    error: str | None = None


class Retrace(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="retrace"):
    """A function of the learner's was traced for `jit` while the step ran."""

    run: int
    function: str
    count: int = 1
    """How often by then, in this run; functions made in the same line count together."""
    reason: str = ""
    """Why what JAX had traced before would not do: `x was f32[8], now f32[9]`; empty for a first trace."""
    line: int | None = None
    """Of the call, in the step's own code."""


class Peak(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="peak"):
    """The most that one device of a kind was seen to do: the flops of a matrix product, the bytes of a copy."""

    run: int
    platform: str
    kind: str
    """The device's, as JAX names it."""
    flops_per_s: float
    bytes_per_s: float
    """Read and written."""
    dtype: str = "float32"
    error: str | None = None
