"""The operations and bytes of one HLO instruction, from the types in its text.

It counts operations as XLA does: one for each element of an elementwise operation, of a reduction's operand and of a
transcendental function, two for each multiplication and addition of a product. None where that is unknown.
"""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from ..ir.hlo import HloReader
from ..ir.instructions import DATA, Computation, Instruction

_ARRAY = re.compile(r"\b([a-z][a-z0-9]*)\[([\d,]*)\]")
_BITS = re.compile(r"\d+")
_CONTRACTED = re.compile(r"lhs_contracting_dims=\{([\d,]*)\}")
_WINDOW = re.compile(r"window=\{size=([\dx]+)")
_KERNEL = re.compile(r"dim_labels=\w+_(\w+)->")
_ELEMENTWISE = frozenset({
    "abs", "add", "and", "atan2", "cbrt", "ceil", "clamp", "compare", "complex", "cosine", "count-leading-zeros",
    "divide", "erf", "exponential", "exponential-minus-one", "floor", "imag", "is-finite", "log", "log-plus-one",
    "logistic", "maximum", "minimum", "multiply", "negate", "not", "or", "popcnt", "power", "real",
    "reduce-precision", "remainder", "round-nearest-afz", "round-nearest-even", "rsqrt", "select", "shift-left",
    "shift-right-arithmetic", "shift-right-logical", "sign", "sine", "sqrt", "stochastic-convert", "subtract", "tan",
    "tanh", "xor",
})  # fmt: skip
_MOVES_ONLY = DATA | {"gather", "concatenate", "pad", "reverse"}
_SLICES = ("dynamic-slice", "slice", "gather")
INSIDE = ("fusion", "call")
"""Opcodes whose work is that of their computations."""


class Work:
    """Counts for the instructions of one module."""

    def __init__(self, module: HloReader) -> None:
        self._parsed = module.parsed
        self._computations: Mapping[str, Computation] = module.computations
        self._at = {
            (whole.name, each.name): each for whole in module.computations.values() for each in whole.instructions
        }

    def inner(self, each: Instruction) -> Sequence[Instruction]:
        """Return the instructions of the computations it calls."""
        return [one for name in each.called for one in self._computations[name].instructions]

    def elements(self, each: Instruction) -> int:
        """Return the elements of its result, of all arrays together."""
        return sum(count for count, _ in self._arrays(each))

    def size(self, each: Instruction) -> int:
        """Return the bytes of its result."""
        return sum(math.ceil(count * bits / 8) for count, bits in self._arrays(each))

    def flops(self, each: Instruction) -> float | None:
        """Return its operations; None if unknown."""
        opcode = each.opcode
        if opcode in _MOVES_ONLY:
            return 0.0
        if opcode in _ELEMENTWISE:
            return float(self.elements(each))
        if opcode in INSIDE:
            inner = [self.flops(one) for one in self.inner(each)]
            known = [count for count in inner if count is not None]
            return math.fsum(known) if len(known) == len(inner) else None
        text = self._parsed.texts[each.line]
        if opcode == "dot" and (dims := _CONTRACTED.search(text)) and (left := self._operand(each, 0)):
            shape = self._shape(left)
            contracted = [shape[int(dim)] for dim in dims[1].split(",") if dim and int(dim) < len(shape)]
            return float(2 * self.elements(each) * math.prod(contracted))
        if opcode == "convolution" and (labels := _KERNEL.search(text)) and (kernel := self._operand(each, 1)):
            features: int = dict(zip(labels[1], self._shape(kernel), strict=False)).get("o", 1)
            return 2.0 * self.elements(each) * self.elements(kernel) / max(features, 1)
        if opcode == "reduce":
            operands = [one for number in range(len(each.operands) // 2) if (one := self._operand(each, number))]
            return float(sum(map(self.elements, operands))) if operands else None
        if opcode == "reduce-window" and (window := _WINDOW.search(text)):
            return float(self.elements(each) * math.prod(map(int, window[1].split("x"))))
        if opcode == "scatter" and each.operands and (updates := self._operand(each, len(each.operands) - 1)):
            return float(self.elements(updates))
        return None

    def bytes(self, each: Instruction) -> float:
        """Return the bytes that it reads and writes, if it reads each operand once; of a slice, only the part taken."""
        if each.opcode in INSIDE:
            return self._read_inside(each) + self._written(each)
        operands = [one for number in range(len(each.operands)) if (one := self._operand(each, number))]
        if each.opcode in _SLICES:
            return 2.0 * self.size(each)
        if each.opcode == "dynamic-update-slice" and len(operands) > 1:
            return 2.0 * self.size(operands[1])
        return float(sum(map(self.size, operands)) + self.size(each))

    def _read_inside(self, each: Instruction) -> float:
        inner = self.inner(each)
        read = 0.0
        for parameter in inner:
            if parameter.opcode != "parameter":
                continue
            users = [one for one in inner if parameter.name in one.operands]
            if users and all(one.opcode in _SLICES and one.operands[0] == parameter.name for one in users):
                read += sum(map(self.size, users))
            elif not (users and all(self._overwrites(one, parameter) for one in users)):
                read += self.size(parameter)
        return read

    def _written(self, each: Instruction) -> float:
        roots = [one for one in self.inner(each) if one.root]
        if roots and roots[0].opcode == "dynamic-update-slice" and (update := self._operand(roots[0], 1)):
            return float(self.size(update))
        return float(self.size(each))

    @staticmethod
    def _overwrites(each: Instruction, parameter: Instruction) -> bool:
        """Return whether it writes part of the parameter in place, without reading any of it."""
        return each.opcode == "dynamic-update-slice" and each.operands[0] == parameter.name

    def _operand(self, each: Instruction, number: int) -> Instruction | None:
        names = each.operands[number : number + 1]
        return self._at.get((each.computation, names[0])) if names else None

    def _arrays(self, each: Instruction) -> list[tuple[int, int]]:
        """Return elements and bits per element of each array of its result."""
        return [(math.prod(dims), bits) for dims, bits in self._types.get(each.line, ())]

    def _shape(self, each: Instruction) -> tuple[int, ...]:
        return next((dims for dims, _ in self._types.get(each.line, ())), ())

    @cached_property
    def _types(self) -> dict[int, list[tuple[tuple[int, ...], int]]]:
        """Shapes and bits of each instruction's result, by line."""
        rows = [
            [(_dims(dims), _bits(name)) for name, dims in _ARRAY.findall(text)] for text in self._parsed.types.texts
        ]
        return {
            each.line: rows[int(self._parsed.typed[each.line].lstrip("i"))]
            for whole in self._computations.values()
            for each in whole.instructions
        }


def _dims(written: str) -> tuple[int, ...]:
    return tuple(int(dim) for dim in written.split(",") if dim)


def _bits(name: str) -> int:
    """Return the bits of an element, from names such as `bf16`, `f8e4m3fn`; `c64` counts both parts, `pred` a byte."""
    found = _BITS.search(name)
    return int(found[0]) if found else 8
