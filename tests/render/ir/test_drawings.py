"""Drawings of axes, from equations as every JAX version prints them."""

import pytest
from stages import VERSIONS, printed, stage_text

from jaxtour.render.ir.applied import Applied, applied
from jaxtour.render.ir.drawings import Shaped, drawing
from jaxtour.render.ir.variables import type_at
from jaxtour.render.text.spans import plain


def drawn(text, operands):
    """Return the drawing of an equation; its operands' types are given instead of their definitions."""
    lines = text.split("\n")
    stage = stage_text("jaxpr", text)
    equation = applied(lines, 0)
    results = [Shaped(name, type_at(stage, 0, name)) for name in stage.names_of(0)[0]]
    given = [Shaped(name, kind) for name, kind in zip(equation.operands, operands, strict=True)]
    return [plain(line) for line in drawing(equation, given, results)]


@pytest.mark.parametrize(
    ("text", "operands", "lines"),
    [
        ("c:f32[10,5] = dot_general[dimension_numbers=(([1], [0]), ([], []))] a b", ["f32[10,8]", "f32[8,5]"], [
            "a  f32[10,8]  axes i k",
            "b  f32[8,5]   axes k j",
            "c  f32[10,5]  axes i j   = sum over k",
        ]),
        ("c:f32[] = dot_general[dimension_numbers=(([0], [0]), ([], []))] a b", ["f32[8]", "f32[8]"], [
            "a  f32[8]  axes k", "b  f32[8]  axes k", "c  f32[]   axes none   = sum over k"]),
        ("c:f32[2,3] = dot_general[dimension_numbers=(([], []), ([], []))] a b", ["f32[2]", "f32[3]"], [
            "a  f32[2]    axes i", "b  f32[3]    axes j", "c  f32[2,3]  axes i j   = product, no sum"]),
        ("b:f32[4,2,3] = transpose[permutation=(2, np.int64(0), 1)] a", ["f32[2,3,4]"], [
            "a  f32[2,3,4]  axes i j k", "b  f32[4,2,3]  axes k i j"]),
        ("b:f32[5,2,3] = broadcast_in_dim[broadcast_dimensions=(1, 2)] a", ["f32[2,1]"], [
            "a  f32[2,1]    axes i j", "b  f32[5,2,3]  axes · i j   · is new: the same 5 times; j repeated"]),
        ("b:f32[3] = reduce_sum[axes=(0, 2)] a", ["f32[2,3,4]"], [
            "a  f32[2,3,4]  axes i j k", "b  f32[3]      axes j   = sum over i, k"]),
        ("b:i32[2] = argmax[axes=(1,) index_dtype=int32] a", ["f32[2,3]"], [
            "a  f32[2,3]  axes i j", "b  i32[2]    axes i   = place of the greatest over j"]),
        ("b:f32[6,4] = reshape[dimensions=None new_sizes=(6, 4)] a", ["f32[2,3,4]"], [
            "2·3 → 6   24 elements, row after row"]),
        ("b:f32[1,4] = reshape[dimensions=None new_sizes=(1, 4)] a", ["f32[4]"], [
            "only axes of size 1 come or go"]),
        ("b:f32[0] = reshape[dimensions=None new_sizes=(0,)] a", ["f32[2,0]"], ["only axes of size 1 come or go"]),
        ("c:f32[5] = concatenate[dimension=0] a b", ["f32[2]", "f32[3]"], ["axis 0: 2 + 3 = 5"]),
        ("b:f32[3] = squeeze[dimensions=(0,)] a", ["f32[1,3]"], ["a  f32[1,3]  axes i j", "b  f32[3]    axes j"]),
        ("b:f32[2,1] = slice[limit_indices=(4, 2) start_indices=(0, 1) strides=(2, 1)] a", ["f32[5,2]"], [
            "a[0:4:2, 1:2]"]),
        ("b:f32[1] = dynamic_slice[slice_sizes=(1,)] a i", ["f32[5]", "i32[]"], ["a[i:i+1]"]),
        ("b:f32[4] = pad[padding_config=((1, 0, 0),)] a z", ["f32[3]", "f32[]"], ["axis 0: 1 before"]),
        ("d:f32[] = cond[branches=({ lambda ; e:f32[]. let in (e,) } { lambda ; g:f32[]. let in (g,) })] c a",
         ["i32[]", "f32[]"], ["c chooses one of 2 branches, which take 1 operand"]),
        ("d:f32[] = select_n c a b", ["bool[]", "f32[]", "f32[]"], ["c false: a, true: b"]),
        ("b:f32[] c:f32[5] = scan[length=5 num_carry=1 num_consts=2] k l x y", ["f32[]"] * 4, [
            "2 constants, 1 carried, 1 xs → 1 carried, 1 stacked; 5 times"]),
        ("b:f32[] c:f32[5] = scan[ft_in=((None, None), (None,), (None,)) ft_out=((None,), (None,)) length=5] k l x y",
         ["f32[]"] * 4, ["2 constants, 1 carried, 1 xs → 1 carried, 1 stacked; 5 times"]),
        ("g:f32[2,3] = gather[dimension_numbers=GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,), "
         "start_index_map=(0,), operand_batching_dims=(), start_indices_batching_dims=()) slice_sizes=(1, 3)] b f",
         ["f32[3,3]", "i32[2,1]"], [
            "b  f32[3,3]  axes i j", "f  i32[2,1]  axes b ·   · holds a place along i", "g  f32[2,3]  axes b j"]),
        ("e:f32[2,8,8,4] = conv_general_dilated[dimension_numbers=ConvDimensionNumbers(lhs_spec=(0, 3, 1, 2), "
         "rhs_spec=(3, 2, 0, 1), out_spec=(0, 3, 1, 2)) padding=((1, 1), (1, 1))] d c",
         ["f32[2,8,8,3]", "f32[3,3,3,4]"], [
            "d  f32[2,8,8,3]  axes N H W C   N batch, C feature",
            "c  f32[3,3,3,4]  axes H W I O   O out, I in",
            "e  f32[2,8,8,4]  axes N H W C",
        ]),
    ],
)  # fmt: skip
def test_axes(text, operands, lines):
    assert drawn(text, operands) == lines


@pytest.mark.parametrize(
    "text",
    [
        "c:f32[2] = dot_general[dimension_numbers=DotDimensionNumbers(...)] a b",
        "c:f32[2] = dot_general[] a b",
        "c:f32[2] = dot_general[dimension_numbers=(([7], [9]), ([], []))] a b",
        "c:f32[2] = reduce_sum[axes=(5,)] a b",
        "c:f32[2] = scan[length=5] a b",
        "c:f32[2] = gather[mode=clip] a b",
        "c:f32[2] = sin a b",
    ],
)
def test_what_is_not_understood_is_not_drawn(text):
    assert drawn(text, ["f32[2]", "f32[2]"]) == []


def test_a_hostile_parameter_is_no_value():
    deep = Applied("transpose", {"permutation": "(" * 100_000}, ("a",))
    assert deep.value("permutation") is None
    assert drawing(deep, [Shaped("a", "f32[2]")], [Shaped("b", "f32[2]")]) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_scan_of_every_version(version):
    text = next(text for name, _, text in printed("jaxpr", version) if name == "scan")
    lines = text.split("\n")
    line = next(number for number, each in enumerate(lines) if "= scan[" in each)
    equation = applied(lines, line)
    things = [Shaped(name, "f32[]") for name in ("b", "c")]
    drawn = drawing(equation, [Shaped(name, "f32[]") for name in equation.operands], things)
    assert [plain(line) for line in drawn] == ["1 carried, 1 xs → 1 carried, 1 stacked; 5 times"]
