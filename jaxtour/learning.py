"""The commands for the learner's work: solve an exercise, review, export, and move it to another machine."""

import click

from jaxtour.dispatch import config, fail, finish, terminal_width
from jaxtour.options import HELP, WorkerOptions, look_options, trust_option, worker_options


@click.command("export", context_settings=HELP)
@click.argument("target", required=False, metavar="[LESSON]")
@click.option("--to", type=click.Choice(["ipynb", "py", "md", "html"]), help="The format; default: from FILE's name.")
@click.option("-o", "--output", metavar="FILE", help="Where to write; - for stdout; default: jaxtour-LESSON.ipynb.")
@click.option("--run/--no-run", default=True, help="Run the code and write its results; the default.")
@trust_option
@worker_options
def export_command(
    target: str | None,
    to: str | None,
    output: str | None,
    run: bool,
    trust: bool,
    options: WorkerOptions,
) -> None:
    """Write a lesson to a file, with your own code and its results.

    Writes a Jupyter notebook, a Python script, Markdown or a page for a browser. Without LESSON, it writes all your
    saved work to one file, for `jaxtour import` on another machine.
    """
    if target is None and to is not None:
        fail("--to writes a lesson: name one, as in jaxtour export vmap --to md")

    def action() -> int:
        if target is None:
            from jaxtour.commands.state import export_state

            return export_state(output)
        from jaxtour.commands.export import export

        return export(target, config(options), to=to, output=output, run=run, trust=trust)

    finish(action)


@click.command("import", context_settings=HELP)
@click.argument("file", metavar="FILE")
@click.option("--replace", is_flag=True, help="Replace your work here instead of adding to it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def import_command(file: str, replace: bool, yes: bool) -> None:
    """Add your work from another machine.

    FILE is what `jaxtour export` wrote there. jaxtour keeps a copy of your progress from before, next to the new one.
    """

    def action() -> int:
        from jaxtour.commands.state import import_state

        return import_state(file, replacing=replace, yes=yes)

    finish(action)


@click.command("review", context_settings=HELP)
@click.argument("target", required=False, metavar="[LESSON | PATH]")
@click.option("--list", "only_list", is_flag=True, help="Print what is due now, and when the rest is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --list.")
@trust_option
@worker_options
@look_options
def review_command(
    target: str | None,
    only_list: bool,
    as_json: bool,
    trust: bool,
    options: WorkerOptions,
    theme: str | None,
    no_mouse: bool,
) -> None:
    """Review the predictions and exercises that are due.

    They come back spaced over days: what you missed comes back tomorrow, what you got right later each time.
    """
    if as_json and not only_list:
        fail("--json prints a list: add --list")

    def action() -> int:
        if only_list:
            from jaxtour.commands.review import list_reviews

            return list_reviews(target, as_json=as_json)
        from jaxtour.commands.review import review

        return review(target, config(options, screen=True), theme=theme, mouse=not no_mouse, trust=trust)

    finish(action, collecting=only_list)


@click.command(context_settings=HELP)
@click.argument("target", metavar="LESSON/STEP")
@click.argument("file", metavar="FILE.py")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@trust_option
@worker_options
def solve(
    target: str,
    file: str,
    as_json: bool,
    trust: bool,
    options: WorkerOptions,
) -> None:
    """Check your solution of an exercise.

    The exit code is 0 if it is correct, and 1 if not yet.
    """

    def action() -> int:
        from jaxtour.commands.solve import solve as command

        worker = config(options)
        return command(target, file, worker, as_json=as_json, width=terminal_width(), trust=trust)

    finish(action)


LEARNING = (export_command, import_command, review_command, solve)
