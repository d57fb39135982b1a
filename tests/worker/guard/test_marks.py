"""Output printed while JAX traces is separated from other output, in its place; tested with the real guard."""

import pytest
from guard_client import GUARD, Guard
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.worker.guard.capture import Capture
from jaxtour.worker.marks import Marks, marks

TOKEN = "t0"
BEGIN, END = (mark.encode() for mark in marks(TOKEN))

SETUP = "import jax, jax.numpy as jnp, os, sys\n"


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=8)), max_size=6), st.integers(1, 9))
def test_pieces_come_back_whatever_the_reads_are(pieces, step):
    data = b"".join(BEGIN + text + END if tracing else text for tracing, text in pieces)
    reader = Marks(TOKEN)
    found = [piece for start in range(0, len(data), step) for piece in reader.split(data[start : start + step])]
    found.append(reader.rest())
    expected = [(tracing, byte) for tracing, text in pieces for byte in text]
    assert [(tracing, byte) for tracing, text in found for byte in text] == expected


def test_the_start_of_a_mark_that_is_none_is_text():
    capture = Capture(token=TOKEN)
    capture.feed(b"a\x1b_t0")
    assert capture.take() == [(False, "a")]
    assert capture.finish() == [(0, False, "\x1b_t0")]


def test_marks_do_not_count_as_output():
    capture = Capture(head=6, tail=2, token=TOKEN)
    capture.feed(b"ab" + BEGIN + b"cd" + END + b"efgh")
    assert capture.waiting == 6
    assert capture.finish() == [(0, False, "ab"), (0, True, "cd"), (0, False, "efgh")]


@pytest.fixture(scope="module")
def guard():
    client = Guard(runner=GUARD.parent / "start_runner.py").open()
    client.ready()
    yield client
    client.close()


def pieces(guard, code, stream="stdout"):
    """Return pieces of text with whether each was written while tracing; neighbours of one kind are joined."""
    found = []
    for event in guard.run(SETUP + code).events:
        if event["event"] == "text" and event["stream"] == stream:
            if found and found[-1][1] == event["tracing"]:
                found[-1] = (found[-1][0] + event["text"], event["tracing"])
            else:
                found.append((event["text"], event["tracing"]))
    return found


JITTED = """
@jax.jit
def f(x):
    print('in', x.shape)
    return x
print('a')
f(jnp.ones(2))
f(jnp.ones(2))
print('b')
"""
CALLBACK = """
@jax.jit
def f(x):
    print('in')
    jax.debug.print('ran {}', x)
    return x
f(1.5)
jax.effects_barrier()
"""
PAST_PYTHON = """
@jax.jit
def f(x):
    os.write(1, b'raw')
    raise ValueError
try: f(1.0)
except ValueError: print('after')
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (JITTED, [("a\n", False), ("in (2,)\n", True), ("b\n", False)]),
        ("jax.lax.scan(lambda c, x: (print('body'), (c, x))[1], 1.0, jnp.ones(3))\nNone", [("body\n", True)]),
        ("jax.vmap(lambda x: (print('one'), x)[1])(jnp.ones(3))\nNone", [("one\n", True)]),
        (CALLBACK, [("in\n", True), ("ran 1.5\n", False)]),
        ("with jax.disable_jit(): jax.jit(lambda x: (print('ran'), x)[1])(1.0)\nNone", [("ran\n", False)]),
        (PAST_PYTHON, [("rawafter\n", False)]),
        ("sys.stdout.writelines(['é', 'b\\n'])", [("éb\n", False)]),
    ],
)  # fmt: skip
def test_what_was_printed_while_tracing(guard, code, expected):
    assert pieces(guard, code) == expected


def test_standard_error_too_and_a_buffer_of_the_learners_own(guard):
    code = "import io, contextlib\n@jax.jit\ndef f(x):\n    print('e', file=sys.stderr)\n    return x\n"
    assert pieces(guard, code + "f(1.0)\nNone", "stderr") == [("e\n", True)]
    own = "with contextlib.redirect_stdout(io.StringIO()) as own: jax.jit(lambda x: (print('in'), x)[1])(1.0)\n"
    assert pieces(guard, code + own + "print(repr(own.getvalue()))") == [("'in\\n'\n", False)]
