"""Where the program begins: with what must stand before anything else is imported."""

from jaxtour.interrupts import leave_at_once


def main() -> None:
    """The command line."""
    leave_at_once()
    from jaxtour.cli import main as command

    command(prog_name="jaxtour")
