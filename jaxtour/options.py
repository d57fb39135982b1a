"""Options that several commands share."""

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from jaxtour.dispatch import WorkerOptions as WorkerOptions

if TYPE_CHECKING:
    from jaxtour.commands.launch import Script

HELP = {"help_option_names": ["-h", "--help"]}


python_option = click.option(
    "--python", metavar="PATH", help="The Python with your JAX; default: jaxtour's own, or python3 on another machine."
)


def worker_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose the worker; the command gets them as `options`."""
    return python_option(device_options(command))


def device_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose the worker's devices; the command gets them as `options`."""
    return _gathered(
        command,
        "options",
        WorkerOptions,
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
    )


def _gathered(
    command: Callable[..., Any],
    name: str,
    kind: type[WorkerOptions] | type["ProgramOptions"],
    *options: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Callable[..., Any]:
    """Add options to a command, which gets those that are fields of `kind` as one value with that name."""

    @functools.wraps(command)
    def gathering(**given: Any) -> Any:
        chosen = {each: given.pop(each) for each in kind._fields if each in given}
        return command(**given, **{name: kind(**chosen)})

    added: Callable[..., Any] = gathering
    for option in options:
        added = option(added)
    return added


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


class ProgramOptions(NamedTuple):
    """The program that a command line names, and when to stop it."""

    target: str | None
    module: str | None
    args: Sequence[str]
    no_main: bool
    stop_after: str | None

    def script(self, *, run_times: bool = False) -> "Script":
        """Return the program; raises `CourseError` if it does not exist."""
        from jaxtour.commands.launch import program

        main = not self.no_main
        return program(self.target, self.module, self.args, main=main, stop_after=self.stop_after, run_times=run_times)


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options that choose a program; the command gets them as `program`."""
    return _gathered(
        command,
        "program",
        ProgramOptions,
        click.option("--stop-after", metavar="N|Ns", help="Stop the program after N compilations, or after N seconds."),
        click.option("--no-main", is_flag=True, help="Import the file, so that `__name__` is not `__main__`."),
        click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]"),
        click.argument("target", required=False, metavar="FILE.py"),
        click.option("-m", "module", metavar="MODULE", help="Run a module, as `python -m` does."),
    )
