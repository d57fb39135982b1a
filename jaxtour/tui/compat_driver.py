"""The private parts of Textual's driver on Linux and macOS, apart from `compat.py`: imported with the terminal."""

import contextlib
import os
import sys
import termios
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.keys import Keys
from textual.message import Message

from jaxtour.tui.graphics import Graphics
from jaxtour.tui.keyboard import KeyDecoder, pasted
from jaxtour.tui.messages import GraphicsKnown
from jaxtour.tui.output import TerminalOutput


class KeyParser(XTermParser):
    """Textual's parser of keys, which ignores keys that no terminal has.

    Textual 8.2.8, `XTermParser._parse_extended_key`: a number that is not a character, or part of an unsolicited
    report, raises `ValueError` in the thread that reads keys, which ends the app.
    """

    def _parse_extended_key(self, sequence: str) -> list[events.Key] | None:  # type: ignore[override] # it is cached
        try:
            return super()._parse_extended_key(sequence)
        except (ValueError, OverflowError):
            return [events.Key(Keys.Ignore, sequence)]


class TourDriver(linux_driver.LinuxDriver):
    """A driver that reads any bytes, knows the terminal's graphics, and draws on stdout if stderr is redirected."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.graphics = Graphics(self.write, lambda: self.process_message(GraphicsKnown()))
        # Textual 8.2.8: its own decoder raises for invalid UTF-8, which ends the app.
        linux_driver.getincrementaldecoder = lambda _: lambda: KeyDecoder(self.graphics.heard)  # type: ignore[attr-defined, assignment]
        linux_driver.XTermParser = KeyParser  # type: ignore[attr-defined]
        # Textual 8.2.8: its own writer hands every frame to a thread.
        linux_driver.WriterThread = TerminalOutput  # type: ignore[attr-defined, assignment]
        if not os.isatty(2):
            # Textual 8.2.8, `LinuxDriver._file`: it is stderr, and there is no public way to another file.
            assert sys.__stdout__ is not None
            self._file = sys.__stdout__

    def start_application_mode(self) -> None:
        """Take the terminal, and remember its modes for a resume."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if os.isatty(0):
            self._modes = termios.tcgetattr(0)

    def stop_application_mode(self) -> None:
        """Give the terminal back; if the picture stays on it, later output goes below.

        GNU screen has no alternate screen unless `altscreen on` is set, and ignores that the tour leaves it.
        """
        self.write("\x1b[999;1H\n")
        super().stop_application_mode()

    def _sigcont_application(self, *_: object) -> None:
        # Textual 8.2.8: it would start a second time after a stop that it did not see, such as SIGSTOP.
        if self._must_signal_resume:
            super()._sigcont_application()
        elif self._auto_restart:
            # The shell has set its own modes meanwhile. A hang-up sends SIGCONT too, and leaves no terminal.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._modes)
            self.process_message(self.SignalResume())

    def process_message(self, message: Message) -> None:
        """Give a paste its escapes back."""
        if isinstance(message, events.Paste):
            message.text = pasted(message.text)
        super().process_message(message)
