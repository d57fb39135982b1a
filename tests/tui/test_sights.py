"""What a step has to look at after its run, and the key that goes there and back."""

import msgspec
import pytest
from tours import Tours, border, idle, pane, proved, ran, ready, run_many, screen_text, until

from jaxtour.course.model import Step
from jaxtour.engine.report import Report
from jaxtour.engine.wire.messages import Done, Executed, Text
from jaxtour.engine.wire.timings import Retrace
from jaxtour.text import Raw
from jaxtour.tui.tour.practice import sights, spoken_of


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
