"""Turns facts into the styled text that the app and the plain commands show."""
