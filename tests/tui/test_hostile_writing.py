"""Text that a learner loads, types or pastes is kept, and painted without steering the terminal."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, TextArea
from tours import Tours, ready, until

from jaxtour.text import UNCLEAN, stand_in
from jaxtour.tui.compat import copy_text
from jaxtour.tui.compat_input import TextInput
from jaxtour.tui.keyboard import KeyDecoder, pasted
from jaxtour.tui.widgets.editor import Editor, StandIns

SPECIAL = (
    "ab\r\n\t\x1b\x9b\x85\x0b\x0c\x1c\x00\x7f\u2028\u2029\u202e\u2066\u200b\ufeff\ud83d"
    "\ue000\uf8ff\U00040000日é\u0301\u241b\ufffd"
)
hostile = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters(codec=None)), max_size=40)
many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Holding(App[None]):
    """An app that shows one widget."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        """Yield the widget."""
        yield self.widget

    def copy_to_clipboard(self, text: str) -> None:
        """Decode as the tour does."""
        copy_text(self, text)


def harmless(strips: list[Strip]) -> None:
    """Check that the strips have only visible characters."""
    for strip in strips:
        assert not UNCLEAN.search(strip.text) and "\n" not in strip.text, ascii(strip.text)
        assert strip.cell_length == cell_len(strip.text)


@given(hostile)
def test_what_is_held_comes_back(text: str) -> None:
    stand_ins = StandIns()
    held = stand_ins.hold(text)
    assert stand_ins.own(held) == text
    assert len(held) == len(text) == len(stand_ins.painted(held))
    assert held.split("\n") == held.splitlines() + [""] * (held.endswith("\n") or not held)


@given(hostile)
def test_each_invisible_character_has_one_visible_one(text: str) -> None:
    shown = stand_in(text)
    assert len(shown) == len(text) and not UNCLEAN.search(shown) and "\n" not in shown
    assert all(cell_len(there) == 1 for here, there in zip(text, shown, strict=True) if here != there)
    assert stand_in(shown) == shown


async def test_the_editor_paints_any_text_harmlessly_and_gives_it_back() -> None:
    editor = Editor("")
    app = Holding(editor)
    async with app.run_test(size=(60, 12)):

        @many
        @given(hostile, hostile)
        def check(text: str, more: str) -> None:
            editor.load_text(text)
            assert editor.text == text
            harmless([editor.render_line(y) for y in range(8)])
            pasted = more.replace("\r\n", "\n").replace("\r", "\n")
            editor.insert(more, (0, 0))
            assert editor.text == pasted + text
            harmless([editor.render_line(y) for y in range(8)])
            editor.select_all()
            assert editor.selected_text == pasted + text
            editor.action_cut()
            assert app.clipboard == (pasted + text or app.clipboard) and editor.text == ""
            editor.undo()
            assert editor.text == pasted + text
            editor.redo()
            assert editor.text == "" or not pasted + text
            editor.undo()
            assert editor.text == pasted + text
            harmless([editor.render_line(y) for y in range(8)])

        check()


async def test_the_editors_cursor_is_where_the_character_is() -> None:
    editor = Editor("")
    app = Holding(editor)
    async with app.run_test(size=(120, 12)) as pilot:
        line = "a\x1b]52;c\x07 日\u202eb\x85c"
        editor.load_text(line)
        await pilot.pause()
        editor.move_cursor((0, 0))
        left = editor.cursor_screen_offset.x
        for column in range(len(line)):
            editor.move_cursor((0, column))
            assert editor.cursor_screen_offset.x - left == cell_len(stand_in(line[:column]))
            [under] = [text for text, style, _ in editor.render_line(0) if style is not None and style.reverse]
            assert under == stand_in(line[column])
            await pilot.click(editor, offset=(editor.cursor_screen_offset.x - editor.region.x, 1))
            assert editor.cursor_location == (0, column)


async def test_a_line_to_write_in_paints_any_text_harmlessly_and_keeps_it() -> None:
    written = TextInput()
    app = Holding(written)
    async with app.run_test(size=(60, 5)):

        @many
        @given(hostile)
        def check(text: str) -> None:
            written.value = ""
            written.insert_text_at_cursor(text)
            assert written.value == text
            harmless([written.render_line(0)])
            for position in range(len(text) + 1):
                assert written._position_to_cell(position) == cell_len(stand_in(text[:position]))
                written.cursor_position = position
                harmless([written.render_line(0)])

        check()


async def test_a_click_in_a_line_to_write_in_finds_its_character() -> None:
    text = "a\x1b日\u202eb"
    written = TextInput()
    async with Holding(written).run_test(size=(60, 5)) as pilot:
        written.value = text
        for position in range(len(text) + 1):
            cell = cell_len(stand_in(text[:position]))
            await pilot.click(written, offset=(written.content_region.x - written.region.x + cell, 1))
            assert written.cursor_position == position


@pytest.mark.parametrize("keys", [("e",), ("slash",), ("ctrl+p",), ("l", "slash"), ("a",)], ids=" ".join)
async def test_every_place_to_write_in_is_one_of_ours(tours: Tours, keys: tuple[str, ...]) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(app.focused, Input | TextArea))
        assert isinstance(app.focused, Editor | TextInput)
        app.focused.post_message(events.Paste("x\x1b]52;c;aGFja2Vk\x07\u202e\x9b y"))
        await until(
            pilot, lambda: "aGFja2Vk" in "".join(strip.text for strip in app.screen._compositor.render_strips())
        )
        harmless(app.screen._compositor.render_strips())


@given(st.lists(st.one_of(st.sampled_from(["\x1b[200~", "\x1b[201~", "\x1b", "[20", "a", "日", "\x1b[A"]), hostile)))
def test_what_is_typed_is_not_changed_however_it_is_cut(pieces: list[str]) -> None:
    data = "".join(pieces).encode("utf-8", "surrogatepass")
    whole, cut = KeyDecoder(), KeyDecoder()
    once = whole.decode(data, final=True)
    assert once == "".join(cut.decode(data[at : at + 1], at == len(data) - 1) for at in range(len(data)))
    assert pasted(once) == data.decode("utf-8", "replace").replace("\ufdd0", "\x1b")


def test_a_key_is_not_held_back_and_an_escape_in_a_paste_is_no_key() -> None:
    decoder = KeyDecoder()
    assert decoder.decode(b"\x1b") == "\x1b"
    assert decoder.decode(b"[200~a\x1b[20") == "[200~a"
    assert pasted(decoder.decode(b"1m b\x1b[201~\x1b")) == "\x1b[201m b\x1b[201~\x1b"
