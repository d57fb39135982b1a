"""What a field that holds foreign text is: one line, lines, or the text as it came."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

from jaxtour.text.clean import clean


class Raw:
    """Text as a program, a lesson or a file gave it: to run, to compare, to copy and to save, but not to show.

    It is no `str`, so that no widget takes it by mistake. In an f-string it is `line`.
    """

    __slots__ = ("text",)

    def __init__(self, text: str = "") -> None:
        self.text = text
        """As it came."""

    @property
    def shown(self) -> str:
        """The text made harmless, with its lines."""
        return clean(self.text)

    @property
    def line(self) -> str:
        """The text made harmless, in one line."""
        return clean(self.text, keep_newlines=False)

    def __str__(self) -> str:
        return self.line

    def __repr__(self) -> str:
        return f"Raw({self.text!a})"

    def __bool__(self) -> bool:
        return bool(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


NO_TEXT = Raw()

KEY = "foreign text"
"""Names, in a type's metadata, how text of it comes in: `raw`, `lines`; without it, as one line."""

Lines: TypeAlias = Annotated[str, msgspec.Meta(extra={KEY: "lines"})]
"""Harmless text that may have several lines."""

if TYPE_CHECKING:
    RawText: TypeAlias = Raw
else:
    # msgspec reads and checks it as text; `harmless` turns it into what the type checker sees.
    RawText: TypeAlias = Annotated[str, msgspec.Meta(extra={KEY: "raw"})]


def plain_value(value: Any) -> Any:
    """The text of a `Raw`, for what writes JSON; raises `NotImplementedError` for anything else."""
    if isinstance(value, Raw):
        return value.text
    raise NotImplementedError(f"{type(value).__name__} cannot be written as JSON")
