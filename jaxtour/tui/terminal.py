"""The terminal of the tour, even if the standard streams are redirected."""

import contextlib
import locale
import os
import sys
import termios
from typing import Any

from textual.driver import Driver

from jaxtour.tui.compat import KeyParser, draw_on
from jaxtour.tui.graphics import Graphics
from jaxtour.tui.keyboard import KeyDecoder, pasted
from jaxtour.tui.messages import GraphicsKnown

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
    from textual import events
    from textual.drivers import linux_driver
    from textual.message import Message

    class TourDriver(linux_driver.LinuxDriver):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.graphics = Graphics(self.write, lambda: self.process_message(GraphicsKnown()))
            # Checked with Textual 8.2.8: its own decoder raises for invalid UTF-8, which ends the app.
            linux_driver.getincrementaldecoder = lambda _: lambda: KeyDecoder(self.graphics.heard)  # type: ignore[attr-defined, assignment]
            linux_driver.XTermParser = KeyParser  # type: ignore[attr-defined]
            if not os.isatty(2):
                assert sys.__stdout__ is not None
                draw_on(self, sys.__stdout__)

        def start_application_mode(self) -> None:
            super().start_application_mode()  # type: ignore[no-untyped-call]
            if os.isatty(0):
                self._modes = termios.tcgetattr(0)

        def _sigcont_application(self, *_: object) -> None:
            # Checked with Textual 8.2.8: it would start a second time after a stop that it did not see, as SIGSTOP is.
            if self._must_signal_resume:
                super()._sigcont_application()
            elif self._auto_restart:
                # The shell has set its own modes meanwhile. A hang-up sends SIGCONT, too, and leaves no terminal.
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(0, termios.TCSANOW, self._modes)
                self.process_message(self.SignalResume())

        def process_message(self, message: Message) -> None:
            if isinstance(message, events.Paste):
                message.text = pasted(message.text)
            super().process_message(message)

    return TourDriver
