"""Predictions are made by keys, judged by the worker, proved in a pane, and remembered."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from test_snapshots import IDS, SIZES, keys
from tours import Tours, border, pane, proved, ran, ready, resized, screen_text, text, until

from jaxtour.course.catalogue import open_path
from jaxtour.course.model import Ask, Choice
from jaxtour.course.progress import Progress, SavedStep
from jaxtour.course.trust import Trust
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.messages import Answer, Executed
from jaxtour.text import Raw, harmless
from jaxtour.tui.app import TourApp

LESSON = """\
format: 1
id: asked
title: Questions
summary: For the tests.
minutes: 1
steps:
  - id: count
    title: A number
    text: How many?
    ask: {question: How many equations has f?, value: equations of f(3.0), mark: sin}
    code: |
      import jax, jax.numpy as jnp
      def f(x):
          return jnp.sin(x) * 2 + jnp.sin(x + 1)
      g = jax.jit(f)
      f(3.0)
    after: It has as many as operators.
  - id: again
    title: Again?
    text: Another shape.
    ask:
      question: Does g(jnp.ones(4)) compile again?
      choices: [{text: "no, never", reply: "Count [b]again[/b]."}, {text: "yes, once", reply: Each shape.}]
      value: compilations of g(jnp.ones(4))
    code: g(jnp.ones(3))
    after: Each shape has a program.
  - id: fusion
    title: One kernel
    text: The compiler.
    ask: {question: One fusion?, choices: ["no", "yes"], answer: 2, proof: hlo, mark: fusion}
    code: g(jnp.ones(300))
  - id: row
    title: A row
    text: Where?
    ask: {question: Which device holds row 3?, value: "device of rows[3]"}
    code: |
      mesh = jax.make_mesh((2,), ("d",))
      rows = jax.device_put(jnp.ones((4, 2)), jax.sharding.NamedSharding(mesh, jax.P("d")))
  - id: ends
    title: The end
    text: The question ends the worker.
    ask: {question: What comes?, value: "__import__('os')._exit(3)"}
    code: "1"
  - id: open
    title: Open
    text: Nobody knows.
    ask: {question: What comes?, value: missing}
    code: "1"
"""


def tour(home: Path, step: str, python: str | None = None) -> TourApp:
    """Return a tour of the lesson above with a real worker."""
    file = home / "asked.yaml"
    file.write_text(LESSON)
    session = Session(ProcessEngine(), WorkerConfig(python=python, platform="cpu", devices=2), Trust(everything=True))
    return TourApp(open_path(file), session, Progress.open(home / "progress.json"), start=("asked", step))


def saved(home: Path, step: str) -> SavedStep:
    return Progress.open(home / "progress.json").saved("asked", step)


async def test_the_worker_judges_and_the_first_prediction_counts(tmp_path: Path, python: str | None) -> None:
    app = tour(tmp_path, "count", python)
    async with app.run_test(size=(80, 24)) as pilot:

        async def judged(*pressed: str) -> str:
            await pilot.press(*pressed, "r")
            await until(pilot, lambda: app.tour.state.report and app.tour.state.report.done)
            await until(pilot, lambda: app.tour.idle or app.tour.worker.dead)
            return text(app, "lesson")

        await until(pilot, lambda: app.tour.session.state == "ready" and app.tour.coloured)
        assert "a answer   r run" in screen_text(app)
        assert "you said 5  ✓ right" in await judged("a", "5", "enter")
        assert "As many" not in text(app, "stage")
        await pilot.press("a")
        await until(pilot, lambda: len(proved(app, "stage")) == 2)
        assert "sin" in app.tour_screen.panes.by_slot["stage"].document.texts[proved(app, "stage")[0]]
        await pilot.press("n")
        assert "1-2 answer   r run" in screen_text(app)
        await pilot.press("2", "1")
        assert app.tour.state.prediction == "no, never", "until the run, a slip of the finger is mended"
        wrong = await judged()
        assert "✗ 1  no, never" in wrong and "✓ 2  yes, once" in wrong
        assert "✗ not this time: yes, once" in wrong and "Count [b]again[/b]." in wrong and "Each shape." not in wrong
        await pilot.press("2")
        assert app.tour.state.stage == "stablehlo", "after the run the digits show stages"
        await pilot.press("n")
        assert "✓ right" in await judged("2")
        assert app.tour.state.stage == "hlo"
        assert "a see HLO" in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: proved(app, "stage"))
        stage = app.tour_screen.panes.by_slot["stage"]
        assert "fusion" in stage.document.texts[stage.cursor]
        await pilot.press("n")
        assert "the answer: 1" in await judged(), "who runs at once is told"
        await pilot.press("n")
        assert "you said 7   r runs the step" in await judged("a", "7", "enter"), "the question ended the worker"
        await until(pilot, lambda: app.tour.session.state == "ready")
        await pilot.press("n")
        assert "the worker found no answer" in await judged("a", "7", "enter")
    kept = [saved(tmp_path, step) for step in ("count", "again", "fusion", "row", "ends", "open")]
    assert [(each.answer, each.right) for each in kept] == [
        ("5", True), ("no, never", False), ("yes", True), (None, None), ("7", None), ("7", None),
    ]  # fmt: skip

    app = tour(tmp_path, "again", python)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.tour.session.state == "ready" and app.tour.coloured)
        assert "last time you said no, never  ✗" in text(app, "lesson")
        await pilot.press("2", "r")
        await until(pilot, lambda: "yes, once  ✓ right   first no, never" in text(app, "lesson"))
        await pilot.press("p")
        assert "last time you said 5  ✓" in text(app, "lesson")
    assert (saved(tmp_path, "again").answer, saved(tmp_path, "again").right) == ("no, never", False)


async def test_what_was_said_and_not_run_is_still_said_the_next_time(tours: Tours) -> None:
    for pressed in (("3",), ()):
        app = tours.make("choose")
        async with app.run_test(size=(80, 24)) as pilot:
            await ready(pilot)
            await pilot.press(*pressed)
            assert "you said (6,)   r runs the step" in text(app, "lesson")
    kept = Progress.open(tours.path).saved("vmap", "choose")
    assert (kept.answer, kept.right) == ("(6,)", None)


async def test_a_prediction_is_of_the_lesson_s_own_code(tours: Tours) -> None:
    Progress.open(tours.path).update("vmap", "choose", edit="X.shape[0]")
    app = tours.make("choose", script={"X.shape[0]": [Executed(run=0, status="ok", seconds=0.1)]})
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2", "r")
        await ran(pilot)
        shown = text(app, "lesson")
        assert "about the lesson's own code" in shown and "✓" not in shown and "✗" not in shown
    assert Progress.open(tours.path).saved("vmap", "choose").right is None


async def test_digits_and_letters_change_with_the_question(tours: Tours) -> None:
    app = tours.make("choose")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "jaxpr  StableHLO  HLO" in screen_text(app), "the digits are not those of the stages now"
        assert "values  g graph" in screen_text(app), "a letter is"
        await pilot.press("g")
        assert app.tour.state.stage == "graph"
        await pilot.press("4")
        assert app.tour.state.stage == "graph" and app.tour.state.prediction is None, "there is no fourth choice"
        await pilot.press("1", "r")
        await ran(pilot)
        assert "1 jaxpr  2 StableHLO  3 HLO" in screen_text(app)
        await pilot.press("1")
        assert app.tour.state.stage == "jaxpr" and app.tour.state.prediction == "(2, 3)"


async def test_hostile_questions_are_only_text(tours: Tours) -> None:
    hostile = "[red]x[/] \x1b]52;c;aGk=\x07 \u202e"
    harmed = "[red]x[/] ␛]52;c;aGk=␇ <U+202E>"
    *before, choose, write, forever, crash, loud, bad = tours.entries[0].given.steps
    ask = Ask(question=f"{hostile}?", choices=(Choice(text=hostile, reply=f"{hostile}!"), "b"), value=Raw("x"),
              hint=hostile, mark="]52;c;(")  # fmt: skip
    choose = harmless(msgspec.structs.replace(choose, ask=ask))
    steps = (*before, choose, write, forever, crash, loud, bad)
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=steps)
    found = [Executed(run=0, status="ok", seconds=0.1), harmless(Answer(run=0, text=f"{hostile}\x1b[2J"))]
    app = tours.make("choose", script={"vmap/choose": found})
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert f"? {harmed}?" in screen_text(app)
        await pilot.press("1", "r")
        await ran(pilot)
        shown = " ".join(text(app, "lesson").split())
        assert f"you said {harmed} here: {harmed}␛[2J that is not among the choices" in shown
        assert "\x1b" not in screen_text(app)


@pytest.mark.parametrize("first", ["1", "0", "minus"])
async def test_a_digit_begins_an_answer_in_words(tours: Tours, first: str) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "jaxpr  StableHLO  HLO" in screen_text(app), "the digits are not those of the stages now"
        await pilot.press(first, "2", "enter")
        assert app.tour.state.prediction == {"minus": "-"}.get(first, first) + "2"
        await pilot.press(first, "escape")
        assert app.tour.state.prediction is not None and app.tour.state.stage == "jaxpr"


async def test_a_slip_of_the_fingers_is_no_answer_and_can_be_mended(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press(*"a3raa", "enter")
        await until(pilot, lambda: "the answer is a number, such as 12" in screen_text(app))
        assert app.tour.state.prediction is None and app.tour.progress.saved("vmap", "many").answer is None
        await pilot.press("backspace", "backspace", "backspace", "enter")
        assert app.screen is app.tour_screen and app.tour.state.prediction == "3"


async def test_of_a_hidden_question_the_key_that_shows_it_comes_first(tours: Tours) -> None:
    said = set()
    app = tours.make("choose")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for height in range(12, 25):
            await resized(pilot, 80, height)
            await until(pilot, lambda rows=height - 2: app.tour_screen.panes.size.height == rows)
            lesson, words = pane(app, "lesson"), border(app, "lesson")
            hidden = "3  (6,)" not in screen_text(app)
            assert ("shows the question" in words) == hidden
            assert ("shows more" in words) == (not hidden and lesson.max_scroll_y > 0)
            first = " Space question   r run" if hidden else " 1-3 answer   r run"
            await until(pilot, lambda words=first: screen_text(app).splitlines()[-1].startswith(words))
            said.add(words)
        await resized(pilot, 80, 12)
        await until(pilot, lambda: screen_text(app).splitlines()[-1].startswith(" Space question"))
        await pilot.press("end")
        await until(pilot, lambda: screen_text(app).splitlines()[-1].startswith(" 1-3 answer"))
    assert len(said) == 3, "a hidden question, hidden help, and all in view"


@pytest.mark.parametrize("size", SIZES[:2], ids=IDS[:2])
@pytest.mark.parametrize(
    ("step", "pressed"),
    [("choose", ()), ("choose", ("2", "r")), ("choose", ("1", "r")), ("many", ("a", "5", "enter", "r", "a"))],
    ids=["asked", "right", "wrong", "proof"],
)
def test_picture(snap_compare: Any, linked: Tours, size: tuple[int, int], step: str, pressed: tuple[str, ...]) -> None:
    *before, choose, write, forever, crash, loud, bad = linked.entries[0].given.steps
    ask = msgspec.structs.replace(
        choose.ask, mark="(3, 2)", proof="result",
        choices=(Choice(text="(2, 3)", reply="Rows come first: X has three of them."), "(3, 2)", "(6,)"),
    )  # fmt: skip
    choose = msgspec.structs.replace(choose, ask=ask, after="The first number counts the rows.")
    before[1] = msgspec.structs.replace(before[1], ask=msgspec.structs.replace(before[1].ask, mark="tanh"))
    steps = (*before, choose, write, forever, crash, loud, bad)
    linked.entries[0].given = msgspec.structs.replace(linked.entries[0].given, steps=steps)
    app = linked.make(step, script=linked.script)
    assert snap_compare(
        app, terminal_size=size, run_before=keys(*pressed, release="timing" if step == "many" else None)
    )
