"""Checks that a step left intact what the runner itself relies on; a step may replace any of it."""

import ast
import os
import sys
from typing import Any

from ..frames import FrameDecoder, encode
from .describe import describe

_STEP = "1 + 1"


class Whole:
    """Does in miniature what every run does, and compares the outcome with that from before any lesson code ran.

    A step that breaks this ends the worker and is named as the cause; otherwise the next step would fail for it.
    """

    def __init__(self, stderr: int) -> None:
        self._stderr = stderr
        self._leave, self._write = os._exit, os.write
        self._modules = sys.modules
        self._expected = self._now()

    def check(self) -> None:
        """Name whatever is broken on standard error and end the process; raises only KeyboardInterrupt."""
        try:
            broken = "" if self._now() == self._expected else "it gives other results"
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            broken = f"{type(error).__name__}: {error}"
        if broken:
            text = f"this step broke Python or jax for the worker itself: {broken}"
            try:
                self._write(self._stderr, text[:1000].encode("utf-8", "replace") + b"\n")
            finally:
                self._leave(1)

    def _now(self) -> list[Any]:
        tree = ast.parse(_STEP, mode="eval")
        value = eval(compile(tree, "<jaxtour>", "eval"), {})
        messages = list(FrameDecoder().feed(encode({"value": describe(value)})))
        names = [type(node).__name__ for node in ast.walk(tree)]
        return [*messages, names, sys.modules is self._modules, sys.modules.get("sys") is sys]
