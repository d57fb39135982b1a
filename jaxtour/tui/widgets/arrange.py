"""How the screen is shared out among the panes, by what each has to show."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from textual.geometry import Region, Size

Slot: TypeAlias = Literal["lesson", "source", "stage", "result", "time", "devices"]
Wants: TypeAlias = Mapping[Slot, int]
"""Rows that each pane would fill, border included."""

LEAST = 3
"""Rows of a pane with one line."""
STRIP = 4
"""Rows of the result that are always there, where there are so many."""
LEFT_SHARE, LEFT_MIN, LEFT_MAX = 0.46, 60, 96
"""Of the columns: fewer cut code of ordinary width, more make lines of text that are hard to read."""


def two(room: int, first: int, second: int, now: int | None = None) -> tuple[int, int]:
    """Rows for two panes, one of which is `now` rows high.

    It stays so as long as both have enough: a border that moves is distracting, and repaints both panes. Else it moves
    as far as it must; where there is not enough for both, a pane that needs more than half leaves the other its wish.
    """
    half = room - room // 2
    if first + second <= room:
        height = half if now is None or not LEAST <= now <= room - LEAST else now
        height = min(max(height, first), room - second)
    elif second <= room - half:
        height = room - second
    else:
        height = min(first, half)
    return height, room - height


def left_width(width: int) -> int:
    """Columns for text and source where all panes are side by side."""
    return max(LEFT_MIN, min(LEFT_MAX, int(width * LEFT_SHARE)))


def wide(size: Size, wants: Wants, now: int | None = None) -> dict[Slot, Region]:
    """Text, `now` rows high, over source on the left; stages, result, time and devices on the right."""
    left = left_width(size.width)
    lesson, source = two(size.height, wants["lesson"], wants["source"], now)
    devices = max(LEAST, min(wants["devices"], size.height // 4))
    time = max(LEAST, min(wants["time"], size.height // 3))
    # More than a third only of what neither the stages nor the result need: curves and rooflines are high.
    spare = size.height - devices - time - max(wants["stage"], LEAST) - max(wants["result"], LEAST)
    time += max(0, min(spare, wants["time"] - time))
    room = size.height - devices - time
    # The result leaves the stages what it needs, or a good half of what there is.
    claim = min(max(wants["stage"], LEAST), room * 55 // 100)
    result = max(LEAST, min(wants["result"], room - claim))
    if wants["stage"] <= LEAST < wants["result"]:
        result = room - LEAST
    return {
        **stack(0, left, {"lesson": lesson, "source": source}),
        **stack(left, size.width - left, {"stage": room - result, "result": result, "time": time, "devices": devices}),
    }


def narrow(size: Size, wants: Wants, front: Slot, now: int | None = None) -> dict[Slot, Region]:
    """One of the tabs, `now` rows high, over the source over the result."""
    first, source = max(wants[front], LEAST), max(wants["source"], LEAST)
    result = max(LEAST, min(max(wants["result"], STRIP), size.height // 3))
    if front == "stage" and first > LEAST:
        # Who goes from the source to the stages and back has read the result; an error has no stages.
        result = max(min(result, STRIP), min(result, size.height - first - source))
    first, source = two(size.height - result, first, source, now)
    return stack(0, size.width, {front: first, "source": source, "result": result})


def stack(x: int, width: int, rows: Mapping[Slot, int]) -> dict[Slot, Region]:
    """Regions one above the other."""
    regions: dict[Slot, Region] = {}
    y = 0
    for slot, height in rows.items():
        regions[slot] = Region(x, y, width, max(0, height))
        y += height
    return regions
