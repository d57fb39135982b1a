"""Reads the buffers in XLA's message about memory that ran out, on GPUs and TPUs.

XLA lists the largest ones with their operators: `BufferAssignment::ToString` and the TPU compiler's report, as in
https://github.com/jax-ml/jax/issues/13428 and https://github.com/sokrypton/ColabFold/issues/62.
"""

import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

EXHAUSTED = "RESOURCE_EXHAUSTED"
_LIST = re.compile(r"^[ \t]*(?:Peak buffers:|Largest program allocations in \w+:)[ \t]*$", re.M)
_STATS = re.compile(r"^[ \t]*(?:BufferAssignment OOM Debugging\.|Total \w+ usage >=|Program \w+ requirement)", re.M)
_BUFFER = re.compile(r"^[ \t]*(?:Buffer \d+:\s*Size:|\d+\. Size:)[ \t]*(?P<size>\S+)", re.M)
_FIELD = re.compile(
    r"^[ \t]*(?P<name>Operator|XLA [Ll]abel|Entry Parameter Subshape|Shape|Allocation type):[ \t]*(?P<value>.*)$", re.M
)
_OPERATOR = re.compile(r'op_name="(?P<name>[^"]*)"')
_SOURCE = re.compile(r'source_file="(?P<file>[^"]*)"\s+source_line=(?P<line>\d+)')
_LABEL = re.compile(r"%?(?P<name>[\w.-]+)(?: = \S+ (?P<opcode>[\w-]+)\()?")
_LAYOUT = re.compile(r"\{[^}]*\}$")
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[KMGTP]?)(?:iB|B)?")
_UNITS = {unit: 1024**power for power, unit in enumerate(("", "K", "M", "G", "T", "P"))}


class Buffer(NamedTuple):
    """One buffer of a program that did not fit."""

    bytes: int
    shape: str
    """`f32[4096,128,3]`, without its layout."""
    what: str
    """A type and shape such as `f32[4096,128,3]`, without its layout."""
    operation: str = ""
    """The last part of the operator's name: `dot_general`."""
    backward: bool = False
    """Whether the operation belongs to a backward pass."""
    file: str = ""
    line: int = 0
    """Where the operation is, according to XLA; 0 if unknown."""


class OutOfMemory(NamedTuple):
    """A message's text outside its list, and the buffers, largest first."""

    said: str
    buffers: tuple[Buffer, ...]


@lru_cache(maxsize=8)
def out_of_memory(message: str) -> OutOfMemory | None:
    """Return the buffers in the message; None if it does not say that memory ran out, or lists none."""
    begins = _LIST.search(message)
    if begins is None or not (EXHAUSTED in message or "memory" in message[: begins.start()]):
        return None
    listed = message[begins.end() :]
    starts = [found.start() for found in _BUFFER.finditer(listed)]
    pieces = [listed[start:end] for start, end in pairwise([*starts, len(listed)])]
    buffers = [buffer for piece in pieces if (buffer := _buffer(piece))]
    if not buffers:
        return None
    stats = _STATS.search(message)
    said = message[: stats.start() if stats else begins.start()].rstrip()
    return OutOfMemory(said, tuple(sorted(buffers, key=lambda buffer: -buffer.bytes)))


def size_of(text: str) -> int | None:
    """Return the bytes of XLA's `384.0KiB`, `29.82M` or `0B`; None for other text."""
    found = _SIZE.fullmatch(text)
    return round(float(found["number"]) * _UNITS[found["unit"]]) if found else None


def _buffer(piece: str) -> Buffer | None:
    head = _BUFFER.match(piece)
    size = size_of(head["size"]) if head else None
    if size is None:
        return None
    # An operator's name may span lines, so the first value of each field counts.
    fields: dict[str, str] = {}
    for found in _FIELD.finditer(piece):
        fields.setdefault(found["name"].lower(), found["value"].strip())
    argument = fields.get("entry parameter subshape")
    label = _LABEL.match(fields.get("xla label", ""))
    opcode = (label["opcode"] or label["name"].rstrip("0123456789.")) if label else ""
    name = _OPERATOR.search(piece)
    path = name["name"].split("[")[0] if name else ""
    source = _SOURCE.search(piece)
    return Buffer(
        bytes=size,
        shape=_LAYOUT.sub("", argument or fields.get("shape", "")),
        what="argument" if argument else opcode or fields.get("allocation type", ""),
        operation=path.rpartition("/")[2],
        backward="transpose(" in path,
        file=source["file"] if source else "",
        line=int(source["line"]) if source else 0,
    )
