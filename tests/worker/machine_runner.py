"""The real runner on a simulated machine: `machine_runner.py RUNNER options`, with the root folder in JT_MACHINE.

JT_INSTALLED lists the modules that its Python appears to have, apart from jax. JT_OPENING names a pipe: opening
devices ends when somebody has opened that for writing and closed it.
"""

import importlib
import importlib.util
import os
import sys
from pathlib import Path


def main():
    del sys.argv[0]
    spec = importlib.util.spec_from_file_location("runner", sys.argv[0])
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    runner.load_package()
    accelerators = importlib.import_module(f"{runner.PACKAGE}.machine.accelerators")
    look, root, installed = accelerators.look, Path(os.environ["JT_MACHINE"]), os.environ.get("JT_INSTALLED", "")
    # The tests' metadata server answers, if late on a busy machine.
    importlib.import_module(f"{runner.PACKAGE}.machine.host").PATIENCE_S = 60.0
    accelerators.look = lambda environ, _: look(environ, root, installed.split(",").__contains__)
    if pipe := os.environ.get("JT_OPENING"):
        unused = accelerators.unused
        accelerators.unused = lambda *found: unused(*found) if Path(pipe).read_bytes() == b"" else None
    runner.main()


if __name__ == "__main__":
    main()
