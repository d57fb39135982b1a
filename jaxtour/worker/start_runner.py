"""The process that imports jax: `start_runner.py --ctl FD --out FD [--hold] [--marks TOKEN]`.

It is started by file, and its folder becomes the package `_jaxtour_worker`: this keeps jaxtour off the learner's
`sys.path`. Until the version check, the code must also run on a Python that is too old.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib.util
import json
import os
import re
import select
import signal
import site
import struct
import sys
import sysconfig
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .frames import FrameDecoder
    from .machine.accelerators import Survey
    from .runner.watch import DeviceWatch
    from .runner.writer import Stdio, Writer

PACKAGE = "_jaxtour_worker"
OLDEST_PYTHON = (3, 11)
OLDEST_JAX = (0, 9)
_IDLE_S = 0.1
"""The seconds without a command, after the start, after which the runner warms up."""
_SLOW_S = 20.0
SLOW = (
    f"the TPU has not started within {_SLOW_S:g} s: on one of several hosts of a slice, jax waits for the others; "
    "set TPU_PROCESS_BOUNDS=1,1,1 and TPU_CHIPS_PER_PROCESS_BOUNDS (4 chips: 2,2,1) to use this host alone, "
    "or use the CPU: --platform cpu"
)
"""The likely cause, sent if nothing else explained the wait."""
WAIT = "JAXTOUR_WAIT"
"""Environment variable: if set, wait for an accelerator that another process holds."""
_LOOK_AGAIN_S = 1.0


def main() -> None:
    """Start, then execute commands until the guard closes the pipe.

    `os._exit` skips jax's shutdown, and what lesson code left: exit handlers, and threads that Python would wait for.
    """
    leave, status = os._exit, 1
    options = _options()
    os.set_inheritable(options.ctl, False)
    os.set_inheritable(options.out, False)
    if options.outer is not None:
        os.set_inheritable(options.outer, False)
    if sys.version_info < OLDEST_PYTHON:
        version = "{}.{}".format(*sys.version_info[:2])
        _give_up(
            options.out,
            f"Python {version} is too old; jaxtour needs 3.11 or newer: `uv venv --python 3.12` makes one",
        )
    try:
        load_package()
        _serve(options)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        leave(status)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="start_runner.py", description="Started by the guard; not for direct use.")
    parser.add_argument("--ctl", type=int, required=True, help="read commands from this descriptor")
    parser.add_argument("--out", type=int, required=True, help="write events to this descriptor")
    parser.add_argument("--marks", metavar="TOKEN", help="mark output written while JAX traces, for the guard")
    parser.add_argument("--outer", type=int, help="the machine's / outside of our pid namespace")
    parser.add_argument("--hold", action="store_true", help="wait for `go` before opening devices")
    return parser.parse_args()


def _give_up(fd: int, detail: str, code: str = "") -> NoReturn:
    """Report why there will be no runner, without using the package, and exit."""
    body = json.dumps({"event": "state", "state": "dead", "detail": detail, "code": code}).encode("ascii")
    os.write(fd, struct.pack(">I", len(body)) + body)
    os._exit(1)


def load_package() -> None:
    """Import this folder as `_jaxtour_worker`, and make it this file's package."""
    global __package__
    folder = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != folder]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, str(folder / "__init__.py"), submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)
    __package__ = PACKAGE


def _serve(options: argparse.Namespace) -> None:
    from .frames import FrameDecoder
    from .machine import accelerators
    from .runner.writer import Stdio, Writer

    writer, stdio = Writer(options.out), Stdio()
    signal.signal(signal.SIGINT, writer.interrupt)
    faulthandler.enable(file=stdio.stderr, all_threads=True)
    faulthandler.register(signal.SIGUSR1, file=stdio.stderr, all_threads=True)
    _close_in_children(options.ctl, options.out, *stdio.descriptors)
    writer.say({"event": "state", "state": "importing jax"})
    asked = dict(os.environ)
    # A held runner starts after the runner that may hold the accelerator now has exited.
    survey = accelerators.look(asked, _machine(options)) if options.hold else _usable(writer, asked, options)
    os.environ.update(survey.environment)
    _import_jax(options.out)
    from .runner import together

    commands = Commands(options.ctl, FrameDecoder())
    if options.hold:
        if not any(command.get("verb") == "go" for command in commands):
            return
        survey = _usable(writer, asked, options)
    if options.outer is not None:
        os.close(options.outer)  # a step must not reach the processes outside
    if (place := together.place_in(asked)) and not together.join(place, writer.say, commands):
        return
    _run_all(writer, stdio, commands, survey, options)


def _machine(options: argparse.Namespace) -> Path:
    """Return the root for a look at the machine: inside our PID namespace, the holders of devices are invisible."""
    return Path("/") if options.outer is None else Path(f"/proc/self/fd/{options.outer}")


def _usable(writer: Writer, asked: dict[str, str], options: argparse.Namespace) -> Survey:
    """Return the survey once devices can be used; exits if they cannot, unless it should wait for another process."""
    from .machine import accelerators

    said = ""
    while fatal := (survey := accelerators.look(asked, _machine(options))).fatal:
        if fatal.code != accelerators.BUSY or not asked.get(WAIT):
            _give_up(options.out, str(fatal), fatal.code)
        if fatal.holder != said:
            said = fatal.holder
            writer.say({"event": "state", "state": "opening devices", "detail": f"waiting: {fatal.message}"})
        # The guard sends nothing before `ready`: readable means that it closed its end.
        if select.select([options.ctl], [], [], _LOOK_AGAIN_S)[0]:
            os._exit(0)
    return survey


def _close_in_children(*descriptors: int) -> None:
    """Close our pipes in forked children: lesson code may fork, as multiprocessing does."""

    def close() -> None:
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    os.register_at_fork(after_in_child=close)


def _import_jax(out: int) -> None:
    pip = f"{sys.executable} -m pip install"
    try:
        import jax
        import jax.numpy
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("jax", "jaxlib", "numpy"):
            _give_up(out, f"{sys.executable} has no {error.name}: {pip} jax")
        _give_up(out, f"jax cannot be imported ({error}): {pip} -U jax jaxlib")
    except Exception as error:
        first = " ".join(str(error).split())[:200]
        _give_up(out, f"jax cannot be imported ({type(error).__name__}: {first}): {pip} -U jax jaxlib")
    if tuple(map(int, re.findall(r"\d+", jax.__version__)[:2])) < OLDEST_JAX:
        oldest = ".".join(map(str, OLDEST_JAX))
        _give_up(out, f"jax {jax.__version__} is too old; jaxtour needs {oldest} or newer: {pip} -U jax")


class Commands:
    """Yields every command, until the guard closes its end."""

    def __init__(self, ctl: int, decoder: FrameDecoder) -> None:
        self.watch: DeviceWatch | None = None
        """Looks at the devices while no command arrives."""
        self._ctl = ctl
        self._all = self._read(decoder, os.read, select.select)  # bound now: lesson code may replace them

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._all

    def waiting(self, seconds: float) -> bool:
        """Return whether a command arrives within `seconds`."""
        return bool(select.select([self._ctl], [], [], seconds)[0])

    def _read(self, decoder: FrameDecoder, read: Any, select: Any) -> Iterator[dict[str, Any]]:
        while True:
            while self.watch and not select([self._ctl], [], [], self.watch.patience())[0]:
                self.watch.look()
            if not (data := read(self._ctl, 65536)):
                return
            yield from decoder.feed(data)


def _run_all(writer: Writer, stdio: Stdio, commands: Commands, survey: Survey, options: argparse.Namespace) -> None:
    from . import compat
    from .machine import accelerators, devices
    from .machine.utilization import meter_for
    from .marks import mark_streams
    from .runner import sent
    from .runner.execute import Workspace
    from .runner.run_events import RunContext
    from .runner.steps import CommandRun
    from .runner.watch import DeviceWatch
    from .runner.whole import Whole

    if options.marks:
        mark_streams(options.marks, compat.is_tracing)
    events = compat.CompileEvents()
    events.watch()
    compat.see_only_lesson_frames(*_library_folders())
    said = "; ".join(map(str, survey.findings))
    writer.say({"event": "state", "state": "opening devices", "detail": said})
    slow = threading.Timer(_SLOW_S, writer.say, [{"event": "state", "state": "opening devices", "detail": SLOW}])
    slow.daemon = True
    if survey.tpu:
        slow.start()
    try:
        found = devices.choose(devices.open_devices(), os.environ.get(devices.CHOSEN))
    except devices.NoDevicesError as error:
        _give_up(options.out, str(error))
    finally:
        slow.cancel()
    unused = accelerators.unused(survey, devices.platforms(found))
    findings = [*survey.findings, *([unused] if unused else [])]
    if reason := os.environ.get("JAXTOUR_NOT_ISOLATED"):
        said = f"steps run without --isolate: {reason}"
        findings.append(accelerators.Finding("not isolated", said))
    workspace = Workspace(events)
    workspace.install()
    stage = RunContext(writer, stdio, workspace, events, found, Whole(stdio.stderr))
    watch = DeviceWatch(writer, found, findings, meter_for(found[0].platform))
    watch.look()
    writer.say({"event": "state", "state": "ready"})
    if not options.hold and not commands.waiting(_IDLE_S):
        compat.warm_up()
    commands.watch = watch
    for command in commands:
        if command.get("verb") == "put":
            sent.put(command["path"], command["text"])
        if command.get("verb") != "run":
            continue
        writer.say({"event": "state", "state": "running"})
        with watch.during(measured=bool(command.get("time") or command.get("peaks"))):
            CommandRun(stage, command).perform()
        writer.say({"event": "state", "state": "ready"})
        watch.look()


def _library_folders() -> set[str]:
    """Return the folders of installed packages and of this runner."""
    paths = sysconfig.get_paths()
    return {paths["purelib"], paths["platlib"], *site.getsitepackages(), str(Path(__file__).resolve().parent)}


if __name__ == "__main__":
    main()
