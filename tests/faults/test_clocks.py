"""A clock jumps: progress, times and reviews stay as they are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pty_tour import Tour
from table import Row

from jaxtour.course.progress import Progress

pytestmark = [pytest.mark.faults, pytest.mark.terminal]
YEARS_S = 10 * 365 * 86400
SITE = """\
import datetime, sys, time
if sys.orig_argv[1:3] == ["-m", "jaxtour"]:
    def ahead():
        return float(open({clock!r}).read())
    real, since_1970 = datetime.datetime, time.time
    class Moved(real):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + datetime.timedelta(seconds=ahead())
    datetime.datetime = Moved
    time.time = lambda: since_1970() + ahead()
"""


@pytest.mark.parametrize(("first", "then"), [(YEARS_S, -YEARS_S), (0, YEARS_S)], ids=["set back", "set ahead"])
def test_the_clock_is(tmp_path: Path, row: Row, first: float, then: float) -> None:
    clock = tmp_path / "clock"
    clock.write_text(str(first))
    (tmp_path / "sitecustomize.py").write_text(SITE.format(clock=str(clock)))
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    with Tour(tmp_path, env=env) as tour:
        tour.look(row)
        clock.write_text(str(then))
        tour.look(row)
        tour.send("n")
        tour.until("It never ends.")
        tour.quit(row)
    kept = Progress.open(tmp_path / "state" / "jaxtour" / "progress.json")
    assert kept.is_done("standing", "look") and kept.place == ("standing", "spin")
    assert 0 <= kept.saved("standing", "look").seconds < YEARS_S / 2
    dirs = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    for words in (("progress", "--json"), ("review", "--list", "--json")):
        done = subprocess.run(
            [sys.executable, "-m", "jaxtour", *words], env=os.environ | env | dirs, capture_output=True, timeout=150
        )
        assert (done.returncode, done.stderr) == (0, b""), done
        assert json.loads(done.stdout) is not None
