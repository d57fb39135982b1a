"""Timings and what they mean, as lines and charts."""
