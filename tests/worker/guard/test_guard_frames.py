"""Complete frames on the wire decode unchanged, and anything else is rejected in one line."""

import os
import subprocess
import sys

import msgspec
import pytest
from guard_client import DEADLINE_S, GUARD, Guard, frame
from hypothesis import given, settings
from hypothesis import strategies as st

import jaxtour
from jaxtour.worker.frames import CAP, FrameDecoder, ProtocolError, encode
from jaxtour.worker.guard.link import PREAMBLE

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
messages = st.dictionaries(st.text(), values, max_size=5)


def fed(decoder, pieces):
    return [message for piece in pieces for message in decoder.feed(piece)]


@settings(max_examples=50, deadline=None)
@given(st.lists(messages, max_size=4), st.data())
def test_frames_come_out_as_they_went_in_however_they_are_cut(sent, data):
    stream = b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert fed(FrameDecoder(), pieces) == sent


def test_a_frame_may_be_cut_at_every_position():
    stream = encode({"a": "é"}) + encode({})
    for cut in range(len(stream) + 1):
        assert fed(FrameDecoder(), [stream[:cut], stream[cut:]]) == [{"a": "é"}, {}]


@given(st.binary(max_size=200))
@pytest.mark.row("random bytes as frames")
def test_garbage_is_a_message_a_wait_or_a_protocol_error(garbage):
    try:
        found = fed(FrameDecoder(), [garbage])
    except ProtocolError as error:
        assert "\n" not in str(error)
    else:
        assert all(isinstance(message, dict) for message in found)


@given(st.text(st.characters(categories=["Cs", "Lu"])))
@pytest.mark.row("lone surrogates as frames")
def test_lone_surrogates_do_not_get_onto_the_wire(text):
    strict = msgspec.json.decode(encode({"text": text})[4:])
    assert strict == {"text": text.encode("utf-8", "replace").decode()}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"", {1j: 0}, "x" * CAP])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(ProtocolError):
        encode({"value": value})


@pytest.mark.row("a message that contains itself")
def test_what_contains_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises((ProtocolError, RecursionError)):
        encode({"value": endless})


BAD = {
    "oversize": b"\xff\xff\xff\xff",
    "no JSON": frame(b"{"),
    "no ASCII": frame('{"a":"é"}'.encode()),
    "no object": frame(b"[]"),
    "deep": frame(b"[" * 50_000),
    "run without a number": encode({"verb": "run"}),
    "run with an endless timeout": frame(b'{"verb":"run","run":1,"timeout_s":NaN}'),
    "run with NaN inside": frame(b'{"verb":"run","run":1,"time":[NaN]}'),
    "open for a toaster": encode({"verb": "open", "platform": "toaster"}),
    "open with no devices": encode({"verb": "open", "devices": 0}),
    "open with a wrong python": encode({"verb": "open", "python": 3}),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.row("commands that make no sense")
def test_an_engine_that_makes_no_sense_ends_the_guard(name):
    guard = Guard()
    guard.write(BAD[name])
    assert guard.process.wait(DEADLINE_S) == 1
    complaint = guard.process.stderr.read().decode()
    assert complaint.startswith("jaxtour worker: ")
    assert complaint.count("\n") == 1
    guard.close()


def test_unknown_commands_and_fields_are_ignored():
    guard = Guard()
    guard.send("dance", style="tango")
    guard.send("interrupt", gently=True)
    guard.send("restart")
    guard.send("ping", n=3, loudly=True)
    assert guard.until(event="pong") == [{"event": "pong", "n": 3}]
    guard.close()


def test_it_says_hello_first():
    guard = Guard()
    assert guard.noise == b""
    assert guard.hello["proto"] == 2
    assert guard.hello["pid"] == guard.pid
    assert guard.hello["jaxtour"] == jaxtour.__version__
    assert guard.hello["host"] == os.uname().nodename
    guard.close()


def test_nothing_but_frames_gets_onto_its_stdout():
    """Nothing but frames gets onto its stdout: the guard starts by file, and leaves when nobody reads."""
    done = subprocess.run([sys.executable, str(GUARD)], stdin=subprocess.DEVNULL, capture_output=True, timeout=150)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(PREAMBLE)


def test_it_is_no_part_of_what_it_was_started_from():
    """Neither its folder nor the program that started it gets onto `sys.path`, and the guard does not import jax."""
    code = f"""
import runpy, sys
sys.argv = ["guard.py", "--runner", "none"]
sys.path.insert(0, {str(GUARD.parent)!r})
try:
    runpy.run_path({str(GUARD)!r}, run_name="__main__")
except SystemExit:
    pass
names = {{name.partition(".")[0] for name in sys.modules}}
print(sorted(names & {{"jax", "jaxlib", "numpy", "jaxtour", "msgspec", "frames", "supervisor"}}))
print({str(GUARD.parent)!r} in sys.path)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], stdin=subprocess.DEVNULL, capture_output=True, timeout=150, text=True
    )
    # Descriptor 1 is the wire here, so prints go to standard error.
    assert done.stderr.splitlines()[-2:] == ["[]", "False"], done.stderr
