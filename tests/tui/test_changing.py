"""Keys change code, on a fake worker: suggested changes, scratch steps, names, and edits of code that has changed."""

from pathlib import Path

import msgspec
import pytest
from changing import LESSON, ROW, VARIED, edited_before, varied
from small_course import MANY
from tours import Tours, border, idle, ran, ready, screen_text, text, until

from jaxtour.course.model import Step, TimeSpec
from jaxtour.course.progress import Progress
from jaxtour.course.trust import code_of
from jaxtour.engine.wire.commands import Run
from jaxtour.engine.wire.messages import Executed, Failure, Timing
from jaxtour.text import Raw
from jaxtour.tui import outside
from jaxtour.tui.tour.scratch import scratch_after
from jaxtour.tui.widgets.names import before_cursor, words_of


def runs(tours: Tours) -> list[str]:
    """Return the names and last lines of the code that ran."""
    cells = [each.cell for each in tours.engine.sent if isinstance(each, Run) and each.cell]
    return [f"{cell.name}: {cell.code.rstrip().splitlines()[-1]}" for cell in cells]


@pytest.mark.parametrize("before", [(), ("r",)], ids=["the original has not run", "the original has run"])
async def test_a_change_runs_and_shows_what_it_did(tours: Tours, before: tuple[str, ...]) -> None:
    app = varied(tours).make("many", script=VARIED)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for key in before:
            await pilot.press(key)
            await ran(pilot)
        await pilot.press("x")
        assert "1  only two rows" in screen_text(app) and "+ w, X[:2])" in screen_text(app)
        await pilot.press("1")
        await until(pilot, lambda: app.tour.state.code == ROW and app.tour.view.finished)
        assert runs(tours) == ["vmap/many: predict_many(w, X)", "vmap/many: predict_many(w, X[:2])"]
        result = " ".join(text(app, "result").split())
        assert "~ only two rows ≠ was" in result
        assert "was float32[3], [0.37815177 0.55771613 0.4303379 ], 5 equations" in result
        assert "now float32[2], [0.3781 0.5577], 6 equations with slice" in result
        assert "3~predict_many" in screen_text(app) and "2 fast" in screen_text(app)
        keys = screen_text(app).splitlines()[-1]
        assert "x try" in keys and "D compare" in keys and "u undo edit" in keys
        await pilot.press("u")
        assert app.tour.code.text == MANY and "float32[3]" in text(app, "result"), "what it gave is there again"
        assert "was" not in text(app, "result")
        await pilot.press("u", "x")
        assert "only two rows   this is your edit now" in screen_text(app)
    assert Progress.open(tours.path).saved("vmap", "many").edit == ROW


@pytest.mark.parametrize("step_times", [True, False])
async def test_a_change_is_compared_in_its_times(tours: Tours, *, step_times: bool) -> None:
    """A change is compared by its times.

    If the step times something, the lesson's own code is timed too; otherwise once the learner has measured both.
    """
    varied(tours)
    call = "predict_many(w, X)"
    own, edit = (
        Timing(run=0, index=0, label="many", call=Raw(call), platform="cpu", median_s=s, q1_s=s, q3_s=s)
        for s in (0.1, 0.2)
    )
    time = (TimeSpec(label="many", call=Raw(call)),) if step_times else ()
    step = msgspec.structs.replace(LESSON.steps[1], time=time)
    tours.entries[0].given = msgspec.structs.replace(LESSON, steps=(LESSON.steps[0], step, *LESSON.steps[2:]))
    script = {**VARIED, "vmap/many": [*VARIED["vmap/many"], own], ROW: [*VARIED[ROW], edit]}
    app = tours.make("many", script=script)

    def result() -> str:
        return " ".join(text(app, "result").split())

    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        if not step_times:
            await pilot.press("r")
            await ran(pilot)
            await pilot.press("t")
            await until(pilot, lambda: app.tour.state.timings)
        await pilot.press("x", "1")
        await until(pilot, lambda: app.tour.state.code == ROW and app.tour.view.finished)
        if not step_times:
            await idle(pilot)
            assert "t measures this too" in result() and "slower" not in result()
            await pilot.press("t")
        await until(pilot, lambda: "only two rows ≠ many was 100 ms (100 to 100), now 200 ms" in result())
        assert "2.0× slower" in result() and "measures this too" not in result()


@pytest.mark.parametrize("raised", [True, False])
async def test_a_change_says_that_it_should_raise_and_what_to_see_then(tours: Tours, *, raised: bool) -> None:
    varied(tours)
    step = LESSON.steps[1]
    assert isinstance(step, Step)
    change = msgspec.structs.replace(step.tries[0], raises="ValueError", after="Too few: `t` times them.")
    step = msgspec.structs.replace(step, tries=(change,))
    tours.entries[0].given = msgspec.structs.replace(LESSON, steps=(LESSON.steps[0], step, *LESSON.steps[2:]))
    failure = Failure(run=0, type="JaxError", message="no", bases=("ValueError",))
    script = {**VARIED, ROW: [failure, Executed(run=0, status="error", seconds=0.1)]} if raised else VARIED
    app = tours.make("many", script=script)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "Too few" not in text(app, "lesson")
        await pilot.press("x")
        await until(pilot, lambda: app.tour.state.code == ROW and app.tour.view.finished)
        said = "raised JaxError, as this change should" if raised else "nothing was raised; this change should raise"
        assert said in " ".join(text(app, "result").split())
        assert "~ only two rows\nToo few: t times them." in text(app, "lesson")
        assert ("   t time   " in screen_text(app)) == (not raised), "what raised is not timed"
        await pilot.press("u")
        assert "Too few" not in text(app, "lesson")


async def test_a_change_does_not_cost_the_learners_edit(tours: Tours) -> None:
    app = varied(tours).make("many", script=VARIED)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "m", "escape", "x", "2")
        await until(pilot, lambda: "(0, 0)" in app.tour.state.code and app.tour.view.finished)
        assert "mpredict" not in app.tour.code.text
        await pilot.press("u")
        assert app.tour.code.text == "m" + MANY.rstrip("\n")


async def test_a_scratch_step_begins_where_its_step_ends_and_is_kept(tours: Tours) -> None:
    app = varied(tours).make("many", script=VARIED)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("s")
        assert app.tour.key == ("vmap", "many~scratch") and app.tour_screen.panes.editor is not None
        await pilot.press("w", ".", "T", "f5")
        await ran(pilot)
        [run] = [each for each in tours.engine.sent if isinstance(each, Run) and each.cell]
        assert run.cell is not None and run.cell.name == "vmap/many~scratch" and run.cell.code == "w.T"
        assert [cell.name for cell in run.replay] == ["vmap/one", "vmap/many"]
        assert not app.tour.is_done("vmap", "many") and not app.tour.is_done("vmap", "many~scratch")
        assert "2 of 9" in screen_text(app)
        await pilot.press("escape", "escape")
        assert app.tour.key == ("vmap", "many") and app.tour.state.report is None
        await pilot.press("s", "escape")
        assert app.tour.code.text == "w.T" and app.tour.state.report is not None
        await pilot.press("u")
        assert not app.tour.code.text.strip()
        await pilot.press("u", "n")
        assert app.tour.key == ("vmap", "broken-on-purpose")
        await pilot.press("p", "s", "escape", "p")
        assert app.tour.key == ("vmap", "many"), "back from a scratch step is its step"
    saved = Progress.open(tours.path).saved("vmap", "many")
    assert saved.scratch == "w.T" and saved.edit is None and not saved.done
    assert Progress.open(tours.path).place == ("vmap", "many")


def test_a_scratch_step_is_no_code_of_the_lessons_that_needs_trust() -> None:
    step = LESSON.steps[1]
    assert isinstance(step, Step)
    assert code_of(scratch_after(LESSON, step, "x").lesson) == code_of(LESSON)


async def test_a_scratch_step_sees_the_edit_of_its_step(tours: Tours) -> None:
    app = varied(tours).make("many", script=VARIED)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "q", "=", "1", "enter", "escape", "s", "q", "f5")
        await ran(pilot)
        run = [each for each in tours.engine.sent if isinstance(each, Run) and each.cell][-1]
        assert run.replay[-1].code.startswith("q=1\n")
        await pilot.press("escape", "n")
        await idle(pilot)
        await pilot.press("r")
        await ran(pilot)
        later = [each for each in tours.engine.sent if isinstance(each, Run) and each.cell][-1]
        assert not any(cell.code.startswith("q=1") or "scratch" in cell.name for cell in later.replay)


async def test_names_are_listed_narrowed_and_inserted(tours: Tours) -> None:
    app = varied(tours).make("many", script=VARIED)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("s", "tab")
        editor = app.tour_screen.panes.editor
        assert editor is not None and editor.text == "    ", "without a beginning it indents"
        await pilot.press("p", "r", "tab")
        await until(pilot, lambda: editor.names.shown)
        assert "predict_many  function" in screen_text(app)
        await pilot.press("e", "down")
        assert editor.names.chosen == "predict_many"
        await pilot.press("tab")
        assert editor.text == "    predict_many" and not editor.names.shown
        await pilot.press("(", "p", "r", "ctrl+@")
        await until(pilot, lambda: editor.names.shown)
        await pilot.press("escape")
        assert app.tour_screen.panes.editor is editor and not editor.names.shown, "the first closes the list"
        await pilot.press("o", "tab")
        await until(pilot, lambda: editor.text == "    predict_many(property")
        [asked] = {each.complete for each in tours.engine.sent if isinstance(each, Run)} - {None, "pr"}
        assert asked == "pro"


@pytest.mark.parametrize(
    ("line", "beginning"),
    [("x = jnp.li", "jnp.li"), ("f(", ""), ("f(jnp.", "jnp."), ("a[0].su", ""), ("1.", ""), ("'a'.", ""), ("", ""),
     ("π.é", "π.é"), ("x  ", "")],
)  # fmt: skip
def test_what_is_completed(line: str, beginning: str) -> None:
    assert before_cursor(line) == beginning


def test_names_of_code_that_has_not_run() -> None:
    code = "alpha = beta.almost\nal"
    assert words_of(code, "al") == ["alpha"] and words_of(code, "beta.a") == []


async def test_a_changed_lesson_is_told_and_both_texts_are_shown(tours: Tours) -> None:
    edited_before(tours.path)
    app = varied(tours).make("many", script=VARIED)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "the lesson's code changed since your edit; D shows both" in border(app, "source")
        await pilot.press("D")
        rows = [" ".join(row.split()) for row in screen_text(app).splitlines()]
        assert any("quick = jax.jit(predict_many) ≠ fast = jax.jit(predict_many)" in row for row in rows)
        await pilot.press("escape")
        assert "changed since" in border(app, "source"), "nothing was chosen"
        await pilot.press("D", "t")
        assert app.tour.code.text == MANY and "changed since" not in border(app, "source")
        await pilot.press("u")
        assert "quick" in app.tour.code.text and "changed since" not in border(app, "source")
    edited_before(tours.path)
    app = varied(tours).make("many", script=VARIED)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("D", "m")
        await until(pilot, lambda: "changed since" not in border(app, "source"))
        assert "quick" in app.tour.code.text
    saved = Progress.open(tours.path).saved("vmap", "many")
    step = tours.entries[0].given.steps[1]
    assert isinstance(step, Step) and saved.base == step.code.text


async def test_without_a_terminal_to_give_away_the_file_is_named_and_its_saves_count(
    tours: Tours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("ZELLIJ", raising=False)
    app = varied(tours).make("many", script=VARIED)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("E")
        path = tours.path.parent / "edits" / "vmap" / "many.py"
        await until(pilot, lambda: "edits/vmap/many.py: each save" in app.tour_screen._note)
        assert path.read_text() == MANY
        path.write_text(ROW)
        await until(pilot, lambda: app.tour.code.text == ROW)
        assert "many.py was saved" in screen_text(app)
        path.unlink()  # as editors do that save by renaming
        path.with_suffix(".new").write_text(ROW + "1\n")
        path.with_suffix(".new").rename(path)
        await until(pilot, lambda: app.tour.code.text == ROW + "1\n")
        await pilot.press("u")
        assert app.tour.code.text == MANY, "the saves of one editor are one version"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"VISUAL": "no-such-editor -w"}, "VISUAL is 'no-such-editor -w', and there is no program no-such-editor: set"),
        ({"EDITOR": "vi 'x"}, 'EDITOR is "vi \'x" (No closing quotation): set EDITOR, for example: export EDITOR=n'),
        ({"PATH": "/nowhere"}, "there is no editor: set EDITOR, for example: export EDITOR=nano"),
    ],
)
def test_where_there_is_no_editor_a_line_says_what_to_do(variables: dict[str, str], said: str) -> None:
    with pytest.raises(outside.NoEditorError) as raised:
        outside.editor_command(variables)
    assert str(raised.value).startswith(said)


def test_the_editor_is_the_one_that_is_named_or_one_that_is_there(tmp_path: Path) -> None:
    for name in ("vi", "mine"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o700)
    path = {"PATH": str(tmp_path)}
    assert outside.editor_command(path) == [str(tmp_path / "vi")]
    assert outside.editor_command({**path, "EDITOR": "vi", "VISUAL": "mine -w"}) == [str(tmp_path / "mine"), "-w"]


@pytest.mark.parametrize(
    ("size", "tmux", "zellij"),
    [((80, 24), ["-v", "-Z"], ["--floating"]), ((120, 40), ["-v"], ["--direction", "down"]),
     ((200, 50), ["-h"], ["--direction", "right"])],
)  # fmt: skip
def test_where_it_opens_beside(tmp_path: Path, size: tuple[int, int], tmux: list[str], zellij: list[str]) -> None:
    for name in ("tmux", "zellij"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o700)
    path = {"PATH": str(tmp_path)}
    found = outside.beside(["vi", "a.py"], *size, {**path, "TMUX": "/tmp/x,1,0", "TMUX_PANE": "%3"})
    assert found is not None and found[1:] == ["split-window", *tmux, "-t", "%3", "-c", str(Path.cwd()), "vi", "a.py"]
    found = outside.beside(["vi", "a.py"], *size, {**path, "ZELLIJ": "0"})
    assert found is not None and found[1:] == ["run", *zellij, "--close-on-exit", "--", "vi", "a.py"]
    assert outside.beside(["vi"], *size, path) is None
