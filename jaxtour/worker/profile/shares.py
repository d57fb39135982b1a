"""Divides the time of an instruction among the learner's expressions that it came from.

An instruction with one expression gives it all of its time. A fusion's time is divided by the operations of its
instructions, and each element that one of them moves counts as an operation. Where those are unknown, and where one
instruction came from several expressions, the division is even, and only an estimate.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from ..ir.hlo import HloReader
from ..ir.instructions import Instruction
from ..ir.origins import alike, transforms_of
from ..ir.spans import Span
from .work import INSIDE, Work

_MOVING = frozenset(
    {"concatenate", "copy", "convert", "dynamic-slice", "gather", "pad", "reverse", "slice", "transpose"}
)


class Part(NamedTuple):
    """The part of an instruction that came from one expression; None without one."""

    span: Span | None
    backward: bool
    share: float
    path: str
    """Its name stack and primitive, as in every stage."""


class Shares:
    """The parts of the instructions of one module, whose links are already read."""

    def __init__(self, module: HloReader, work: Work) -> None:
        self._work = work
        self._computations = module.computations
        self._callers: dict[str, Instruction] = {}
        for whole in module.computations.values():
            for each in whole.instructions:
                self._callers.update(dict.fromkeys(each.called, each))
        self._backward: dict[tuple[str, str], bool] = {}
        for whole in reversed(list(module.computations.values())):  # callers come after their callees
            self._note(whole.name, whole.instructions)

    def of(self, each: Instruction) -> tuple[list[Part], bool]:
        """Return the parts, which add up to one; and whether they are only an even split."""
        weights, known = self._weights(each)
        found: dict[tuple[Span | None, bool, str], float] = defaultdict(float)
        for one, weight in weights:
            spans = self._spans(one) or self._spans(each) or (None,)
            known = known and (len({span and span[:2] for span in spans}) == 1 or weight == 0)
            for span in spans:
                found[span, self.is_backward(one), alike(one.path)] += weight / len(spans)
        whole = sum(found.values())
        parts = [
            Part(span, backward, weight / whole, path) for (span, backward, path), weight in found.items() if weight
        ]
        lines = {part.span and part.span[:2] for part in parts}
        return parts, not known and len(lines) > 1

    def is_backward(self, each: Instruction) -> bool:
        """Return whether it belongs to a backward pass."""
        return self._backward[each.computation, each.name]

    def _note(self, name: str, instructions: Sequence[Instruction]) -> None:
        """Note the direction of each: by its path, or else by its operands or its caller.

        An instruction without a path, such as the compiler's copy, is backward if it uses a value of the backward pass.
        """
        caller = self._callers.get(name)
        around = caller is not None and self._backward.get((caller.computation, caller.name), False)
        for each in instructions:
            if each.path:
                found = "transpose" in transforms_of(each.path)
            else:
                found = around or any(self._backward.get((name, operand), False) for operand in each.operands)
            self._backward[name, each.name] = found

    def _weights(self, each: Instruction) -> tuple[list[tuple[Instruction, float]], bool]:
        """Return the instructions in it with their weights, not all zero; and whether the weights are known."""
        if each.opcode not in INSIDE:
            return [(each, 1.0)], True
        inner = self._leaves(each)
        counts = [self._operations(one) for one in inner]
        if None in counts:
            return [(one, 1.0) for one, count in zip(inner, counts, strict=True) if count is None or count > 0], False
        known = [(one, count) for one, count in zip(inner, counts, strict=True) if count]
        return known or [(each, 1.0)], True

    def _operations(self, each: Instruction) -> float | None:
        """Return the operations of an instruction in a fusion, or the elements that it moves; None if unknown."""
        if each.opcode == "dynamic-update-slice":
            return self._work.bytes(each) / max(self._work.size(each), 1) * self._work.elements(each) / 2
        return float(self._work.elements(each)) if each.opcode in _MOVING else self._work.flops(each)

    def _leaves(self, each: Instruction) -> list[Instruction]:
        found = []
        for one in self._work.inner(each):
            found += self._leaves(one) if one.opcode in INSIDE else [one]
        return found

    def _spans(self, each: Instruction) -> tuple[Span, ...]:
        return (
            each.own
            or each.lent
            or tuple(dict.fromkeys(span for one in self._work.inner(each) for span in (one.own or one.lent)))
        )
