"""Renders timings and their meaning as lines and charts."""
