"""The learner edits code and answers questions."""

import pytest
from exercise_course import compared
from fake_engine import Hold
from small_course import SCRIPT
from textual import events
from tours import Tours, idle, ran, ready, screen_text, text, until

from jaxtour.course.progress import Progress
from jaxtour.engine.wire.commands import Run
from jaxtour.tui.widgets.editor import indent_after


async def test_an_edit_is_run_and_kept(tours: Tours) -> None:
    app = tours.make("write")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("e")
        editor = app.tour_screen.panes.editor
        assert editor is not None and editor.has_focus
        editor.text = "def double(x):\n    return 2 * x\n"
        await pilot.press("f5")
        await ran(pilot)
        [run] = [command for command in tours.engine.sent if isinstance(command, Run)]
        assert run.cell is not None and run.cell.code == "def double(x):\n    return 2 * x\n"
        assert "solved" in text(app, "result")
        assert app.tour.is_done("vmap", "write")
        await until(pilot, lambda: "edited" in screen_text(app))
        assert app.tour_screen.panes.editor is None, "it is right, and nothing else was written meanwhile"
        assert app.tour_screen.pane.spec.name == "source"
    assert Progress.open(tours.path).saved("vmap", "write").edit == "def double(x):\n    return 2 * x\n"


async def test_what_is_typed_at_a_closing_editor_is_no_command(tours: Tours) -> None:
    now = [5.0]
    app = tours.make("write", script={**SCRIPT, "vmap/write": [Hold("check"), *compared()["vmap/write"][:2]]},
                     clock=lambda: now[0])  # fmt: skip
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)

        async def run(*keys: str) -> None:
            await pilot.press("f5")
            await until(pilot, lambda: tours.engine.holding)
            await pilot.press(*keys)
            tours.engine.release("check")
            await ran(pilot)
            await idle(pilot)

        await pilot.press("e")
        await until(pilot, lambda: "F5 runs and checks it   F2 gives a hint" in text(app, "lesson"))
        assert "F5 runs the step" in text(app, "result") and "e edits" not in text(app, "lesson")
        await run("x", "backspace")
        assert app.tour_screen.panes.editor is not None, "something was written meanwhile"
        assert "Esc S compares it with a solution" in text(app, "lesson")
        await run()
        assert app.tour_screen.panes.editor is None and "solved: the editor is closed" in screen_text(app)
        assert "   S compares it with a solution" in text(app, "lesson")
        runs = len(tours.engine.sent)
        now[0] += 0.7
        await pilot.press(*"ren", "enter", "space")
        assert app.tour_screen.panes.editor is None and len(tours.engine.sent) == runs
        assert app.tour.key == ("vmap", "write") and app.screen is app.tour_screen
        now[0] += 0.2
        await pilot.press("e")
        assert app.tour_screen.panes.editor is not None, "letters are commands again"
        await run()
        await pilot.press("e", "escape", "e")
        assert app.tour_screen.panes.editor is not None, "who leaves writes no more"


async def test_letters_are_text_while_editing(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("e", "n", "q", "r", "escape")
        assert app.tour.key == ("vmap", "choose")
        assert app.tour.code.text == "nqrX.shape"
        assert app.tour.state.report is None


async def test_the_editor_opens_in_the_line_of_the_cursor(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        panes = app.tour_screen.panes
        await pilot.press("o")
        source = panes.by_slot["source"]
        source.move_to(len(source.document.lines) - 1)
        await pilot.press("e")
        lines = app.tour.code.text.rstrip("\n").split("\n")
        assert panes.editor is not None and len(lines) > 1
        assert panes.editor.cursor_location == (len(lines) - 1, 0)
        await pilot.press("escape")
        source.move_to(1)
        await pilot.press("e")
        assert panes.editor.cursor_location == (0, 0), "the code that runs first is not edited here"


async def test_undo_loses_nothing(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("u")
        assert app.tour.code.text == "X.shape", "there is nothing to undo"
        await pilot.press("e", "x", "escape", "u")
        assert app.tour.code.text == "X.shape"
        assert "u brings yours back" in screen_text(app)
        await pilot.press("u")
        assert app.tour.code.text == "xX.shape"
        await pilot.press("e", "ctrl+a", "ctrl+k", "escape")
        assert app.tour.code.text == "X.shape", "an empty text is the lesson's own code"
        await pilot.press("u")
        assert app.tour.code.text == "xX.shape", "and what was there is not lost"
    assert Progress.open(tours.path).saved("vmap", "choose").edit == "xX.shape"


async def test_quitting_keeps_what_stands_in_the_editor(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("e", "z", "ctrl+q")
        await until(pilot, lambda: tours.engine.closed)
    assert Progress.open(tours.path).saved("vmap", "choose").edit == "zX.shape"


async def test_a_choice_is_graded(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("a", "1")
        assert "you said (2, 3)" in text(app, "lesson")
        assert "not this time" not in text(app, "lesson")
        await pilot.press("r")
        await ran(pilot)
        assert "you said (2, 3)  ✗ not this time: (3, 2)" in text(app, "lesson")


async def test_what_was_said_comes_into_view_and_so_does_whether_it_was_right(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(80, 15)) as pilot:
        await ready(pilot)
        assert "answers" not in screen_text(app), "there is no room for the whole text"
        await pilot.press("a", "1")
        await until(pilot, lambda: "you said (2, 3)" in screen_text(app))
        await pilot.press("r")
        await ran(pilot)
        await until(pilot, lambda: "you said (2, 3)  ✗ not this time: (3, 2)" in screen_text(app))


async def test_a_number_is_graded_by_the_worker(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("a", "5", "enter")
        assert app.tour.state.prediction == "5"
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release("timing")
        await ran(pilot)
        assert "you said 5  ✓ right" in text(app, "lesson")
        await pilot.press("a")
        assert app.screen is app.tour_screen, "it was answered"


async def test_no_answer_is_no_answer(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("a", "escape")
        assert app.screen is app.tour_screen
        await pilot.press("a", "enter")
        assert app.tour.state.prediction is None


async def test_the_code_that_runs_first_unfolds(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "3 lines run first" in text(app, "source")
        assert "import jax, jax.numpy" not in text(app, "source")
        await pilot.press("o")
        assert "import jax, jax.numpy" in text(app, "source")
        await pilot.press("r")
        await ran(pilot)
        assert app.tour_screen.panes.by_slot["source"].document.marks == {12: "error"}


async def test_going_on_with_the_mouse_elsewhere_keeps_the_edit_where_it_belongs(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("e", "x")
        await pilot.click("#result", offset=(5, 1))
        await pilot.press("n")
        assert app.tour.key == ("vmap", "write")
        assert app.tour_screen.panes.editor is None
        assert app.tour.progress.saved("vmap", "choose").edit == "xX.shape"
        assert app.tour.progress.saved("vmap", "write").edit is None


@pytest.mark.parametrize(
    ("before", "indent"),
    [
        ("x = 1", 0),
        ("    x = 1", 4),
        ("def double(x):", 4),
        ("    if x:  # what: now", 8),
        ("    said = 'a: # b:'", 4),
        ("    said = f('#:'):", 8),
        ("        return x", 4),
        ("        pass  # nothing", 4),
        ("    returned = x", 4),
        ("        return f(", 8),
        ("        raise ValueError(')')", 4),
        ("return x", 0),
        ("  break", 0),
    ],
)
def test_a_new_line_is_as_indented_as_python_wants_it(before: str, indent: int) -> None:
    assert indent_after(before) == " " * indent


async def test_enter_indents_and_backspace_goes_back_a_level_but_a_paste_stays(tours: Tours) -> None:
    app = tours.make("write")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e")
        editor = app.tour_screen.panes.editor
        assert editor is not None
        editor.text = "def double(x):"
        await pilot.press("ctrl+end", "enter", *"if x:", "enter", *"return 2", "enter", "y", "enter")
        assert editor.text == "def double(x):\n    if x:\n        return 2\n    y\n    "
        await pilot.press("backspace")
        assert editor.text.endswith("    y\n"), "a whole level is gone"
        await pilot.press("space", "space", "backspace", "z", "backspace", "backspace")
        assert editor.text.endswith("    y"), "and then the line"
        await pilot.press("ctrl+home", "end", "left", "left", "left", "enter")
        assert editor.text.startswith("def double(\nx):"), "only the lines of a block are indented"
        await pilot.press("ctrl+home", "x")
        assert editor.text.startswith("xdef")
        editor.text = "def f():"
        await pilot.press("ctrl+end")
        pasted = "\n    if x:\n        y\nz"
        app.post_message(events.Paste(pasted))
        await until(pilot, lambda: editor.text == f"def f():{pasted}")
