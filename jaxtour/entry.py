"""The entry point: installs the interrupt handler before anything else is imported."""

from jaxtour.interrupts import leave_at_once


def main() -> None:
    """Run the command line."""
    leave_at_once()
    from jaxtour.cli import main as command

    command(prog_name="jaxtour")
