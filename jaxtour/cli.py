"""The command line: parses options and arguments, and imports what a command needs only when it runs."""

import sys
from typing import Any, NoReturn

import click

from jaxtour import __version__
from jaxtour.dispatch import config, fail, finish, open_tour, protected, terminal_width
from jaxtour.learning import LEARNING
from jaxtour.options import HELP, WorkerOptions, html_option, look_options, trust_option, worker_options
from jaxtour.own_code import diff_command, explore, lens, profile, record, time_command, values_command


class TourGroup(click.Group):
    """Opens the tour at the first argument unless that is a command, and reports usage errors in one line."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and exit, with code 2 for a usage error and 130 for an interrupt."""

        def command() -> int:
            try:
                return int(super(TourGroup, self).main(*args, **{**kwargs, "standalone_mode": False}) or 0)
            except click.UsageError as error:
                fail(_usage(error))
            except click.ClickException as error:
                fail(error.format_message())
            except click.Abort:
                return 130

        protected(command)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = self._command_in(args)
        if place is not None:
            # Options before the command's name belong to the command.
            args = [args[place], *args[:place], *args[place + 1 :]]
        elif not args or args[0] not in ("-h", "--help", "--version"):
            args = ["tour", *args]
        return super().parse_args(ctx, args)

    def _command_in(self, args: list[str]) -> int | None:
        """Return the index of the command's name, if it is the first word other than options and their values."""
        params = [param for command in self.commands.values() for param in command.params]
        flags = {"--help", "--version", "--"}
        flags |= {name for param in params if getattr(param, "is_flag", False) for name in param.opts}
        value = False
        for place, word in enumerate(args):
            if not value and not word.startswith("-"):
                return place if word in self.commands else None
            value = not value and word.startswith("--") and "=" not in word and word not in flags
        return None

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] [LESSON[/STEP] | PATH]")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [record for param in tour.params if (record := param.get_help_record(ctx))]
        records += [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record[1]])
        self.format_commands(ctx, formatter)


def _usage(error: click.UsageError) -> str:
    """Return the error in the command line, and the help to read."""
    message = error.format_message().rstrip(".")
    command = error.ctx.command_path.removesuffix(" tour") if error.ctx else "jaxtour"
    where = "" if message.endswith("?") else f": see {command} --help"
    return message[:1].lower() + message[1:] + where


@click.group(cls=TourGroup, context_settings=HELP)
@click.version_option(__version__, prog_name="jaxtour", message="%(prog)s %(version)s")
def main() -> None:
    """A guided tour of JAX in the terminal.

    Opens the tour where you left off, at LESSON[/STEP], or on your own lessons at PATH. If stdout is not a terminal, it
    prints the lesson as plain text, with real results.
    """


@main.command(hidden=True, context_settings=HELP)
@click.argument("target", required=False, metavar="[LESSON[/STEP] | PATH]")
@trust_option
@worker_options
@look_options
def tour(
    target: str | None,
    trust: bool,
    options: WorkerOptions,
    theme: str | None,
    no_mouse: bool,
) -> None:
    """Open the tour."""
    open_tour(target, options, trust=trust, theme=theme, mouse=not no_mouse, commands=list(main.commands))


@main.command("list", context_settings=HELP)
@click.argument("target", required=False, metavar="[LESSON | PATH]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(target: str | None, as_json: bool) -> None:
    """List the lessons or one lesson's steps, with your progress."""

    def action() -> int:
        from jaxtour.commands.listing import list_lessons

        return list_lessons(target, as_json=as_json)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("target", required=False, metavar="[LESSON | PATH]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def progress(target: str | None, as_json: bool) -> None:
    """Show what you have done: steps, exercises, predictions, time."""

    def action() -> int:
        from jaxtour.commands.progress import progress as command

        return command(target, as_json=as_json)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("target", metavar="LESSON[/STEP]")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def reset(target: str, yes: bool) -> None:
    """Forget your progress in a lesson or a step.

    It asks first, and keeps a copy of all your progress, so that you can undo this.
    """

    def action() -> int:
        from jaxtour.commands.progress import reset as command

        return command(target, yes=yes)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("target", metavar="LESSON[/STEP] | PATH")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--answers", metavar="FILE", help="Grade these answers: YAML or JSON, `STEP: ANSWER`.")
@html_option
@trust_option
@worker_options
def run(
    target: str,
    as_json: bool,
    answers: str | None,
    html: str | None,
    trust: bool,
    options: WorkerOptions,
) -> None:
    """Run a lesson or a step and print what it shows.

    The exit code is 1 if a step failed, timed out or died. A wrong answer does
    not count as a failure.
    """

    def action() -> int:
        from jaxtour.commands.run import run as command

        worker, width = config(options), terminal_width()
        return command(target, worker, as_json=as_json, html=html, answers=answers, width=width, trust=trust)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("targets", nargs=-1, metavar="[LESSON[/STEP] | PATH[/STEP]]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--github", is_flag=True, help="Print problems so that GitHub shows them next to their lines.")
@click.option(
    "--jobs", type=click.IntRange(1, 32), metavar="N", help="The number of CPU workers; default: one per core."
)
@trust_option
@worker_options
def check(
    targets: tuple[str, ...],
    as_json: bool,
    github: bool,
    jobs: int | None,
    trust: bool,
    options: WorkerOptions,
) -> None:
    """Check every step of a lesson against what it expects.

    PATH is a lesson file, a folder of lessons, or a notebook, whose results it compares with the stored outputs. With
    STEP, as in `loops.yaml/fails`, it checks that step alone: those before it only run. Without an argument, it checks
    the course. The exit code is 1 if anything is wrong.
    """
    if as_json and github:
        fail("--json and --github are two formats: choose one")

    def action() -> int:
        from jaxtour.commands.check import check as command

        return command(targets, config(options), as_json=as_json, github=github, jobs=jobs, trust=trust)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("file", metavar="FILE.yaml")
def new(file: str) -> None:
    """Write a small lesson, to begin your own with.

    It has comments, and passes `jaxtour check`. An existing file stays as it is.
    """

    def action() -> int:
        from jaxtour.commands.new import new as command

        return command(file)

    finish(action)


@main.command("devices", context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@worker_options
def devices_command(as_json: bool, options: WorkerOptions) -> None:
    """Show the devices that JAX finds."""

    def action() -> int:
        from jaxtour.commands.listing import devices as command

        return command(config(options), as_json=as_json)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("target", metavar="LESSON[/STEP]")
@click.option("--size", default="120x36", metavar="WxH", show_default=True, help="The screen's columns and lines.")
@click.option("--run", "run_step", is_flag=True, help="Run the step first.")
@click.option("--stable", is_flag=True, help="Leave out times and machine details, so that pictures are comparable.")
@click.option("--theme", metavar="NAME", help="dark, light or ansi.")
@click.option("-o", "--output", metavar="FILE", help="Write to a .svg or .txt file; default: text on stdout.")
@trust_option
@worker_options
def snapshot(
    target: str,
    size: str,
    run_step: bool,
    stable: bool,
    theme: str | None,
    output: str | None,
    trust: bool,
    options: WorkerOptions,
) -> None:
    """Draw the tour's screen at a step as a picture or as text."""

    def action() -> int:
        from jaxtour.commands.snapshot import snapshot as command

        return command(
            target,
            config(options),
            size=size,
            run_step=run_step,
            stable=stable,
            theme=theme,
            output=output,
            trust=trust,
        )

    finish(action)


@main.command(context_settings=HELP)
@click.argument("targets", nargs=-1, required=True, metavar="PATH...")
def trust(targets: tuple[str, ...]) -> None:
    """Let lessons from elsewhere run, as they are now.

    You can read a lesson, notebook or folder from outside jaxtour's course right away, but it runs only once you trust
    it: its code runs as you, with your files and your network. If its code changes, jaxtour asks again. Prints what
    changed since you trusted it. JAXTOUR_TRUST=1 in the environment trusts every file that you name, for CI.
    """

    def action() -> int:
        from jaxtour.commands.trust import trust as command

        return command(targets)

    finish(action)


@main.command(context_settings=HELP)
@click.argument("targets", nargs=-1, metavar="[PATH]...")
@click.option("--all", "everything", is_flag=True, help="All of them.")
def untrust(targets: tuple[str, ...], everything: bool) -> None:
    """Forget that you trusted lessons: a file, or all in a folder."""

    def action() -> int:
        from jaxtour.commands.trust import untrust as command

        return command(targets, everything=everything)

    finish(action)


@main.command(context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trusted(as_json: bool) -> None:
    """List the lessons that you trust, and whether they have changed."""

    def action() -> int:
        from jaxtour.commands.trust import trusted as command

        return command(as_json=as_json)

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
    """Run a worker on stdin and stdout, for a tour on another machine."""
    import os
    from pathlib import Path

    guard = Path(__file__).parent / "worker" / "start_guard.py"
    os.execv(sys.executable, [sys.executable, str(guard)])


for command in (diff_command, explore, lens, profile, record, time_command, values_command, *LEARNING):
    main.add_command(command)
