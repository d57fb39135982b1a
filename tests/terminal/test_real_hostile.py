"""With hostile text in a real terminal, the program writes only its own sequences and visible characters."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import ESC, Terminal

pytestmark = [pytest.mark.terminal]

# OSC 52 and a title, CSI, C1, bidi, and characters that hide or break lines, as YAML escapes.
HOSTILE = r"\e]52;c;SGFja2Vk\a \e]0;title\e\\ \e[7777h \x9b7777h \u202e \u2066 \u200b \u2028 \b \x1f"
LESSON = f"""\
format: 1
id: hostile
title: "title {HOSTILE} T"
summary: "summary {HOSTILE} S"
minutes: 1
steps:
  - id: one
    title: "step {HOSTILE} E"
    text: "text {HOSTILE} X"
    code: "x = '''{HOSTILE} C'''\\nprint(x)\\nx"
    expect: {{stdout: SGFja2Vk}}
"""
PASTED = "pasted \x1b]52;c;UGFzdGVk\x07\x1b[7777h\x9b7777h\u202e\u2066\u200b\u2028\x08 end"
OWN = re.compile(rb"\x1b(\]22;[a-z]+\x07|\[[<=>?]?[\d;:]*\$?[A-Za-z~]|[()][0AB]|[78=>M])")
HIDDEN = re.compile("[\0-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069].{0,20}")


def harmless(tour: Terminal) -> None:
    """Check that every byte belongs to a visible character or to a sequence that the app needs."""
    tour.quiet(0.3)
    raw = bytes(tour.raw)
    assert b"7777h" not in b"".join(match[0] for match in OWN.finditer(raw))
    hidden = HIDDEN.findall(OWN.sub(b"", raw).decode())
    assert not hidden, [ascii(each) for each in hidden]


@pytest.fixture
def tour(tmp_path: Path) -> Iterator[Terminal]:
    path = tmp_path / "hostile.yaml"
    path.write_text(LESSON)
    env = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with Terminal([sys.executable, "-m", "jaxtour", str(path)], env=env) as terminal:
        yield terminal


@pytest.mark.row
def test_a_lesson_with_escapes_is_read_edited_pasted_into_and_run(tour: Terminal) -> None:
    tour.until("ready")
    tour.send("e")
    tour.until("editing")
    tour.send(f"\x1b[200~# {PASTED}\r\x1b[201~")
    tour.until("# pasted ␛]52;c;UGFzdGVk␇␛[7777h")
    tour.send("\x1a")
    tour.until(lambda text: "UGFzdGVk" not in text)
    tour.send("\x19")
    tour.until("UGFzdGVk")
    tour.send("\x1b[15~")
    tour.until("ran in")
    tour.send(ESC)
    tour.until("edited")
    harmless(tour)


@pytest.mark.row
def test_a_search_for_escapes_is_shown_and_not_written(tour: Terminal) -> None:
    tour.until("ready")
    nothing = "nothing has this name or text"
    for keys, opened, found in (("/", "text to search", "nowhere"), ("\x10", "╭─ Find", nothing)):
        tour.send(keys)
        tour.until(opened)
        tour.send(f"\x1b[200~{PASTED}\x1b[201~")
        # The box moves once the search has ended.
        tour.until(lambda text, found=found: found in text and "UGFzdGVk" in text)
        tour.send(ESC)
        tour.until(lambda text: "UGFzdGVk" not in text)
    harmless(tour)


@pytest.mark.row
def test_bytes_that_are_no_utf8_are_survived(tour: Terminal) -> None:
    tour.until("ready")
    tour.send("e")
    tour.until("editing")
    os.write(tour.master, b"\x1b[200~# raw \x9b7777h \xff \xc3\x28 end\x1b[201~")
    tour.until("# raw �7777h � �( end")
    harmless(tour)
