"""Describes the transformations of a line: a glyph, a style and a word."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from jaxtour.render.text.spans import Line, Style


class TransformMark(NamedTuple):
    """The mark of a line."""

    glyph: str
    """One cell; `layout.in_ascii` has a substitute for each."""
    style: Style
    word: str


NONE = TransformMark(" ", "", "")
_RECOMPUTED = ("rematted_computation", "remat", "rematted")

# The first one present wins: a backward line stays backward whatever else applies.
_MARKS: Mapping[str, TransformMark] = {
    **dict.fromkeys(_RECOMPUTED, TransformMark("≈", "warning", "recomputed")),
    "transpose": TransformMark("←", "keyword", "backward"),
    "checkpoint": TransformMark("≈", "warning", "recomputed"),
    **dict.fromkeys(("jvp", "linearize"), TransformMark("→", "function", "forward")),
    "vmap": TransformMark("×", "type", "batched"),
    **dict.fromkeys(("shard_map", "pmap"), TransformMark("■", "constant", "on each device")),
    **dict.fromkeys(("scan", "while", "fori_loop"), TransformMark("@", "number", "in a loop")),
    "cond": TransformMark("?", "number", "in a branch"),
    **dict.fromkeys(("custom_jvp", "custom_vjp"), TransformMark("*", "string", "custom rule")),
}
_ORDER = tuple(dict.fromkeys(_MARKS.values()))
_CALLS = {"custom_jvp_call": "custom_jvp", "custom_vjp_call": "custom_vjp", "remat2": "checkpoint"}
_PHRASES = {
    "vmap": "batched by vmap",
    "shard_map": "on each device, in shard_map",
    "pmap": "on each device, in pmap",
    "scan": "in the body of scan",
    "while": "in a while loop",
    "cond": "in a branch of cond",
    "checkpoint": "inside checkpoint",
    "custom_jvp": "in a custom_jvp function",
    "custom_vjp": "in a custom_vjp function",
}


def glyph(transforms: Iterable[str]) -> TransformMark:
    """The mark of a line, by its most important transformation; a space without any."""
    present = {_CALLS.get(name, name) for name in transforms}
    return next((mark for name, mark in _MARKS.items() if name in present), NONE)


def legend(every: Iterable[Iterable[str]]) -> Line:
    """The meaning of these lines' glyphs: `→ forward  ← backward`; empty without any."""
    present = {glyph(transforms) for transforms in every}
    spans: list[tuple[str, Style]] = []
    for mark in _ORDER:
        if mark in present:
            spans += [("  ", ""), (mark.glyph, mark.style), (f" {mark.word}", "muted")]
    return tuple(spans[1:])


def in_words(transforms: Iterable[str]) -> str:
    """A line's transformations in words: `backward pass: transpose(jvp), batched by vmap`."""
    names = [_CALLS.get(name, name) for name in transforms]
    said = []
    if any(name in _RECOMPUTED for name in names):
        said.append("recomputed in the backward pass, as checkpoint requests")
    elif "transpose" in names:
        said.append("backward pass: transpose(jvp)")
    elif "jvp" in names or "linearize" in names:
        # Counting them would mislead: one derivative of a `custom_jvp` or a checkpoint has two `jvp` on its stack.
        said.append("forward pass of a derivative: jvp")
    said += [_PHRASES[name] for name in dict.fromkeys(names) if name in _PHRASES]
    return ", ".join(said)
