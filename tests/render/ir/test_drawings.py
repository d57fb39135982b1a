"""Axes are drawn for equations as JAX makes them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from recorded import program, traced
from stages import VERSIONS

from jaxtour.engine.wire.messages import Origin
from jaxtour.render.ir.drawings import drawing
from jaxtour.render.ir.equations import Equation, Parameter, TypedName, jaxpr_of
from jaxtour.render.text.layout import plain


def drawn(stage, at=-1):
    """Return the drawing of one of a jaxpr's own equations."""
    jaxpr = jaxpr_of(stage)
    equations = list(jaxpr.equations)
    bound = (*jaxpr.constants, *jaxpr.inputs, *(each for equation in equations for each in equation.outs))
    types = {each.name: each.type for each in bound}
    equation = equations[at]
    given = [TypedName(each.value, types.get(each.text, each.text.rpartition(":")[2])) for each in equation.operands]
    return [plain(line) for line in drawing(equation, given, equation.outs)]


def f32(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def i32(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.int32)


def dot(contract, batch=((), ())):
    return lambda a, b: lax.dot_general(a, b, (contract, batch))


def scanned(k, m, x, y):
    return lax.scan(lambda carry, each: (carry * k + m, each + carry), x, y)


def gathered(b, f):
    numbers = lax.GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0,))
    return lax.gather(b, f, numbers, (1, 3), mode="clip")


def scattered(a, f, u):
    numbers = lax.ScatterDimensionNumbers((1,), (0,), (0,))
    return lax.scatter_add(a, f, u, numbers, mode="clip")


def convolved(a, b):
    return lax.conv_general_dilated(a, b, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


@pytest.mark.parametrize(
    ("function", "arguments", "lines"),
    [
        (dot(((1,), (0,))), (f32(10, 8), f32(8, 5)), [
            "a  f32[10,8]  axes i k", "b  f32[8,5]   axes k j", "c  f32[10,5]  axes i j   = sum over k"]),
        (dot(((0,), (0,))), (f32(8), f32(8)), [
            "a  f32[8]  axes k", "b  f32[8]  axes k", "c  f32[]   axes none   = sum over k"]),
        (dot(((), ())), (f32(2), f32(3)), [
            "a  f32[2]    axes i", "b  f32[3]    axes j", "c  f32[2,3]  axes i j   = product, no sum"]),
        (lambda a: lax.transpose(a, (2, np.int64(0), 1)), (f32(2, 3, 4),), [
            "a  f32[2,3,4]  axes i j k", "b  f32[4,2,3]  axes k i j"]),
        (lambda a: lax.broadcast_in_dim(a, (5, 2, 3), (1, 2)), (f32(2, 1),), [
            "a  f32[2,1]    axes i j", "b  f32[5,2,3]  axes · i j   · is new: repeated 5 times; j repeated"]),
        (lambda a: a.sum((0, 2)), (f32(2, 3, 4),), [
            "a  f32[2,3,4]  axes i j k", "b  f32[3]      axes j   = sum over i, k"]),
        (lambda a: lax.argmax(a, 1, jnp.int32), (f32(2, 3),), [
            "a  f32[2,3]  axes i j", "b  i32[2]    axes i   = index of the largest over j"]),
        (lambda a: lax.reshape(a, (6, 4)), (f32(2, 3, 4),), ["2·3 → 6   24 elements, row-major"]),
        (lambda a: lax.reshape(a, (1, 4)), (f32(4),), ["only adds or removes axes of size 1"]),
        (lambda a: lax.reshape(a, (0,)), (f32(2, 0),), ["only adds or removes axes of size 1"]),
        (lambda a, b: lax.concatenate([a, b], 0), (f32(2), f32(3)), ["axis 0: 2 + 3 = 5"]),
        (lambda a: lax.split(a, (2, 3), 0), (f32(5),), ["axis 0: 5 = 2 + 3"]),
        (lambda a: lax.squeeze(a, (0,)), (f32(1, 3),), ["a  f32[1,3]  axes i j", "b  f32[3]    axes j"]),
        (lambda a: lax.slice(a, (0, 1), (4, 2), (2, 1)), (f32(5, 2),), ["a[0:4:2, 1:2]"]),
        (lambda a, b: lax.dynamic_slice_p.bind(a, b, slice_sizes=(1,)), (f32(5), i32()), ["a[b:b+1]"]),
        (lambda a, b: lax.pad(a, b, ((1, 0, 0),)), (f32(3), f32()), ["axis 0: 1 before"]),
        (lambda a, b: lax.cond(a, jnp.sin, jnp.cos, b), (i32(), f32()), [
            "d chooses one of 2 branches, which take 1 operand"]),
        (lambda a, b, c: lax.select_n(a > 0, b, c), (i32(), f32(), f32()), ["d false: b, true: c"]),
        (lambda a: lax.while_loop(lambda c: c[0] < 9, lambda c: (c[0] + 1, c[1] * a), (0, a)), (f32(),), [
            "state of 2, 1 constants: 0 a"]),
        (scanned, (f32(), f32(), f32(), f32(5)), ["2 constants, 1 carried, 1 xs → 1 carried, 1 stacked; 5 times"]),
        (gathered, (f32(3, 3), i32(2, 1)), [
            "a  f32[3,3]  axes i j", "b  i32[2,1]  axes b ·   · holds an index along i", "c  f32[2,3]  axes b j"]),
        (scattered, (f32(3, 3), i32(2, 1), f32(2, 3)), [
            "a  f32[3,3]  axes i j", "b  i32[2,1]  axes b ·   · holds an index along i", "c  f32[2,3]  axes b j"]),
        (convolved, (f32(2, 8, 8, 3), f32(3, 3, 3, 4)), [
            "a  f32[2,8,8,3]  axes N H W C   N batch, C feature",
            "b  f32[3,3,3,4]  axes H W I O   O out, I in",
            "c  f32[2,8,8,4]  axes N H W C",
        ]),
    ],
)  # fmt: skip
def test_axes(function, arguments, lines):
    assert drawn(traced(function, *arguments)) == lines


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("dot_general", {"dimension_numbers": Parameter("DotDimensionNumbers(...)")}),
        ("dot_general", {}),
        ("dot_general", {"dimension_numbers": Parameter("(([7], [9]), ([], []))", [[[7], [9]], [[], []]])}),
        ("reduce_sum", {"axes": Parameter("(5,)", [5])}),
        ("reduce_sum", {"axes": Parameter("{}", {"axes": 1})}),
        ("scan", {"length": Parameter("5", 5)}),
        ("scan", {"ft_in": Parameter("()", [])}),
        ("gather", {"mode": Parameter("clip")}),
        ("gather", {"dimension_numbers": Parameter("(1,)", [1])}),
        ("cond", {}),
        ("sin", {}),
    ],
)
def test_what_is_not_understood_is_not_drawn(name, parameters):
    equation = Equation(0, 0, name, (), (), parameters, Origin())
    shaped = [TypedName(each, "f32[2]") for each in "abc"]
    assert drawing(equation, shaped[:2], shaped[2:]) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_scan_of_every_version(version):
    assert drawn(program("scan", version), 0) == ["1 carried, 1 xs → 1 carried, 1 stacked; 5 times"]
    # Since JAX 0.12 its operands may be described as a tree.
    first = next(iter(jaxpr_of(program("scan of grad", version)).equations))
    assert first.name == "scan"
    assert [line for line in drawn(program("scan of grad", version), -1) if "carried" in line]
