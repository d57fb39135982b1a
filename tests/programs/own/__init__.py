"""A package next to the program."""
