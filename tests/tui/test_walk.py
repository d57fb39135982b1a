"""Keys go through the course."""

from pathlib import Path

import msgspec
import pytest
from fake_engine import Hold
from tours import Tours, pane, ran, ready, screen_text, text, until

from jaxtour.course.progress import Progress
from jaxtour.engine.wire.commands import (
    Run,
)
from jaxtour.engine.wire.messages import (
    Text,
)
from jaxtour.settings import Settings
from jaxtour.text import harmless


async def test_steps_and_lessons(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("n")
        assert app.tour.key == ("vmap", "many")
        assert "jax.vmap turns a function" in screen_text(app)
        await pilot.press("p", "p")
        assert app.tour.key == ("vmap", "one"), "there is nothing before the first step"
        await pilot.press("N")
        assert app.tour.key == ("state", "keys")
        await pilot.press("p")
        assert app.tour.key == ("vmap", "bad"), "back over the end of a lesson is its last step"
        await pilot.press("n", "n", "n")
        assert app.tour.lesson.id == "odd"
        assert "expected a number" in text(app, "lesson")
        await pilot.press("B", "B")
        assert app.tour.key == ("vmap", "one")
    assert Progress.open(tours.path).place == ("vmap", "one")


async def test_no_other_lesson_is_read_at_the_start(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert [entry.reads for entry in tours.entries] == [1, 0, 0]
        await pilot.press("l")
        await until(pilot, lambda: all(entry.reads == 1 for entry in tours.entries))


async def test_a_run_fills_the_panes_and_marks_the_step(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "r shows here what JAX makes" in text(app, "stage")
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        await until(pilot, lambda: "dot_general" in text(app, "stage"))
        assert "float32[3]" in text(app, "result"), "results come before the timings"
        assert "timed when the code has run" in text(app, "time")
        assert not app.tour.is_done("vmap", "many")
        tours.engine.release("timing")
        await ran(pilot)
        assert "218" in text(app, "time")
        assert "one 5:20" in screen_text(app)
        await pilot.press("right_square_bracket")
        assert "1 equation" in screen_text(app)
    assert Progress.open(tours.path).is_done("vmap", "many")


async def test_next_is_possible_while_timings_run(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("n")
        assert app.tour.key == ("vmap", "broken-on-purpose")
        tours.engine.release("timing")
        await until(pilot, lambda: app.tour.is_done("vmap", "many"))
        assert "r runs the step" in text(app, "result"), "the other step's run shows nothing here"
        await pilot.press("p")
        assert "218" in text(app, "time"), "and is there on return"


async def test_an_expected_error_is_no_failure(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        assert "raised TypeError, as the step expects" in text(app, "result")
        assert "shapes are checked" in text(app, "lesson").replace("\n", " ")
        assert app.tour.is_done("vmap", "one")


async def test_an_unexpected_error_is_marked_where_it_happened(tours: Tours) -> None:
    app = tours.make("broken-on-purpose")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        source = app.tour_screen.panes.by_slot["source"].document
        assert source.marks == {3: "error"}
        assert "4✗" in screen_text(app)
        assert "2⚑" in screen_text(app)
        assert "NameError" in text(app, "result")
        assert not app.tour.is_done("vmap", "broken-on-purpose")


def without_text(tours: Tours) -> None:
    """Leave the second step nothing to read after the run, like a notebook's cell."""
    one, many, *rest = tours.entries[0].given.steps
    many = msgspec.structs.replace(many, after="", ask=None)
    tours.entries[0].given = msgspec.structs.replace(tours.entries[0].given, steps=(one, many, *rest))


@pytest.mark.parametrize(("step", "shown"), [("many", "stage"), ("one", "lesson")])
async def test_the_tab_that_the_step_is_about_comes_to_the_front_if_no_text_goes_on(
    tours: Tours, step: str, shown: str
) -> None:
    without_text(tours)
    app = tours.make(step, script={**tours.script, "vmap/one": tours.script["vmap/one"][:-1]})
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.tour_screen.panes.front == "lesson"
        await pilot.press("r")
        await until(pilot, lambda: app.tour_screen.panes.front == shown)
        assert app.tour_screen.panes.by_slot[shown].has_focus
        await pilot.press("a")
        assert app.tour_screen.panes.by_slot["lesson"].has_focus, "a key leads back to the text"
        assert app.tour_screen.panes.front == "lesson"
        await pilot.press("n")
        assert app.tour_screen.panes.front == "lesson"


async def test_the_text_that_goes_on_stays_in_front_and_a_key_leads_to_what_it_is_about(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "tab")
        assert app.tour_screen.panes.front == "stage"
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        assert app.tour_screen.panes.front == "lesson", "who runs a step first wants to read on"
        assert "As many as for one." in screen_text(app)
        assert screen_text(app).splitlines()[-1].strip().startswith("Ctrl+C interrupt   a see jaxpr   r run")
        await pilot.press("a")
        assert app.tour_screen.panes.by_slot["stage"].has_focus
        assert "a see text" in screen_text(app)
        tours.engine.release("timing")
        await ran(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        assert app.tour_screen.panes.front == "stage", "who runs it again has read it"
        tours.engine.release("timing")
        await ran(pilot)
        await pilot.press("a")
        assert app.tour_screen.panes.by_slot["lesson"].has_focus


async def test_a_tab_chosen_by_hand_stays(tours: Tours) -> None:
    without_text(tours)
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: app.tour_screen.panes.front == "stage")
        await pilot.press("shift+tab", "shift+tab")
        assert app.tour_screen.panes.front == "lesson"
        tours.engine.release("timing")
        await ran(pilot)
        assert app.tour_screen.panes.front == "lesson"


async def test_a_tab_chosen_before_anything_has_come_stays_too(tours: Tours) -> None:
    without_text(tours)
    app = tours.make("many", script={"vmap/many": [Hold("code"), *tours.script["vmap/many"]]})
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("shift+tab")
        front = app.tour_screen.panes.front
        assert front != "stage"
        tours.engine.release("code")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release("timing")
        await ran(pilot)
        assert app.tour_screen.panes.front == front


async def test_every_pane_is_reached_by_tab(tours: Tours) -> None:
    for size in ((80, 24), (120, 36)):
        app = tours.make("many")
        async with app.run_test(size=size) as pilot:
            await ready(pilot)
            seen = []
            for _ in range(6):
                await pilot.press("tab")
                pane = app.tour_screen.pane
                assert pane.region, "the focused pane is on the screen"
                seen.append(pane.spec.name)
            assert sorted(seen) == ["devices", "lesson", "result", "source", "stage", "time"]


async def test_a_changed_key_works_and_is_shown(tours: Tours) -> None:
    app = tours.make("one", settings=Settings(keys={"run": "x", "nonsense": "y"}))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "unknown action 'nonsense'" in screen_text(app))
        await pilot.press("n", "p")
        await until(pilot, lambda: "x run" in screen_text(app))
        await pilot.press("r")
        assert app.tour.state.report is None
        await pilot.press("x")
        await ran(pilot)


async def test_what_a_program_writes_is_only_text(tours: Tours) -> None:
    hostile = "[red]x[/] \x1b]52;c;aGk=\x07 \u202e [/nothing"
    app = tours.make("one", script={"vmap/one": [harmless(Text(run=0, stream="stdout", text=hostile))]})
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        assert "[red]x[/] ␛]52;c;aGk=␇ <U+202E> [/nothing" in screen_text(app)


async def test_a_lesson_for_other_machines_says_so(tours: Tours) -> None:
    from jaxtour.course.model import Requires

    lesson = tours.entries[0].given
    tours.entries[0].given = msgspec.structs.replace(lesson, requires=Requires(platform="tpu"))
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "needs a TPU" in text(app, "result"))
    assert not any(isinstance(command, Run) for command in tours.engine.sent)


async def test_yank_writes_a_file_and_says_where(tours: Tours, own_files: Path) -> None:
    app = tours.make("one")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "y")
        await until(pilot, lambda: "vmap-one-source.txt" in screen_text(app))
        [path] = own_files.rglob("vmap-one-source.txt")
        assert "def predict(w, x):\n    return sigmoid(jnp.dot(w, x))\n" in path.read_text()
        assert app.clipboard == path.read_text()


async def test_zoom_and_back(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "z")
        assert app.tour_screen.pane.spec.name == "source"
        await until(pilot, lambda: app.tour_screen.pane.region.size == (80, 22))
        assert "A function for one" not in screen_text(app).partition("\n")[2]
        await pilot.press("tab", "tab")
        await until(pilot, lambda: app.tour_screen.panes.by_slot["result"].region.size == (80, 22))
        await pilot.press("escape")
        await until(pilot, lambda: app.tour_screen.panes.by_slot["result"].region.height < 10)


async def test_another_step_begins_with_its_text_also_after_a_zoom(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "z", "n")
        await until(pilot, lambda: pane(app, "lesson").size.height > 3 and app.tour_screen.panes.zoomed is None)
        assert app.focused is pane(app, "lesson")


async def test_small_and_back(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        before = screen_text(app)
        await pilot.resize_terminal(20, 5)
        await until(pilot, lambda: "jaxtour needs 40x12" in screen_text(app))
        await pilot.press("j", "tab", "n", "p", "l")
        await pilot.press("escape")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Lesson  jaxpr  StableHLO  HLO" in screen_text(app))
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: screen_text(app) == before)


async def test_quitting_ends_the_worker_and_asks_nothing(tours: Tours) -> None:
    app = tours.make("forever")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("q")
        await until(pilot, lambda: tours.engine.closed)
    assert app.return_value == 0


async def test_a_click_on_a_tab_brings_it_to_the_front(tours: Tours) -> None:
    app = tours.make("one")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "╭─ Lesson  1 jaxpr  2 StableHLO  3 HLO  5 memory  6 values  Time" in screen_text(app)
        await pilot.click("#lesson", offset=(62, 0))
        assert app.tour_screen.panes.front == "time"
        await pilot.click("#time", offset=(12, 0))
        await until(pilot, lambda: app.tour_screen.panes.front == "stage")


async def test_keys_that_clash_are_told(tours: Tours) -> None:
    app = tours.make("one", settings=Settings(keys={"run": "j"}))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "the key j is both run and down" in screen_text(app))


async def test_a_step_that_comes_back_shows_the_same_documents_until_it_changes(tours: Tours) -> None:
    app = tours.make()
    async with app.run_test(size=(160, 45)) as pilot:
        await ready(pilot)
        panes = app.tour_screen.panes.by_slot
        first = {slot: view.document for slot, view in panes.items()}
        await pilot.press("n")
        assert panes["lesson"].document is not first["lesson"]
        await pilot.press("p")
        assert all(view.document is first[slot] for slot, view in panes.items())
        await pilot.press("n")
        step = app.tour.lesson.steps[0]
        app.tour.edits.write((app.tour.lesson.id, step.id), step, "7 * 6")
        await pilot.press("p")
        assert "7 * 6" in panes["source"].document.text
