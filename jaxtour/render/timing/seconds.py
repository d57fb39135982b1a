"""Formats durations, each in the unit that fits."""

import math

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
NONE = "—"


def seconds(value: float, digits: int = 3) -> str:
    """Return `9.81 µs`, with `digits` significant digits; `—` for a negative or infinite value."""
    return " ".join(part for part in parts(value, digits) if part)


def parts(value: float, digits: int = 3) -> tuple[str, str]:
    """Return number and unit separately."""
    if not math.isfinite(value) or value < 0:
        return NONE, ""
    if value == 0:
        return "0", "s"
    value = float(f"{value:.{digits - 1}e}")
    size, unit = next((entry for entry in UNITS if value >= entry[0]), UNITS[-1])
    number = float(f"{value / size:.{digits - 1}e}")
    before = max(1, len(str(int(number))))
    return f"{number:,.{max(0, digits - before)}f}", unit
