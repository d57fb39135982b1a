"""Opens the tour on the terminal, even if the standard streams are redirected."""

import locale
import os
import sys
from collections.abc import Callable, Sequence

from textual.driver import Driver

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.progress import Progress
from jaxtour.engine.session import Session
from jaxtour.settings import Settings
from jaxtour.text import clean
from jaxtour.tui.app import TourApp
from jaxtour.tui.signals import watch_hangup

DUMB = ("dumb", "unknown")
"""Values of TERM for terminals that cannot place their cursor; Rich takes their size for 80x25."""


def speaks_utf8() -> bool:
    """Return whether the terminal's encoding can show more than ASCII."""
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
    """Return why this terminal cannot show the tour; empty if it can."""
    if (term := os.environ.get("TERM")) in DUMB:
        return f"TERM={term} cannot show the tour: set TERM, as in TERM=xterm-256color"
    return "" if read_keys_from_terminal() else "no terminal to read keys from"


def driver_class() -> type[Driver] | None:
    """Return a driver that reads any bytes, and draws on stdout if stderr is redirected.

    None if `TEXTUAL_DRIVER` names another one.
    """
    if "TEXTUAL_DRIVER" in os.environ:
        return None
    from jaxtour.tui.compat_driver import TourDriver

    return TourDriver


def run_tour(
    catalogue: Catalogue,
    session: Session,
    progress: Progress,
    settings: Settings,
    start: tuple[str, str] | None = None,
    theme: str | None = None,
    mouse: bool = True,
    notices: Sequence[str] = (),
    make: Callable[..., TourApp] = TourApp,
    review: bool = False,
    welcome: bool = False,
) -> int:
    """Open the tour on this terminal, or a review on it; return the exit code when the learner leaves."""
    if reason := unusable():
        sys.stderr.write(f"jaxtour: {reason}\n")
        return os.EX_USAGE
    app = make(
        catalogue,
        session,
        progress,
        settings,
        start=start,
        theme=theme,
        notices=notices,
        ascii_only=not speaks_utf8(),
        driver=driver_class(),
        review=review,
        welcome=welcome,
    )
    with watch_hangup(app):
        code = app.run(mouse=mouse)
    if unsaved := "progress is not saved: its disk does not respond" if app.hangs else progress.notice:
        sys.stderr.write(f"jaxtour: {clean(unsaved, keep_newlines=False)}\n")
    sys.stdout.flush()
    return code if code is not None else int(os.EX_SOFTWARE if app.return_code else 0)
