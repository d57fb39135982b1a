"""Makes stages from texts that JAX printed, with the names that the worker would send for each line."""

import re
from pathlib import Path

from jaxtour.engine.messages import Origin, Stage
from jaxtour.engine.stage import assembled
from jaxtour.render.ir.highlight import TYPE

FOLDER = Path(__file__).parent
VERSIONS = ("0.9.2", "0.10.2", "0.12.0")
_BOUND = re.compile(rf"(\w+):{TYPE}")
_LITERAL = re.compile(rf"[\w.+\-]+:{TYPE}")


def printed(stage, version):
    """Return every case of a committed text: its name, its first line's description, its text."""
    folder = {"jaxpr": "jaxprs"}.get(stage, stage)
    text = (FOLDER / folder / f"{version}.txt").read_text()
    return list(cases(text))


def cases(text):
    for case in re.split(r"^=== ", text, flags=re.M)[1:]:
        head, _, body = case.partition("\n")
        name, _, said = head.partition(": ")
        yield name, set(said.split()), body


def stage_text(stage, text, transforms=(), path=""):
    """Return a complete stage; every line has its own origin."""
    lines = text.rstrip("\n").split("\n")
    origins, names = [], []
    for line in lines:
        outs, ins = NAMES[stage](line)
        operation = OPERATION[stage].search(line)
        name = operation[1] if operation else ""
        origins.append(Origin(kind="equation" if name else "other", name=name, transforms=transforms, path=path))
        names.append(f"{' '.join(outs)}={' '.join(ins)}")
    part = Stage(
        run=1, index=0, stage=stage, text="\n".join(lines), lines=tuple(range(len(lines))), origins=tuple(origins),
        names="\n".join(names),
    )  # fmt: skip
    return assembled(None, part)


def _jaxpr(line):
    if "{ lambda" in line or line.lstrip().startswith("in ("):
        inner = re.findall(r"\bin \(([^)]*)\)", line)
        return _BOUND.findall(line), [name for found in inner for name in re.findall(r"\w+", found)]
    if not (" = " in line or " <- " in line or " += " in line or line.lstrip().startswith("]")):
        # The inputs of a multi-line head, or a parameter.
        return ([], []) if "=" in line else (_BOUND.findall(line), [])
    left, equals, right = line.rpartition(" <- " if " <- " in line else " = ")
    outs = _BOUND.findall(left)
    right = _LITERAL.sub("", right)
    if right.endswith("["):
        return outs, []
    if equals:
        right = right.partition(" ")[2]
    return outs, re.findall(r"\b[a-z]\w*\b", re.sub(r"^.*\]", "", right) if "]" in right else right)


def _mlir(line):
    line = line.partition(" loc(")[0]
    if re.match(r"\s*(func\.func|\^|reducer\()", line):
        return re.findall(r"%\w+", line), []
    left, equals, right = line.partition(" = ")
    if "stablehlo.while(" in line:
        return [left.split(":")[0].strip(), *re.findall(r"(%\w+) = ", right)], re.findall(r"= (%\w+)", right)
    if equals and left.lstrip().startswith("%"):
        # Also the parameters of a region that begins in this line.
        inner = re.findall(r"(%\w+): ", right)
        used = re.findall(r"%\w+(?:#\d+)?", right)
        return [left.split(":")[0].strip(), *inner], [name for name in used if name not in inner]
    return [], re.findall(r"%\w+(?:#\d+)?", line)


def _hlo(line):
    if line.endswith("{"):
        return re.findall(r"([\w.\-]+): ", line), []
    left, equals, right = line.partition(" = ")
    outs = re.findall(r"%([\w.\-]+)$", left) if equals else []
    return outs, re.findall(r"%([\w.\-]+)", right.partition("), ")[0]) if outs else []


NAMES = {"jaxpr": _jaxpr, "stablehlo": _mlir, "hlo": _hlo}
OPERATION = {
    "jaxpr": re.compile(r" = ([a-z][\w\-]*)(?=[\[ ]|$)"),
    "stablehlo": re.compile(r"\b((?:stablehlo|func|sdy)\.\w+)"),
    "hlo": re.compile(r"[\])}] ([a-z][\w\-]*)\("),
}
