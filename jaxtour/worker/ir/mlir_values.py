"""The values that a line of MLIR defines and uses."""

import re

_VALUE = re.compile(r"%[\w.$-]+")
_BLOCK_ARGUMENT = re.compile(r"(%[\w.$-]+)(?::| = )")


def values_named(line: str, starts: str) -> str:
    """The values as `%3=%1 %2`; a line that declares arguments of a function or block defines them."""
    if "%" not in line:
        return ""
    left, equals, right = line.partition(" = ")
    if equals and left.lstrip().startswith("%"):
        outs = _VALUE.findall(left)
        bound = _BLOCK_ARGUMENT.findall(right) if ("%iterArg" in right or right.endswith("{")) else []
        uses = [name for name in _VALUE.findall(right) if name not in bound]
        return f"{' '.join([*outs, *bound])}={' '.join(dict.fromkeys(uses))}"
    if starts.startswith(("func.func", "^", "reducer(")):
        return f"{' '.join(_BLOCK_ARGUMENT.findall(line))}="
    return f"={' '.join(dict.fromkeys(_VALUE.findall(line)))}"
