"""Shortens, counts and groups digits in messages."""


def short(text: str, most: int = 40) -> str:
    """Return a text in one line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def plural(count: int, noun: str) -> str:
    """Return the count with its noun: `1 step`, `2 steps`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def grouped(number: int) -> str:
    """Return the number with spaces between thousands: `1 000`."""
    return f"{number:,}".replace(",", " ")
