"""Sends what runners write to stdout and stderr as `text` events: batched, capped and in order."""

from functools import partial

from .capture import Stream
from .child import Child
from .link import Link
from .loop import Loop

BATCH_S = 0.03
BATCH = 32 * 1024


class OutputReader:
    """Reads runners' pipes and sends their text; while the engine is slow, text waits in the capped capture."""

    def __init__(self, loop: Loop, ui: Link) -> None:
        self._loop = loop
        self._ui = ui

    def watch(self, child: Child) -> None:
        """Start reading a runner's output."""
        for stream in child.streams:
            self._loop.reader(stream.fd, partial(self._readable, child, stream))

    def unwatch(self, child: Child) -> None:
        """Stop reading a runner's output."""
        for stream in child.streams:
            self._loop.drop(stream.fd)
        self._loop.cancel(self._timer(child))

    def settle(self, child: Child) -> None:
        """Send all text written so far, including the kept tail after a gap."""
        for stream in child.streams:
            stream.drain()
            for dropped, tracing, text in stream.capture.finish():
                self._tell(child, stream, text, dropped, tracing=tracing)
        self._loop.cancel(self._timer(child))

    def _readable(self, child: Child, stream: Stream) -> None:
        if stream.read() == 0:
            self._loop.drop(stream.fd)
        if child.held or not stream.capture.waiting:
            return
        if stream.capture.waiting >= BATCH:
            self._flush(child)
        elif not self._loop.waits(self._timer(child)):
            self._loop.at(self._timer(child), BATCH_S, partial(self._flush, child))

    def _flush(self, child: Child) -> None:
        self._loop.cancel(self._timer(child))
        if self._ui.crowded:
            self._loop.at(self._timer(child), BATCH_S, partial(self._flush, child))
            return
        for stream in child.streams:
            for tracing, text in stream.capture.take():
                self._tell(child, stream, text, 0, tracing=tracing)

    def _tell(self, child: Child, stream: Stream, text: str, dropped: int, *, tracing: bool) -> None:
        if child.run is None:
            self._ui.log(text)
            return
        event = {"event": "text", "run": child.run, "stream": stream.name, "text": text}
        self._ui.say({**event, "dropped": dropped, "background": child.background, "tracing": tracing})

    @staticmethod
    def _timer(child: Child) -> str:
        return f"text {child.pid}"
