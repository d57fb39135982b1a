"""Describes figures and their text: each with its reference, measured in turns in the same run."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and its goal."""

    name: str
    value: float
    goal: str
    met: bool
    detail: str

    def __str__(self) -> str:
        mark = "ok  " if self.met else "MISS"
        return f"{mark}  {self.name:<62} {self.value:>9.3g}   goal {self.goal:<14} {self.detail}"


def in_turns(rounds: int, *subjects: Callable[[], float]) -> list[list[float]]:
    """Return the seconds of each subject, measured A B A B ..., so that a busy machine slows all of them."""
    taken: list[list[float]] = [[] for _ in subjects]
    for _ in range(rounds):
        for times, subject in zip(taken, subjects, strict=True):
            times.append(subject())
    return taken


def ratio(name: str, ours: Sequence[float], theirs: Sequence[float], most: float, versus: str) -> Figure:
    """Return the ratio of medians, with the medians and the range of the rounds' ratios."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    each = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    detail = f"{mine:.3f} s / {other:.3f} s ({versus}); rounds {each[0]:.2f} to {each[-1]:.2f}"
    return Figure(name, mine / other, f"<= {most:g}", mine / other <= most, detail)


def at_most(name: str, value: float, most: float, detail: str) -> Figure:
    """Return a figure with an upper limit."""
    return Figure(name, value, f"<= {most:g}", value <= most, detail)


def told(name: str, value: float, detail: str) -> Figure:
    """Return a figure without a goal."""
    return Figure(name, value, "-", True, detail)
