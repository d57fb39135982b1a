"""Arranges how the panes share the screen, by the content of each; a function makes the layout, beyond style sheets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.widget import Widget

Slot: TypeAlias = Literal["lesson", "source", "stage", "result", "time", "devices"]
Wants: TypeAlias = Mapping[Slot, int]
"""Rows that each pane would fill, including its border."""

LEAST = 3
"""Rows of a pane with one line."""
STRIP = 4
"""Rows that the result gets next to the stages, if it fills them."""
OF_FILE = 6
"""The part of the rows for the devices beside a file's own calls, whose stages matter more."""
LEFT_SHARE, LEFT_MIN, LEFT_MAX = 0.46, 60, 96
"""The left half's share of the columns: fewer would cut ordinary code, more would make text hard to read."""


def two(room: int, first: int, second: int, now: int | None = None) -> tuple[int, int]:
    """Return the rows for two panes, the first of which is `now` rows high.

    The border between them stays while both have enough, since moving it is distracting and repaints both; otherwise it
    moves as little as possible. If there is not enough for both, the one that needs more than half gets the rest.
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
    """Return the columns for lesson and source when all panes are side by side."""
    return max(LEFT_MIN, min(LEFT_MAX, int(width * LEFT_SHARE)))


def wide(size: Size, wants: Wants, now: int | None = None) -> dict[Slot, Region]:
    """Place lesson, `now` rows high, and source on the left; stages, result, time and devices on the right."""
    left = left_width(size.width)
    lesson, source = two(size.height, wants["lesson"], wants["source"], now)
    right = _made_of_it(size.height, wants)
    return {**stack(0, left, {"lesson": lesson, "source": source}), **stack(left, size.width - left, right)}


def wide_file(size: Size, wants: Wants) -> dict[Slot, Region]:
    """Place the source on the left, as high as the screen.

    The list of calls, and what was made of one, go on the right.
    """
    if size.height < 5 * LEAST:
        return wide(size, wants)
    left = left_width(size.width)
    calls = max(LEAST, min(wants["lesson"], size.height // 4))
    right = {"lesson": calls, **_made_of_it(size.height - calls, wants, OF_FILE)}
    return {**stack(0, left, {"source": size.height}), **stack(left, size.width - left, right)}


def _made_of_it(height: int, wants: Wants, devices_part: int = 4) -> dict[Slot, int]:
    """Return the rows of stages, result, time and devices, which get at most one part in `devices_part`."""
    devices = max(LEAST, min(wants["devices"], height // devices_part))
    time = max(LEAST, min(wants["time"], height // 3))
    # The time pane gets more than a third, for its curves, if neither the stages nor the result need it.
    spare = height - devices - time - max(wants["stage"], LEAST) - max(wants["result"], LEAST)
    time += max(0, min(spare, wants["time"] - time))
    room = height - devices - time
    # The stages get what they need, up to a good half.
    claim = min(max(wants["stage"], LEAST), room * 55 // 100)
    result = max(LEAST, min(wants["result"], room - claim))
    if wants["stage"] <= LEAST < wants["result"]:
        result = room - LEAST
    return {"stage": room - result, "result": result, "time": time, "devices": devices}


def narrow(
    size: Size, wants: Wants, front: Slot, now: int | None = None, *, failed: bool = False
) -> dict[Slot, Region]:
    """Place the front tab, `now` rows high, above source and result.

    If the result is in front, it gets the screen, with the source if there is room. If the code has `failed`, the
    result is the error, and the stages do not take its rows.
    """
    first, source = max(wants[front], LEAST), max(wants["source"], LEAST)
    if front == "result":
        source = min(source, size.height - first)
        source = source if source >= LEAST else 0
        rows: dict[Slot, int] = {"source": source, "result": size.height - source}
        return stack(0, size.width, {slot: height for slot, height in rows.items() if height})
    result = max(LEAST, min(wants["result"], size.height // 3))
    if wants["result"] > size.height // 2:
        # A figure, or long output: it gets the rows that the others would leave empty.
        result = max(result, min(wants["result"], size.height - first - source))
    if front == "stage" and first > LEAST and not failed:
        # A learner at the stages has read the result.
        result = max(min(result, STRIP), min(result, size.height - first - source))
    first, source = two(size.height - result, first, source, now)
    return stack(0, size.width, {front: first, "source": source, "result": result})


def stack(x: int, width: int, rows: Mapping[Slot, int]) -> dict[Slot, Region]:
    """Place regions one above the other."""
    regions: dict[Slot, Region] = {}
    y = 0
    for slot, height in rows.items():
        regions[slot] = Region(x, y, width, max(0, height))
        y += height
    return regions


Arrangement: TypeAlias = Callable[[Sequence[Widget], Size], Iterable[tuple[Widget, Region]]]
"""The children that have a region, each with that region, in a parent of some size."""


class RegionLayout(Layout):
    """Places children where a function says; the parent's `layout` property returns it, since styles cannot name it."""

    name = "regions"

    def __init__(self, place: Arrangement) -> None:
        self._place = place

    def arrange(
        self,
        parent: Widget,  # noqa: ARG002 - part of Textual's interface
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002
    ) -> list[WidgetPlacement]:
        """Place each child that has a region."""
        return [WidgetPlacement(region, NULL_OFFSET, Spacing(), child) for child, region in self._place(children, size)]
