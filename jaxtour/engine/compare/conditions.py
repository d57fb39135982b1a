"""The conditions of `jaxtour diff --fail-if`, such as `time>1.1`."""

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jaxtour.course.model import CourseError
from jaxtour.engine.compare.comparison import Comparison, Side
from jaxtour.text import plural

FIGURES: Mapping[str, Callable[[Side], float | None]] = {
    "time": lambda side: side.median_s,
    "compile": lambda side: side.compile_s,
    "flops": lambda side: side.flops,
    "bytes": lambda side: side.bytes,
    "peak": lambda side: side.peak_bytes,
    "equations": lambda side: side.trace.equations,
}
"""The figures compared as a ratio, B to A."""
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "=": operator.eq,
}  # fmt: skip
_WRITTEN = re.compile(r"\s*(?P<name>[a-z][a-z0-9\-]*)\s*(?P<sign>>=|<=|=|>|<)\s*(?P<limit>\d+(\.\d*)?|\.\d+)\s*")
_NEAR = 0.8


@dataclass(frozen=True)
class Condition:
    """A limit that must not be reached, on a ratio, or else on the count of an opcode in B."""

    written: str
    name: str
    sign: str
    limit: float

    def failed(self, found: Comparison) -> str | None:
        """Return why the condition is true, in one line, also if the figure is unknown; None if it is false.

        A time is above or below a limit only if its whole interval is; it equals any number inside.
        """
        if self.name not in FIGURES:
            count = found.sides[1].count(self.name)
            return (
                f"{self.written}: B has {plural(count, f'{self.name} instruction')}"
                if _COMPARE[self.sign](count, self.limit)
                else None
            )
        if self.name == "time":
            if found.time is None:
                return f"{self.written}: the time is not known"
            ratio, low, high = found.time
            value = low if ">" in self.sign else high if "<" in self.sign else min(max(self.limit, low), high)
            if not _COMPARE[self.sign](value, self.limit):
                return None
            return f"{self.written}: B takes {ratio:.3g} times as long ({low:.3g} to {high:.3g})"
        a, b = found.pair(FIGURES[self.name])
        if a is None or b is None:
            return f"{self.written}: the figure is not known"
        value = b / a if a else 1.0 if not b else float("inf")
        return (
            f"{self.written}: B / A is {value:.4g}: {b:,.10g} and {a:,.10g}"
            if _COMPARE[self.sign](value, self.limit)
            else None
        )


def condition(written: str) -> Condition:
    """Read a condition; raises `CourseError` for one that cannot be read."""
    match = _WRITTEN.fullmatch(written)
    names = ", ".join(FIGURES)
    if match is None:
        raise CourseError(
            f"--fail-if {written}: write a figure ({names}, or an HLO opcode), one of > < >= <= = and a number, "
            "as in 'time>1.1' or 'all-reduce>1'"
        )
    name = match["name"]
    if name not in FIGURES and (near := difflib.get_close_matches(name, FIGURES, 1, _NEAR)):
        raise CourseError(f"--fail-if {written}: there is no figure {name!r}: did you mean {near[0]}?")
    return Condition(written, name, match["sign"], float(match["limit"]))
