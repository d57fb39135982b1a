"""The terminal is asked about its graphics, and its answer is found between keys."""

import pytest

from jaxtour.tui.graphics import Graphics
from jaxtour.tui.keyboard import KeyDecoder

SIXELS, NONE = "\x1b[?62;4;22c", "\x1b[?1;2c"


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("TERM", "xterm-256color")
    return []


def graphics(events: list[str]) -> Graphics:
    return Graphics(events.append, lambda: events.append("changed"))


def test_it_asks_once_with_what_every_terminal_knows(events: list[str]) -> None:
    asked = graphics(events)
    asked.ask()
    asked.ask()
    assert events == ["\x1b[c"] and asked.way == "blocks"


@pytest.mark.parametrize(("answer", "way"), [(SIXELS, "sixel"), (NONE, "blocks"), ("\x1b[?64;14;40c", "blocks")])
@pytest.mark.parametrize("cut", range(3, 8))
def test_the_answer_is_taken_out_of_the_keys_wherever_it_is_cut(
    events: list[str], answer: str, way: str, cut: int
) -> None:
    asked = graphics(events)
    asked.ask()
    decoder = KeyDecoder(asked.heard)
    sent = f"ab{answer}c\x1b[A"
    assert decoder.decode(sent[: 2 + cut].encode()) == "ab"
    assert decoder.decode(sent[2 + cut :].encode()) == "c\x1b[A"
    assert asked.way == way and events.count("changed") == (way == "sixel")


def test_without_a_question_nothing_is_taken_or_held_back(events: list[str]) -> None:
    decoder = KeyDecoder(graphics(events).heard)
    assert decoder.decode(f"{SIXELS}\x1b[?".encode()) == f"{SIXELS}\x1b[?"
    assert KeyDecoder().decode(b"\x1b[?62c") == "\x1b[?62c"


def test_an_escape_is_not_held_back_while_an_answer_is_awaited(events: list[str]) -> None:
    asked = graphics(events)
    asked.ask()
    decoder = KeyDecoder(asked.heard)
    assert decoder.decode(b"\x1b") == "\x1b"
    assert decoder.decode(b"\x1b[Bq") == "\x1b[Bq"


def test_an_answer_in_a_paste_is_text(events: list[str]) -> None:
    asked = graphics(events)
    asked.ask()
    decoder = KeyDecoder(asked.heard)
    decoder.decode(b"\x1b[200~begun ")
    assert "[?62;4;22c" in decoder.decode(f"{SIXELS} ended\x1b[201~".encode())
    assert asked.way == "blocks"


@pytest.mark.parametrize("name", ["xterm-kitty", "xterm-ghostty"])
def test_kitty_is_known_by_its_name(events: list[str], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("TERM", name)
    known = graphics(events)
    known.ask()
    assert known.way == "kitty" and events == []
