"""Handles standard streams: those that the shell has closed, or whose reader is gone, and one line on stderr."""

import os
import sys


def open_standard_streams() -> None:
    """Open the null device for streams the shell has closed (`>&-`), so that no pipe of ours gets their number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            stream = os.fdopen(number, mode, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def mute_stdout() -> None:
    """Send buffered output to the null device: the interpreter flushes it at exit, and would complain."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def warn(message: str) -> None:
    """Print a message in one line on stderr."""
    from jaxtour.text import clean

    sys.stderr.write(f"jaxtour: {clean(message, keep_newlines=False)}\n")
    sys.stderr.flush()
