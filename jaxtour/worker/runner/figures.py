"""Saves, prints and reports Matplotlib's figures in a notebook, where Jupyter would show them.

Matplotlib is used only if the learner's code has imported it.
"""

import base64
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import stat
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..machine.host import REMOTE
from .failures import attempt, one_line
from .writer import Event

_PYPLOT = "matplotlib.pyplot"
_NOT_SHOWN = ".*FigureCanvasAgg is non-interactive, and thus cannot be shown"
_TITLE_CAP = 80
"""The most characters of a figure's titles."""
MOST_SENT = 1024 * 1024
"""Bytes of a figure that is sent to another machine."""


class Figures:
    """The figures that a cell shows, each once."""

    def __init__(self) -> None:
        self._name = ""
        self._quiet = False
        self._seen: list[Any] = []
        self.events: list[Event] = []
        """A `figure` event for each figure, without the run."""

    def begin(self, name: str, *, quiet: bool) -> None:
        """Prepare for a cell; if `quiet`, nothing is saved or printed."""
        # As in Jupyter, no figure opens a window.
        os.environ.setdefault("MPLBACKEND", "Agg")
        warnings.filterwarnings("ignore", _NOT_SHOWN)
        self._name, self._quiet, self._seen, self.events = re.sub("[^a-z0-9]+", "-", name), quiet, [], []
        after_import(_PYPLOT, self._take_over)
        self._close()

    def show_open(self) -> None:
        """Show and close pyplot's open figures: what `plt.show()` does in Jupyter, and the end of a cell."""
        pyplot: Any = sys.modules.get(_PYPLOT)
        for number in pyplot.get_fignums() if pyplot else ():
            self.show(pyplot.figure(number))
        self._close()

    def show(self, figure: Any) -> None:
        """Save a figure, and print its size, its titles and its file.

        The files are in the user's own folder in the system's temporary one; the next run of the same cell replaces
        them.
        """
        if self._quiet or any(figure is each for each in self._seen):
            return
        self._seen.append(figure)
        event, error = attempt(_saved, figure, f"{self._name}-{len(self._seen)}.png")
        if event is None:
            print(f"a figure that cannot be drawn: {error and one_line(error)}")  # noqa: T201
            return
        print(event["said"])  # noqa: T201
        self.events.append(event)

    def _take_over(self, pyplot: Any) -> None:
        def show(*_args: Any, **_options: Any) -> None:
            self.show_open()

        # A function: pyplot sets its signature.
        pyplot.show = show

    def _close(self) -> None:
        pyplot: Any = sys.modules.get(_PYPLOT)
        # Another thread may still be importing it.
        if close := getattr(pyplot, "close", None):
            close("all")


def is_figure(value: Any) -> bool:
    """Return whether a value is a figure of matplotlib."""
    kind = getattr(sys.modules.get("matplotlib.figure"), "Figure", None)
    return isinstance(kind, type) and isinstance(value, kind)


def after_import(name: str, then: Callable[[Any], None]) -> None:
    """Call a function with a module: now, or as soon as it has been imported."""
    if name in sys.modules:
        then(sys.modules[name])
    elif not any(isinstance(finder, _AfterImport) and finder.name == name for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport(name, then))


class _AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function with a module once that has been imported."""

    def __init__(self, name: str, then: Callable[[types.ModuleType], None]) -> None:
        self.name = name
        self._then = then

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  the signature is Python's
        target: types.ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """Let the other finders find the module, and add the call to what executes it."""
        if fullname != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def executed(module: types.ModuleType) -> None:
                execute(module)
                self._then(module)

            spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


def _saved(figure: Any, file: str) -> Event:
    width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
    path = own_folder("jaxtour-figures") / file
    save: Callable[..., None] = figure.savefig
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(path, format="png", dpi=figure.dpi)
    titles = _titles(figure)
    said = f"figure {width}x{height}{f' “{titles}”' if titles else ''}, saved to {path}"
    event = {"event": "figure", "path": str(path), "width": width, "height": height, "said": said}
    if os.environ.get(REMOTE) and path.stat().st_size <= MOST_SENT:
        event["data"] = base64.b64encode(path.read_bytes()).decode()
    return event


def _titles(figure: Any) -> str:
    """Return the titles of a figure and of its axes, in one line."""
    axes: Any = attempt(figure.get_axes)[0] if hasattr(figure, "get_axes") else ()
    found = [attempt(figure.get_suptitle)[0]] if hasattr(figure, "get_suptitle") else []
    found += [attempt(each.get_title)[0] for each in axes or ()]
    return ", ".join(" ".join(str(title).split()) for title in found if title)[:_TITLE_CAP]


def own_folder(name: str) -> Path:
    """Return the user's folder of this name in the temporary one; another if somebody else owns one of that name."""
    folder = Path(tempfile.gettempdir(), f"{name}-{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022:
        return folder
    return Path(tempfile.mkdtemp(prefix=f"{name}-"))
