"""A transformation is shown as a glyph, a style and a word."""

import pytest

from jaxtour.render.ir.gutter import NONE, glyph, in_words, legend
from jaxtour.render.text.layout import in_ascii, plain, plain_lines, width_of

ALL = (
    ("jvp",), ("jvp", "transpose"), ("vmap",), ("checkpoint",), ("shard_map",), ("scan",), ("cond",), ("custom_jvp",),
)  # fmt: skip


@pytest.mark.parametrize(
    ("transforms", "word"),
    [
        (("jit",), ""),
        ((), ""),
        (("jit", "jvp"), "forward"),
        (("jit", "transpose", "jvp"), "backward"),
        (("jit", "vmap"), "batched"),
        (("jit", "vmap", "transpose", "jvp"), "backward"),
        (("jit", "vmap", "jvp"), "forward"),
        (("transpose", "jvp", "checkpoint", "rematted_computation"), "recomputed"),
        (("transpose", "jvp", "checkpoint"), "backward"),
        (("checkpoint",), "recomputed"),
        (("shard_map", "vmap"), "batched"),
        (("pmap",), "on each device"),
        (("jit", "while"), "in a loop"),
        (("scan", "cond"), "in a loop"),
        (("custom_vjp_call",), "custom rule"),
        (("unheard_of",), ""),
    ],
)
def test_what_counts_most(transforms, word):
    assert glyph(transforms).word == word


def test_glyphs_are_one_cell_and_apart_in_ascii_too():
    marks = [glyph(transforms) for transforms in ALL]
    assert len({mark.glyph for mark in marks}) == len(marks)
    shown = plain_lines(in_ascii([((mark.glyph, mark.style),) for mark in marks], True)).split()
    assert len(set(shown)) == len(marks)
    assert all(width_of(mark.glyph) == 1 for mark in [*marks, NONE])
    assert "?" not in [sign for sign, mark in zip(shown, marks, strict=True) if mark.word != "in a branch"]


def test_the_legend_has_what_is_there_once_in_one_order():
    assert plain(legend([("vmap",), ("jvp",), ("jit",), ("jvp", "vmap"), ("transpose", "jvp")])) == (
        "← backward  → forward  × batched"
    )
    assert legend([("jit",), ()]) == ()


def test_all_of_it_in_words():
    assert in_words(("jit", "vmap", "transpose", "jvp")) == "backward pass: transpose(jvp), batched by vmap"
    assert in_words(("jvp", "jvp")) == "forward pass of a derivative: jvp"
    assert in_words(("rematted_computation", "checkpoint")).startswith("recomputed in the backward pass")
    assert in_words(("scan", "shard_map")) == "in the body of scan, on each device, in shard_map"
    assert in_words(("jit",)) == ""
