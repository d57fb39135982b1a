"""Charts and figures among the lines of a view, and the layout that places them."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from textual.geometry import Region, Size
from textual.widget import Widget

from jaxtour.engine.wire.messages import Figure
from jaxtour.tui.lines.document import Picture
from jaxtour.tui.lines.scene import Scene
from jaxtour.tui.widgets.arrange import RegionLayout

if TYPE_CHECKING:
    from jaxtour.render.chart import Chart
    from jaxtour.tui.lines.images import FigureView
    from jaxtour.tui.lines.plot import ChartView


class Charts:
    """The charts of one view: each covers the rows that its document leaves empty, and scrolls with them."""

    def __init__(self, view: Widget, scene: Scene) -> None:
        self._view = view
        self._scene = scene
        self.layout = RegionLayout(self._place)
        self._pictures: tuple[Picture, ...] = ()
        self._shown: list[ChartView | FigureView] = []

    def __bool__(self) -> bool:
        return bool(self._shown)

    def show(self) -> None:
        """Draw the charts of the current document."""
        pictures = self._scene.document.pictures
        if pictures == self._pictures or not self._view.is_attached:
            return
        self._pictures = pictures
        for chart, picture in zip(self._shown, pictures, strict=False):
            show: Callable[[Any], None] = chart.show
            show(picture.content)
        for chart in self._shown[len(pictures) :]:
            chart.remove()
        more = [_view_of(picture.content) for picture in pictures[len(self._shown) :]]
        self._shown = [*self._shown[: len(pictures)], *more]
        if more:
            self._view.mount(*more)
        self._view.refresh(layout=True)

    def scrolled(self, before: float, now: float) -> None:
        """Scroll the charts with the rows; only visible charts need a new layout."""
        top, bottom = sorted((round(before), round(now)))
        height = self._view.size.height
        seen = (region.y < bottom + height and region.bottom > top for region in self._regions(self._view.size))
        if top != bottom and any(seen):
            self._view.refresh(layout=True)

    def resized(self) -> None:
        """Place the charts again."""
        if self._shown:
            self._view.refresh(layout=True)

    def _regions(self, size: Size) -> list[Region]:
        """Return where the charts are among the rows, left of the last column."""
        rows, width = self._scene.plan.rows, max(1, size.width - 1)
        return [Region(0, rows.top(picture.line), width, picture.rows) for picture in self._pictures]

    def _place(self, children: Sequence[Widget], size: Size) -> Iterable[tuple[Widget, Region]]:
        return zip(children, self._regions(size), strict=False)


def _view_of(content: "Chart | Figure") -> "ChartView | FigureView":
    # Imported here: NumPy and Pillow cost more than everything else in a pane.
    if isinstance(content, Figure):
        from jaxtour.tui.lines.images import FigureView

        return FigureView(content)
    from jaxtour.tui.lines.plot import ChartView

    return ChartView(content)
