"""Renders profiles: time by line, by instruction, by equation, and one call as a timeline."""
