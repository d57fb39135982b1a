"""A layout from a function: the places of children depend on their content, which no style sheet knows."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.widget import Widget

Place: TypeAlias = Callable[[Sequence[Widget], Size], Iterable[tuple[Widget, Region]]]
"""The children that have a region, each with it, in a parent of some size."""


class RegionLayout(Layout):
    """Places children where a function says; the parent's `layout` property returns it, since no style can name it."""

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
        """Place each child that has a region."""
        return [WidgetPlacement(region, NULL_OFFSET, Spacing(), child) for child, region in self._place(children, size)]
