"""Types of fields with foreign text: one line, lines, or raw text."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

from jaxtour.text.clean import clean


class Raw:
    """Text as a program, a lesson or a file gave it: to run, compare, copy or save, but not to show.

    It is not a `str`, so no widget accepts it by mistake. In an f-string it becomes `line`.
    """

    __slots__ = ("text",)

    def __init__(self, text: str = "") -> None:
        self.text = text

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
"""The key in a type's metadata: `raw` or `lines`; text without it is one line."""

Lines: TypeAlias = Annotated[str, msgspec.Meta(extra={KEY: "lines"})]
"""Harmless text of one or more lines."""

if TYPE_CHECKING:
    RawText: TypeAlias = Raw
else:
    # msgspec decodes it as `str`; `harmless` turns that into the type that the type checker sees.
    RawText: TypeAlias = Annotated[str, msgspec.Meta(extra={KEY: "raw"})]


def plain_value(value: Any) -> Any:
    """The text of a `Raw`, for a JSON encoder; raises `NotImplementedError` for other types."""
    if isinstance(value, Raw):
        return value.text
    raise NotImplementedError(f"{type(value).__name__} cannot be written as JSON")
