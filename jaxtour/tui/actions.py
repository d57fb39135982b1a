"""Every key of the tour: bindings, the bottom line, help, the palette and the settings are made from this list."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec
from textual.binding import Binding, BindingType

from jaxtour.tui.context import Context as Context
from jaxtour.tui.key_names import key_name

Scope: TypeAlias = Literal[
    "step", "pane", "editor", "search", "list", "lessons", "filter", "find", "ladder", "roofline", "devices",
    "programs", "files", "library", "profile", "timeline", "compare", "solution", "end", "welcome", "tries", "both",
    "modal",
]  # fmt: skip
Controller: TypeAlias = Literal[
    "step", "course", "slots", "lens", "links", "devices", "search", "profile", "review", "exercise", "change",
    "answers",
]  # fmt: skip
Group: TypeAlias = Literal["Step", "Lens", "Course", "Panes", "Moving", "Editor", "Worker", "Tour", "Lists"]


def always(_: Context) -> bool:
    """Return True, for keys that always work."""
    return True


def unasked(context: Context) -> bool:
    """Return whether the digits do not answer a question."""
    return not context.asks


class Action(msgspec.Struct, frozen=True):
    """One thing that a key does."""

    id: str
    keys: str
    """Textual's names, separated by commas; the first one is shown."""
    label: str
    """One or two words for the bottom line."""
    help: str
    """What it does, as a phrase for the help."""
    group: Group
    scope: Scope = "step"
    when: Callable[[Context], bool] = always
    rank: int = 0
    """Its place in the bottom line, lowest first; 0 leaves it out."""
    footer: Callable[[Context], bool] = always
    """Whether it deserves a place there now."""
    priority: bool = False
    """Whether it works before the editor's keys."""
    palette: bool = True
    by: Controller | None = None
    """The controller that has the method of this name; None if the bound widget has it."""
    does: str = ""
    """The action that the key calls, if it has another name."""
    instead_of: str = ""
    """The action that may share its key, since they never work at the same time."""


def choosing(number: int, stage: str) -> Action:
    """Return the action that answers a question by a choice's number, or begins a typed answer with the digit.

    Without a question, the digit may show a stage.
    """
    return Action(
        f"choose_{number}", f"{number}", "answer", "", "Step", palette=False, by="answers",
        when=lambda c: c.choices >= number or worded(c), instead_of=f"stage_{stage}" if stage else "",
    )  # fmt: skip


def worded(context: Context) -> bool:
    """Return whether a question without choices can be answered."""
    return context.asks and not context.choices


ACTIONS: tuple[Action, ...] = (
    Action("run", "r", "run", "run the step", "Step", when=lambda c: c.runnable, rank=10, by="step"),
    Action("next_step", "n", "next", "the next step", "Step",
           when=lambda c: not (c.searching or c.alone), rank=20, by="review"),
    Action("previous_step", "p", "back", "the previous step", "Step", when=lambda c: not c.alone, rank=50, by="course"),
    Action("edit", "e", "edit", "edit the code; your edit is kept", "Step",
           when=lambda c: c.editable, rank=60, by="step"),
    Action("outside", "E", "editor", "edit the code in your own editor", "Step",
           when=lambda c: c.editable or c.plain, rank=87, by="change"),
    Action("vary", "x", "try", "change the code as the step suggests", "Step",
           when=lambda c: c.tries > 0 and c.runnable, rank=17, by="change"),
    Action("undo", "u", "undo edit", "the code before this edit", "Step",
           when=lambda c: c.edited, rank=19, by="change"),
    Action("redo", "u", "redo edit", "your edit again, after an undo", "Step",
           when=lambda c: c.undone and not c.edited, rank=64, instead_of="undo", by="change"),
    Action("compare", "D", "compare", "the edit against the original code", "Step",
           when=lambda c: c.comparable and not c.outdated, rank=18, by="step"),
    Action("both", "D", "see both", "if the lesson changed: edit and new code", "Step",
           when=lambda c: c.outdated, rank=14, instead_of="compare", by="change"),
    Action("scratch", "s", "scratch", "open a scratch step here, or go back", "Step",
           when=lambda c: not c.plain and (c.editable or c.scratch), rank=86, by="change"),
    Action("answer", "a", "answer", "answer the question; digits choose", "Step",
           when=lambda c: c.asks, rank=8, footer=lambda c: not (c.answered or c.choices), by="answers"),
    Action("look", "a", "look", "after a run: what it is about, and back", "Step",
           when=lambda c: c.looks, rank=9, footer=lambda c: c.unseen or c.looking, instead_of="answer", by="answers"),
    Action("hint", "h", "hint", "show the next hint", "Step", when=lambda c: c.hints > 0, rank=16, by="exercise"),
    Action("solution", "S", "solution", "a solution next to your code", "Step",
           when=lambda c: c.exercise, rank=67, by="exercise"),
    Action("setup", "o", "setup", "show or hide the code that runs first", "Step",
           when=lambda c: c.setup, rank=70, by="step"),
    Action("files", "o", "files", "the program's files", "Lens",
           when=lambda c: c.files, rank=71, instead_of="setup", by="links"),
    Action("stage_jaxpr", "1", "jaxpr", "the jaxpr: what JAX traced", "Lens", when=unasked, by="lens"),
    Action("stage_stablehlo", "2", "StableHLO", "StableHLO: the compiler's input", "Lens", when=unasked, by="lens"),
    Action("stage_hlo", "3", "HLO", "HLO: the compiler's output", "Lens", when=unasked, by="lens"),
    Action("stage_cost", "4", "cost", "the cost, according to the compiler", "Lens", when=unasked, by="lens"),
    Action("stage_memory", "5", "memory", "the memory over time, by line", "Lens", when=unasked, by="lens"),
    Action("stage_values", "6", "values", "values by equation; the first nan", "Lens", when=unasked, by="lens"),
    Action("stage_arguments", "7", "arguments", "the call's arguments, as a tree", "Lens",
           when=lambda c: c.arguments and not c.asks, rank=24, footer=lambda c: c.programs, by="lens"),
    Action("stage_graph", "g", "graph", "the jaxpr as a graph", "Lens", by="lens"),
    *map(choosing, range(1, 10), ("jaxpr", "stablehlo", "hlo", "cost", "memory", "values", "arguments", "", "")),
    Action("say_0", "0", "answer", "", "Step", when=worded, palette=False, by="answers"),
    Action("say_minus", "minus", "answer", "", "Step", when=worded, palette=False, by="answers"),
    Action("next_trace", "right_square_bracket", "other call", "the next traced call", "Lens",
           when=lambda c: c.traces > 1, rank=30, by="lens"),
    Action("previous_trace", "left_square_bracket", "", "the previous traced call", "Lens",
           when=lambda c: c.traces > 1, by="lens"),
    Action("follow", "enter", "follow", "follow the link to the other pane", "Lens",
           when=lambda c: (c.lines or c.on_shard) and not (c.on_devices or c.points), rank=25,
           footer=lambda c: c.linking or c.on_shard, by="devices"),
    Action("to_failed", "enter", "to the line", "the line that the failed check points at", "Step",
           when=lambda c: c.points, rank=17, instead_of="follow", by="exercise"),
    Action("next_match", "right_curly_bracket", "walk", "the next linked line", "Lens",
           when=lambda c: c.lines, rank=27, footer=lambda c: c.many, by="links"),
    Action("previous_match", "left_curly_bracket", "", "the previous linked line", "Lens",
           when=lambda c: c.lines, by="links"),
    Action("explain", "i", "explain", "explain the equation under the cursor", "Lens",
           when=lambda c: c.lines, rank=26, footer=lambda c: c.linking, by="lens"),
    Action("library", "b", "library", "the library's code behind the line", "Lens",
           when=lambda c: c.traces > 0, rank=24, footer=lambda c: c.library, by="lens"),
    Action("ladder", "L", "ladder", "what each transformation changed", "Lens",
           when=lambda c: c.traces > 0, rank=42, footer=lambda c: c.linking, by="lens"),
    Action("programs", "c", "compiled", "what the program compiled", "Lens",
           when=lambda c: c.programs, rank=22, by="lens"),
    Action("measure", "t", "time", "time the step's calls, or the one shown", "Step",
           when=lambda c: c.times, rank=45, by="step"),
    Action("measure_long", "T", "time longer", "the same, up to ten times as long", "Step",
           when=lambda c: c.times, by="step"),
    Action("verdicts", "v", "verdicts", "what the timings do and do not mean", "Step",
           when=lambda c: c.timed, rank=28, footer=lambda c: c.flagged, by="step"),
    Action("roofline", "V", "roofline", "timings against the device's peaks", "Step",
           when=lambda c: c.timed or c.profiled, by="step"),
    Action("profile", "P", "profile", "time by line; once profiled, its tables", "Step",
           when=lambda c: c.profiles, rank=46, footer=lambda c: c.alone or c.profiled, by="profile"),
    Action("timeline", "vertical_line", "timeline", "one profiled call as a timeline", "Step",
           when=lambda c: c.profiled, rank=47, by="profile"),
    Action("lessons", "l", "lessons", "all lessons, with progress", "Course",
           when=lambda c: not c.alone, rank=80, by="course"),
    Action("next_lesson", "N", "next lesson", "the next lesson", "Course",
           when=lambda c: not (c.searching or c.alone), by="course"),
    Action("previous_lesson", "B", "previous lesson", "the previous lesson", "Course",
           when=lambda c: not c.alone, by="course"),
    Action("next_pane", "tab", "pane", "the next pane", "Panes", rank=40, footer=lambda c: c.traces > 0,
           palette=False, by="slots"),
    Action("previous_pane", "shift+tab", "", "the previous pane", "Panes", palette=False, by="slots"),
    Action("zoom", "z", "zoom", "zoom the pane, and back", "Panes", rank=75, by="slots"),
    Action("devices", "d", "devices", "device details, and back", "Panes", rank=77, by="devices"),
    Action("process", "number_sign", "process", "the results of one process, or of all", "Panes",
           when=lambda c: c.processes > 1, rank=23, by="devices"),
    Action("unzoom", "escape", "all panes", "back to all panes", "Panes",
           when=lambda c: c.zoomed and not c.searching, rank=12, palette=False, by="slots"),
    Action("search", "slash", "search", "search all panes", "Panes", rank=83, by="search"),
    Action("find_next", "n", "next match", "the next match", "Panes",
           when=lambda c: c.searching, rank=1, palette=False, instead_of="next_step", by="search"),
    Action("find_previous", "N", "previous match", "the previous match", "Panes",
           when=lambda c: c.searching, rank=2, palette=False, instead_of="next_lesson", by="search"),
    Action("end_search", "escape", "end search", "end the search", "Panes",
           when=lambda c: c.searching, rank=3, palette=False, instead_of="unzoom", by="search"),
    Action("leave_scratch", "escape", "back to the step", "", "Step", rank=13, palette=False, instead_of="unzoom",
           when=lambda c: c.scratch and not (c.zoomed or c.searching), by="change"),
    Action("yank", "y", "yank", "copy the pane's text, also to a file", "Panes", rank=85, by="slots"),
    Action("interrupt", "ctrl+c", "interrupt", "interrupt; press twice to kill", "Worker",
           when=lambda c: c.busy, rank=5, priority=True, by="step"),
    Action("idle_interrupt", "ctrl+c", "", "", "Worker", when=lambda c: not c.busy, palette=False,
           instead_of="interrupt", by="step"),
    Action("restart", "R", "restart", "restart the worker", "Worker", rank=4, footer=lambda c: c.dead, by="step"),
    Action("wait_for_devices", "W", "wait", "wait until the accelerator is free", "Worker",
           when=lambda c: c.held, rank=5, by="devices"),
    Action("use_cpu", "C", "use the CPU", "use the CPU instead", "Worker",
           when=lambda c: c.cpu_helps, rank=6, by="devices"),
    Action("choose_devices", "enter", "choose", "choose among devices", "Worker",
           when=lambda c: c.on_devices, rank=8, instead_of="follow", by="devices"),
    Action("theme", "c", "theme", "dark, light or the terminal's colours", "Tour",
           when=lambda c: not c.programs, instead_of="programs", by="course"),
    Action("start_review", "A", "review", "review what is due", "Course",
           when=lambda c: not c.alone, by="review"),
    Action("next_question", "n", "next", "the next question of the review", "Course",
           when=lambda c: c.reviewing and not c.searching, rank=20, instead_of="next_step", by="review"),
    Action("previous_question", "p", "back", "the previous question", "Course",
           when=lambda c: c.reviewing, rank=50, instead_of="previous_step", by="review"),
    Action("end_review", "l", "end review", "end the review, and show how it went", "Course",
           when=lambda c: c.reviewing, rank=55, instead_of="lessons", by="review"),
    Action("help", "question_mark", "keys", "all keys", "Tour", rank=90, by="course"),
    Action("palette", "ctrl+p", "", "find anything by name or text", "Tour", palette=False, by="course"),
    Action("shell", "ctrl+z", "", "suspend to the shell; fg comes back", "Tour", by="course"),
    Action("quit", "q,ctrl+q", "quit", "quit; your place and edits are saved", "Tour", rank=95, by="course"),
    Action("down", "down,j", "", "a line down", "Moving", "pane", palette=False, does="step(1)"),
    Action("up", "up,k", "", "a line up", "Moving", "pane", palette=False, does="step(-1)"),
    Action("page_down", "pagedown,space", "", "a screenful down", "Moving", "pane", palette=False, does="page(1)"),
    Action("page_up", "pageup", "", "a screenful up", "Moving", "pane", palette=False, does="page(-1)"),
    Action("top", "home", "", "to the first line", "Moving", "pane", palette=False),
    Action("bottom", "end", "", "to the last line", "Moving", "pane", palette=False),
    Action("left", "left", "", "the previous expression, or scroll left", "Moving", "pane", palette=False,
           does="across(-1)"),
    Action("right", "right", "", "the next expression, or scroll right", "Moving", "pane", palette=False,
           does="across(1)"),
    Action("pan_left", "shift+left", "", "scroll left", "Moving", "pane", palette=False, does="pan(-1)"),
    Action("pan_right", "shift+right", "", "scroll right", "Moving", "pane", palette=False, does="pan(1)"),
    Action("fold", "f", "", "fold or open the block here", "Moving", "pane", palette=False),
    Action("fold_all", "F", "", "fold or open all blocks", "Moving", "pane", palette=False),
    Action("wrap", "w", "", "wrap long lines, or not", "Moving", "pane", palette=False),
    Action("editor_run", "f5", "run", "run the code as it stands", "Editor", "editor", rank=10, palette=False),
    Action("complete", "tab,ctrl+space,ctrl+@", "names", "list names with this beginning", "Editor", "editor", rank=30,
           palette=False),
    Action("editor_leave", "escape", "leave, keeping the edit", "leave; your edit is kept", "Editor", "editor",
           rank=20, palette=False),
    Action("editor_hint", "f2", "hint", "show the next hint", "Editor", "editor", when=lambda c: c.hints > 0, rank=15,
           palette=False, does="screen.hint"),
    Action("editor_top", "ctrl+home", "", "to the first line", "Editor", "editor", palette=False),
    Action("editor_bottom", "ctrl+end", "", "to the last line", "Editor", "editor", palette=False),
    Action("search_done", "enter", "done", "", "Lists", "search", rank=10, palette=False, by="search"),
    Action("search_cancel", "escape", "end search", "", "Lists", "search", rank=20, palette=False, by="search"),
    Action("choose", "enter", "open", "open it", "Lists", "list", rank=10, palette=False),
    Action("unfold", "right", "steps", "the steps of a lesson", "Lists", "lessons", rank=15, palette=False),
    Action("fold_steps", "left", "", "fold them again", "Lists", "lessons", palette=False),
    Action("filter", "slash", "search", "search all titles, text and code", "Lists", "lessons", rank=20, palette=False),
    Action("review", "r", "review", "review what is due", "Lists", "lessons", rank=12,
           footer=lambda c: c.reviews > 0, palette=False),
    Action("close", "escape,q,l", "back", "back to the step", "Lists", "lessons",
           rank=90, palette=False, does="dismiss"),
    Action("filter_done", "enter", "go there", "", "Lists", "filter", rank=10, palette=False),
    Action("filter_down", "down", "", "", "Lists", "filter", palette=False),
    Action("filter_up", "up", "", "", "Lists", "filter", palette=False),
    Action("filter_clear", "escape", "all lessons", "", "Lists", "filter", rank=20, palette=False),
    Action("found_choose", "enter", "go", "", "Lists", "find", rank=10, palette=False),
    Action("found_down", "down", "", "", "Lists", "find", palette=False),
    Action("found_up", "up", "", "", "Lists", "find", palette=False),
    Action("found_close", "escape", "close", "", "Lists", "find", rank=90, palette=False, does="dismiss"),
    Action("next_level", "right_square_bracket,right", "level up", "", "Lists", "ladder", rank=10,
           footer=lambda c: c.level_above, palette=False),
    Action("previous_level", "left_square_bracket,left", "level down", "", "Lists", "ladder", rank=20,
           footer=lambda c: c.level_below, palette=False),
    Action("ladder_interrupt", "ctrl+c", "interrupt", "", "Lists", "ladder", when=lambda c: c.busy, rank=30,
           palette=False),
    Action("ladder_close", "escape,q,L", "close", "", "Lists", "ladder", rank=90, palette=False, does="dismiss"),
    Action("hottest_first", "greater_than_sign", "hottest first", "", "Lists", "profile", rank=10, palette=False),
    Action("source_order", "less_than_sign", "source order", "", "Lists", "profile", rank=11, palette=False),
    Action("profile_again", "r", "again", "", "Lists", "profile", rank=12, when=lambda c: not c.busy, palette=False),
    Action("profile_close", "escape,q,P", "close", "", "Lists", "profile", rank=90, palette=False, does="dismiss"),
    Action("later", "right,l", "later", "", "Lists", "timeline", rank=9, palette=False, does="move(1)"),
    Action("earlier", "left,h", "earlier", "", "Lists", "timeline", rank=10, palette=False, does="move(-1)"),
    Action("zoom_in", "plus,equals_sign", "zoom in", "", "Lists", "timeline", rank=11, palette=False, does="zoom(1)"),
    Action("zoom_out", "minus", "zoom out", "", "Lists", "timeline", rank=12, palette=False, does="zoom(-1)"),
    Action("thread_down", "down,j", "", "", "Lists", "timeline", palette=False, does="thread(1)"),
    Action("thread_up", "up,k", "", "", "Lists", "timeline", palette=False, does="thread(-1)"),
    Action("next_event", "right_curly_bracket", "next", "", "Lists", "timeline", rank=13, palette=False,
           does="event(1)"),
    Action("previous_event", "left_curly_bracket", "", "", "Lists", "timeline", palette=False, does="event(-1)"),
    Action("whole", "home,0", "whole call", "", "Lists", "timeline", rank=14, palette=False),
    Action("timeline_close", "escape,q,vertical_line", "close", "", "Lists", "timeline", rank=90, palette=False,
           does="dismiss"),
    Action("peaks", "m", "measure the peaks", "", "Lists", "roofline", when=lambda c: not c.busy, rank=10,
           palette=False),
    Action("compare_interrupt", "ctrl+c", "interrupt", "", "Lists", "compare", when=lambda c: c.busy, rank=10,
           palette=False),
    Action("compare_close", "escape,q,D", "close", "", "Lists", "compare", rank=90, palette=False, does="dismiss"),
    Action("next_solution", "right_square_bracket,right", "another solution", "", "Lists", "solution",
           when=lambda c: c.others, rank=10, palette=False, does="page(1)"),
    Action("previous_solution", "left_square_bracket,left", "", "", "Lists", "solution", when=lambda c: c.others,
           palette=False, does="page(-1)"),
    Action("solution_part", "tab", "next part", "", "Lists", "solution", rank=20, palette=False, does="part"),
    Action("solution_time", "t", "time both", "", "Lists", "solution", when=lambda c: c.timable and not c.busy,
           rank=30, palette=False, does="measure"),
    Action("solution_interrupt", "ctrl+c", "interrupt", "", "Lists", "solution", when=lambda c: c.busy, rank=5,
           palette=False, does="interrupt"),
    Action("solution_close", "escape,q,S", "close", "", "Lists", "solution", rank=90, palette=False, does="dismiss"),
    Action("tries_close", "escape,q,x", "close", "", "Lists", "tries", rank=90, palette=False, does="dismiss"),
    Action("keep_mine", "m", "keep mine", "", "Lists", "both", rank=10, palette=False, does="dismiss(False)"),
    Action("take_new", "t", "take the new code", "", "Lists", "both", rank=20, palette=False, does="dismiss(True)"),
    Action("both_close", "escape,q,D", "close", "", "Lists", "both", rank=90, palette=False, does="dismiss"),
    Action("roofline_interrupt", "ctrl+c", "interrupt", "", "Lists", "roofline", when=lambda c: c.busy, rank=10,
           palette=False),
    Action("roofline_close", "escape,q,V", "close", "", "Lists", "roofline", rank=90, palette=False, does="dismiss"),
    Action("programs_close", "escape,q,c", "close", "", "Lists", "programs", rank=90, palette=False, does="dismiss"),
    Action("files_close", "escape,q,o", "close", "", "Lists", "files", rank=90, palette=False, does="dismiss"),
    Action("library_open", "enter", "source", "", "Lists", "library", rank=10, palette=False),
    Action("library_stage", "1", "jaxpr", "", "Lists", "library", rank=20, palette=False),
    Action("library_back", "escape,q,b", "back", "", "Lists", "library", rank=90, palette=False),
    Action("devices_close", "escape,q,d", "close", "", "Lists", "devices", rank=90, palette=False, does="dismiss"),
    Action("go_on", "enter,n", "go on", "", "Lists", "end", rank=10, palette=False, does="dismiss(True)"),
    Action("stay", "escape,q,p", "back", "", "Lists", "end", rank=90, palette=False, does="dismiss(False)"),
    Action("begin", "enter,space,r,n,e,escape", "begin", "", "Lists", "welcome", rank=10, palette=False,
           does="dismiss('')"),
    Action("begin_with_lessons", "l", "lessons", "", "Lists", "welcome", rank=20, palette=False,
           does="dismiss('lessons')"),
    Action("begin_with_help", "question_mark", "", "", "Lists", "welcome", palette=False, does="dismiss('help')"),
    Action("quit_at_once", "q,ctrl+q", "quit", "", "Lists", "welcome", rank=90, palette=False, does="app.quit"),
    Action("dismiss", "escape,q,question_mark", "close", "", "Lists", "modal", rank=90, palette=False),
)  # fmt: skip

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}


def scoped(scope: Scope) -> list[Action]:
    """Return the actions of one scope."""
    return [action for action in ACTIONS if action.scope == scope]


def bindings(scope: Scope, on: str = "", methods: Mapping[str, str] | None = None) -> list[BindingType]:
    """Return Textual's bindings for one scope; the settings name them by their ids.

    `on` is `screen.` if a widget has the keys and its screen the methods. `methods` has the names of Textual's own
    methods for some actions; the other actions are left out.
    """
    return [
        Binding(
            action.keys,
            on + (methods[action.id] if methods else action.does or action.id),
            action.label,
            show=False,
            # The editor's keys must come before those of a text area.
            priority=action.priority or scope == "editor",
            id=action.id,
        )
        for action in scoped(scope)
        if methods is None or action.id in methods
    ]


class Keys:
    """The names of keys on the screen, with the changes of the settings."""

    def __init__(self, changed: Mapping[str, str] | None = None) -> None:
        self.changed = {key: value for key, value in (changed or {}).items() if key in BY_ID}
        self.unknown = sorted(key for key in (changed or {}) if key not in BY_ID)
        self._names = {
            action.id: [key_name(key) for key in self.changed.get(action.id, action.keys).split(",")]
            for action in ACTIONS
        }

    @property
    def clashes(self) -> list[str]:
        """A line for each key that two actions of the same scope share."""
        lines = []
        for scope in ("step", "editor", "lessons"):
            owners: dict[str, str] = {}
            for action in [*scoped(scope), *(scoped("pane") if scope == "step" else [])]:
                for key in self.of(action):
                    owner = owners.setdefault(key, action.id)
                    if owner not in (action.id, action.instead_of):
                        lines.append(f"the key {key} is both {owner} and {action.id}")
        return lines

    def of(self, action: Action | str) -> list[str]:
        """Return the names of an action's keys."""
        return self._names[action if isinstance(action, str) else action.id]

    def first(self, action: Action | str) -> str:
        """Return the key to show."""
        return self.of(action)[0]

    def reach(self, action: str) -> str:
        """Return the key from within the editor, or the keys: `F2`, `Esc S`."""
        own = f"editor_{action}"
        if own in BY_ID or BY_ID[action].priority or BY_ID[action].scope == "editor":
            return self.first(own if own in BY_ID else action)
        return f"{self.first('editor_leave')} {self.first(action)}"


def in_footer(scope: Scope, context: Context) -> list[Action]:
    """Return the keys worth showing now, the most important first."""
    chosen = [action for action in scoped(scope) if action.rank and action.when(context) and action.footer(context)]
    return sorted(chosen, key=lambda action: action.rank)


def by_group(scopes: Iterable[Scope] = ("step", "pane", "editor", "list", "lessons")) -> dict[Group, list[Action]]:
    """Return all actions for the help screen, in the order of the list."""
    groups: dict[Group, list[Action]] = {}
    for scope in scopes:
        for action in scoped(scope):
            groups.setdefault(action.group, []).append(action)
    return groups
