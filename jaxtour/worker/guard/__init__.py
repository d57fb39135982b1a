"""Supervises the runner, with the standard library alone."""
