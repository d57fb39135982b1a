"""The memory of compiled calls has the compiler's own sums, and says who holds what until when."""

import jax
import jax.numpy as jnp
import pytest

from jaxtour.worker import compat_memory
from jaxtour.worker.ir.hlo import HloReader
from jaxtour.worker.ir.lens import LensError
from jaxtour.worker.memory import proto
from jaxtour.worker.memory.analysis import memory
from jaxtour.worker.memory.blocks import Block, occupied
from jaxtour.worker.memory.module import Need, ScheduledNode

SIDE = 64
BYTES = 4 * SIDE**2
X = jnp.ones((SIDE, SIDE))


def layer(x, w):
    h = jnp.tanh(x @ w)
    return h - h.mean(axis=-1, keepdims=True)


def deep(ws, x):
    for w in ws:
        x = layer(x, w)
    return jnp.exp(x).sum()


def scanned(c, xs):
    return jax.lax.scan(lambda c, x: (jnp.tanh(c @ x), c.sum()), c, xs)[0].sum()


def attention(ws, x):
    for q, k, v, o in ws:
        parts = [(x @ w).reshape(SIDE, 4, -1).transpose(1, 0, 2) for w in (q, k, v)]
        weights = jax.nn.softmax(parts[0] @ parts[1].transpose(0, 2, 1), -1)
        x = x + jax.nn.gelu((weights @ parts[2]).transpose(1, 0, 2).reshape(SIDE, SIDE) @ o)
    return (x**2).mean()


PROGRAMS = {
    "gradient of layers": (jax.grad(deep), [X] * 3, X),
    "gradient of a scan": (jax.grad(scanned, argnums=1), X, jnp.ones((10, SIDE, SIDE))),
    "scan in a scan": (lambda c: jax.lax.scan(lambda c, _: (scanned(c, X[None]) * c, None), c, None, 3)[0], X),
    "branches": (lambda x, p: jax.lax.cond(p, lambda x: (x @ x).sum(), lambda x: jnp.sort(x, 0).sum(), x), X, True),
    "switch": (lambda i, x: jax.lax.switch(i, [jnp.sin, lambda x: x @ x, lambda x: x.T + 1], x), 1, X),
    "while": (lambda x: jax.lax.while_loop(lambda s: s[0] < 5, lambda s: (s[0] + 1, s[1] @ s[1]), (0, x)), X),
    "sort": (lambda x: jnp.argsort(x, axis=0), X),
    "transformer": (jax.value_and_grad(attention), [(X, X, X, X)] * 12, X),
    "nothing": (lambda x: x, X),
    "custom call": (jnp.linalg.cholesky, X),
}


def compiled(function, *args, **options):
    return jax.jit(function, **options).lower(*args).compile()


def found(call):
    return memory(call, HloReader(call.as_text()))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_sums_are_the_compilers_own(name):
    call = compiled(*PROGRAMS[name])
    told, seen = call.memory_analysis(), found(call)
    assert seen["temporary_bytes"] == told.temp_size_in_bytes
    assert seen["output_bytes"] + seen["donated_bytes"] == told.output_size_in_bytes
    assert seen["argument_bytes"] + seen["donated_bytes"] == told.argument_size_in_bytes
    peak = seen["used"][seen["at"]]
    assert peak == max(seen["used"])
    gaps = seen["temporary_bytes"] + seen["output_bytes"] - seen["unwritten_bytes"] - peak
    # Each value begins at a multiple of 64 bytes.
    assert 0 <= gaps <= 64 * len(seen["blocks"])
    assert seen["left_out"] == 0 and len(seen["schedule"]) == len(seen["used"])


def rows(call, at=None):
    """Return the blocks of its own memory at the peak, by the name of the instruction."""
    reader, seen = HloReader(call.as_text()), found(call)
    names = {line.line: line for whole in reader.computations.values() for line in whole.instructions}
    at = seen["at"] if at is None else at
    return [(names.get(row[0]), row) for row in seen["blocks"] if row[4] <= at <= row[5] and row[6] != "argument"]


def test_what_the_backward_pass_needs_is_saved_and_nothing_else():
    call = compiled(jax.grad(deep), [X] * 3, X)
    big = [row for _, row in rows(call) if row[1] == BYTES]
    assert {row[7] for row in big} == {f"f32[{SIDE},{SIDE}]"}
    saved = [row for row in big if row[9] >= 0]
    assert len(saved) >= 4, "tanh and its input's difference, of two layers at least"
    texts = HloReader(call.as_text()).parsed.texts
    assert all("%" in texts[row[8]] and row[8] >= 0 for row in saved), "each has a last use"
    forward = compiled(deep, [X] * 3, X)
    assert all(row[9] < 0 for _, row in rows(forward)), "no backward pass, nothing is saved for it"


def test_the_residuals_of_a_scan_are_one_block_of_all_iterations():
    blocks = rows(compiled(jax.grad(scanned, argnums=1), X, jnp.ones((10, SIDE, SIDE))))
    stacked = [row for _, row in blocks if row[10]]
    assert stacked and {(row[1], row[7], row[10]) for row in stacked} == {(10 * BYTES, f"f32[10,{SIDE},{SIDE}]", 10)}


def test_donated_memory_is_the_output():
    seen = found(compiled(lambda a, b: a + b, X, X, donate_argnums=0))
    assert (seen["donated_bytes"], seen["output_bytes"], seen["argument_bytes"]) == (BYTES, 0, BYTES)


def test_shared_bytes_count_once():
    def block(offset, size, first, last):
        node = ScheduledNode(first, f"n{first}", "add", [], [], 0, 0, b"")
        return Block(node, (), size, 0, offset, "temporary", Need(first, last, frozenset()))

    found = [block(0, 100, 0, 3), block(50, 100, 1, 2), block(0, 40, 2, 4), block(200, 8, 4, 4)]
    assert occupied(found, 6) == [100, 150, 150, 100, 48, 0]


def test_without_the_compilers_word_there_is_one_sentence(monkeypatch):
    call = compiled(jnp.sin, X)
    monkeypatch.setattr(compat_memory, "buffer_assignment", lambda _: None)
    with pytest.raises(LensError, match="does not say which value owns which bytes"):
        found(call)


def test_a_backend_that_raises_has_no_figures():
    assert compat_memory.buffer_assignment(object()) is None
    assert compat_memory.module_proto(object()) is None
    assert compat_memory.memory_limit(object()) is None
    assert compat_memory.devices_of(object()) == []


def test_fields_of_every_kind():
    data = bytes(
        [0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69, 0x19, *range(8), 0x25, *range(4), 0x2A, 0x03, 0x01, 0x80, 0x01]
    )
    fields = proto.message(data)
    assert (proto.first(fields, 1), proto.name(fields, 2)) == (150, "hi")
    assert fields[3] == [bytes(range(8))] and fields[4] == [bytes(range(4))]
    assert proto.integers(fields, 5) == [1, 128] and proto.integers(fields, 6) == []
    assert proto.first(fields, 9, "none") == "none"


@pytest.mark.parametrize("data", [b"\x12\x05hi", b"\x08", b"\x0b\x00", b"\x19\x00"])
def test_a_message_that_is_cut_is_an_error(data):
    with pytest.raises((ValueError, IndexError)):
        proto.message(data)
