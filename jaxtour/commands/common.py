"""What several commands share: finding lessons, opening a worker, and one line for what goes wrong."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jaxtour.course.catalogue import Catalogue, bundled, open_path
from jaxtour.engine.client import ProcessEngine
from jaxtour.engine.session import Session, WorkerConfig

if TYPE_CHECKING:
    from jaxtour.engine.headless import Headless


def catalogue_for(target: str | None) -> tuple[Catalogue, str | None]:
    """The lessons that a command's argument speaks of, and what is left of it to look up in them.

    An argument that is a file or a folder is one's own course (`my.yaml`, `my.yaml/step`); anything else is looked up
    in the bundled one. Raises `CourseError` for a file that is not there.
    """
    if target is None:
        return bundled(), None
    path = Path(target)
    if path.exists():
        return open_path(path), None
    if path.parent.is_file():
        catalogue = open_path(path.parent)
        return catalogue, f"{catalogue.entries[0].id}/{path.name}"
    if path.suffix in (".yaml", ".yml"):
        return open_path(path), None
    return bundled(), target


def session(config: WorkerConfig) -> Session:
    """A session on a guard of its own."""
    return Session(ProcessEngine(), config)


def headless(config: WorkerConfig) -> "Headless":
    """A session for commands that only print."""
    # Imported here, as the tour has no use for it: it brings packaging, 11 ms.
    from jaxtour.engine.headless import Headless

    return Headless(session(config))


def write_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def write(text: str) -> None:
    """Print text that is already clean; a reader that went away (`| head`) ends the command quietly."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes stdout once more on its way out, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def ascii_only() -> bool:
    """Whether stdout cannot show more than ASCII."""
    return "utf" not in (sys.stdout.encoding or "").lower().replace("-", "")
