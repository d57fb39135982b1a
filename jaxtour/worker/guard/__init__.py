"""Supervision of the runner, by the standard library alone."""
