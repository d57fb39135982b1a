"""Exercises show hints, verdicts, and the solution next to the learner's code."""

import msgspec
import pytest
from exercise_course import RIGHT, compared, failing
from small_course import VMAP
from textual.pilot import Pilot
from tours import Tours, pane, ran, ready, screen_text, text, until

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import Ask, Broken, Check, Exercise, Lesson, Step
from jaxtour.course.progress import Progress
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.commands import Run
from jaxtour.engine.wire.messages import Checked, CheckOutcome
from jaxtour.text import Raw, harmless
from jaxtour.tui.app import TourApp
from jaxtour.tui.screens.solution import SolutionScreen
from jaxtour.tui.tour.comparing import WORKERS, compared_step


def with_more(tours: Tours, *others: str) -> None:
    """Give the exercise more solutions and a long text, and its step a text that goes on."""

    def more(step: Step | Broken) -> Step | Broken:
        if isinstance(step, Broken) or step.exercise is None:
            return step
        exercise = msgspec.structs.replace(step.exercise, others=tuple(map(Raw, others)))
        return msgspec.structs.replace(step, exercise=exercise, text=f"{step.text}\n\n" * 30, after="So easy.")

    tours.entries[0].given = harmless(msgspec.structs.replace(VMAP, steps=tuple(map(more, VMAP.steps))))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_failed_check_is_in_front_with_what_came_and_where(tours: Tours, size: tuple[int, int]) -> None:
    with_more(tours)
    app = tours.make("write", script=failing())
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await until(pilot, lambda: "✗ double(x) agrees with 2 * x" in screen_text(app))
        await pilot.press("home", "1")
        await until(pilot, lambda: "✗ double(x) agrees with 2 * x" not in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: "✗ double(x) agrees with 2 * x" in screen_text(app))
        await ran(pilot)
        assert "So easy." not in text(app, "lesson")
        shown = screen_text(app)
        for words in ("expected  [2. 4. 6.]", "got       [1. 4. 9.]", "for       x = jnp.array([1.0, 2.0, 3.0])"):
            assert words in shown
        assert "✓ double(2) agrees with 4" in text(app, "lesson")
        assert "· the jaxpr of double(2.0) lacks while" in text(app, "lesson")
        assert "Think of more than one number.\n" in text(app, "lesson")
        assert shown.splitlines()[-1].split()[:4] == ["e", "edit", "h", "hint"], "what to do next comes first"
        assert pane(app, "source").document.marks == {1: "warning"} and "not yet: line 2" in shown
        app.tour_screen.slots.focus("lesson")
        await until(pilot, lambda: "Enter to the line" in screen_text(app))
        await pilot.press("enter")
        assert app.focused is pane(app, "source") and pane(app, "source").cursor == 1
        await pilot.press("e", "x", "escape")
        assert "before your last edit: r runs and checks it" in text(app, "lesson")
        assert pane(app, "source").document.marks == {}, "the line is another one now"


async def test_a_prediction_is_judged_although_the_exercise_is_not_solved(tours: Tours) -> None:
    ask = Ask(question="Is it right?", choices=("yes", "no"), answer=2)
    asked = tuple(
        msgspec.structs.replace(step, ask=ask) if isinstance(step, Step) and step.exercise else step
        for step in VMAP.steps
    )
    tours.entries[0].given = harmless(msgspec.structs.replace(VMAP, steps=asked))
    app = tours.make("write", script=failing())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2", "r")
        await ran(pilot)
        await until(pilot, lambda: "you said no  ✓ right" in text(app, "lesson"))
        assert "1 jaxpr" in screen_text(app), "the digits are for the stages again"
    assert Progress.open(tours.path).saved("vmap", "write").right


async def test_what_the_learner_needed_is_counted_and_kept(tours: Tours) -> None:
    app = tours.make("write", script=failing())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("h")
        await until(pilot, lambda: "hint 1 of 2  It is one line." in screen_text(app))
        await pilot.press("e", "f2")
        await until(pilot, lambda: "hint 2 of 2  Twice is 2 * x." in screen_text(app))
        await pilot.press("escape", "h", "r")
        await ran(pilot)
        await until(pilot, lambda: app.tour.progress.saved("vmap", "write").attempts == 1)
    kept = Progress.open(tours.path).saved("vmap", "write")
    assert (kept.hints, kept.attempts, kept.gave_up, kept.done) == (2, 1, False, False)
    app = tours.make("write", script=failing())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "hint 2 of 2" in text(app, "lesson"), "hints that were read stay"
        await pilot.press("S")
        assert isinstance(app.screen, SolutionScreen), "it was tried before"
    assert Progress.open(tours.path).saved("vmap", "write").gave_up


async def test_who_saw_a_solution_is_told_that_it_comes_back(tours: Tours) -> None:
    Progress.open(tours.path).update("vmap", "write", gave_up=True, attempts=1, hints=2)
    app = tours.make("write", script=compared())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        said = " ".join(text(app, "lesson").split())
        assert "✓ solved, after a solution was shown; it comes back in review" in said and "hints" not in said
        assert "\n  S compares it with a solution\n" in text(app, "lesson"), "it is on one line, since both do not fit"


async def test_the_solution_comes_after_trying(tours: Tours) -> None:
    app = tours.make("write")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("S")
        assert app.screen is app.tour_screen and "try it first? S again" in screen_text(app)
        assert not app.tour.progress.saved("vmap", "write").gave_up
        await pilot.press("S")
        await until(pilot, lambda: "return 2 * x" in screen_text(app))
        assert "Run your code first" in screen_text(app) and "A  a solution" in screen_text(app)
        await until(pilot, lambda: app.tour.progress.saved("vmap", "write").gave_up)
        await pilot.press("S")
        assert app.screen is app.tour_screen
        assert "your code stays; solved from now on, the exercise comes back in review" in screen_text(app)
        assert "return 2 * x" not in screen_text(app), "the learner's code is as it was"


async def test_solutions_stand_beside_the_code_that_passed(tours: Tours) -> None:
    with_more(tours, "def double(x):\n    return x + x\n")
    app = tours.make("write", script=compared())
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await until(pilot, lambda: "✓ solved at the first run" in screen_text(app))
        assert screen_text(app).splitlines()[-1].split()[:4] == ["n", "next", "S", "solution"]
        assert "So easy." in screen_text(app)
        await pilot.press("S")
        await until(pilot, lambda: "the results are equal" in screen_text(app))
        assert "for double(2.0)" in screen_text(app), "what was called"
        [heads] = [row.split() for row in screen_text(app).splitlines() if "B  your code" in row]
        assert heads[1:-1] == ["A", "solution", "1", "of", "2", "B", "your", "code"], "they stand side by side"
        assert "instructions" in screen_text(app) and "fusions" in screen_text(app)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "return x + x" in screen_text(app) and "the results are equal" in screen_text(app))
        await pilot.press("t")
        await until(
            pilot,
            lambda: (
                sum(isinstance(each, Run) and bool(each.time) and not each.brief for each in tours.engine.sent)
                == 2 * WORKERS
            ),
        )
        await until(pilot, lambda: "t time both" in screen_text(app))
        await pilot.press("left_square_bracket", "q")
        assert app.screen is app.tour_screen
        assert not app.tour.progress.saved("vmap", "write").gave_up, "it was solved before"


def test_what_is_compared_is_what_the_check_compiles() -> None:
    value = Check(value="double(x, y)", given=({"x": "jnp.ones(3)", "y": "x + 1"},))
    program, none = Check(jaxpr="double(2.0)"), Check(value="double")
    for checks, trace, call in (
        ((none, value, program), "double(1.0)", Raw("double(2.0)")),
        ((none, value), "double(1.0)", Raw("double(1.0)")),
        ((none, value), (), Raw("double(jnp.ones(3), jnp.ones(3) + 1)")),
        ((none,), None, None),
    ):
        exercise = Exercise(starter="...", solution=RIGHT, check=checks)
        made = compared_step(harmless(Step(id="s", title="S", text="T", exercise=exercise, trace=trace)))
        assert made.trace == call and made.exercise is None


def test_what_is_compared_is_the_call_that_the_check_failed_on() -> None:
    inputs = ({"x": "1.0", "y": "x"}, {"x": "jnp.ones(3)", "y": "x + 1"})
    program, value = Check(jaxpr="double(2.0)"), Check(value="double(x, y)", given=inputs)
    exercise = Exercise(starter="...", solution=RIGHT, check=(program, value))
    step = harmless(Step(id="s", title="S", text="T", exercise=exercise, trace="double(1.0)"))
    said = CheckOutcome(what="p", passed=True), CheckOutcome(what="v", passed=False, inputs=1)
    made = compared_step(step, Checked(run=1, passed=False, outcomes=said))
    assert made.trace == Raw("double(jnp.ones(3), jnp.ones(3) + 1)")
    unmade = CheckOutcome(what="p", passed=False), CheckOutcome(what="v")
    assert compared_step(step, Checked(run=1, passed=False, outcomes=unmade)).trace == Raw("double(2.0)")


WRITE = Lesson(
    id="vmap",
    title="L",
    summary="S",
    minutes=1,
    steps=(
        Step(
            id="write",
            title="Your turn",
            text="Write `double`.",
            setup="import os, jax, jax.numpy as jnp\nx = jnp.arange(8.0)",
            trace="double(x)",
            after="Well done.",
            exercise=Exercise(
                starter="def double(x):\n    return x\n",
                check=(
                    Check(python="assert double(2) == 4, f'double(2) is {double(2)}, not 4'"),
                    Check(jaxpr="double(x)", lacks=("add",), say="Multiply."),
                ),
                solution="def double(x):\n    return 2 * x\n",
            ),
        ),
    ),
)
ENDLESS = "while True: pass\n"
LOOP = "def double(x):\n    while True: pass\n"
SLOW = "import time\ndef double(x):\n    if isinstance(x, int): time.sleep(60)\n    return x\n"
DEADLY = "def double(x):\n    os._exit(3)\n"
LOUD = "def double(x):\n    return x\n\nfor _ in range(400):\n    print('x' * 100_000)\n"


async def test_code_that_loops_dies_or_floods_is_answered_by_a_real_worker(
    tours: Tours, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What ends by itself may take as long as a busy machine needs.
    for module in ("jaxtour.tui.tour.model", "jaxtour.tui.panes.exercise"):
        monkeypatch.setattr(
            f"{module}.limit_of", lambda _: 3.0 if app.tour.code.text in (ENDLESS, LOOP, SLOW) else 60.0
        )
    tours.entries[0].given = harmless(WRITE)
    app = TourApp(
        Catalogue((tours.entries[0],)),
        Session(ProcessEngine(), WorkerConfig(platform="cpu")),
        Progress.open(tours.path),
        start=("vmap", "write"),
    )

    async def told(pilot: Pilot[int], code: str, words: str) -> None:
        app.tour.set_code(code)
        app.tour_screen.refresh_view()
        await until(pilot, lambda: app.tour.idle)
        await pilot.press("r")
        await until(pilot, lambda: words in " ".join(text(app, "lesson").split()))
        assert app.tour.code.text == code, "what the learner wrote is kept"

    async with app.run_test(size=(80, 24)) as pilot:
        await told(pilot, WRITE.steps[0].exercise.starter, "not yet: double(2) is 2, not 4")  # type: ignore[union-attr]
        assert pane(app, "source").document.marks == {}, "it points at the check's own line, which is not shown"
        await told(pilot, "def double(x):\n    return x + x\n", "expected no add")
        assert pane(app, "source").document.marks == {2: "warning"} and "not yet: line 2" in screen_text(app)
        await told(pilot, ENDLESS, "your code ran past the limit of 3 s, and was stopped: does a loop never end?")
        stopped = "ran past the limit of 3 s, and was stopped"
        await told(pilot, LOOP, f"your code ran, but tracing or timing it {stopped}: does a loop never end?")
        slow = f"your code ran, but check 1 of 2 {stopped}: the lesson's own check. It calls your code"
        await told(pilot, SLOW, f"{slow} with inputs of its own. Your code is kept; a new worker starts by itself.")
        assert "never end" not in text(app, "lesson")
        died = "your code ended the worker: the worker ended during the step (exit 3)"
        await told(pilot, DEADLY, f"{died} Your code is kept; a new worker starts by itself.")
        await told(pilot, LOUD, "it printed too much")
        await told(pilot, "def double(x):\n    return x * 3 - x\n", "✓ solved after 7 failed runs")
        await until(pilot, lambda: "Well done." in screen_text(app) and app.tour.idle)
        await pilot.press("S")
        await until(pilot, lambda: "The results are equal" in screen_text(app))
        await pilot.press("end")
        await until(pilot, lambda: "+ subtract f32[8]" in " ".join(screen_text(app).split()))
