"""Lines with charts among them."""

from typing import TYPE_CHECKING

from textual import events
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.widget import Widget

from jaxtour.tui.document import Document, Picture
from jaxtour.tui.widgets.lines import LinesView
from jaxtour.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from jaxtour.tui.widgets.chart import ChartView


class PicturesLayout(Layout):
    """Puts each chart on the rows that its document left it."""

    name = "pictures"

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002 - part of Textual's interface
    ) -> list[WidgetPlacement]:
        """Regions for the charts, before the text is scrolled."""
        assert isinstance(parent, IllustratedLines)
        regions = parent.regions(size)
        return [
            WidgetPlacement(region, NULL_OFFSET, Spacing(), child)
            for child, region in zip(children, regions, strict=False)
        ]


class IllustratedLines(LinesView):
    """A view of lines, some rows of which are charts that scroll with them."""

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(name, ascii_only=ascii_only)
        self._pictures_layout = PicturesLayout()
        self._pictures: tuple[Picture, ...] = ()
        self._views: list[ChartView] = []

    @property
    def layout(self) -> Layout:
        """Our own: a style can only name one of Textual's."""
        return self._pictures_layout

    @property
    def is_container(self) -> bool:
        """Whether there are charts: what scrolls its own lines has no children otherwise."""
        return bool(self._views)

    def regions(self, size: Size) -> list[Region]:
        """Where the charts are among the rows, left of the column that shows where one is."""
        return [
            Region(0, self._rows.top(picture.line), max(1, size.width - 1), picture.rows) for picture in self._pictures
        ]

    def show(self, document: Document, *, fresh: bool = False, room: Size | None = None) -> None:
        """Show another document, with its charts."""
        super().show(document, fresh=fresh, room=room)
        if self.is_attached:
            self._illustrate(document.pictures)

    def on_mount(self) -> None:
        """Draw what was to be shown before there was a place for it."""
        self._illustrate(self.document.pictures)

    def _illustrate(self, pictures: tuple[Picture, ...]) -> None:
        if pictures == self._pictures:
            return
        # Imported here: it brings NumPy, which costs more than all else that a pane needs.
        from jaxtour.tui.widgets.chart import ChartView

        self._pictures = pictures
        for view, picture in zip(self._views, pictures, strict=False):
            view.show(picture.chart)
        for view in self._views[len(pictures) :]:
            view.remove()
        more = [ChartView(picture.chart) for picture in pictures[len(self._views) :]]
        self._views = [*self._views[: len(pictures)], *more]
        if more:
            self.mount(*more)
        self.refresh(layout=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Have the charts follow."""
        super().watch_scroll_y(old_value, new_value)
        before, now = sorted((round(old_value), round(new_value)))
        # A layout for each row that is scrolled is for charts that are seen.
        seen = (region.y < now + self.size.height and region.bottom > before for region in self.regions(self.size))
        if before != now and any(seen):
            self.refresh(layout=True)

    def on_resize(self, event: events.Resize | None = None) -> None:
        """Cut the lines anew, and place the charts."""
        super().on_resize(event)
        if self._views:
            self.refresh(layout=True)


class IllustratedPane(Pane, IllustratedLines):
    """A pane whose document may have charts."""
