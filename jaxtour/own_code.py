"""The options and help of the commands for the user's own code; `cli.py` has the others."""

import sys

import click

from jaxtour.dispatch import config, finish, terminal_width
from jaxtour.options import (
    HELP,
    ProgramOptions,
    WorkerOptions,
    at_option,
    call_option,
    device_options,
    html_option,
    look_options,
    program_options,
    run_times_option,
    worker_options,
)


@click.command(context_settings=HELP)
@program_options
@call_option
@at_option
@click.option(
    "--stage",
    type=click.Choice(["jaxpr", "stablehlo", "hlo", "arguments", "memory", "all"]),
    default="jaxpr",
    show_default=True,
    help="What to print.",
)
@click.option("--links", is_flag=True, help="Show each line's place in the source.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON with links.")
@html_option
@worker_options
def lens(
    program: ProgramOptions,
    calls: tuple[str, ...],
    at: str | None,
    stage: str,
    links: bool,
    as_json: bool,
    html: str | None,
    options: WorkerOptions,
) -> None:
    """Print what JAX makes of a file's calls.

    \b
      jaxtour lens train.py::loss --stage hlo --links
      jaxtour lens train.py --call 'jax.grad(loss)(w, S((8, 3), "bf16"))'
      jaxtour lens train.py --at step --stage all -- --steps 3
      jaxtour lens train.py --at step --stage arguments

    With --at, or with arguments after --, FILE.py runs as a program, and the calls are those that JAX compiled.
    Otherwise it runs as if imported: code under `if __name__ == "__main__":` does not run, and the calls are those that
    the file makes to FUNCTION, or else to jitted functions and to its own. A --call may use jax, jnp, np, every name in
    the file, and S(shape, dtype) for an array without data. The exit code is 1 if the file or a call fails.
    """

    def action() -> int:
        from jaxtour.commands.lens import LensRequest
        from jaxtour.commands.lens import lens as command

        found = program.script()
        worker = config(options)
        asked = LensRequest(found, calls, at, stage, links, html)
        return command(asked, worker, as_json=as_json, width=terminal_width())

    finish(action)


@click.command(context_settings=HELP)
@program_options
@run_times_option
@call_option
@worker_options
@look_options
def explore(
    program: ProgramOptions,
    run_times: bool,
    calls: tuple[str, ...],
    options: WorkerOptions,
    theme: str | None,
    no_mouse: bool,
) -> None:
    """Run a Python program and explore what JAX compiled.

    \b
      jaxtour explore train.py -- --steps 3
      jaxtour explore train.py::loss --python ~/venv
      jaxtour explore train.py --call 'jax.grad(loss)(w, jnp.ones((8, 3)))'

    The program runs at once, as under `python FILE.py ARGS`, and again whenever you save it. Without --call, the tour
    shows the functions that JAX compiled; if there are none, the calls that the file makes.
    """

    def action() -> int:
        from jaxtour.commands.explore import explore as command

        found = program.script(run_times=run_times)
        return command(found, calls, config(options, screen=True), theme=theme, mouse=not no_mouse)

    finish(action)


@click.command(context_settings=HELP)
@program_options
@run_times_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@worker_options
def record(
    program: ProgramOptions,
    run_times: bool,
    as_json: bool,
    options: WorkerOptions,
) -> None:
    """Run a program and list what JAX compiles while it runs.

    \b
      jaxtour record train.py -- --steps 100
      jaxtour record -m package.train --stop-after 20 -- --steps 100

    The program runs as it would under `python FILE.py ARGS`, and its output appears as usual. The list follows, the
    most expensive first: each function that JAX traced and compiled, for which inputs, how often the program called it,
    and why JAX compiled it again; then the single operations outside of any jit, by line. With --run-times, the list
    also shows how long each compiled program ran: from its submission to the device, with its inputs ready, until it
    was done. Ctrl-C stops the program, and the list still follows. The exit code is 1 if the program raises.
    """

    def action() -> int:
        from jaxtour.commands.record import record as command

        found = program.script(run_times=run_times)
        return command(found, config(options), as_json=as_json, width=terminal_width())

    finish(action)


@click.command(context_settings=HELP)
@program_options
@call_option
@at_option
@click.option("--patience", type=click.FloatRange(0.1, 1000), default=1.0, metavar="X", help="Profile X times as long.")
@click.option("--roofline", is_flag=True, help="Compare with the devices' peaks, measured once and stored.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@html_option
@worker_options
def profile(
    program: ProgramOptions,
    calls: tuple[str, ...],
    at: str | None,
    patience: float,
    roofline: bool,
    as_json: bool,
    html: str | None,
    options: WorkerOptions,
) -> None:
    """Show where a call's time goes, by line and by instruction.

    \b
      jaxtour profile train.py --call 'step(w, x)'
      jaxtour profile train.py --at step -- --steps 3

    jaxtour times the call first, then runs it under JAX's profiler for about a second. It attributes the time of each
    instruction that XLA compiled to the lines that the instruction came from. `jaxtour lens --help` says which calls it
    profiles without --call, and what --at and -- mean. The exit code is 1 if the file or a profile fails.
    """

    def action() -> int:
        from jaxtour.commands.profile import ProfileOptions
        from jaxtour.commands.profile import profile as command
        from jaxtour.course.model import CourseError

        if program.target is None and program.module is None and sys.stdout.isatty():
            # A lesson has the same name as the command.
            from jaxtour.commands.tour import tour

            return tour("profile", config(options), theme=None, mouse=True)
        if program.target is None and program.module is None:
            raise CourseError("name a Python file, as in profile train.py; jaxtour profile/guess opens the lesson")
        found = program.script()
        asked = ProfileOptions(found, calls, at, patience, roofline, html)
        return command(asked, config(options), as_json=as_json, width=terminal_width())

    finish(action)


@click.command("time", context_settings=HELP)
@program_options
@call_option
@at_option
@click.option("--vs", "against", multiple=True, metavar="CALL", help="A call to compare with; may be repeated.")
@click.option("--host", multiple=True, metavar="CALL", help="Like --vs, for a NumPy call: its arrays stay on the host.")
@click.option("--sizes", metavar="N,N,...", help="Measure each size; the calls use it as n.")
@click.option("--patience", type=click.FloatRange(0.1, 1000), default=1.0, metavar="X", help="Measure X times as long.")
@click.option("--roofline", is_flag=True, help="Compare with the devices' peaks, measured once and stored.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@worker_options
def time_command(
    program: ProgramOptions,
    calls: tuple[str, ...],
    at: str | None,
    against: tuple[str, ...],
    host: tuple[str, ...],
    sizes: str | None,
    patience: float,
    roofline: bool,
    as_json: bool,
    options: WorkerOptions,
) -> None:
    """Time the calls of a file, or what a program compiles.

    \b
      jaxtour time train.py --call 'step(w, x)' --vs 'slow_step(w, x)'
      jaxtour time train.py --call 'f(jnp.ones(n))' --host 'np.sin(np.ones(n))' --sizes 100,10000
      jaxtour time train.py --at step -- --steps 3

    With --at, jaxtour runs FILE.py as a program and records it. For each compiled program of that name or line, it runs
    FILE.py again up to that program's first run, and times the program with the inputs of that run. Otherwise, FILE.py
    runs first, as if imported. `jaxtour lens --help` says which calls jaxtour measures without --call, and what a call
    may use. The clock starts after a call's arguments are computed, and stops when the result is ready. The exit code
    is 1 if the file or a call fails.
    """

    def action() -> int:
        from jaxtour.commands.time import TimeRequest
        from jaxtour.commands.time import time as command

        found = program.script()
        asked = TimeRequest(found, calls, against, host, sizes, patience, roofline, at)
        return command(asked, config(options), as_json=as_json, width=terminal_width())

    finish(action)


_ARGUMENTS = "jaxtour.arguments"


class _WithProgramArguments(click.Command):
    """A command for several files that passes the words after -- to the programs in them as arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[_ARGUMENTS] = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])


@click.command("diff", cls=_WithProgramArguments, context_settings=HELP, options_metavar="[OPTIONS] [-- ARGS]")
@click.argument("targets", nargs=-1, required=True, metavar="FILE.py[@REVISION][::FUNCTION]...")
@click.option("--call", "calls", multiple=True, metavar="CALL", help="The call; give it twice to compare two calls.")
@click.option(
    "--at",
    "ats",
    multiple=True,
    metavar="NAME|FILE.py:LINE",
    help="The compiled program of a function or line; give it twice to compare two.",
)
@click.option(
    "--fail-if", "conditions", multiple=True, metavar="CONDITION", help="Exit with 1 if it is true; may be repeated."
)
@click.option("--patience", type=click.FloatRange(0.1, 1000), default=1.0, metavar="X", help="Measure X times as long.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@html_option
@click.option(
    "--python", "pythons", multiple=True, metavar="PATH", help="The Python with your JAX; give it twice to compare two."
)
@device_options
@click.pass_context
def diff_command(
    context: click.Context,
    targets: tuple[str, ...],
    calls: tuple[str, ...],
    ats: tuple[str, ...],
    conditions: tuple[str, ...],
    patience: float,
    as_json: bool,
    html: str | None,
    pythons: tuple[str, ...],
    options: WorkerOptions,
) -> None:
    """Compare two calls: results, programs, memory and time.

    \b
      jaxtour diff train.py --call 'step(w, x)' --call 'fast_step(w, x)'
      jaxtour diff old.py new.py --call 'step(w, x)'
      jaxtour diff train.py@HEAD~1 train.py --call 'step(w, x)' --fail-if 'time>1.1'
      jaxtour diff train.py --call 'step(w, x)' --python ~/old --python ~/new
      jaxtour diff train.py@HEAD~1 train.py --at step -- --steps 3

    One worker measures two calls of one file alternately; otherwise each side has its own workers, one side after the
    other. With --at, the files run as programs, and jaxtour compares what JAX compiled, with the inputs of its first
    run. A REVISION is a git revision; FILE.py may import the Python files of its folder in that revision.

    A CONDITION is a figure, one of > < >= <= =, and a number. The figures time, compile, flops, bytes, peak (memory)
    and equations are ratios B / A. Any other name is an HLO opcode, counted in B, as in 'all-reduce>1'. A time is above
    or below a number only if its whole interval is. The exit code is 1 if a condition is true, or if a file or a call
    fails.
    """

    def action() -> int:
        from jaxtour.commands.diff import DiffRequest
        from jaxtour.commands.diff import diff as command

        configs = [config(options, python) for python in pythons or (None,)]
        asked = DiffRequest(targets, calls, configs, conditions, patience, html, ats, context.meta[_ARGUMENTS])
        return command(asked, as_json=as_json, width=terminal_width())

    finish(action)


@click.command("values", context_settings=HELP)
@program_options
@call_option
@at_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@worker_options
def values_command(
    program: ProgramOptions,
    calls: tuple[str, ...],
    at: str | None,
    as_json: bool,
    options: WorkerOptions,
) -> None:
    """Evaluate a call line by line, and find its first nan or inf.

    \b
      jaxtour values train.py --call 'jax.grad(loss)(params, x)'
      jaxtour values train.py --at step -- --steps 3

    jaxtour evaluates each equation of the call's jaxpr on the call's own arguments, including those in loops. It prints
    the minimum, the mean, the maximum, the share of zeros, and counts of nan, infinite and subnormal values and of
    those beyond 90% of the dtype's range. The equation that made the first nan or inf out of finite numbers comes
    first, with its operands. `jaxtour lens --help` says which calls it evaluates without --call, and what --at and --
    mean. The exit code is 1 if the file or a call fails.
    """

    def action() -> int:
        from jaxtour.commands.values import values as command

        found = program.script()
        worker = config(options)
        return command(found, calls, at, worker, as_json=as_json, width=terminal_width())

    finish(action)
