"""Refuses code that does not compile, before anything is lost for it."""

import platform
from collections.abc import Mapping
from typing import Any

from ..syntax import broken, place


def refusal(command: Mapping[str, Any], python: str) -> list[dict[str, Any]]:
    """Return what a runner of this Python version would say about code that does not compile; empty if it does.

    Only for a guard of the same version; a file and a notebook's cell are left to the runner.
    """
    cell, same = command.get("cell"), python.split(".")[:2] == [*platform.python_version_tuple()[:2]]
    if not same or not isinstance(cell, Mapping) or cell.get("path") or cell.get("notebook") or command.get("keep"):
        return []
    name, code = str(cell.get("name")), cell.get("code")
    error = broken(code, f"<jaxtour:{name}>") if isinstance(code, str) else None
    if error is None or error.lineno is None:
        return []
    kind, said = type(error).__name__, str(error.msg)
    here = place(error)
    raised = {
        "event": "error",
        "type": kind,
        "bases": [each.__name__ for each in type(error).mro()[:-1]],
        "message": said,
        "frames": [{"file": name, "setup": False, **here}],
        **{key: here[key] for key in ("line", "column", "end_column")},
    }
    why = f"the code raised {kind}: {said}"
    checked = [{"event": "checked", "passed": False, "message": why, "outcomes": []}] if command.get("checks") else []
    run = command.get("run")
    events = [raised, {"event": "executed", "status": "error", "seconds": 0.0, "compiles": 0}, *checked]
    return [{**event, "run": run} for event in events]
