"""Parts of the app that are plain functions."""

from collections import Counter
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from small_course import VMAP
from textual.binding import Binding

from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Device, Done, Executed, RunProgress
from jaxtour.render.text.layout import plain
from jaxtour.tui.actions import ACTIONS, BY_ID, Context, Keys, Scope, bindings, in_footer, scoped
from jaxtour.tui.key_names import key_name
from jaxtour.tui.screens.help import KEY_CELLS, help_lines
from jaxtour.tui.status import keys_line, top_line
from jaxtour.tui.styling import ANSI, COLOURED
from jaxtour.tui.tour.controllers.slots import short
from jaxtour.tui.tour.screen import TourScreen
from jaxtour.tui.tour.state import Activity, StepState, doing
from jaxtour.tui.tour.view import StepView


def test_every_action_has_a_method() -> None:
    for action in scoped("step"):
        assert hasattr(TourScreen, f"action_{action.id}"), action.id


def test_no_key_means_two_things_at_once() -> None:
    for scope in get_args(Scope):
        keys = [key for action in scoped(scope) for key in action.keys.split(",") if not action.instead_of]
        assert [key for key, count in Counter(keys).items() if count > 1] == []
    both = {key for action in scoped("step") for key in action.keys.split(",")}
    assert not both & {key for action in scoped("pane") for key in action.keys.split(",")}


def test_a_key_of_two_actions_does_only_one_of_them() -> None:
    flags = ("busy", "zoomed", "searching", "runnable")
    contexts = [Context(**dict(zip(flags, values, strict=True))) for values in product((False, True), repeat=4)]
    for action in ACTIONS:
        if action.instead_of:
            other = BY_ID[action.instead_of]
            assert set(action.keys.split(",")) <= set(other.keys.split(","))
            assert not any(action.when(context) and other.when(context) for context in contexts), action.id


def test_bindings_carry_the_ids_that_settings_name() -> None:
    assert len(BY_ID) == len(ACTIONS)
    [run] = [binding for binding in bindings("step") if isinstance(binding, Binding) and binding.id == "run"]
    assert (run.key, run.action) == ("r", "run")


@pytest.mark.parametrize(
    ("key", "name"),
    [("r", "r"), ("R", "R"), ("ctrl+c", "Ctrl+C"), ("f5", "F5"), ("question_mark", "?"), ("shift+tab", "Shift+Tab"),
     ("left_square_bracket", "["), ("pagedown", "PgDn"), ("f", "f")],
)  # fmt: skip
def test_keys_are_called_as_people_call_them(key: str, name: str) -> None:
    assert key_name(key) == name


def test_the_bottom_line_has_what_works_now() -> None:
    assert "interrupt" not in [action.id for action in in_footer("step", Context())]
    assert in_footer("step", Context(busy=True))[0].id == "interrupt"
    assert in_footer("step", Context(dead=True, runnable=False))[0].id == "restart"
    shown = plain(keys_line(in_footer("step", Context(editable=True)), Keys(), 30))
    assert len(shown) <= 30
    assert "? keys" in shown and "r run" in shown
    assert "x run" in plain(keys_line([BY_ID["run"]], Keys({"run": "x"}), 30))


def test_both_palettes_know_every_style() -> None:
    from jaxtour.render.text.layout import Style

    assert set(COLOURED) == set(ANSI) == set(get_args(Style))
    # Meaning must not depend on colour alone: an error is bold too.
    assert "bold" in COLOURED["error"] and "bold" in ANSI["error"]


def view(**rest: object) -> StepView:
    return StepView(lesson=VMAP, step=VMAP.steps[0], number=1, done=(False,) * 9, **rest)


def test_the_top_line_fits_at_any_width() -> None:
    import msgspec
    from fake_engine import FACTS

    eight = tuple(Device(id=i, platform="cpu", kind="cpu", simulated=True) for i in range(8))
    facts = msgspec.structs.replace(FACTS, devices=eight, simulated=True)
    report = Report(
        run=1, phase="done", executed=Executed(run=1, status="ok", seconds=0.31), done=Done(run=1, status="ok")
    )
    full = view(worker="ready", facts=facts, state=StepState(report=report))
    for width in range(40, 200):
        for split in (None, 60) if width > 118 else (None,):
            line = plain(top_line(full, Activity(), 0.0, width, split))
            assert "ready" in line and len(line) <= max(width, 60), (width, line)
    running = msgspec.structs.replace(full, worker="running")
    for width in (60, 70, 80):
        line = plain(top_line(running, Activity("compiling jit(a_function_with_a_long_name)"), 0.0, width, None))
        assert len(line) <= width and line.endswith("cpu ×8 simulated") and "► comp" in line
    line = plain(top_line(full, Activity(), 0.0, 118, 60))
    assert "1 of 9" in line and "ran in 310 ms" in line and "cpu ×8 simulated" in line


def test_what_runs_is_said_in_words_with_its_time() -> None:
    assert doing(RunProgress(run=1, phase="timing", label="NumPy", done=3, of=15)) == "timing NumPy 3/15"
    assert doing(RunProgress(run=1, phase="running", label="vmap/one")) == "running"
    busy = view(worker="running")
    assert "► compiling jit(f)" in plain(top_line(busy, Activity("compiling jit(f)", since=5.0), 5.4, 118, 60))
    assert "► compiling jit(f)  12 s" in plain(top_line(busy, Activity("compiling jit(f)", since=5.0), 17.0, 118, 60))


def test_the_help_has_a_key_once_in_a_group_and_says_when_it_does_something_else() -> None:
    blocks = "\n".join(map(plain, help_lines(Keys(), Context(), 76))).split("\n\n")
    for block in blocks:
        first, *rest = [row[:KEY_CELLS].strip() for row in block.splitlines()[1:]]
        again = [key for key, count in Counter(filter(None, (first, *rest))).items() if count > 1]
        assert first and not again, block
    assert "u           the code before this edit\n            your edit again, after an undo\n" in blocks[0]
    assert max(len(plain(line)) for line in help_lines(Keys(), Context(), 118)) <= 118


def test_the_help_dims_the_keys_that_do_nothing_now() -> None:
    def styles(context: Context) -> dict[str, list[str]]:
        return {line[1][0]: [style for _, style in line] for line in help_lines(Keys(), context, 76) if len(line) == 2}

    alone, course = styles(Context(alone=True, programs=True)), styles(Context())
    assert alone["the next step"] == ["muted", "muted"] and course["the next step"] == ["strong", ""]
    assert alone["what the program compiled"] == ["strong", ""]
    assert alone["a line down"] == ["strong", ""], "a key of a pane works in every step"


def test_paths_at_home_are_short() -> None:
    assert short(Path.home() / "state" / "x.txt") == "~/state/x.txt"
    assert short(Path("/elsewhere/x.txt")) == "/elsewhere/x.txt"
