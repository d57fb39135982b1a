"""`python -m jaxtour`."""

from jaxtour.cli import main

main(prog_name="jaxtour")
