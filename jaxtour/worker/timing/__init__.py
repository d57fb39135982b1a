"""Measures calls, and warns where a number does not mean what it seems to."""
