"""Durations, each in the unit that fits."""

import math

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
NONE = "—"


def seconds(value: float, digits: int = 3) -> str:
    """`9.81 µs`: so many significant digits and the unit that fits; `—` for what is no duration."""
    return " ".join(part for part in parts(value, digits) if part)


def parts(value: float, digits: int = 3) -> tuple[str, str]:
    """Number and unit apart."""
    if not math.isfinite(value) or value < 0:
        return NONE, ""
    if value == 0:
        return "0", "s"
    value = float(f"{value:.{digits - 1}e}")
    size, unit = next((entry for entry in _UNITS if value >= entry[0]), _UNITS[-1])
    number = float(f"{value / size:.{digits - 1}e}")
    before = max(1, len(str(int(number))))
    return f"{number:,.{max(0, digits - before)}f}", unit
