"""The equations of a jaxpr, nested ones too, each with the learner's code that it comes from and its transformations.

A jaxpr may be used by several equations, of which JAX prints it for the first only: what is in it then belongs to all
of them. So jaxprs are walked one by one, those that use others first, each with what its users have in common.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import compat
from .origins import Table, transforms_of
from .spans import Frames, Span

MOST = 64
"""Callers, or users of a shared jaxpr, that an equation leads to; more would be megabytes and no help."""

_SCOPES = {
    "scan": "scan", "while": "while", "cond": "cond", "shard_map": "shard_map", "remat": "checkpoint",
    "remat2": "checkpoint", "checkpoint": "checkpoint", "custom_jvp_call": "custom_jvp",
    "custom_vjp_call": "custom_vjp", "custom_vjp_call_jaxpr": "custom_vjp", "jit": "jit", "pjit": "jit",
    "xla_pmap": "pmap", "pmap": "pmap",
}  # fmt: skip
"""What being inside of a primitive's jaxpr is called."""
_FUNCTIONS = {"jit": "jit", "pjit": "jit", "xla_pmap": "pmap", "pmap": "pmap"}
"""Primitives that the name stack shows as `jit(name)`."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What an equation says of the jaxprs in it."""

    spans: tuple[Span, ...] = ()
    """The place of equations that have none of their own."""
    chain: tuple[Span, ...] = ()
    """The calls around, innermost first."""
    path: str = ""
    transforms: tuple[str, ...] = ()


@dataclass(slots=True)
class _Jaxpr:
    """A jaxpr and what uses it."""

    jaxpr: Any
    users: list[_Around] = field(default_factory=list)
    inner: dict[int, list[tuple[str, int, Any]]] = field(default_factory=dict)
    """By the place of an equation, the jaxprs in its parameters."""


class Walk:
    """A walk over a jaxpr; `around` is where the call that it is of was written, if that is known."""

    def __init__(self, jaxpr: Any, around: tuple[Span, ...] = ()) -> None:
        self.table = Table()
        self.around = around
        self.primitives: set[str] = set()
        self._places: dict[int, int] = {}
        self._frames = Frames()
        self._known: dict[tuple[Span, ...], tuple[tuple[Span, ...], tuple[Span, ...]]] = {}
        """In the jaxpr that is being walked, by the frames of an equation."""
        self._paths: dict[Any, str] = {}
        self._function: compat.Function | None = None
        """What the jaxpr that is being walked was traced from; None for the outermost, which was traced just now."""
        self._root = getattr(jaxpr, "jaxpr", jaxpr)
        self._order = _users_first(self._root)
        by_id = {id(each.jaxpr): each for each in self._order}
        by_id[id(self._root)].users = [_Around(around, around)]
        for each in self._order:
            self._walk(each, by_id)
        self.equations = _counted(self._order)
        """Counted through nested jaxprs, as often as they are used."""

    @property
    def outdated(self) -> set[Span]:
        """Expressions that equations come from and that are no longer what is shown there."""
        return self._frames.outdated

    @property
    def outermost(self) -> Span | None:
        """The outermost call of the user's around the first equation that has a place."""
        for row in self.table.rows:
            spans: tuple[Span, ...] = (*row.get("spans", ()), *row.get("callers", ()))
            if spans:
                return spans[-1]
        return None

    @property
    def counts(self) -> Counter[int]:
        """How many equations have each place of the table; those of a jaxpr once, however often it is used."""
        return Counter(self._places.values())

    def place(self, equation: Any) -> int:
        """The place of an equation's origin in the table; one that the printer made up has its own source only."""
        place = self._places.get(id(equation))
        if place is None:
            self._known = {}
            place = self._add(equation, _Around())
        return place

    def _walk(self, each: _Jaxpr, by_id: dict[int, _Jaxpr]) -> None:
        around = _merged(each.users)
        self._known = {}
        self._function = None if each.jaxpr is self._root else compat.traced_function(each.jaxpr)
        for number, equation in enumerate(each.jaxpr.eqns):
            self.primitives.add(equation.primitive.name)
            self._places[id(equation)] = self._add(equation, around)
            if inner := each.inner.get(number):
                scope = self._scope(equation, around)
                for key, place, jaxpr in inner:
                    added = _lowered(equation.primitive.name, key, place)
                    path = f"{scope.path}/{added}".strip("/") if added else scope.path
                    users = by_id[id(jaxpr)].users
                    users.append(_Around(scope.spans, scope.chain, path, scope.transforms))

    def _add(self, equation: Any, around: _Around) -> int:
        spans, callers = self._linked(equation, around)
        return self.table.add(
            kind="equation",
            name=equation.primitive.name,
            spans=spans,
            callers=callers,
            path=self._path(equation, around),
            transforms=_joined(around.transforms, transforms_of(f"{_stack(equation)}/")),
            unlinked=None if spans else self._why_not(equation),
        )

    def _linked(self, equation: Any, around: _Around) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Its expression and the calls around that."""
        frames = self._frames.of(equation.source_info)
        if frames and not self._frames.enter(equation.source_info, self._function):
            frames = ()
        found = self._known.get(frames)
        if found is None:
            spans = frames[:1] or around.spans
            callers = dict.fromkeys(span for span in (*frames[1:], *around.chain) if span not in spans)
            found = self._known[frames] = spans, tuple(callers)[:MOST]
        return found

    def _why_not(self, equation: Any) -> str:
        if compat.traceback(equation.source_info) is None:
            return "JAX keeps no source for it"
        if self._frames.is_outdated(equation.source_info):
            return "of code that was changed since it was traced"
        return "of a call that this code does not write"

    def _path(self, equation: Any, around: _Around) -> str:
        stack = getattr(equation.source_info, "name_stack", "")
        wrapper = _FUNCTIONS.get(equation.primitive.name)
        function = str(equation.params.get("name", "")) if wrapper else ""
        key = (stack, equation.primitive, function, around.path)
        if (path := self._paths.get(key)) is None:
            if wrapper:
                own = compat.scoped(stack, f"{wrapper}({function})")
            else:
                own = f"{stack}/{equation.primitive.name}".lstrip("/")
            path = self._paths[key] = f"{around.path}/{own}".lstrip("/")
        return path

    def _scope(self, equation: Any, around: _Around) -> _Around:
        """What is around the jaxprs of an equation, but for what lowering adds to the path of each."""
        spans, callers = self._linked(equation, around)
        name = equation.primitive.name
        stack = _stack(equation)
        path = self._path(equation, around) if name in _FUNCTIONS else f"{around.path}/{stack}".strip("/")
        entered = (_SCOPES[name],) if name in _SCOPES else ()
        transforms = _joined(around.transforms, transforms_of(f"{stack}/"), entered)
        return _Around(spans, tuple(dict.fromkeys((*spans, *callers))), path, transforms)


def _stack(equation: Any) -> str:
    return str(getattr(equation.source_info, "name_stack", ""))


def _joined(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for part in parts for name in part)


def _lowered(primitive: str, parameter: str, place: int) -> str:
    """What the name stack has between an equation and those of a jaxpr in it, once it is lowered."""
    if primitive in ("scan", "while"):
        return "while/cond" if parameter == "cond_jaxpr" else "while/body"
    if primitive == "cond":
        return f"cond/branch_{place}_fun"
    if primitive in ("remat", "remat2", "checkpoint"):
        return "checkpoint"
    return "shard_map" if primitive == "shard_map" else ""


def _merged(users: list[_Around]) -> _Around:
    """What the users of a jaxpr have in common, and the places of all."""
    if len(users) == 1:
        return users[0]
    spans = dict.fromkeys(span for user in users for span in user.spans)
    by_depth = itertools.zip_longest(*(user.chain for user in users))
    chain = dict.fromkeys(span for depth in by_depth for span in depth if span is not None)
    paths = {user.path for user in users}
    shared = set.intersection(*(set(user.transforms) for user in users)) if users else set()
    transforms = tuple(name for name in users[0].transforms if name in shared) if users else ()
    return _Around(tuple(spans)[:MOST], tuple(chain)[:MOST], paths.pop() if len(paths) == 1 else "", transforms)


def _users_first(root: Any) -> list[_Jaxpr]:
    """Every jaxpr once, behind all those that use it."""
    made: dict[int, _Jaxpr] = {}
    finished: list[_Jaxpr] = []

    def children(jaxpr: Any) -> Iterator[Any]:
        each = made[id(jaxpr)] = _Jaxpr(jaxpr)
        for number, equation in enumerate(jaxpr.eqns):
            if inner := compat.nested(equation):
                each.inner[number] = inner
                yield from (found for _, _, found in inner)
        finished.append(each)

    waiting = [children(root)]
    while waiting:
        child = next(waiting[-1], None)
        if child is None:
            waiting.pop()
        elif id(child) not in made:
            waiting.append(children(child))
    return finished[::-1]


def _counted(order: list[_Jaxpr]) -> int:
    """All equations, those of a jaxpr as often as it is used."""
    counts: dict[int, int] = {}
    for each in reversed(order):
        nested = (id(jaxpr) for inner in each.inner.values() for _, _, jaxpr in inner)
        counts[id(each.jaxpr)] = len(each.jaxpr.eqns) + sum(counts[number] for number in nested)
    return counts[id(order[0].jaxpr)]


def count(jaxpr: Any) -> int:
    """How many equations a jaxpr has, those of the jaxprs in them included, as often as they are used."""
    return _counted(_users_first(getattr(jaxpr, "jaxpr", jaxpr)))
