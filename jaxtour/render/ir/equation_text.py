"""How JAX prints jaxprs: what is told apart in the text of one, or of one equation."""

import re
from collections.abc import Container, Iterator

HEADER = re.compile(r"\{ lambda\b")
PARAMETER = re.compile(r"(?:^|(?<=\s))([A-Za-z_]\w*)=")
OF_JAXPRS = re.compile(r"jaxpr|branches|call")
"""Names of parameters that are jaxprs."""


def head(text: str) -> tuple[str, str, str]:
    """A jaxpr's constants, its inputs, and what follows behind `let`."""
    binders, _, rest = text.partition(". let")
    constants, _, inputs = binders.removeprefix("{ lambda").rpartition(";")
    return constants, inputs, rest.strip()


def indent(text: str) -> int:
    """How many spaces a line begins with."""
    return len(text) - len(text.lstrip(" "))


def equals(text: str) -> int:
    """Where the right side of an equation begins: behind ` = `, or at the start where nothing is defined."""
    place, opening = text.find(" = "), text.find("=")
    return place + 3 if 0 <= place < opening else 0


def sides(text: str) -> tuple[str, str]:
    """What an equation defines, and how."""
    place = equals(text)
    return (text[: place - 3], text[place:].strip()) if place else ("", text.strip())


def parts(text: str) -> list[str]:
    """The pieces between semicolons that are outside every bracket; what closes the jaxpr is left out."""
    opened, start = 0, 0
    found: list[str] = []
    for place, character in enumerate(text):
        opened += (character in "([{") - (character in ")]}")
        if opened < 0:
            return [*found, text[start:place]]
        if opened == 0 and text.startswith("; ", place):
            found.append(text[start:place])
            start = place + 2
    return [*found, text[start:]]


def without_jaxprs(inside: str) -> str:
    """The parameters with nothing between the braces of each jaxpr."""
    kept: list[str] = []
    while found := HEADER.search(inside):
        kept.append(inside[: found.start()])
        opened, end = 0, len(inside)
        for brace in re.finditer(r"[{}]", inside[found.start() :]):
            opened += 1 if brace[0] == "{" else -1
            if opened == 0:
                end = found.start() + brace.end()
                break
        inside = inside[end:]
    return "".join((*kept, inside))


def pieces(inside: str) -> Iterator[tuple[str, str]]:
    """Each parameter's name and text, of those that stand outside every bracket."""
    starts = [found for found in PARAMETER.finditer(inside) if depth(inside[: found.start()]) == 0]
    ends = [*(found.start() for found in starts[1:]), len(inside)]
    for found, end in zip(starts, ends, strict=False):
        yield found[1], inside[found.end() : end].strip()


def depth(text: str) -> int:
    """How many brackets are open behind a text."""
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))


def parameters(inside: str, defined: Container[str]) -> Iterator[tuple[str, str]]:
    """Each parameter that is no jaxpr, with its text; `defined` are the jaxprs printed elsewhere."""
    for name, text in pieces(inside):
        rest = re.sub(r"[\s(),]+", " ", text).strip()
        if not OF_JAXPRS.search(name) or (rest and not all(word in defined for word in rest.split())):
            yield name, text
