"""Programs' output arrives whole or with its two ends, counted, in the right stream, before or after `done`."""

import pytest
from guard_client import Guard
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.worker.guard.capture import HEAD, TAIL, Capture
from jaxtour.worker.guard.child import BACKGROUND_HEAD, BACKGROUND_TAIL

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def shared():
    guard = Guard().open()
    guard.ready()
    yield guard
    guard.close()


@pytest.fixture
def guard(shared):
    """A guard that has the state its test needs: after an interrupt it rejects runs that need the lost state."""
    shared.run("", fresh=True)
    return shared


def joined(pieces):
    return "".join(text for _, _, text in pieces), sum(dropped for dropped, _, _ in pieces)


@given(st.text(max_size=60), st.integers(0, 20), st.integers(1, 20), st.lists(st.integers(0, 200), max_size=6))
def test_a_capture_accounts_for_every_byte(text, head, tail, cuts):
    data = text.encode("utf-8", "replace")
    text = data.decode()
    capture = Capture(head, tail)
    cuts = sorted({cut for cut in cuts if cut < len(data)})
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        capture.feed(data[start:end])
    shown, dropped = joined(capture.finish())
    assert len(shown.encode()) + dropped == len(data)
    assert "\ufffd" not in shown or "\ufffd" in text
    if len(data) <= head + tail:
        assert (shown, dropped) == (text, 0)


@given(st.binary(max_size=100), st.integers(1, 7))
@pytest.mark.row("output that is no UTF-8")
def test_what_is_no_utf8_is_marked_and_nothing_is_lost(data, step):
    capture = Capture()
    shown = ""
    for start in range(0, len(data), step):
        capture.feed(data[start : start + step])
        shown += "".join(text for _, text in capture.take())
    assert shown + joined(capture.finish())[0] == data.decode("utf-8", "replace")


def test_a_capture_goes_on_after_its_end_was_given():
    capture = Capture(head=4, tail=2)
    capture.feed(b"abcdefgh")
    assert capture.take() == [(False, "abcd")]
    assert capture.finish() == [(2, False, "gh")]
    capture.feed(b"ij")
    assert capture.finish() == [(0, False, "ij")]
    assert capture.finish() == []


@pytest.mark.row("characters cut between reads")
def test_characters_are_not_torn(guard):
    report = guard.run("import os\nfor _ in range(40_000): os.write(1, b'\\xc3'); os.write(1, b'\\xa9')")
    assert report.text() == "é" * 40_000


def test_half_a_character_at_the_end_is_not_lost(guard):
    assert guard.run("import os\nos.write(1, b'a\\xe2\\x82')").text() == "a\ufffd"


def test_control_characters_and_nul_arrive_as_they_are(guard):
    assert guard.run(r"print('\0\x1b[31m\u202e\r', end='')").text() == "\0\x1b[31m\u202e\r"


def test_the_streams_are_kept_apart(guard):
    report = guard.run("import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert (report.text(), report.text("stderr")) == ("out\n", "err\n")


def test_all_is_there_before_done(guard):
    """All output has arrived before `done`, including that from C and from a child."""
    code = "import ctypes, subprocess\nctypes.CDLL(None).printf(b'from C, ')\nsubprocess.run(['echo', 'from a child'])"
    report = guard.run(code)
    assert report.text() == "from C, from a child\n"
    events = [event["event"] for event in report.events]
    assert events.index("text") < events.index("executed") < events.index("done")


def test_a_full_pipe_does_not_hang_who_holds_the_gil(guard):
    report = guard.run("import ctypes\nctypes.PyDLL(None).printf(b'1' * 200_000)")
    assert report.text() == "1" * 200_000


@pytest.mark.row("100 MB of output: both ends, and the rest counted")
def test_a_flood_keeps_both_ends_and_counts_the_rest(guard):
    size = 100_000_000
    code = f"import os\nb = b'x' * 100_000\nfor _ in range({size} // 100_000): os.write(1, b)\nos.write(1, b'the end')"
    report = guard.run(code)
    assert len(report.text()) == HEAD + TAIL
    assert report.text().endswith("the end")
    assert report.dropped == size + len("the end") - HEAD - TAIL


def test_the_guard_answers_during_a_flood(guard):
    run = guard.ask("import os\nb = b'x' * 65536\nwhile True: os.write(1, b)")
    guard.until(event="text", run=run)
    for _ in range(20):
        guard.ping(during=run)
    guard.send("interrupt")
    assert guard.until(event="done", run=run)[-1]["status"] == "interrupted"
    guard.until(event="state", state="restarting")
    guard.ready()


def test_a_line_is_shown_while_the_program_goes_on(guard):
    run = guard.ask("print('started')\nwhile True: pass", fresh=True)
    guard.started(run)
    guard.send("interrupt")
    guard.until(event="done", run=run)
    guard.until(event="state", state="restarting")
    guard.ready()


def later(guard, go, what):
    """Start a run whose thread does something more once `go` exists; return its number."""
    program = f"""
import threading, os, time
def late():
    while not os.path.exists({str(go)!r}):
        time.sleep(0.005)
    {what}
thread = threading.Thread(target=late)
thread.start()
print("early")
"""
    report = guard.run(program, fresh=True)
    assert report.text() == "early\n"
    go.touch()
    return report.done["run"]


@pytest.mark.row("output after the step")
def test_what_comes_after_done_is_background(guard, tmp_path):
    run = later(guard, tmp_path / "go", "os.write(1, b'late')")
    late = guard.until(event="text")[-1]
    assert (late["run"], late["text"], late["background"]) == (run, "late", True)
    assert guard.run("thread.join()\nprint('mine')").text() == "mine\n"


@pytest.mark.row("2 MB of output after the step")
def test_background_output_is_capped(guard, tmp_path):
    end = tmp_path / "end"
    what = f"[os.write(1, b'y' * 1000) for _ in range(2000)]; open({str(end)!r}, 'w').close()"
    run = later(guard, tmp_path / "go", what)
    guard.wait(end.exists)
    again = guard.ask("thread.join()")
    texts = [event for event in guard.until(event="done", run=again) if event["event"] == "text"]
    assert all(event["run"] == run and event["background"] for event in texts)
    assert sum(len(event["text"]) for event in texts) == BACKGROUND_HEAD + BACKGROUND_TAIL
    assert sum(event["dropped"] for event in texts) == 2_000_000 - BACKGROUND_HEAD - BACKGROUND_TAIL
