"""A layout that asks: where each child goes is worked out from what there is to show, which no style sheet can know."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.widget import Widget

Place: TypeAlias = Callable[[Sequence[Widget], Size], Iterable[tuple[Widget, Region]]]
"""The regions of the children that have one, in a parent of some size."""


class RegionLayout(Layout):
    """Puts children where a function of their parent says; a parent has it as its `layout`, which no style can name."""

    name = "regions"

    def __init__(self, place: Place) -> None:
        self._place = place

    def arrange(
        self,
        parent: Widget,  # noqa: ARG002 - part of Textual's interface
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002
    ) -> list[WidgetPlacement]:
        """Each child that has a region, in it."""
        return [WidgetPlacement(region, NULL_OFFSET, Spacing(), child) for child, region in self._place(children, size)]
