"""Makes the top line and the bottom line, as text."""

from collections.abc import Collection, Iterable

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from jaxtour.engine.wire.messages import Facts, WorkerState
from jaxtour.render.text.layout import Line, Style, clip, clip_line, clip_lines, in_ascii, width_of
from jaxtour.text import seconds
from jaxtour.tui.actions import Action, Keys
from jaxtour.tui.styling import Palette
from jaxtour.tui.tour.state import PREPARING, Activity
from jaxtour.tui.tour.view import StepView

BAR_CELLS = 14
GLYPHS: dict[WorkerState, str] = {"ready": "●", "running": "►", "interrupting": "■", "dead": "✗"}
TITLE_LEAST = 24
"""Cells of the title that matter more than the progress bar."""
SHORTEST_TITLE, SHORTEST_STATE = 4, 8
HOST_CELLS = 20
"""The most cells for the name of another machine."""
SHOWN_AFTER_S = 1.0
"""Shorter times are not shown."""


def top_line(view: StepView, activity: Activity, now: float, width: int, split: int | None, review: str = "") -> Line:
    """Return the step, the progress and the worker's state; `split` is the column where the right half begins.

    `review` replaces the step's number.
    """
    state = worker_state(view, activity, now)
    where = machine(view)
    right: Line = (*state, ("   ", ""), *where) if where else state
    head: Line = (("jaxtour", "strong"), ("  ", ""))
    count: Line = ()
    if not view.lesson.plain:
        head = (*head, (view.lesson.id, "muted"), (" › ", "faint"))
        count = (("   ", ""), (f"{view.number} of {view.total} ", "muted"), *progress_bar(view))
    if review:
        head, count = (
            (("jaxtour", "strong"), ("  ", ""), (view.lesson.id, "muted"), (" › ", "faint")),
            (
                ("   ", ""),
                (review, "mark"),
            ),
        )
    title = view.step.title
    if split is None:

        def crowded() -> bool:
            return width_of(head) + width_of(count) + width_of(right) + TITLE_LEAST > width

        # "simulated" and another machine always stay; the step's time and the devices are visible elsewhere.
        if crowded() and view.facts and (view.facts.simulated or view.facts.host.name) and where:
            count = count[:2]
            where = machine(view, short=True)
            beside = width_of(head) + width_of(count) + width_of(where) + SHORTEST_TITLE + 6
            [state] = clip_lines([state[:1] if view.worker == "ready" else state], max(SHORTEST_STATE, width - beside))
            right = (*state, ("   ", ""), *where)
        elif crowded():
            right = state
        if crowded():
            count = count[:2]
    room = width - width_of(right) - 3 - width_of(head) - width_of(count)
    left: Line = (*head, (clip(title, max(SHORTEST_TITLE, room)), ""), *count)
    gap = max(3, (split or width - width_of(right)) - width_of(left))
    return (*left, (" " * gap, ""), *right)


def progress_bar(view: StepView) -> Line:
    """Return a cell for each step, thick for a done one."""
    done = view.done
    if len(done) > BAR_CELLS:
        done = tuple(done[index * len(done) // BAR_CELLS] for index in range(BAR_CELLS))
    return tuple(("━", "bar") if each else ("─", "bar-muted") for each in done)


def worker_state(view: StepView, activity: Activity, now: float) -> Line:
    """Return the worker's state, as a glyph and words."""
    glyph = GLYPHS.get(view.worker, "○")
    if view.worker == "dead":
        without = "connection lost" if view.facts else "not connected"
        return ((f"{glyph} {without if view.lost else 'worker dead'}", "error"),)
    if view.worker == "ready" and view.awaits and view.facts and view.facts.host.name:
        return ((f"○ waiting for {view.facts.host.name.partition('.')[0]}", "muted"),)
    elapsed = now - activity.since
    if view.worker == "ready":
        quiet = not activity.words or view.stable or elapsed < SHOWN_AFTER_S
        beside: Line = outcome(view) if quiet else (("   ", ""), (activity.words, "muted"))
        return ((f"{glyph} ready", "success"), *beside)
    # Until it replays what it prepares, it is ready: here the learner waits for its start.
    stale = activity.words == PREPARING and view.worker != "running"
    words = ("" if stale else activity.words) or ("connecting" if view.connects else view.worker)
    style: Style = "mark" if view.worker in ("running", "interrupting") else "muted"
    line: Line = ((f"{glyph} ", style), (words, "muted" if style == "muted" else ""))
    if elapsed >= SHOWN_AFTER_S and not view.stable:
        line = (*line, (f"  {elapsed:.0f} s", "muted"))
    if activity.key and activity.key != (view.lesson.id, view.step.id):
        line = (*line, (f"  {'/'.join(activity.key)}", "muted"))
    return line


def outcome(view: StepView) -> Line:
    """Return how the step's last run ended."""
    report = view.report
    if report is None or report.done is None:
        return ()
    if view.stale:
        return (("   ", ""), ("changed since it ran", "warning"))
    match report.done.status:
        case "ok" | "error" if report.failure:
            return (("   ", ""), (f"raised {report.failure.type}", "muted"))
        case "ok" | "error":
            took = report.seconds
            said = "ran" if view.stable or took is None else f"ran in {seconds(took)}"
            return (("   ", ""), (said, "muted"))
        case status:
            return (("   ", ""), (status, "warning"))


def machine(view: StepView, *, short: bool = False) -> Line:
    """Return the machine: `cpu ×8 simulated`; the short form omits the processes, which the devices show."""
    if view.facts is None or view.stable or view.worker == "dead":
        return ()
    line: Line = ((place_of(view.facts, processes=not short), "muted"),)
    if view.facts.simulated:
        line = (*line, (" simulated", "warning"))
    name = view.facts.host.name.partition(".")[0]
    return (*line, (f" on {clip(name, HOST_CELLS)}", "muted")) if name else line


def place_of(facts: Facts, *, processes: bool) -> str:
    """Return the platform and the number of devices: `cpu ×8`, with `processes` also `cpu ×4 in 2 processes`."""
    if not facts.devices:
        return ""
    platform = facts.platforms[0] if facts.platforms else facts.devices[0].platform
    count = sum(device.platform == platform for device in facts.devices)
    place = f"{platform} ×{count}" if count > 1 else platform
    return f"{place} in {facts.processes} processes" if processes and facts.processes > 1 else place


def keys_line(actions: Iterable[Action], keys: Keys, width: int, *, bright: Collection[str] = ()) -> Line:
    """Return the keys that work now, as many as fit; drops the last first, but never help and quit."""
    shown = list(actions)
    while shown and width_of(_keys(shown, keys, bright)) > width:
        droppable = [action for action in shown if action.id not in ("help", "quit")]
        shown.remove(droppable[-1] if droppable else shown[-1])
    return _keys(shown, keys, bright)


def _keys(actions: list[Action], keys: Keys, bright: Collection[str]) -> Line:
    line: Line = ()
    for action in actions:
        words: Style = "strong" if action.id in bright else "muted"
        gap: Line = (("   ", ""),) if line else ()
        line = (*line, *gap, (keys.first(action), "primitive"), (f" {action.label}", words))
    return line


class Bar(Widget):
    """One row of styled text."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Bar { height: 1; background: $panel; padding: 0 1; }
    """

    def __init__(self, name: str, *, ascii_only: bool = False) -> None:
        super().__init__(id=name)
        self.line: Line = ()
        self._ascii = ascii_only
        self._palette: Palette | None = None
        self._strip: Strip | None = None

    def show(self, line: Line) -> None:
        """Show another line."""
        if line != self.line:
            self.line = line
            self._strip = None
            self.refresh()

    def on_resize(self) -> None:
        """Crop the line again."""
        self._strip = None

    def notify_style_update(self) -> None:
        """Forget the colours: the theme changed."""
        super().notify_style_update()
        self._palette = self._strip = None

    def render_line(self, y: int) -> Strip:
        """Return the row at `y`."""
        base = self.palette.visual("").rich_style
        return self._made().crop_extend(0, self.size.width, base) if y == 0 else Strip.blank(self.size.width, base)

    @property
    def palette(self) -> Palette:
        """The styles of spans on the bar's background."""
        if self._palette is None:
            self._palette = Palette(self.visual_style, ansi=self.app.native_ansi_color)
        return self._palette

    def _made(self) -> Strip:
        if self._strip is None:
            [line] = in_ascii([clip_line(self.line, self.size.width)], self._ascii)
            visual = self.palette.visual
            self._strip = Strip([Segment(text, visual(style).rich_style) for text, style in line if text]).simplify()
        return self._strip
