"""Options that several commands share."""

import functools
from collections.abc import Callable
from typing import Any

import click

from jaxtour.dispatch import WorkerOptions as WorkerOptions

HELP = {"help_option_names": ["-h", "--help"]}


python_option = click.option(
    "--python", metavar="PATH", help="The Python with your JAX; default: jaxtour's own, or python3 on another machine."
)


def worker_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose the worker; the command gets them as `options`."""
    return python_option(device_options(command))


def device_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose the worker's devices; the command gets them as `options`."""

    @functools.wraps(command)
    def gathering(**given: Any) -> Any:
        chosen = {name: given.pop(name) for name in WorkerOptions._fields if name in given}
        return command(**given, options=WorkerOptions(**chosen))

    for option in (
        click.option(
            "--worker", metavar="PREFIX", help="Run on another machine, through a prefix such as 'ssh -T tpu-vm'."
        ),
        click.option("--hosts", metavar="FILE|tpu", help="Run a process on each host, through --worker with {host}."),
        click.option(
            "--processes", type=click.IntRange(1, 16), default=1, metavar="N", help="Run every step in N processes."
        ),
        click.option(
            "--isolate",
            is_flag=True,
            help="Keep a step's processes from outliving it and from signalling yours (Linux).",
        ),
        click.option("--devices", type=click.IntRange(1, 64), metavar="N", help="Simulate N devices on the CPU."),
        click.option(
            "--platform", type=click.Choice(["cpu", "gpu", "tpu"]), help="Where to run; default: JAX chooses."
        ),
    ):
        gathering = option(gathering)
    return gathering


def look_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of commands that open the app."""
    command = click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")(command)
    return click.option("--theme", metavar="NAME", help="dark, light or ansi; also in the settings file.")(command)


trust_option = click.option(
    "--trust", is_flag=True, help="Let lessons from elsewhere run just this once; see jaxtour trust --help."
)

call_option = click.option(
    "--call", "calls", multiple=True, metavar="CALL", help="A call to trace, such as 'f(x, w)'; may be repeated."
)

at_option = click.option(
    "--at", metavar="NAME|FILE.py:LINE", help="Use the compiled programs of a function, or of the line that calls it."
)

html_option = click.option(
    "--html",
    metavar="FILE.html",
    help="Write a page for any browser, with source, jaxpr, StableHLO and HLO side by side.",
)

run_times_option = click.option(
    "--run-times",
    is_flag=True,
    help="Count and time the runs of each program; each call waits for its result and takes about 0.1 ms longer.",
)


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options that choose a program: a file or a module, its arguments, and when to stop it."""
    command = click.option(
        "--stop-after", metavar="N|Ns", help="Stop the program after N compilations, or after N seconds."
    )(command)
    command = click.option("--no-main", is_flag=True, help="Import the file, so that `__name__` is not `__main__`.")(
        command
    )
    command = click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]")(command)
    command = click.argument("target", required=False, metavar="FILE.py")(command)
    return click.option("-m", "module", metavar="MODULE", help="Run a module, as `python -m` does.")(command)
