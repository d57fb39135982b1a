"""The terminal of the tour, even if the standard streams are redirected."""

import locale
import os
import sys

from textual.driver import Driver

DUMB = ("dumb", "unknown")
"""Values of TERM for terminals that cannot place their cursor; Rich takes their size for 80x25."""


def speaks_utf8() -> bool:
    """Whether the terminal's encoding can show more than ASCII."""
    # Python speaks UTF-8 in the C locale too, where the terminal may not.
    said = os.environ.get("LC_ALL") or getattr(sys.__stdout__, "encoding", None) or locale.getpreferredencoding(False)
    return "utf" in said.lower()


def read_keys_from_terminal() -> bool:
    """Make the terminal stdin if it is not, as pagers do; return False without a terminal."""
    if os.isatty(0):
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return False
    os.dup2(terminal, 0)
    os.close(terminal)
    return True


def unusable() -> str:
    """Why the tour cannot be shown on this terminal; empty if it can."""
    if (term := os.environ.get("TERM")) in DUMB:
        return f"TERM={term} cannot show the tour: set TERM, as in TERM=xterm-256color"
    return "" if read_keys_from_terminal() else "no terminal to read keys from"


def driver_class() -> type[Driver] | None:
    """A driver that reads any bytes, and draws on stdout if stderr is redirected.

    None if `TEXTUAL_DRIVER` names another one.
    """
    if "TEXTUAL_DRIVER" in os.environ:
        return None
    from jaxtour.tui.compat_driver import TourDriver

    return TourDriver
