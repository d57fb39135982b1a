"""The guard: starts the runner, handles its output, timeouts and exit, and speaks frames on stdin and stdout.

`python start_guard.py [--runner FILE] [--idle SECONDS]`. It is started by file and loads its own folder as a
package, which keeps that folder and the rest of jaxtour off `sys.path`.
"""

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = "_jaxtour_worker"
FOLDER = Path(__file__).resolve().parent


def load_package() -> ModuleType:
    """Load this file's folder as the package `_jaxtour_worker`."""
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != FOLDER]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {FOLDER}")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    return package


def main() -> int:
    """Serve stdin until it ends; returns 1 if an invalid frame came in."""
    parser = argparse.ArgumentParser(prog="start_guard.py", description="Run lesson code in a separate process.")
    parser.add_argument("--runner", type=Path, default=FOLDER / "start_runner.py", help="the program to start")
    parser.add_argument("--idle", type=float, metavar="SECONDS", help="end after so long without a command or a ping")
    options = parser.parse_args()
    load_package()
    serve = importlib.import_module(f"{PACKAGE}.guard.supervisor").serve
    status: int = serve(options.runner.absolute(), options.idle)
    return status


if __name__ == "__main__":
    sys.exit(main())
