"""`python -m jaxtour`."""

from jaxtour.entry import main

main()
