"""Whether files were saved: by size and time alone, so that it works on network file systems too."""

from collections.abc import Iterable
from pathlib import Path

from jaxtour.engine.report import Report

Stamp = tuple[int, int, int]


class FileWatch:
    """Looks at files when it is asked to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[Path, Stamp | None] = {path: stamp(path)}

    def also(self, paths: Iterable[Path]) -> None:
        """StageRequest at these files too, beside the one that always counts, and at no others."""
        self._seen = {path: self._seen.get(path) or stamp(path) for path in (self._path, *paths)}

    def changed(self) -> bool:
        """Whether one is another than the last time; a file that is not there is about to be, by a rename."""
        found = {path: now for path in self._seen if (now := stamp(path)) is not None}
        changed = any(self._seen[path] != now for path, now in found.items())
        self._seen |= found
        return changed


def stamp(path: Path) -> Stamp | None:
    """What a save changes; None for a file that is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    # The inode too: editors save by renaming, and may keep a file's time when they do.
    return found.st_mtime_ns, found.st_size, found.st_ino


def files_of(report: Report) -> set[Path]:
    """The files of the learner's that a report speaks of."""
    raised = [report.failure, *(trace.raised for trace in report.traces)]
    names = {frame.file for failure in raised if failure for frame in failure.frames}
    for stage in report.stages.values():
        for origin in stage.origins:
            names |= {span.file for span in (*origin.spans, *origin.callers)}
    return {path for name in names if (path := Path(name)).is_absolute()}
