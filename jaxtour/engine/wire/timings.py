"""The wire's types for timings, and for their limits."""

import msgspec

from jaxtour.text import RawText


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of a timing: what it does not mean."""

    code: str
    message: str


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How long the calls took, in seconds. Fast calls are timed in groups; the figures are then of group means."""

    best_s: float
    q1_s: float
    median_s: float
    q3_s: float
    runs: int
    """The number of timed calls."""
    group: int = 1
    """The number of calls in each group."""
    quantiles: tuple[float, ...] = ()
    """The times, from the fastest to the slowest in equal steps."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The largest difference between the values of two timings."""

    against: str
    """The other timing's platform, or its label if the calls differ."""
    absolute: float | None = None
    """The largest absolute difference; None if only one of them has a NaN or an infinity at some place."""
    ulp: float | None = None
    """The difference in units in the last place of the narrower type; None for integers too."""
    largest: float | None = None
    """The largest magnitude among the values."""
    shapes: str | None = None
    """`f32[3] against f32[4]` if the shapes differ, so the values cannot be compared."""


class LeafDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf of a call's result that differs from the same leaf of another call's."""

    path: str
    """`['w'][0]`; empty for a result that is one leaf."""
    types: tuple[str, str]
    """`f32[3]` of the other call and of this one, `text` for a value that is not numeric, empty for a missing leaf."""
    ulp: float | None = None
    """The largest difference in units in the last place of the narrower type; None for integers too."""
    absolute: float | None = None
    """The largest absolute difference; None if the shapes differ, or if only one has a nan or an infinity at some
    place."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """How a call's result compares with another call's, saved in a file."""

    count: int = 0
    """The number of leaves of both."""
    equal: int = 0
    """The number of leaves with the same type, shape and values; a nan is equal to a nan."""
    leaves: tuple[LeafDifference, ...] = ()
    """The other leaves, at most 100, those that differ most first."""
    error: str | None = None
    """Why they cannot be compared, in one line."""


class Timing(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="timing"):
    """One call measured on one platform; seconds. `median_s` to `runs` are those of the complete call."""

    run: int
    index: int
    label: str
    call: RawText
    platform: str
    """`cpu`, `gpu`, `tpu`; `host` for a call that never uses JAX."""
    size: int | None = None
    """The value of `n`, for a call that is timed by size."""
    trace_s: float | None = None
    """The seconds of tracing in the first call, like the next two; None if JAX does not report it or there is nothing
    to trace."""
    lower_s: float | None = None
    compile_s: float | None = None
    first_s: float = 0.0
    """The first call, including tracing and compiling."""
    dispatch: Spread | None = None
    """The time until the call returns to Python; waiting for the result before the next call is not included."""
    complete: Spread | None = None
    """The time until the result is ready."""
    median_s: float = 0.0
    best_s: float = 0.0
    q1_s: float = 0.0
    q3_s: float = 0.0
    runs: int = 0
    baseline: bool = False
    simulated: bool = False
    transfer_bytes: int | None = None
    """The bytes that a call moves if it only moves arrays."""
    flops: float | None = None
    """The operations of one call on one device, as the compiler counts, with loops multiplied; None if unknown."""
    bytes: float | None = None
    """The bytes read and written, counted likewise."""
    cost_notes: tuple[str, ...] = ()
    """Limits of these two figures, a sentence each."""
    differs: tuple[Difference, ...] = ()
    """Differences from the values of earlier timings."""
    compared: Compared | None = None
    """The comparison with another call's result, if the command requested that."""
    verdicts: tuple[Verdict, ...] = ()
    error: str | None = None
    by_process: tuple[float, ...] = ()
    """The median of each process, in seconds, if several measured it; the rest is what the first one measured."""


class Retrace(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="retrace"):
    """JAX traced a function of the learner's for `jit` while the step ran."""

    run: int
    function: str
    count: int = 1
    """The number of traces so far in this run; functions made on the same line count together."""
    reason: str = ""
    """Why JAX could not reuse an earlier trace: `x was f32[8], now f32[9]`; empty for the first trace."""
    line: int | None = None
    """The line of the call in the step's own code."""


class Peak(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="peak"):
    """The measured peak of one device: the flops of a matrix product, the bytes of a copy."""

    run: int
    platform: str
    kind: str
    """JAX's name for the device's kind."""
    flops_per_s: float
    bytes_per_s: float
    """Bytes read and written."""
    dtype: str = "float32"
    error: str | None = None
