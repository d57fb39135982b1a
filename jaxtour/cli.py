"""The command line: reads its words, and leaves the rest to what it imports when a command needs it."""

import errno
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import click

from jaxtour import __version__
from jaxtour.options import call_option, look_options, worker_options
from jaxtour.streams import mute_stdout, open_standard_streams

if TYPE_CHECKING:
    from jaxtour.engine.commands import StageName
    from jaxtour.engine.session import WorkerConfig

HELP = {"help_option_names": ["-h", "--help"]}


class TourGroup(click.Group):
    """Takes a first word that is no command as a lesson to open the tour at, and says in a line what is wrong."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and leave: 2 for a command line that is not understood, 130 for an interrupt."""
        open_standard_streams()
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.UsageError as error:
            fail(_usage(error))
        except click.ClickException as error:
            fail(error.format_message())
        except click.Abort:
            code = 130
        except BrokenPipeError:
            mute_stdout()
            code = 0
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            mute_stdout()
            fail(f"cannot write: {error.strerror}")
        sys.exit(code)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help", "--version")):
            args = ["tour", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] [LESSON[/STEP] | PATH]")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [record for param in tour.params if (record := param.get_help_record(ctx))]
        records += [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record[1]])
        self.format_commands(ctx, formatter)


def config(python: str | None, platform: str | None, devices: int | None) -> "WorkerConfig":
    """The worker that options and settings ask for; raises `CourseError` for a Python that is not there."""
    from jaxtour.commands.interpreter import interpreter
    from jaxtour.course.model import CourseError
    from jaxtour.engine.session import WorkerConfig
    from jaxtour.render.clean import clean
    from jaxtour.settings import load

    on_screen = sys.stdout.isatty() and click.get_current_context().info_name in ("tour", "explore")
    settings, problems = load()
    if not on_screen:
        for problem in problems:
            click.echo(f"jaxtour: {clean(problem)}", err=True)
    if python is not None:
        python = interpreter(python)
    elif (python := settings.python) is not None:
        try:
            python = interpreter(python)
        except CourseError as error:
            # The tour itself opens whatever the settings say, and its worker tells what is wrong.
            if not on_screen:
                raise CourseError(f"python in settings.toml: {error}") from None
    return WorkerConfig(python=python, platform=platform or settings.platform, devices=devices)


def finish(action: Callable[[], int]) -> None:
    """Run a command's work; what the user got wrong becomes one line and exit code 2."""
    from jaxtour.course.catalogue import CourseError
    from jaxtour.engine.session import EngineError
    from jaxtour.render.clean import clean

    try:
        code = action()
    except ExceptionGroup as group:
        known, rest = group.split((CourseError, EngineError))
        if rest or known is None:
            raise
        fail(clean(str(_first(known))))
    except (CourseError, EngineError) as error:
        fail(clean(str(error)))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code)


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr, in one line, and leave with code 2."""
    click.echo(f"jaxtour: {' '.join(message.split(chr(10)))}", err=True)
    sys.exit(2)


def _usage(error: click.UsageError) -> str:
    """What is wrong with the command line, and where to read about it."""
    message = error.format_message().rstrip(".")
    command = error.ctx.command_path.removesuffix(" tour") if error.ctx else "jaxtour"
    where = "" if message.endswith("?") else f": see {command} --help"
    return message[:1].lower() + message[1:] + where


@click.group(cls=TourGroup, context_settings=HELP)
@click.version_option(__version__, prog_name="jaxtour", message="%(prog)s %(version)s")
def main() -> None:
    """A guided tour of JAX in the terminal.

    Opens the tour where you left off, or at LESSON[/STEP], or on lessons of your own at PATH. Without a terminal on
    stdout it prints the lesson as plain text, with real results.
    """


@main.command(hidden=True, context_settings=HELP)
@click.argument("target", required=False, metavar="[LESSON[/STEP] | PATH]")
@worker_options
@look_options
def tour(
    target: str | None,
    python: str | None,
    platform: str | None,
    devices: int | None,
    theme: str | None,
    no_mouse: bool,
) -> None:
    """Open the tour."""

    def action() -> int:
        from jaxtour.commands.common import near_command

        if near := near_command(target, list(main.commands)):
            fail(f"no lesson or command {target!r}: did you mean jaxtour {near}?")
        if not sys.stdout.isatty():
            from jaxtour.commands.tour import print_lesson

            return print_lesson(target, config(python, platform, devices), width=terminal_width())
        from jaxtour.commands.tour import tour as command

        return command(target, config(python, platform, devices), theme=theme, mouse=not no_mouse)

    finish(action)


@main.command("list", context_settings=HELP)
@click.argument("target", required=False, metavar="[LESSON | PATH]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(target: str | None, as_json: bool) -> None:
    """List the lessons, or the steps of one, and how far you are."""

    def action() -> int:
        from jaxtour.commands.listing import list_lessons

        return list_lessons(target, as_json=as_json)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("target", metavar="LESSON[/STEP] | PATH")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@worker_options
def run(target: str, as_json: bool, python: str | None, platform: str | None, devices: int | None) -> None:
    """Run a lesson or a step and print what it shows.

    The exit code is 1 if a step failed, timed out or died.
    """

    def action() -> int:
        from jaxtour.commands.run import run as command

        return command(target, config(python, platform, devices), as_json=as_json, width=terminal_width())

    finish(action)


@main.command(context_settings=HELP)
@click.argument("targets", nargs=-1, metavar="[LESSON | PATH]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--jobs", type=click.IntRange(1, 32), metavar="N", help="Workers at once on the CPU; else one a core.")
@worker_options
def check(
    targets: tuple[str, ...],
    as_json: bool,
    jobs: int | None,
    python: str | None,
    platform: str | None,
    devices: int | None,
) -> None:
    """Hold every step of a lesson against what it expects.

    PATH is a lesson or a folder of lessons; the course otherwise. The exit code is 1 if anything is wrong.
    """

    def action() -> int:
        from jaxtour.commands.check import check as command

        return command(targets, config(python, platform, devices), as_json=as_json, jobs=jobs)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("target", metavar="FILE.py[::FUNCTION]")
@call_option
@click.option(
    "--stage",
    type=click.Choice(["jaxpr", "stablehlo", "hlo"]),
    default="jaxpr",
    show_default=True,
    help="What to print.",
)
@click.option("--links", is_flag=True, help="Beside each line, the place in the source that it comes from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, links included; of several calls, one on each line.")
@worker_options
def lens(
    target: str,
    calls: tuple[str, ...],
    stage: "StageName",
    links: bool,
    as_json: bool,
    python: str | None,
    platform: str | None,
    devices: int | None,
) -> None:
    """Print what JAX makes of a file's calls.

    \b
      jaxtour lens train.py::loss --stage hlo --links
      jaxtour lens train.py --call 'jax.grad(loss)(w, jnp.ones((8, 3)))'

    FILE.py is run as by import: what stands under `if __name__ == "__main__":` is not. Without --call these are the
    calls of FUNCTION that the file writes, or all its calls of jitted functions and of its own. A call may use jax,
    jnp and np, and every name of the file. The exit code is 1 if the file fails, or a call does.
    """  # noqa: D301  click takes this character for "do not wrap"

    def action() -> int:
        from jaxtour.commands.lens import lens as command

        return command(target, calls, config(python, platform, devices), stage=stage, links=links, as_json=as_json)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("target", metavar="FILE.py[::FUNCTION]")
@call_option
@worker_options
@look_options
def explore(
    target: str,
    calls: tuple[str, ...],
    python: str | None,
    platform: str | None,
    devices: int | None,
    theme: str | None,
    no_mouse: bool,
) -> None:
    """Look at a file's calls as the tour looks at a step's.

    \b
      jaxtour explore train.py::loss --python ~/work/.venv
      jaxtour explore train.py --call 'jax.grad(loss)(w, jnp.ones((8, 3)))'

    FILE.py runs at once, as by import: what stands under `if __name__ == "__main__":` does not. It runs again whenever
    it is saved. Which calls are shown without --call, and what a call may use, is told by `jaxtour lens --help`.
    """  # noqa: D301  click takes this character for "do not wrap"

    def action() -> int:
        from jaxtour.commands.explore import explore as command

        return command(target, calls, config(python, platform, devices), theme=theme, mouse=not no_mouse)

    finish(action)


@main.command("devices", context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@worker_options
def devices_command(as_json: bool, python: str | None, platform: str | None, devices: int | None) -> None:
    """Show the devices that jax finds."""

    def action() -> int:
        from jaxtour.commands.listing import devices as command

        return command(config(python, platform, devices), as_json=as_json)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("target", metavar="LESSON[/STEP]")
@click.option("--size", default="120x36", metavar="WxH", show_default=True, help="The screen's columns and lines.")
@click.option("--run", "run_step", is_flag=True, help="Run the step first.")
@click.option("--stable", is_flag=True, help="Leave out times and the machine, so that pictures can be compared.")
@click.option("--theme", metavar="NAME", help="dark, light or ansi.")
@click.option("-o", "--output", metavar="FILE", help="Where to: .svg or .txt; text on stdout otherwise.")
@worker_options
def snapshot(
    target: str,
    size: str,
    run_step: bool,
    stable: bool,
    theme: str | None,
    output: str | None,
    python: str | None,
    platform: str | None,
    devices: int | None,
) -> None:
    """Draw the tour's screen at a step, as a picture or as text."""

    def action() -> int:
        from jaxtour.commands.snapshot import snapshot as command

        return command(
            target,
            config(python, platform, devices),
            size=size,
            run_step=run_step,
            stable=stable,
            theme=theme,
            output=output,
        )

    finish(action)


@main.command(context_settings=HELP)
def schema() -> None:
    """Print the JSON Schema of a lesson file."""

    def action() -> int:
        from jaxtour.commands.common import write_json
        from jaxtour.course.schema import schema as lesson_schema

        write_json(lesson_schema())
        return 0

    finish(action)


@main.command(context_settings=HELP)
def worker() -> None:
    """Be the worker of a tour elsewhere, on stdin and stdout."""
    import os
    from pathlib import Path

    guard = Path(__file__).parent / "worker" / "guard.py"
    os.execv(sys.executable, [sys.executable, str(guard)])


def terminal_width() -> int:
    """Columns for printed text: at most 100, and no more than the terminal has that a pager may show it on."""
    import os

    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return min(int(columns), 100)
    for stream in (1, 2, 0):
        try:
            if width := os.get_terminal_size(stream).columns:
                return min(width, 100)
        except OSError:
            continue
    return 100
