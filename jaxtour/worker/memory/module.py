"""A scheduled HLO module: the order in which its instructions run, and how long each value is needed.

Fields are those of XLA's `xla/service/hlo.proto`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from .proto import first, integers, message, name

TuplePath: TypeAlias = tuple[int, ...]
"""The path to a value in a tuple; empty for an instruction's own value."""

_TYPES = dict(enumerate(
    ["?", "pred", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64", "f16", "f32", "f64", "tuple", "opaque", "c64",
     "bf16", "token", "c128", "f8e5m2", "f8e4m3fn", "s4", "u4", "f8e4m3b11fnuz", "f8e5m2fnuz", "f8e4m3fnuz", "s2", "u2",
     "f8e4m3", "f8e3m4", "s1", "u1", "f4e2m1fn", "f8e8m0fnu"]
))  # fmt: skip
"""The names of types, by the numbers of `PrimitiveType` in `xla/xla_data.proto`."""
_INLINE = frozenset({"while", "conditional", "call"})
"""Opcodes whose computations run as separate schedules; a fusion is one step."""
_SAME = frozenset({"bitcast", "optimization-barrier", "while"})
"""Opcodes whose result is their operand's memory."""


@dataclass(eq=False)
class ScheduledNode:
    """An instruction."""

    id: int
    name: str
    opcode: str
    operands: list[int]
    called: list[int]
    tuple_index: int
    computation: int
    shape: bytes
    users: "list[ScheduledNode]" = field(default_factory=list)
    place: int = -1
    """Its place in the schedule; -1 if it never runs on its own, as inside a fusion."""

    def type_of(self, index: TuplePath) -> str:
        """Return the type of a value in its result as HLO writes it, `f32[3,4]`; `tuple` for the table of a tuple."""
        shape = message(self.shape)
        for place in index:
            shape = message(shape[4][place])
        kind = _TYPES.get(first(shape, 2), "?")
        return kind if kind == "tuple" else f"{kind}[{','.join(map(str, integers(shape, 3)))}]"


@dataclass(frozen=True)
class Need:
    """The first and the last place of the schedule at which a value needs its memory, and what reads it."""

    first: int
    last: int
    users: frozenset[ScheduledNode]


class Module:
    """A module's instructions in the order in which they run; a loop's body comes before its `while`."""

    def __init__(self, data: bytes) -> None:
        whole = message(data)
        self.nodes: dict[int, ScheduledNode] = {}
        self._roots: dict[int, int] = {}
        # Computations that never run on their own, such as those of fusions, stay unread.
        self._unread = {first(computation, 5): computation for computation in map(message, whole.get(3, ()))}
        schedules = message(first(whole, 7, b""))
        sequences = (message(entry) for entry in schedules.get(1, ()))
        self._orders = {first(each, 1): integers(message(first(each, 2, b"")), 1) for each in sequences}
        self.schedule: list[ScheduledNode] = []
        self._spans: dict[int, tuple[int, int]] = {}
        """The first and last place of each computation that runs."""
        self._callers: dict[int, list[ScheduledNode]] = {}
        self._lay_out(first(whole, 6))

    def _read(self, number: int) -> list[ScheduledNode]:
        computation = self._unread.pop(number)
        self._roots[number] = first(computation, 6)
        nodes = {}
        for each in map(message, computation.get(2, ())):
            node = ScheduledNode(
                first(each, 35), name(each, 1), name(each, 2), integers(each, 36), integers(each, 38),
                first(each, 13), number, first(each, 3, b""),
            )  # fmt: skip
            nodes[node.id] = node
        for node in nodes.values():
            for operand in dict.fromkeys(node.operands):
                nodes[operand].users.append(node)
        self.nodes |= nodes
        return [nodes[each] for each in self._orders.get(number) or nodes]

    def _lay_out(self, number: int) -> None:
        """Give each instruction its place; a computation with several callers has that of the first."""
        start = len(self.schedule)
        self._spans[number] = start, start
        for node in self._read(number):
            if node.opcode in _INLINE:
                for called in node.called:
                    self._callers.setdefault(called, []).append(node)
                    if called in self._unread:
                        self._lay_out(called)
            node.place = len(self.schedule)
            self.schedule.append(node)
        self._spans[number] = start, len(self.schedule) - 1

    def need(self, node: ScheduledNode, index: TuplePath) -> Need:
        """Return when a value needs its memory, and what reads it there."""
        end, users = node.place, set[ScheduledNode]()
        for user, computation in self._reached(node, index):
            if computation is None:
                users.add(user)
                end = max(end, user.place)
            else:
                end = max(end, self._spans[computation][1])
        if node.opcode == "parameter":
            start = self._spans[node.computation][0]
        else:
            # A loop's result uses the memory of its carry.
            start = min([node.place, *(self._spans[each][0] for each in node.called if each in self._spans)])
        return Need(start, end, frozenset(users))

    def _reached(self, node: ScheduledNode, index: TuplePath) -> Iterator[tuple[ScheduledNode, int | None]]:
        """Yield the users of a value and of what shares its memory; with a computation, the use is its end."""
        seen = {(node.id, index)}
        todo = [(node, index)]
        while todo:
            at, path = todo.pop()
            more: list[tuple[ScheduledNode, TuplePath]] = []
            if at.id == self._roots[at.computation]:
                yield at, at.computation
                callers = self._callers.get(at.computation, ())
                more += [(caller, path) for caller in callers if not _is_condition(caller, at.computation)]
            for user in at.users:
                if user.place < 0:
                    continue
                if user.opcode == "get-tuple-element":
                    if path and path[0] == user.tuple_index:
                        more.append((user, path[1:]))
                    continue
                yield user, None
                if user.opcode == "tuple":
                    more += [(user, (place, *path)) for place, each in enumerate(user.operands) if each == at.id]
                elif user.opcode in _SAME:
                    more.append((user, path))
            for step in more:
                key = step[0].id, step[1]
                if key not in seen:
                    seen.add(key)
                    todo.append(step)


def _is_condition(caller: ScheduledNode, computation: int) -> bool:
    """Return whether this computation is a `while` loop's condition; the body is the first that the loop calls."""
    return caller.opcode == "while" and caller.called[:1] != [computation]
