"""Does the work of the commands; `jaxtour.cli` parses their options and calls it."""
