"""The private parts of Textual's `Input`, apart from `compat.py`: the first frame does not import it."""

from rich.cells import get_character_cell_size
from rich.text import Text
from textual.widgets import Input

from jaxtour.text import stand_in


class TextInput(Input):
    """An `Input` that paints a visible character for each that would control the terminal; its value is unchanged.

    Textual 8.2.8, `Input._value` and the methods that measure it: there is no public way to show characters other than
    the value's.
    """

    @property
    def _value(self) -> Text:
        return Text(stand_in(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return Text(stand_in(self.value[:position])).cell_len

    def _cell_offset_to_index(self, offset: int) -> int:
        left = offset + self.scroll_offset.x
        for index, character in enumerate(stand_in(self.value)):
            left -= get_character_cell_size(character)
            if left < 0:
                return index
        return len(self.value)
