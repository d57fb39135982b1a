"""Assembles a value that several processes describe: each knows the numbers of its own devices."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

import msgspec

from jaxtour.engine.wire.messages import Leaf, Shard, Value
from jaxtour.text import Raw

_NUMBER = re.compile(r"[^\s\[\]]+")


def gathered(values: Mapping[int, Value]) -> Value:
    """Return process 0's value with the numbers of the others, by process; unchanged if they describe other arrays."""
    own = values[0]
    others = [value for process, value in values.items() if process]
    if own.leaves:
        return msgspec.structs.replace(own, leaves=tuple(_leaf(leaf, others) for leaf in own.leaves))
    alike = [value for value in others if (value.shape, value.dtype) == (own.shape, own.dtype)]
    texts = {_place(shard): shard.text for value in (own, *alike) for shard in value.shards if shard.text.text}
    if not own.shards or not any(shard.text.text for shard in own.shards):
        return own
    shards = tuple(msgspec.structs.replace(shard, text=texts.get(_place(shard), shard.text)) for shard in own.shards)
    text = _whole(own.shape or (), shards)
    if text is None:
        return msgspec.structs.replace(own, shards=shards)
    return msgspec.structs.replace(own, shards=shards, text=Raw(text), length=len(text))


def _leaf(leaf: Leaf, others: Sequence[Value]) -> Leaf:
    found = {1 + at: each.value for at, value in enumerate(others) for each in value.leaves if each.path == leaf.path}
    return msgspec.structs.replace(leaf, value=gathered({0: leaf.value, **found}))


def _place(shard: Shard) -> tuple[int, object]:
    return shard.device, shard.index


def _whole(shape: Sequence[int], shards: Sequence[Shard]) -> str | None:
    """Return the text of the array as NumPy would write it; None if a part is missing."""
    tokens: list[str] = [""] * prod(shape)
    for shard in shards:
        numbers = iter(_NUMBER.findall(shard.text.text))
        for place in product(*(range(start, stop) for start, stop in shard.index)):
            at = 0
            for axis, size in zip(place, shape, strict=True):
                at = at * size + axis
            tokens[at] = next(numbers, tokens[at])
    if not all(tokens):
        return None
    width = max(map(len, tokens), default=0)
    return _nested([token.rjust(width) for token in tokens], shape, 0)


def _nested(tokens: Sequence[str], shape: Sequence[int], depth: int) -> str:
    if not shape:
        return tokens[0].strip()
    if len(shape) == 1:
        return f"[{' '.join(tokens)}]"
    size = len(tokens) // shape[0] if shape[0] else 0
    rows = [_nested(tokens[at * size : (at + 1) * size], shape[1:], depth + 1) for at in range(shape[0])]
    between = "\n" * (len(shape) - 1) + " " * (depth + 1)
    return f"[{between.join(rows)}]"
