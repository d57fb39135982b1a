"""Compares two calls: their results, instructions, figures, and their times with a confidence interval."""

import linecache
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from jaxtour.engine.stage import StageText
from jaxtour.engine.wire.messages import Span, Timing, Trace
from jaxtour.engine.wire.timings import Compared, Spread
from jaxtour.text import one_line

Speed: TypeAlias = Literal["faster", "slower", "cannot be told apart"]
SourceOf: TypeAlias = Callable[[Span], str]
"""The expression at a place; empty where the text is not known."""

VERSION = 1
_Z = 1.96
_STUDENT = {2: 4.303, 4: 2.776, 6: 2.447, 8: 2.306}
"""The quantile 0.975 of Student's t distribution, by degrees of freedom."""
PLUMBING = frozenset({"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all"})
"""Opcodes that compute and move nothing: they come and go with others."""


@dataclass(frozen=True)
class Side:
    """One of the two calls."""

    trace: Trace
    jaxpr: StageText
    hlo: StageText
    timings: tuple[Timing, ...]
    """The timings, one for each round."""
    source: SourceOf

    @property
    def flops(self) -> float | None:
        return self.hlo.cost.flops if self.hlo.cost else None

    @property
    def bytes(self) -> float | None:
        return self.hlo.cost.bytes if self.hlo.cost else None

    @property
    def peak_bytes(self) -> int | None:
        """Temporaries and outputs at the peak; None if the compiler does not report them."""
        memory = self.hlo.memory
        return memory.peak_bytes if memory and memory.error is None else None

    @property
    def needed_bytes(self) -> int | None:
        """Everything that must fit on the device, including the arguments; None if the compiler does not report it."""
        memory = self.hlo.memory
        return memory.needed_bytes if memory and memory.error is None else None

    @property
    def compile_s(self) -> float | None:
        """The least of its rounds, since disturbances only add to it."""
        return min((each.compile_s for each in self.timings if each.compile_s is not None), default=None)

    @property
    def median_s(self) -> float | None:
        """Of one call: the geometric mean of its rounds' medians, so that B's is A's times the ratio."""
        found = measured(self.timings)
        return statistics.geometric_mean(each.median_s for each in found) if found else None

    def count(self, opcode: str) -> int:
        """Return how many instructions have this opcode, in all computations; an operation in two parts counts once."""
        names = (opcode, f"{opcode}-start")
        return sum(self.hlo.origin_of(line).name in names for line in _instruction_lines(self.hlo))


class HloInstruction(NamedTuple):
    """An instruction of the compiled program."""

    name: str
    opcode: str
    type: str
    spans: tuple[Span, ...]


class ChangedEquation(NamedTuple):
    """An equation that only one call has, or one that changed."""

    primitive: str
    text: str
    spans: tuple[Span, ...]
    changes: tuple[str, ...] = ()
    """What changed in an equation that both calls have, as text."""


class Equations(NamedTuple):
    """The equations that differ; nested ones count too."""

    added: tuple[ChangedEquation, ...]
    removed: tuple[ChangedEquation, ...]
    changed: tuple[ChangedEquation, ...]


class Ratio(NamedTuple):
    """The time of the second call as a multiple of the first one's, with its 95 % confidence interval."""

    ratio: float
    low: float
    high: float

    @property
    def verdict(self) -> Speed:
        if self.low > 1:
            return "slower"
        return "faster" if self.high < 1 else "cannot be told apart"


@dataclass(frozen=True)
class Comparison:
    """What differs between two calls; the first one is A, the second one B."""

    sides: tuple[Side, Side]
    equations: Equations
    results: Compared | None
    """The results compared; None if the calls were not run."""
    added: tuple[HloInstruction, ...]
    removed: tuple[HloInstruction, ...]
    time: Ratio | None

    @property
    def equal(self) -> bool | None:
        """Whether the results are equal; None if they were not compared."""
        known = self.results is not None and self.results.error is None
        return self.results.equal == self.results.count if known and self.results else None

    @property
    def max_ulp(self) -> float | None:
        """The largest difference; None if one is not measured in ulp, as for integers or other shapes."""
        if self.equal is None or self.results is None:
            return None
        found = [leaf.ulp for leaf in self.results.leaves]
        return None if None in found else max((ulp for ulp in found if ulp is not None), default=0.0)

    def pair(self, figure: Callable[[Side], float | None]) -> tuple[float | None, float | None]:
        """Return a figure of both calls."""
        return figure(self.sides[0]), figure(self.sides[1])


def expression_at(own: str, code: str) -> SourceOf:
    """Return a function that gives expressions in one line: those of the file `own` from its code, others from disk."""

    def source(span: Span) -> str:
        every = code.split("\n") if span.file == own else linecache.getlines(span.file)
        lines = every[span.line - 1 : span.end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return one_line(" ".join(lines))

    return source


def compared(a: Side, b: Side, equations: Equations) -> Comparison:
    """Compare two calls, whose equations have been aligned."""
    results = next((each.compared for each in b.timings if each.compared is not None), None)
    removed, added = _apart(instructions(a.hlo), instructions(b.hlo), a.source, b.source)
    return Comparison((a, b), equations, results, tuple(added), tuple(removed), time_ratio(a.timings, b.timings))


def instructions(hlo: StageText) -> list[HloInstruction]:
    """Return the instructions of a compiled program that compute or move something, including those inside fusions."""
    found = []
    for line in _instruction_lines(hlo):
        origin = hlo.origin_of(line)
        for name, (_, types) in hlo.typed(line).items():
            if origin.name not in PLUMBING:
                found.append(HloInstruction(name.removeprefix("%"), origin.name, ", ".join(types), origin.spans))
            break
    return found


def _instruction_lines(hlo: StageText) -> Iterable[int]:
    return (line for line in range(len(hlo.ids)) if hlo.origin_of(line).kind == "instruction")


def _apart(
    before: Sequence[HloInstruction], after: Sequence[HloInstruction], source: SourceOf, other_source: SourceOf
) -> tuple[list[HloInstruction], list[HloInstruction]]:
    """Return each side's instructions without a partner of equal opcode and type, preferably of the same source."""
    left, right = list(before), list(after)
    for by_source in (True, False):
        places: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, each in enumerate(right):
            places[_key(each, other_source if by_source else None)].append(place)
        gone: set[int] = set()
        rest = []
        for each in left:
            if found := places[_key(each, source if by_source else None)]:
                gone.add(found.pop(0))
            else:
                rest.append(each)
        left, right = rest, [each for place, each in enumerate(right) if place not in gone]
    return left, right


def _key(each: HloInstruction, source: SourceOf | None) -> tuple[str, ...]:
    key = each.opcode, each.type
    return (*key, *(source(span) for span in each.spans)) if source else key


def measured(timings: Sequence[Timing]) -> list[Timing]:
    """Return the rounds that have a time."""
    return [each for each in timings if each.error is None and each.median_s > 0]


def time_ratio(a: Sequence[Timing], b: Sequence[Timing]) -> Ratio | None:
    """Return the ratio of the times, from rounds that measured both alternately; None without a time.

    The interval is one of logarithms: Student's t over the rounds, whose means differ by what disturbs a whole
    measurement, combined with the uncertainty of each median.
    """
    sides = [measured(side) for side in (a, b)]
    rounds = min(map(len, sides))
    if not rounds:
        return None
    logs = [[math.log(each.median_s) for each in side] for side in sides]
    own = sum(statistics.fmean(_uncertainty(each) ** 2 for each in side) / len(side) for side in sides)
    freedom = max(key for key in (0, *_STUDENT) if key <= sum(map(len, sides)) - 2)
    between = 0.0
    if freedom:
        squares = sum(statistics.variance(side) * (len(side) - 1) for side in logs if len(side) > 1)
        variance = squares / (sum(map(len, sides)) - 2)
        between = _STUDENT[freedom] ** 2 * variance * sum(1 / len(side) for side in sides)
    middle = statistics.fmean(logs[1]) - statistics.fmean(logs[0])
    half = math.sqrt(own + between)
    return Ratio(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


def _uncertainty(timing: Timing) -> float:
    """Return the relative half-width of the median's 95 % confidence interval, from ranks; 0 for a single run."""
    spread = timing.complete
    if spread is None or len(spread.quantiles) < 2 or not timing.median_s:
        return 0.0
    number = spread.runs / spread.group
    reach = _Z / 2 / math.sqrt(number)
    return (_quantile(spread, 0.5 + reach) - _quantile(spread, 0.5 - reach)) / 2 / timing.median_s


def _quantile(spread: Spread, part: float) -> float:
    steps = len(spread.quantiles) - 1
    at = min(max(part, 0.0), 1.0) * steps
    low = min(int(at), steps - 1)
    return spread.quantiles[low] + (at - low) * (spread.quantiles[low + 1] - spread.quantiles[low])


def comparison_record(found: Comparison) -> dict[str, Any]:
    """Return the JSON that `jaxtour diff --json` prints; each pair has A and B, null where unknown."""
    kinds = {kind: [_row(each) for each in getattr(found.equations, kind)] for kind in Equations._fields}
    time = found.time
    return {
        "version": VERSION,
        "equal": found.equal,
        "max_ulp": found.max_ulp,
        "equations": kinds,
        "instructions": {
            "added": [_row(each) for each in found.added],
            "removed": [_row(each) for each in found.removed],
        },
        "flops": found.pair(lambda side: side.flops),
        "bytes": found.pair(lambda side: side.bytes),
        "peak_bytes": found.pair(lambda side: side.peak_bytes),
        "compile_s": found.pair(lambda side: side.compile_s),
        "time": time and {**time._asdict(), "verdict": time.verdict},
    }


def _row(each: HloInstruction | ChangedEquation) -> dict[str, Any]:
    row = {**each._asdict(), "spans": [msgspec.structs.asdict(span) for span in each.spans]}
    if not row.get("changes", True):
        del row["changes"]
    return row
