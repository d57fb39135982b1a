"""The table of faults: a row for each test, carried on its report so that it survives xdist, and the table's text."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import pytest

ROW = "fault"
MARKS = ("faults", "row")
"""The marks of the table's tests: those with the first run in `make faults` alone, those with the second in `make test`
too."""
_KEY = pytest.StashKey["Row"]()
_HEAD = ("fault", "what was seen", "next step", "left", "MiB", "ready")


@dataclass
class Row:
    """What one test saw; a test without its own worker fills in `seen` at most."""

    fault: str
    seen: str = ""
    next_right: bool | None = None
    """Whether the step after it, `1 + 1`, was 2."""
    left: int | None = None
    """Processes that should have ended."""
    memory_mib: float | None = None
    """Resident memory of the guard."""
    ready_s: float | None = None
    """Seconds from the end of the fault to the end of the next step."""


def give_rows(items: Iterable[pytest.Item]) -> None:
    """Give each test of the table its row."""
    for item in items:
        if any(item.get_closest_marker(mark) for mark in MARKS):
            item.stash[_KEY] = row = Row(_name(item))
            # The report reads this dictionary once the test has ended.
            item.user_properties.append((ROW, vars(row)))


def row_of(item: pytest.Item) -> Row:
    """Return the row of a test."""
    return item.stash[_KEY]


def _name(item: pytest.Item) -> str:
    marker = item.get_closest_marker("row")
    if marker and marker.args:
        return str(marker.args[0])
    callspec = getattr(item, "callspec", None)
    return str(callspec.id) if callspec else item.name.removeprefix("test_").replace("_", " ")


class Table:
    """Collects the rows of a session. Tests that share a name, as a test with many inputs does, make one row."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], list[tuple[Row, bool]]] = {}

    def note(self, report: pytest.TestReport) -> None:
        """Take the row of a test that has run, or that could not be set up; one that cannot run here has none."""
        if report.skipped or (report.when != "call" and report.passed):
            return
        for name, fields in report.user_properties:
            if name == ROW:
                row = Row(**fields)
                self._rows.setdefault((report.nodeid.partition("::")[0], row.fault), []).append((row, report.passed))

    def lines(self) -> Iterator[str]:
        """Yield the table and its totals; nothing if no test of the table ran."""
        if not self._rows:
            return
        survived = 0
        yield _line("", *_HEAD)
        for (file, fault), tries in sorted(self._rows.items(), key=lambda each: each[0][0]):
            passed = all(passed for _, passed in tries)
            survived += passed
            row = Row(
                **{**asdict(tries[-1][0]), "seen": f"{len(tries)} inputs" if len(tries) > 1 else tries[0][0].seen}
            )
            yield _line("" if passed else f"NOT SURVIVED ({file})", fault, *_shown(row))
        yield f"{len(self._rows)} faults, {survived} survived, {len(self._rows) - survived} not survived"


def _shown(row: Row) -> tuple[str, ...]:
    right = {None: "-", True: "right", False: "WRONG"}[row.next_right]
    figures = (
        "-" if row.left is None else str(row.left),
        "-" if row.memory_mib is None else f"{row.memory_mib:.1f}",
        "-" if row.ready_s is None else f"{row.ready_s:.2f}",
    )
    return " ".join(row.seen.split()), right, *figures


def _line(mark: str, fault: str, seen: str, right: str, left: str, memory: str, ready: str) -> str:
    line = f"{fault[:40]:<40} {seen[:56]:<56} {right:<9} {left:>4} {memory:>5} {ready:>6}"
    return f"{line}  {mark}".rstrip()
