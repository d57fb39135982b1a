"""Operations and bytes of instructions agree with XLA's own analysis where it has one; fusions are divided."""

import jax
import jax.numpy as jnp
import pytest

from jaxtour.worker import compat
from jaxtour.worker.ir.hlo import HloReader
from jaxtour.worker.ir.metadata import Sources
from jaxtour.worker.ir.origins import Table
from jaxtour.worker.profile.shares import Shares
from jaxtour.worker.profile.work import Work

X = jax.ShapeDtypeStruct((64, 128), "float32")
W = jax.ShapeDtypeStruct((128, 32), "float32")
IMAGES = jax.ShapeDtypeStruct((2, 16, 16, 3), "float32")
KERNEL = jax.ShapeDtypeStruct((3, 3, 3, 8), "float32")


def convolution(x, w):
    return jax.lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def read(function, *inputs):
    compiled = jax.jit(function).lower(*inputs).compile()
    module = HloReader(compiled.as_text())
    entry = next(whole for whole in module.computations.values() if whole.entry)
    return compiled, module, entry


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (lambda x, w: x @ w, (X, W)),
        (lambda x, w: jnp.einsum("ij,kj->ik", w, x), (W.update(shape=(32, 128)), X)),
        (lambda x: x * 2 + x, (X,)),
        (lambda x: x.sum(), (X,)),
        (convolution, (IMAGES, KERNEL)),
    ],
)
def test_operations_are_those_that_xla_counts(function, inputs):
    compiled, module, entry = read(function, *inputs)
    work = Work(module)
    counted = compat.cost_analysis(compiled)
    assert sum(work.flops(each) or 0.0 for each in entry.instructions) == pytest.approx(counted["flops"], rel=0.01)


def test_bytes_are_those_that_xla_counts_also_where_a_slice_is_taken():
    for function in (lambda x: x * 2 + x, lambda x: jax.lax.dynamic_slice(x, (x[0, 0].astype(int), 0), (2, 128)) + 1):
        compiled, module, entry = read(function, X)
        work = Work(module)
        moved = sum(work.bytes(each) for each in entry.instructions if each.opcode != "parameter")
        assert moved == pytest.approx(compat.cost_analysis(compiled)["bytes accessed"], rel=0.05)


def test_an_unknown_operation_has_no_count():
    _, module, entry = read(lambda x: jnp.sort(x), X)
    (sort,) = [each for each in entry.instructions if each.opcode == "sort"]
    assert Work(module).flops(sort) is None
    assert Work(module).bytes(sort) == 2 * 64 * 128 * 4


FUSED = """\
HloModule made

%fused (p: f32[1000], q: f32[10]) -> f32[1000] {
  %p = f32[1000]{0} parameter(0)
  %q = f32[10]{0} parameter(1)
  %s = f32[10]{0} sine(%q), metadata={op_name="jit(f)/sin" source_file="<jaxtour:a/b>" source_line=1}
  %r = f32[] slice(%s), slice={[0:1]}
  %b = f32[1000]{0} broadcast(%r), dimensions={}
  %m = f32[1000]{0} multiply(%p, %b), metadata={op_name="jit(f)/jvp()/mul" source_file="<jaxtour:a/b>" source_line=2}
  ROOT %a = f32[1000]{0} OPCODE(%m, %b), metadata={op_name="transpose(jvp())/a" source_file="<jaxtour:a>" source_line=3}
}

ENTRY %main (x: f32[1000], y: f32[10]) -> f32[1000] {
  %x = f32[1000]{0} parameter(0)
  %y = f32[10]{0} parameter(1)
  %fusion = f32[1000]{0} fusion(%x, %y), kind=kLoop, calls=%fused
  ROOT %copy = f32[1000]{0} copy(%fusion)
}
"""


def shared(text):
    module = HloReader(text)
    module.read(
        Table(), Sources(lambda file, line, *_: (file, line, 1, line, 9, ""), lambda frame, *_, **__: [frame], {})
    )
    named = {each.name: each for whole in module.computations.values() for each in whole.instructions}
    return Shares(module, Work(module)), named


def test_a_fusion_is_divided_by_the_operations_of_what_is_in_it():
    shares, named = shared(FUSED.replace("OPCODE", "add"))
    parts, estimated = shares.of(named["fusion"])
    assert not estimated
    # The slice moves one element, for the line whose result it takes.
    assert {(part.span[1], part.path, part.backward): round(part.share * 2011) for part in parts} == {
        (1, "jit(f)/sin", False): 10, (1, "", False): 1, (2, "jit(f)/jvp()/mul", False): 1000,
        (3, "transpose(jvp())/a", True): 1000,
    }  # fmt: skip
    assert sum(part.share for part in parts) == pytest.approx(1)


def test_a_fusion_of_an_operation_without_a_count_is_divided_evenly_and_says_so():
    shares, named = shared(FUSED.replace("OPCODE", "fft"))
    parts, estimated = shares.of(named["fusion"])
    assert estimated
    assert sum(part.share for part in parts) == pytest.approx(1)
    assert {part.span[1] for part in parts} == {1, 2, 3}


def test_what_the_compiler_made_of_a_backward_value_is_backward():
    shares, named = shared(FUSED.replace("OPCODE", "add"))
    assert not shares.is_backward(named["m"])
    assert shares.is_backward(named["a"])
    nested = "ROOT %copy = f32[1000]{0} copy(%neg)"
    text = FUSED.replace("OPCODE", "add").replace(
        "ROOT %copy = f32[1000]{0} copy(%fusion)",
        '%neg = f32[1000]{0} negate(%x), metadata={op_name="jit(f)/transpose(jvp())/neg"}\n  ' + nested,
    )
    shares, named = shared(text)
    assert shares.is_backward(named["copy"]) and not shares.is_backward(named["x"])
