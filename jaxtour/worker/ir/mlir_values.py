"""The values that a line of MLIR defines and uses, and their types."""

import re

from .origins import Parsed, cut

_VALUE = re.compile(r"%[\w.$-]+")
_BLOCK_ARGUMENT = re.compile(r"(%[\w.$-]+)(?::| = )")
_RESULTS = re.compile(r"\s*%[\w.$-]+(?::(\d+))? = ")
_ANGLES = r"<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>"
_TYPE = re.compile(rf"!?[a-z][\w.]*(?:{_ANGLES})?")
_OWN_TYPE = re.compile(rf"(%[\w.$-]+): ({_TYPE.pattern})")
_INPUTS = ("func.func", "^", "reducer(")
"""The starts of lines that declare the inputs of a function, a block or a reduction."""


def values_named(line: str, starts: str) -> str:
    """Return a line's values as `%3=%1 %2`; a line that declares arguments of a function or block defines them."""
    if "%" not in line:
        return ""
    left, equals, right = line.partition(" = ")
    if equals and left.lstrip().startswith("%"):
        outs = _VALUE.findall(left)
        bound = _BLOCK_ARGUMENT.findall(right) if ("%iterArg" in right or right.endswith("{")) else []
        uses = [name for name in _VALUE.findall(right) if name not in bound]
        return f"{' '.join([*outs, *bound])}={' '.join(dict.fromkeys(uses))}"
    if starts.startswith(_INPUTS):
        return f"{' '.join(_BLOCK_ARGUMENT.findall(line))}="
    return f"={' '.join(dict.fromkeys(_VALUE.findall(line)))}"


def add_line(parsed: Parsed, line: str, number: int, starts: str) -> None:
    """Add a line with its variables, and their types unless the operation ends on a line below."""
    parsed.add(line, values_named(line, starts))
    if not (starts.startswith("%") and line.endswith("{")):
        note_types(parsed, number, line)


def note_types(parsed: Parsed, number: int, ends: str) -> None:
    """Set the types of the variables that a line defines; `ends` is the last line of the operation: `(a) -> b`."""
    line, defined = parsed.texts[number], parsed.names[number].partition("=")[0].split()
    if not defined or parsed.typed[number]:
        return
    types: dict[str, list[str]] = {name: [type_] for name, type_ in _OWN_TYPE.findall(line)}
    kind = "i" if line.lstrip().startswith(_INPUTS) else ""
    if results := _RESULTS.match(line):
        every = _TYPE.findall(ends.rpartition(" -> " if " -> " in ends else " : ")[2])
        carried = [name for name in defined[1:] if name not in types]
        if len(carried) == len(every):
            types |= {name: [type_] for name, type_ in zip(carried, every, strict=True)}
        # `select` prints the type of its predicate before the type of its result.
        types[defined[0]] = every[-int(results[1] or 1) :]
    places = [[str(parsed.types.add(cut(each), number)) for each in types.get(name, ())] for name in defined]
    parsed.typed[number] = " ".join(f"{kind}{','.join(place)}" or "-" for place in places)
