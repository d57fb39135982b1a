"""A chart, drawn by textual-plot."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.style import Style as Visual
from textual.widget import Widget
from textual_hires_canvas import Canvas
from textual_plot import HiResMode, PlotWidget
from textual_plot.axis_formatter import AxisFormatter

from jaxtour.render.chart import Axis, Chart
from jaxtour.render.text.layout import Style
from jaxtour.tui.styling import ANSI, COLOURED

BESIDE_LABELS = 2
"""Columns of the left margin besides the labels of the y axis."""


class AxisLabels(AxisFormatter):
    """The ticks of our own axes, since textual-plot has no logarithmic ones."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """Return the places of the ticks; only every second or third if there are too many."""
        ticks = [self._axis.place(tick) for tick in self._axis.ticks]
        return [tick for tick in ticks[:: -(-len(ticks) // max_ticks) or 1] if min_ <= tick <= max_]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """Return the labels of the ticks."""
        return [self._axis.label(self._axis.value(tick)) for tick in ticks]


class ChartView(PlotWidget, can_focus=False, inherit_bindings=False):
    """Shows a chart; keys belong to the text around it."""

    DEFAULT_CSS = """
    ChartView > .plot--axis { color: $foreground 22%; }
    ChartView > .plot--tick { color: $foreground 62%; text-style: none; }
    ChartView:ansi > .plot--axis { color: ansi_default; text-style: dim; }
    ChartView:ansi > .plot--tick { color: ansi_default; text-style: dim; }
    """

    def __init__(self, chart: Chart) -> None:
        super().__init__(allow_pan_and_zoom=False)
        self.chart = chart

    def on_mount(self) -> None:
        """Draw the chart after textual-plot's own first clearing."""
        self.margin_top, self.margin_bottom = 0, 1
        self.call_later(self._redraw)

    def on_canvas_resize(self, _: Canvas.Resize) -> None:
        """Draw again when wider labels move the plot: textual-plot looks only at its own size."""
        self.refresh(layout=True)

    def show(self, chart: Chart) -> None:
        """Draw another chart."""
        if chart != self.chart:
            self.chart = chart
            if self.is_mounted:
                self._redraw()

    def _redraw(self) -> None:
        chart = self.chart
        x, y = chart.x, chart.y
        self.clear()
        self.set_x_formatter(AxisLabels(x))
        self.set_y_formatter(AxisLabels(y))
        self.margin_left = max((cell_len(y.label(tick)) for tick in y.ticks), default=0) + BESIDE_LABELS
        self.set_xlimits(x.place(x.low), x.place(x.high))
        self.set_ylimits(y.place(y.low), y.place(y.high))
        drawn = [
            ([x.place(at) for at, _ in curve.points], [y.place(value) for _, value in curve.points], curve)
            for curve in chart.curves
        ]
        for across, up, curve in drawn:
            if len(across) > 1:
                self.plot(across, up, line_style=self._colour(curve.style), hires_mode=HiResMode.BRAILLE)
        # Points go on top of all lines.
        for across, up, curve in drawn:
            if curve.glyph:
                self.scatter(across, up, marker=curve.glyph, marker_style=self._colour(curve.style))

    def _colour(self, style: Style) -> str:
        """Return the style in this theme, as Rich writes it."""
        ansi = self.app.native_ansi_color
        written = (ANSI if ansi else COLOURED)[style] or ("ansi_default" if ansi else "$foreground")
        return str((Visual(background=self.background_colors[1]) + Visual.parse(written)).rich_style)

    def notify_style_update(self) -> None:
        """Draw the chart in the colours of another theme."""
        super().notify_style_update()
        if self.is_mounted:
            self._redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the text around it; textual-plot would stop the event."""
        if isinstance(self.parent, Widget):
            self.parent.post_message(event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the text around it."""
        if isinstance(self.parent, Widget):
            self.parent.post_message(event)
