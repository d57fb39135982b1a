"""Devices and what they hold, as lines."""
