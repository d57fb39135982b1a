"""Steps write more than anybody reads."""

import time
from pathlib import Path

import pytest
from guard_client import Report
from survival import Worker
from table import Row

from jaxtour.worker.guard.capture import HEAD, TAIL

pytestmark = [pytest.mark.faults, pytest.mark.alone]

SIZE = 1_000_000_000


@pytest.mark.row("1 GB of output")
def test_1_gb_of_output(worker: Worker, row: Row, tmp_path: Path) -> None:
    """Of 1 GB of output both ends are kept, the rest is counted to the byte, and the guard answers meanwhile."""
    guard, answered = worker.guard, tmp_path / "answered"
    code = f"""\
import os
b, size = b'x' * 100_000, 0
while size < {SIZE} or not os.path.exists({str(answered)!r}):
    size += os.write(1, b)
size + os.write(1, b'the end')
"""
    run = guard.ask(code)
    events = guard.until(event="text", run=run)
    late = max(guard.ping(during=run) for _ in range(20))
    answered.touch()
    report = Report([event for event in events + guard.until(event="done", run=run) if event.get("run") == run])
    row.seen = f"{report.done['status']}: {report.dropped:,} bytes left out, a ping {late * 1e3:.1f} ms late"
    assert report.dropped == int(report.result) - HEAD - TAIL and report.dropped > SIZE - HEAD - TAIL
    assert report.texts()[-1]["text"].endswith("the end")
    worker.survived(row, time.monotonic(), lost=False)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import os\nb = b'x' * 65536\nwhile True: os.write(1, b)", id="a flood without end"),
        pytest.param("while True: print('line')", id="lines without end"),
        pytest.param("import sys\nwhile True: print('e', file=sys.stderr)", id="errors without end"),
        pytest.param("import subprocess\nsubprocess.run(['yes'])", id="a child that writes without end"),
    ],
)
def test_a_flood_is_interrupted(worker: Worker, row: Row, code: str) -> None:
    guard = worker.guard
    run = guard.ask(code, fresh=True)
    guard.until(event="text", run=run)
    late = max(guard.ping(during=run) for _ in range(20))
    began = time.monotonic()
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    row.seen = f"{done['status']} after {time.monotonic() - began:.2f} s, a ping {late * 1e3:.1f} ms late"
    assert done["status"] == "interrupted"
    worker.survived(row, time.monotonic(), lost=True)
