"""Measuring calls, and saying what the numbers do not mean."""
