"""Parses the frames of a location from the outside in, by the frames that JAX keeps for the equations.

JAX lowers an equation with a function of its own once for all equations that need the same, and puts the frames of the
first in front of the frames of each. This is found separately from the worker under test.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from told import known, where
from traced import Called

Begin: TypeAlias = tuple[str, int, int]
"""File, line and column at which an expression begins."""
Made: TypeAlias = tuple[Begin, ...]
"""The frames of an equation, outermost first."""


@dataclass
class Equation:
    """An equation, with its frames in its jaxpr and all that JAX keeps, and the jaxprs nested in it."""

    primitive: str
    made: set[Made]
    nested: list[str]

    def shares(self, other: "Equation") -> bool:
        """Return whether one lowering may serve both."""
        if self.nested or other.nested:
            return (self.primitive, self.nested) == (other.primitive, other.nested)
        return True


@dataclass
class Frames:
    """The equations of a call's jaxprs."""

    jaxprs: dict[str, list[Equation]] = field(default_factory=dict)
    root: str = ""
    places: set[Begin] = field(default_factory=set)

    @classmethod
    def of(cls, each: Called) -> "Frames":
        """Read what the runner kept of a call's jaxprs."""
        told = each.told["jaxpr"]
        jaxprs = {
            name: [
                Equation(primitive, {_made(frames), _made(whole)} if frames else set(), nested)
                for primitive, frames, whole, nested in equations
            ]
            for name, equations in told["jaxprs"].items()
        }
        return cls(jaxprs, told["root"], {place[:3] for place in known(each)})

    def is_known(self, begin: Begin) -> bool:
        """Return whether an expression that begins here is one of the jaxpr's, as far as that is known."""
        return begin in self.places or not self.jaxprs

    def innermost(self, frames: Sequence[Begin]) -> Begin:
        """Return the frame of the innermost equation; the first one, if the frames are not those of equations."""
        rest = tuple(reversed(frames))
        if rest in self._whole:
            return frames[0]
        inside, reached, own = [self.root], list[Equation](), None
        while rest:
            found = [(each, made) for each in self._in(inside) for made in each.made if rest[: len(made)] == made]
            length = max((len(made) for _, made in found), default=0)
            if length:
                reached = [each for each, made in found if len(made) == length]
                inside = [name for each in reached for name in each.nested]
                own = rest[length - 1]
            else:
                length = max((len(made) for made in self._left(reached) if rest[: len(made)] == made), default=0)
            if reached and not length:
                return frames[0]
            rest = rest[length or 1 :]  # the outermost frames may be those of the traced call
        return own or frames[0]

    @cached_property
    def _whole(self) -> set[Made]:
        """All frames of each equation: JAX 0.9 keeps those around its jaxpr, too."""
        made = (made for equations in self.jaxprs.values() for each in equations for made in each.made)
        return {tuple(filter(self.is_known, each)) for each in made}

    def _in(self, names: Sequence[str]) -> Iterator[Equation]:
        """Yield the equations in some jaxprs; one without frames is where those nested in it are."""
        for each in (each for name in names for each in self.jaxprs[name]):
            if each.made:
                yield each
            else:
                yield from self._in(each.nested)

    def _left(self, reached: Sequence[Equation]) -> Iterator[Made]:
        every = (each for equations in self.jaxprs.values() for each in equations)
        return (made for each in every if any(map(each.shares, reached)) for made in each.made)


def _made(frames: Sequence[Any]) -> Made:
    return tuple(place[:3] for frame in reversed(frames) if (place := where(*frame[:5])))
