"""The entry point: installs the interrupt handler before anything else is imported."""

import gc

from jaxtour.interrupts import leave_at_once


def main() -> None:
    """Run the command line."""
    leave_at_once()
    # Collections during imports find nothing and take a tenth of the time; `finish` enables them again.
    gc.disable()
    from jaxtour.cli import main as command

    command(prog_name="jaxtour")
