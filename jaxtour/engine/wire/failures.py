"""The wire: what an exception says, and where in the learner's code it was raised."""

import msgspec

from jaxtour.text import NO_TEXT, Lines, RawText


class TracebackFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A traceback's frame inside lesson code."""

    file: str
    """`lesson/step`"""
    line: int
    column: int = 0
    end_column: int = 0
    function: str = ""
    text: RawText = NO_TEXT
    """The line, in which the columns count."""
    setup: bool = False


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    """An exception in a group."""

    type: str
    message: Lines
    frames: tuple[TracebackFrame, ...] = ()
    """Outermost first; none beyond the first exceptions of a large group."""
