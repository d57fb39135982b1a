"""Walks the equations of a jaxpr, nested ones included; finds each one's source and its transformations.

Several equations may share a jaxpr, which JAX prints only for the first: its equations then belong to all of them. So
the walk visits each jaxpr once, after all its users, with what these have in common.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from .. import compat
from .origins import CallTree, Table, transforms_of
from .spans import MODULE, Span, SpanFinder

MOST = 64
"""The most callers of one equation, or users of a shared jaxpr: more would take megabytes without being useful."""

_SCOPES = {
    "scan": "scan", "while": "while", "cond": "cond", "shard_map": "shard_map", "remat": "checkpoint",
    "remat2": "checkpoint", "checkpoint": "checkpoint", "custom_jvp_call": "custom_jvp",
    "custom_vjp_call": "custom_vjp", "custom_vjp_call_jaxpr": "custom_vjp", "jit": "jit", "pjit": "jit",
    "xla_pmap": "pmap", "pmap": "pmap",
}  # fmt: skip
"""The transformation that each primitive's inner jaxprs are inside."""
_FUNCTIONS = {"jit": "jit", "pjit": "jit", "xla_pmap": "pmap", "pmap": "pmap"}
"""Primitives that the name stack shows as `jit(name)`."""


@dataclass(frozen=True, slots=True)
class _Around:
    """The context that an equation gives to its inner jaxprs."""

    spans: tuple[Span, ...] = ()
    """The source of equations without their own."""
    chain: tuple[Span, ...] = ()
    """The calls around, innermost first."""
    path: str = ""
    transforms: tuple[str, ...] = ()
    call: int = 0
    """The node of the calls around."""


@dataclass(slots=True)
class UsedJaxpr:
    """A jaxpr and the contexts it is used in."""

    jaxpr: Any
    users: list[_Around] = field(default_factory=list)
    inner: dict[int, list[tuple[str, int, Any]]] = field(default_factory=dict)
    """The jaxprs in each equation's parameters, by the equation's index."""
    function: compat.Function | None = None
    """The function that it was traced from; None for the outermost, which was just traced."""


class Walk:
    """A walk over a jaxpr; `around` is the place of the traced call, if known."""

    def __init__(self, jaxpr: Any, around: tuple[Span, ...] = ()) -> None:
        self.table = Table()
        self.calls = CallTree()
        self.around = around
        self.primitives: set[str] = set()
        self._places: dict[int, int] = {}
        self._nodes: dict[int, int] = {}
        self._known_nodes: dict[Any, int] = {}
        self._frames = SpanFinder()
        self._known: dict[tuple[Span, ...], tuple[tuple[Span, ...], tuple[Span, ...]]] = {}
        """Expression and callers in the current jaxpr, by an equation's frames."""
        self._paths: dict[Any, str] = {}
        self._function: compat.Function | None = None
        """The current jaxpr's."""
        self._root = getattr(jaxpr, "jaxpr", jaxpr)
        self.jaxprs = _users_first(self._root)
        """Every jaxpr once, after all its users."""
        by_id = {id(each.jaxpr): each for each in self.jaxprs}
        outermost = self.calls.node(0, ((each[0], each[1], each[5] or MODULE, False) for each in around))
        by_id[id(self._root)].users = [_Around(around, around, call=outermost)]
        for each in self.jaxprs:
            self._walk(each, by_id)
        self.equations = _counted(self.jaxprs)
        """The number of equations, with those of nested jaxprs as often as they are used."""

    @property
    def outdated(self) -> set[Span]:
        """Expressions of equations whose code has been edited since."""
        return self._frames.outdated

    @property
    def outermost(self) -> Span | None:
        """The user's outermost call inside `around`, of the first equation that has one."""
        for row in self.table.rows:
            every: tuple[Span, ...] = (*row.get("spans", ()), *row.get("callers", ()))
            if spans := [each for each in every if each not in self.around]:
                return spans[-1]
        return None

    @property
    def counts(self) -> Counter[int]:
        """The number of equations of each origin in the table; a shared jaxpr counts once."""
        return Counter(self._places.values())

    def place(self, equation: Any) -> int:
        """Return the index of an equation's origin in the table; one that the printer made has only its own source."""
        place = self._places.get(id(equation))
        if place is None:
            self._known = {}
            place = self._add(equation, _Around())
        return place

    def call(self, equation: Any) -> int:
        """Return the node of an equation in the tree of calls; 0 for one that the printer made."""
        return self._nodes.get(id(equation), 0)

    def path(self, equation: Any) -> str:
        """Return the path of an equation of the walk."""
        return str(self.table.rows[self._places[id(equation)]].get("path", ""))

    def frames(self, equation: Any, jaxpr: UsedJaxpr) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Return an equation's expression and calls inside its jaxpr; and all frames that JAX keeps for it."""
        frames = self._frames.of(equation.source_info)
        entered = frames and self._frames.enter(equation.source_info, jaxpr.function)
        return frames if entered else (), self._frames.of(equation.source_info, whole=True)

    def _walk(self, each: UsedJaxpr, by_id: dict[int, UsedJaxpr]) -> None:
        around = _merged(each.users)
        self._known = {}
        each.function = None if each.jaxpr is self._root else compat.traced_function(each.jaxpr)
        self._function = each.function
        for number, equation in enumerate(each.jaxpr.eqns):
            self.primitives.add(equation.primitive.name)
            self._places[id(equation)] = self._add(equation, around)
            self._nodes[id(equation)] = self._called(equation, around)
            if inner := each.inner.get(number):
                scope = self._scope(equation, around)
                for key, place, jaxpr in inner:
                    added = _lowered(equation.primitive.name, key, place)
                    path = f"{scope.path}/{added}".strip("/") if added else scope.path
                    users = by_id[id(jaxpr)].users
                    users.append(replace(scope, path=path))

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

    def _called(self, equation: Any, around: _Around) -> int:
        """Return the node of the calls that an equation comes from."""
        frames = self._frames.calls(equation.source_info)
        if not frames or not self._frames.enter(equation.source_info, self._function):
            return around.call
        key = around.call, id(frames)  # the finder keeps them
        if key not in self._known_nodes:
            self._known_nodes[key] = self.calls.node(around.call, frames)
        return self._known_nodes[key]

    def _linked(self, equation: Any, around: _Around) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
        """Return an equation's source expression and the calls around it."""
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
            return "JAX recorded no source for it"
        if self._frames.is_outdated(equation.source_info):
            return "its code was edited after it was traced"
        return "it comes from a call outside this code"

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
        """Return the context of an equation's jaxprs, without the names that lowering adds to the path of each."""
        spans, callers = self._linked(equation, around)
        name = equation.primitive.name
        stack = _stack(equation)
        path = self._path(equation, around) if name in _FUNCTIONS else f"{around.path}/{stack}".strip("/")
        entered = (_SCOPES[name],) if name in _SCOPES else ()
        transforms = _joined(around.transforms, transforms_of(f"{stack}/"), entered)
        return _Around(spans, tuple(dict.fromkeys((*spans, *callers))), path, transforms, self._nodes[id(equation)])


def _stack(equation: Any) -> str:
    return str(getattr(equation.source_info, "name_stack", ""))


def _joined(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for part in parts for name in part)


def _lowered(primitive: str, parameter: str, place: int) -> str:
    """Return the names that lowering adds to the name stack between an equation and those of its inner jaxpr."""
    if primitive in ("scan", "while"):
        return "while/cond" if parameter == "cond_jaxpr" else "while/body"
    if primitive == "cond":
        return f"cond/branch_{place}_fun"
    if primitive in ("remat", "remat2", "checkpoint"):
        return "checkpoint"
    return "shard_map" if primitive == "shard_map" else ""


def _merged(users: list[_Around]) -> _Around:
    """Merge the contexts of a jaxpr's users: all places, and the transformations they share."""
    if len(users) == 1:
        return users[0]
    spans = dict.fromkeys(span for user in users for span in user.spans)
    by_depth = itertools.zip_longest(*(user.chain for user in users))
    chain = dict.fromkeys(span for depth in by_depth for span in depth if span is not None)
    paths = {user.path for user in users}
    shared = set.intersection(*(set(user.transforms) for user in users)) if users else set()
    transforms = tuple(name for name in users[0].transforms if name in shared) if users else ()
    return _Around(
        tuple(spans)[:MOST], tuple(chain)[:MOST], paths.pop() if len(paths) == 1 else "", transforms, users[0].call
    )


def _users_first(root: Any) -> list[UsedJaxpr]:
    """Return every jaxpr once, after all its users."""
    made: dict[int, UsedJaxpr] = {}
    finished: list[UsedJaxpr] = []

    def children(jaxpr: Any) -> Iterator[Any]:
        each = made[id(jaxpr)] = UsedJaxpr(jaxpr)
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


def _counted(order: list[UsedJaxpr]) -> int:
    """Return the number of equations, with those of a jaxpr as often as it is used."""
    counts: dict[int, int] = {}
    for each in reversed(order):
        nested = (id(jaxpr) for inner in each.inner.values() for _, _, jaxpr in inner)
        counts[id(each.jaxpr)] = len(each.jaxpr.eqns) + sum(counts[number] for number in nested)
    return counts[id(order[0].jaxpr)]


def count(jaxpr: Any) -> int:
    """Return the number of equations of a jaxpr, with those of nested jaxprs as often as they are used."""
    return _counted(_users_first(getattr(jaxpr, "jaxpr", jaxpr)))


def primitives(jaxpr: Any) -> Counter[str]:
    """Return how often each primitive appears in a jaxpr, with those of nested jaxprs as often as they are used."""
    counts: dict[int, Counter[str]] = {}
    order = _users_first(getattr(jaxpr, "jaxpr", jaxpr))
    for each in reversed(order):
        own = counts[id(each.jaxpr)] = Counter(equation.primitive.name for equation in each.jaxpr.eqns)
        for inner in each.inner.values():
            for _, _, nested in inner:
                own.update(counts[id(nested)])
    return counts[id(order[0].jaxpr)]
