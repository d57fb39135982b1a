"""Small changes to a module that some test should notice.

They edit the text at the positions that `ast` gives, and leave the rest as written. Types, decorators, docstrings,
assertions and f-strings stay unchanged.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SWAPS: dict[type[ast.AST], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in", ast.And: "or", ast.Or: "and",
    ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*", ast.Div: "*",
}  # fmt: skip
"""The replacement of each operator: its neighbour, where tests are thinnest."""
WRITTEN = re.compile(r"is\s+not\b|not\s+in\b|\b(?:is|in|and|or)\b|<=|>=|==|!=|//|[-+*/<>]")
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
UNTOUCHED = {"annotation", "returns", "type_params", "decorator_list"}
"""Parts of the syntax tree that only declare."""


@dataclass(frozen=True, order=True)
class Mutation:
    """One change: `text` replaces the characters from `start` up to `end`."""

    start: int
    end: int
    text: str

    def of(self, source: str) -> str:
        """Return the whole module with the change."""
        return source[: self.start] + self.text + source[self.end :]

    def line(self, source: str) -> int:
        """Return its line, counted from one."""
        return source.count("\n", 0, self.start) + 1

    def told(self, source: str) -> tuple[str, str]:
        """Return the lines around the change, before and after, each joined into one line."""
        first, last = source.rfind("\n", 0, self.start) + 1, source.find("\n", self.end)
        then = source[first : self.start] + self.text + source[self.end : last]
        return " ".join(source[first:last].split()), " ".join(then.split())


def mutations(source: str) -> list[Mutation]:
    """Return every mutation of a module that ends with a line break, in the order of its text."""
    return sorted(set(_Mutator(source).within(ast.parse(source))))


class _Mutator:
    """Walks a module and yields its mutations."""

    def __init__(self, source: str) -> None:
        self.source = source
        lines = [f"{line}\n" for line in source.split("\n")]
        self._starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
        self._lines = [line.encode() for line in lines]

    def within(self, node: ast.AST) -> Iterator[Mutation]:
        """Yield the mutations of a node and all its children."""
        match node:
            case ast.Assert() | ast.JoinedStr() | ast.Expr(value=ast.Constant()):
                # Before Python 3.12, nodes inside an f-string have no positions.
                return
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                return
        yield from self._of(node)
        for name, value in ast.iter_fields(node):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST) and name not in UNTOUCHED:
                    yield from self.within(part)

    def _of(self, node: ast.AST) -> Iterator[Mutation]:
        match node:
            case ast.stmt():
                yield from self._statement(node)
            case ast.Compare(left=left, comparators=rights, ops=operators):
                for (before, after), operator in zip(pairwise([left, *rights]), operators, strict=True):
                    yield from self._swap(before, after, operator)
            case ast.BoolOp(values=values, op=operator):
                for before, after in pairwise(values):
                    yield from self._swap(before, after, operator)
            case ast.BinOp(left=left, right=right, op=operator):
                yield from self._swap(left, right, operator)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self._instead(node, f"({self._text(operand)})")
            case ast.IfExp(test=test):
                yield self._instead(test, f"(not ({self._text(test)}))")
            case ast.comprehension(ifs=tests):
                yield from (self._instead(test, "True") for test in tests)
            case ast.Constant(value=bool()):
                yield self._instead(node, str(not node.value))
            case ast.Constant(value=int() | float()):
                yield from (self._instead(node, f"({self._text(node)} {change})") for change in ("+ 1", "- 1"))
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield self._instead(node.func, CALLS[name])
            case ast.keyword(arg=str()):
                start, end = self._range(node)
                rest = re.compile(r"\s*,?\s?").match(self.source, end)
                yield Mutation(start, rest.end() if rest else end, "")

    def _statement(self, node: ast.stmt) -> Iterator[Mutation]:
        match node:
            case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Raise() | ast.Delete():
                yield self._instead(node, "pass")
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield self._instead(node, "pass")
            case ast.If(test=test) | ast.While(test=test):
                yield self._instead(test, f"(not ({self._text(test)}))")
            case ast.For(iter=several):
                yield self._instead(several, "()")
            case ast.Continue():
                yield self._instead(node, "break")
            case ast.Break():
                yield self._instead(node, "continue")
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                yield self._instead(value, "None")

    def _swap(self, left: ast.expr, right: ast.expr, operator: ast.AST) -> Iterator[Mutation]:
        """Swap the operator between two operands, perhaps with brackets or a line break."""
        written = WRITTEN.search(self.source, self._range(left)[1], self._range(right)[0])
        if written and type(operator) in SWAPS:
            yield Mutation(written.start(), written.end(), SWAPS[type(operator)])

    def _instead(self, node: ast.AST, text: str) -> Mutation:
        return Mutation(*self._range(node), text)

    def _text(self, node: ast.AST) -> str:
        start, end = self._range(node)
        return self.source[start:end]

    def _range(self, node: ast.AST) -> tuple[int, int]:
        """Return the first character of a node and the one after its last."""
        assert isinstance(node, ast.expr | ast.stmt | ast.keyword)
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    def _place(self, line: int, column: int) -> int:
        """Return the index of a position in the text; `ast` counts columns in UTF-8 bytes."""
        return self._starts[line - 1] + len(self._lines[line - 1][:column].decode())
