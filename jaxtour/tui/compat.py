"""All that is not public in Textual, each with the release that it was checked on.

Looked at again with each release that is taken on: the tests of `tests/tui` fail where one of these goes another way.
"""

from typing import TextIO

from textual.driver import Driver
from textual.reactive import Reactive
from textual.widget import Widget


def unpainted_focus() -> Reactive[Widget | None]:
    """`Screen.focused` for a screen whose focus moves without painting the whole screen again.

    Textual 8.2.8 declares it with `repaint=True`; the two widgets that change paint themselves.
    """
    return Reactive(None, repaint=False)


def draw_on(driver: Driver, file: TextIO) -> None:
    """Have a driver write to a file.

    Textual 8.2.8: `LinuxDriver` takes stderr, and keeps it in `_file`.
    """
    driver._file = file  # type: ignore[attr-defined]
