"""Jaxprs of lesson code, walked and printed."""

import linecache
from dataclasses import dataclass
from typing import Any

import jax

from jaxtour.worker.ir.origins import Parsed
from jaxtour.worker.ir.printed import printed
from jaxtour.worker.ir.walk import Walk

FILE = "<jaxtour:a/b>"
HEAD = "import functools, jax, jax.numpy as jnp\n"


@dataclass
class Seen:
    """A jaxpr as shown, and its code."""

    code: str
    walk: Walk
    parsed: Parsed

    @property
    def rows(self) -> list[tuple[str, dict[str, Any]]]:
        """Each line and its origin."""
        table = self.walk.table.rows
        return [(line, table[place]) for line, place in zip(self.parsed.texts, self.parsed.lines, strict=True)]

    def origins(self, primitive: str) -> list[dict[str, Any]]:
        """Return the distinct origins of a primitive's equations, in the order of the lines."""
        places = dict.fromkeys(self.parsed.lines)
        return [row for place in places if (row := self.walk.table.rows[place]).get("name") == primitive]

    def says(self, span: tuple[Any, ...]) -> str:
        """Return the code at a span."""
        _, line, column, end_line, end_column, _ = span
        lines = self.code.splitlines()[line - 1 : end_line]
        lines[-1] = lines[-1][: end_column - 1]
        lines[0] = lines[0][column - 1 :]
        return "\n".join(lines)

    def sources(self, primitive: str) -> list[str]:
        """Return the code at the source of each equation of a primitive."""
        return [self.says(span) for origin in self.origins(primitive) for span in origin["spans"]]


def registered(code: str, file: str = FILE) -> None:
    """Register these lines under the file's name."""
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)


def executed(code: str, file: str = FILE) -> dict[str, Any]:
    """Execute code registered under the file's name; returns its namespace."""
    registered(code, file)
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, file, "exec"), space)
    return space


def seen(code: str, call: str, around: tuple[Any, ...] = ()) -> Seen:
    """Return the jaxpr of a call of a function in the code."""
    whole = HEAD + code
    space = executed(whole)
    function, _, arguments = call.partition("(")
    values = eval(f"({arguments[:-1]},)", space)
    jaxpr = jax.make_jaxpr(space[function] if function in space else eval(function, space))(*values)
    walk = Walk(jaxpr, around)
    return Seen(whole, walk, printed(jaxpr, walk))
