"""Predictions are made by keys, judged by the worker, proved in a pane, and remembered."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from test_snapshots import IDS, SIZES, keys
from tours import Tours, border, idle, pane, proved, ran, ready, resized, run_many, screen_text, text, until

from jaxtour.course.catalogue import open_path
from jaxtour.course.model import Ask, Choice, Step
from jaxtour.course.progress import Progress, SavedStep
from jaxtour.course.trust import Trust
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.report import Report
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.messages import Answer, Done, Executed, Text
from jaxtour.engine.wire.timings import Retrace
from jaxtour.text import Raw, harmless
from jaxtour.tui.app import TourApp
from jaxtour.tui.tour.practice import sights, spoken_of

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


@pytest.mark.timeout(240)
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


async def test_a_hidden_proof_comes_into_view(tours: Tours) -> None:
    """A hidden proof comes into view, even if its pane does not exist yet when the key is pressed."""
    one, many, *rest = tours.entries[0].given.steps
    assert many.ask is not None
    many = msgspec.structs.replace(many, ask=msgspec.structs.replace(many.ask, mark="tanh"))
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=(one, many, *rest))
    app = tours.make("many")
    async with app.run_test(size=(80, 12)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("a")
        stage = app.tour_screen.panes.by_slot["stage"]
        await until(pilot, lambda: stage.cursor == 6)
        assert stage.has_focus and proved(app, "stage") == [6]
        assert stage.scroll_offset.y <= 6 < stage.scroll_offset.y + stage.size.height


@pytest.mark.parametrize("rows", [1, 15, 60])
async def test_a_result_that_does_not_fit_is_enlarged(tours: Tours, rows: int) -> None:
    """A result that does not fit is enlarged, and only then the bottom line has a key for that."""
    *before, choose, write, forever, crash, loud, bad = tours.entries[0].given.steps
    ask = msgspec.structs.replace(choose.ask, proof="result")
    choose = msgspec.structs.replace(choose, ask=ask, after="The first number counts the rows.")
    steps = (*before, choose, write, forever, crash, loud, bad)
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=steps)
    printed = [Text(run=0, stream="stdout", text=f"row {row}\n") for row in range(rows)]
    app = tours.make("choose", script={"vmap/choose": [*printed, Executed(run=0, status="ok", seconds=0.1)]})
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2", "r")
        await ran(pilot)
        await idle(pilot)
        result, panes = pane(app, "result"), app.tour_screen.panes
        height = result.size.height
        assert ("a see Result" in screen_text(app)) == (rows > 1)
        await pilot.press("a")
        assert result.has_focus and "a see text" in screen_text(app)
        await until(pilot, lambda: result.size.height == {1: height, 15: 17, 60: 20}[rows])
        assert result.scroll_offset.y == 0
        assert ("Result  Esc back" in screen_text(app)) == (rows > 1), "what hides the tabs says how to come back"
        assert ("X.shape" in screen_text(app)) == (rows < 60)
        await pilot.press("a")
        await until(pilot, lambda: result.size.height == height)
        assert pane(app, "lesson").has_focus and "right" in screen_text(app)
        await pilot.press("a", "escape")
        await until(pilot, lambda: result.size.height == height)
        assert pane(app, "lesson").has_focus == (rows > 1) and "Esc back" not in screen_text(app)
        await pilot.press("z")
        assert "Esc back" in screen_text(app).splitlines()[1]
        await pilot.press("z", *"a"[rows == 1 :], "e")
        await until(pilot, lambda: panes.editor is not None and panes.editor.size.height >= 3)
        await pilot.press("escape", "a")
        await pilot.press("n")
        await until(pilot, lambda: "Your turn" in screen_text(app))
        assert panes.front == "lesson" and pane(app, "lesson").has_focus


@pytest.mark.parametrize(
    ("proofs", "first"), [((1, 3), 0), ((6,), 4), ((5, 9), 5), ((3, 9), 1)], ids=["start", "one", "all", "too-many"]
)
async def test_a_result_begins_with_its_start_or_shows_every_proof(
    tours: Tours, proofs: tuple[int, ...], first: int
) -> None:
    """A result begins with its start or shows every proof, and says which lines are in view, unless the first ones."""
    steps = tuple(
        msgspec.structs.replace(
            step, ask=msgspec.structs.replace(step.ask, proof="result", mark="here"), after="So. " * 100
        )
        if step.id == "choose"
        else step
        for step in tours.entries[0].given.steps
    )
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=steps)
    printed = "".join(f"row {row}{' here' if row in proofs else ''}\n" for row in range(11))
    script = [Text(run=0, stream="stdout", text=printed), Executed(run=0, status="ok", seconds=0.1)]
    app = tours.make("choose", script={"vmap/choose": script})
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2", "r")
        await ran(pilot)
        await idle(pilot)
        result = pane(app, "result")
        await until(pilot, lambda: result.scroll_offset.y == first)
        assert result.size.height == 5
        assert border(app, "result") == (f"lines {first + 1}-{first + 5} of 11" if first else "")


async def test_a_goes_to_the_proof_and_then_to_what_the_step_is_about(tours: Tours) -> None:
    """The key `a` goes to the proof and then to what the step is about, and skips what is already in view."""
    steps = tuple(
        msgspec.structs.replace(
            step, ask=msgspec.structs.replace(step.ask, proof="result"), show="devices", after="So."
        )
        if step.id == "choose"
        else step
        for step in tours.entries[0].given.steps
    )
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=steps)
    app = tours.make("choose")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2", "r")
        await ran(pilot)
        await idle(pilot)
        assert "a see Devices" in screen_text(app)
        await pilot.press("a")
        assert pane(app, "devices").has_focus and "a see text" in screen_text(app)
        await pilot.press("a")
        assert pane(app, "lesson").has_focus


async def test_a_goes_on_to_what_the_text_speaks_of(tours: Tours) -> None:
    one, many, *rest = tours.entries[0].given.steps
    many = msgspec.structs.replace(many, after="The jaxpr has more; see the HLO, and the **Devices** pane.")
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=(one, many, *rest))
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await run_many(pilot, tours)
        seen = []
        for name in ("jaxpr", "HLO", "Devices"):
            assert f"a see {name}" in screen_text(app)
            await pilot.press("a")
            seen.append((app.tour_screen.pane.spec.name, app.tour.state.stage))
        assert seen == [("stage", "jaxpr"), ("stage", "hlo"), ("devices", "hlo")]
        await pilot.press("a")
        assert pane(app, "lesson").has_focus


def test_what_a_text_speaks_of() -> None:
    assert spoken_of("StableHLO, then the Result pane; not HLO_x, a result, Time or `make_jaxpr`") == (
        "stablehlo",
        "result",
    )
    assert spoken_of("Open the **values** pane with `6`; then the memory pane, not all values") == ("values", "memory")
    assert spoken_of("The jaxprs differ.") == ("jaxpr",)
    assert spoken_of("Open the **values** pane with `6`; then the memory pane, not all values") == ("values", "memory")


def test_an_empty_pane_is_nothing_to_look_at() -> None:
    step = Step(
        id="one", title="One", text="", code=Raw("f(1)"), after="The **Time** pane calls it `complete`.", show="result"
    )
    report = Report(1, done=Done(run=1, status="ok"))
    assert sights(step, report) == ("result",)
    first, again = (Retrace(run=1, function="f", count=count) for count in (1, 2))
    assert sights(step, msgspec.structs.replace(report, retraces=(first,))) == ("result",)
    assert sights(step, msgspec.structs.replace(report, retraces=(first, again))) == ("result", "time")


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
