"""Renders devices and what they hold as lines."""
