"""The terminal that the tour is drawn on, whatever was done to the standard streams."""

import locale
import os
import sys

from textual.driver import Driver

from jaxtour.tui.compat import draw_on


def speaks_utf8() -> bool:
    """Whether the terminal's encoding can show more than ASCII."""
    # Python speaks UTF-8 in the C locale too, where the terminal may not.
    said = os.environ.get("LC_ALL") or getattr(sys.__stdout__, "encoding", None) or locale.getpreferredencoding(False)
    return "utf" in said.lower()


def read_keys_from_terminal() -> bool:
    """Make stdin the terminal where it is something else, as pagers do; False where there is none."""
    if os.isatty(0):
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return False
    os.dup2(terminal, 0)
    os.close(terminal)
    return True


def driver_class() -> type[Driver] | None:
    """None for Textual's own choice, which draws on stderr; one that draws on stdout if stderr goes elsewhere."""
    if os.isatty(2):
        return None
    from textual.drivers.linux_driver import LinuxDriver

    class StdoutDriver(LinuxDriver):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[arg-type]
            assert sys.__stdout__ is not None
            draw_on(self, sys.__stdout__)

    return StdoutDriver
