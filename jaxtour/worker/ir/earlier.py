"""Finds the frames that an operation has from an earlier call, in front of its own.

JAX lowers some equations, such as a `random_split`, by tracing a function of its own, once for all equations that need
the same. What that makes has the frames of the first of them. In front of the frames of each later one, these say that
the call on line 7 comes from line 5, which nothing on line 7 calls.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from .origins import alike
from .spans import Span
from .walk import Walk

StartPlace: TypeAlias = tuple[str, int, int]
"""File, line and column of an expression's start; XLA keeps one end for all expressions that start there."""
Chain: TypeAlias = tuple[StartPlace, ...]
"""An expression and the calls around it, innermost first, without those around the traced call."""

MOST = 64
"""The most calls of one function, and frames of one operation, that are told apart."""


def start_of(where: Span) -> StartPlace:
    """Return where an expression starts."""
    return where[:3]


class _Lowered(NamedTuple):
    """What JAX may lower once for several equations: the same loop, or any function of its own."""

    primitive: str = ""
    jaxprs: tuple[int, ...] = ()


_OWN_FUNCTION = _Lowered()


class Earlier:
    """The frames that the equations of a jaxpr have, and may leave in front of those of a later one."""

    def __init__(self, walk: Walk | None = None, known: frozenset[StartPlace] = frozenset()) -> None:
        """Set up for a walk's jaxpr, of whose frames only those at known places count; without a walk, for none."""
        self._chains: dict[Chain, set[tuple[str, _Lowered]]] = {}
        self._left: dict[_Lowered, set[Chain]] = {}
        self._scopes: set[str] = set()
        self._known: dict[tuple[str, Chain], frozenset[int]] = {}
        self._around = frozenset(map(start_of, walk.around if walk else ()))
        self._inside = known - self._around
        self._is_whole = True
        """Whether all chains are known."""
        if walk is not None:
            self._add(walk)

    def left(self, path: str, spans: Sequence[Span]) -> frozenset[int]:
        """Return which of an operation's frames, innermost first, belong to earlier calls."""
        key = alike(path), tuple(map(start_of, spans))
        if key not in self._known:
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, path: str, starts: Chain) -> frozenset[int]:
        inside = [number for number, start in enumerate(starts) if start not in self._around]
        chain = tuple(starts[number] for number in inside)
        if not self._is_whole or len(chain) > MOST or _distinct(chain) in self._chains:
            return frozenset()
        return frozenset(inside[number] for number in self._fewest(path, chain))

    def _fewest(self, path: str, chain: Chain) -> tuple[int, ...]:
        """Return the fewest frames without which the others are those of an equation, and of those around it.

        A function of JAX's own leaves frames in front of what it makes for an equation. A loop that is lowered once for
        two calls also leaves frames behind those of what is inside it. Nothing is left if there is no such reading.
        """
        scope = self._innermost(path)
        seen: set[tuple[int, Chain]] = set()
        waiting: list[tuple[int, int, Chain, tuple[int, ...]]] = [(0, len(chain), (), ())]
        while waiting:
            _, end, own, left = heapq.heappop(waiting)
            if not end:
                return left
            if (end, own) in seen:
                continue
            seen.add((end, own))
            for begin in range(end):
                longer = _distinct((*chain[begin:end], *own))
                if longer in self._chains:
                    heapq.heappush(waiting, (len(left), begin, longer, left))
                if own and self._is_left(chain[begin:end], own, path, scope, is_first=begin == 0):
                    more = (*range(begin, end), *left)
                    heapq.heappush(waiting, (len(more), begin, own, more))
        return ()

    def _is_left(self, starts: Chain, own: Chain, path: str, scope: str, *, is_first: bool) -> bool:
        """Return whether frames may be left in front of those of an equation, for an operation with this path."""
        for around, lowered in self._chains[own]:
            is_inside = not around or f"/{around}/" in f"/{path}/"
            if lowered == _OWN_FUNCTION:
                is_inside = is_first and around == scope
            if is_inside and _are_left(starts, self._left[lowered]):
                return True
        return False

    def _innermost(self, path: str) -> str:
        """Return the longest scope of an equation that a path is in; one of several calls has only an end of it."""
        names = path.split("/")
        found = ("/".join(names[begin:end]) for begin, end in _ranges(len(names)))
        return max((scope for scope in found if scope in self._scopes), key=len, default="")

    def _add(self, walk: Walk) -> None:
        calls: dict[int, dict[Chain, None]] = {id(walk.jaxprs[0].jaxpr): {(): None}}
        for each in walk.jaxprs:
            around = calls.get(id(each.jaxpr), {})
            self._is_whole = self._is_whole and len(around) <= MOST
            found: dict[Any, list[Chain]] = {}
            for number, equation in enumerate(each.jaxpr.eqns):
                nested = [inner for _, _, inner in each.inner.get(number, ())]
                lowered = _Lowered(equation.primitive.name, tuple(map(id, nested))) if nested else _OWN_FUNCTION
                key = walk.frames(equation, each), walk.path(equation).rpartition("/")[0], lowered
                if key not in found:
                    found[key] = self._note(*key, around)
                for inner in nested:
                    calls.setdefault(id(inner), {}).update(dict.fromkeys(found[key]))

    def _note(
        self, frames: tuple[tuple[Span, ...], tuple[Span, ...]], scope: str, lowered: _Lowered, around: Iterable[Chain]
    ) -> list[Chain]:
        """Note an equation of a jaxpr that is used in these calls; return the calls that it is used in."""
        own, whole = (self._inner(each) for each in frames)
        chains = [_distinct((*own, *outer)) for outer in around]
        # JAX 0.9 has the frames around a jaxpr only in its equations.
        for chain in (*chains, whole) if own else chains:
            self._chains.setdefault(chain, set()).add((scope, lowered))
        self._left.setdefault(lowered, set()).update(each for each in (own, whole) if each)
        self._scopes.add(scope)
        return chains

    def _inner(self, spans: Iterable[Span]) -> Chain:
        return _distinct(start for each in spans if (start := start_of(each)) in self._inside)


def _distinct(starts: Iterable[StartPlace]) -> Chain:
    return tuple(dict.fromkeys(starts))


def _are_left(starts: Chain, left: set[Chain]) -> bool:
    """Return whether these are frames that earlier equations left, perhaps more than once."""
    ends = range(1, len(starts) + 1)
    return not starts or any(starts[:end] in left and _are_left(starts[end:], left) for end in ends)


def _ranges(length: int) -> Iterator[tuple[int, int]]:
    return ((begin, end) for begin in range(length) for end in range(begin + 1, length + 1))
