"""Stages of a finished step are requested when they are first shown, and added wherever the learner is by then."""

import msgspec
import pytest
from fake_engine import Hold, Script
from small_course import ONE, SCRIPT, lowered
from tours import Tours, idle, pane, ran, ready, run_many, screen_text, text, until

from jaxtour.engine.wire.commands import Interrupt, Run, StageRequest
from jaxtour.engine.wire.messages import Done, Level, Stage, Text, Trace
from jaxtour.text import Raw


def requests(tours: Tours) -> list[tuple[StageRequest, ...]]:
    """Return the requests of the worker, in order."""
    return [command.requests for command in tours.engine.sent if isinstance(command, Run) and command.requests]


async def test_a_stage_is_asked_for_when_it_is_first_looked_at(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        assert requests(tours) == []
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.dot_general" in text(app, "stage"))
        assert requests(tours) == [(StageRequest(index=0, stage="stablehlo"),)]
        await pilot.press("1", "2", "1")
        assert "dot_general[" in text(app, "stage")
        await pilot.press("4")
        await until(pilot, lambda: "24 flop" in text(app, "stage"))
        await pilot.press("3")
        assert "ROOT %fusion" in text(app, "stage")
        assert requests(tours)[1:] == [(StageRequest(index=0, stage="hlo"),)], "cost and HLO are one look"
        assert "218" in text(app, "time"), "a look leaves the run's own results"


async def test_what_is_there_instead_of_a_stage(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await app.tour_screen.act("stage_hlo")  # the digits answer the question now
        assert "r shows here what JAX makes of the code" in text(app, "stage")
        await pilot.press("r")
        await until(pilot, lambda: tours.engine.holding)
        await until(pilot, lambda: "compiling begins when the step has run" in text(app, "stage"))
        assert requests(tours) == [], "the step itself goes first"
        tours.engine.release("timing")
        await until(pilot, lambda: "ROOT %fusion" in text(app, "stage"))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "the worker has nothing to show" in text(app, "stage"))
        assert "3 tries again" in text(app, "stage")


async def test_an_interrupted_look_is_said_and_can_be_tried_again(tours: Tours) -> None:
    stablehlo, hlo = lowered()
    played = [event for event in SCRIPT["vmap/many"] if not isinstance(event, Hold)][:-2]
    app = tours.make("many", script={"vmap/many": [*played, stablehlo, Hold("compiler"), hlo]})
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))
        await pilot.press("3")
        await until(pilot, lambda: tours.engine.holding)
        assert "compiling predict_many(w, X) … Ctrl+C interrupts" in text(app, "stage")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "interrupted" in text(app, "stage"))
        assert "3 tries again" in text(app, "stage")
        assert any(isinstance(command, Interrupt) for command in tours.engine.sent)
        await pilot.press("2")
        assert "stablehlo.divide" in text(app, "stage"), "what was there stays"
        await idle(pilot)
        await pilot.press("3")
        await until(pilot, lambda: tours.engine.holding)
        tours.engine.release("compiler")
        await until(pilot, lambda: "ROOT %fusion" in text(app, "stage"))


async def test_panes_stay_where_they_are_while_a_stage_is_made(tours: Tours) -> None:
    stablehlo, hlo = lowered()
    played = [event for event in SCRIPT["vmap/many"] if not isinstance(event, Hold)][:-2]
    app = tours.make("many", script={"vmap/many": [*played, stablehlo, Hold("compiler"), hlo]})
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        before = app.tour_screen.panes.arranged
        assert before["stage"].height > 6
        await pilot.press("3")
        await until(pilot, lambda: tours.engine.holding)
        await until(pilot, lambda: "compiling predict_many" in text(app, "stage"))
        assert app.tour_screen.panes.arranged == before
        await pilot.press("n")
        assert app.tour_screen.panes.arranged != before, "another step has its own"


async def test_what_a_look_brings_belongs_to_its_step_wherever_the_learner_is(tours: Tours) -> None:
    stablehlo, hlo = lowered()
    played = [event for event in SCRIPT["vmap/many"] if not isinstance(event, Hold)][:-2]
    app = tours.make("many", script={"vmap/many": [*played, Hold("compiler"), stablehlo, hlo]})
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await pilot.press("2")
        await until(pilot, lambda: tours.engine.holding)
        await pilot.press("n")
        tours.engine.release("compiler")
        await idle(pilot)
        assert "stablehlo" not in text(app, "stage")
        assert app.tour.state_of(("vmap", "many")).report.stage(0, "stablehlo").complete
        await pilot.press("p")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))


async def test_after_a_look_the_next_step_is_prepared_when_the_learner_goes_there(tours: Tours) -> None:
    script = {**SCRIPT, "vmap/many": [event for event in SCRIPT["vmap/many"] if not isinstance(event, Hold | Done)]}
    app = tours.make("many", script=script)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))
        await idle(pilot)
        await pilot.press("3")
        await until(pilot, lambda: "ROOT %fusion" in text(app, "stage"))
        [first, second] = [command for command in tours.engine.sent if isinstance(command, Run) and command.requests]
        assert not first.replay and not second.replay, "neither look needed another run of the step"
        await idle(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(tours.engine.sent[-1], Run) and tours.engine.sent[-1].cell is None)
        assert [cell.name for cell in tours.engine.sent[-1].replay] == ["vmap/one", "vmap/many"]


async def test_a_look_is_at_the_code_that_ran(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        app.tour.set_code("something(else_)")
        await pilot.press("2")
        await until(pilot, lambda: bool(requests(tours)))
        assert "predict_many(w, X)" in tours.engine.sent[-1].probe.code


async def test_yank_takes_the_whole_stage(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("3")
        await until(pilot, lambda: "ROOT %fusion" in text(app, "stage"))
        await pilot.press("y")
        await until(pilot, lambda: "vmap-many-hlo.txt" in screen_text(app))
        assert app.clipboard.startswith("HloModule jit_predict_many\n")


async def test_a_ladder_is_climbed(tours: Tours) -> None:
    jaxpr = next(event for event in SCRIPT["vmap/many"] if isinstance(event, Stage))
    row = "{ lambda ; a:f32[2] b:f32[2]. let\n    c:f32[] = mul a b\n  in (c,) }"
    low = Stage(
        run=0, index=0, stage="jaxpr", level=True, text=row, lines=(0, 1, 0), names="a b=\nc=a b\n=c",
        origins=(jaxpr.origins[0], jaxpr.origins[-1]), types="f32[2]\nf32[]", typed="i0 i0\n1\n", equations="\n[]\n",
        parameters="{}", jaxprs='[0,2,[],[["a",0],["b",0]],["c"]]', top=0,
    )  # fmt: skip
    high = msgspec.structs.replace(jaxpr, index=1, level=True)
    levels = [
        Level(run=0, index=0, label="predict"),
        low,
        Level(run=0, index=1, label="vmap(predict)", transform="vmap", static={"n": "3", "mode": "'up'"}),
        high,
    ]
    app = tours.make("many", script={"vmap/many": [*SCRIPT["vmap/many"], *levels]})
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("L")
        await until(pilot, lambda: "c:f32[] = mul a b" in screen_text(app))
        assert "[predict]  →  vmap(predict)" in screen_text(app)
        assert "level up" in screen_text(app) and "level down" not in screen_text(app)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "added" in screen_text(app))
        assert "predict  →  [vmap(predict)]   n=3   mode='up'" in screen_text(app)
        assert "level up" not in screen_text(app) and "level down" in screen_text(app)
        await pilot.press("escape", "L")
        assert sum(isinstance(command, Run) and command.ladder is not None for command in tours.engine.sent) == 1


@pytest.mark.row("markup in what a compiler writes")
async def test_what_a_compiler_writes_is_only_text(tours: Tours) -> None:
    hostile = "a:f32[] = [red]x[/] \x1b]52;c;aGk=\x07 \u202e [/nothing"
    stage = Stage(run=0, index=0, stage="jaxpr", text=hostile, lines=(0,), origins=(lowered()[0].origins[0],))
    played = [event for event in SCRIPT["vmap/many"] if not isinstance(event, Stage | Hold | Text)]
    app = tours.make("many", script={"vmap/many": [*played[:-1], stage]})
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        assert "[red]x[/] ␛]52;c;aGk=␇ <U+202E> [/nothing" in text(app, "stage")
        assert "[red]x[/] ␛]52" in screen_text(app)


async def test_a_lesson_that_is_read_again_is_shown_where_one_was(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))
        await pilot.press("j", "j", "shift+tab", "j", "j", "j", "j", "right")
        lesson = app.tour.lesson
        changed = msgspec.structs.replace(lesson.steps[1], code=Raw(ONE + "# saved\n"), title="Saved")
        app.tour.reload(msgspec.structs.replace(lesson, steps=(lesson.steps[0], changed)))
        await app.tour_screen.action_run()
        await until(pilot, lambda: linked.engine.holding)
        linked.engine.release("timing")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))
        assert app.tour.step.title == "Saved" and "# saved" in text(app, "source")
        assert pane(app, "stage").cursor == 2
        assert (pane(app, "source").cursor, pane(app, "source").selection) == (4, (11, 33))


def in_another_order(script: Script) -> Script:
    """Return the script with the step's second call traced first."""
    place = {0: 1, 1: 0}
    many = [
        msgspec.structs.replace(event, index=place[event.index]) if isinstance(event, Trace | Stage) else event
        for event in script["vmap/many"]
    ]
    traced = [event for event in many if isinstance(event, Trace | Stage)]
    others = [event for event in many if not isinstance(event, Trace | Stage)]
    return {"vmap/many": [*others[:2], *sorted(traced, key=lambda event: event.index), *others[2:]]}


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)], ids=str)
async def test_the_same_call_and_the_same_line_are_shown_when_a_save_moves_both(
    linked: Tours, size: tuple[int, int]
) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=size) as pilot:
        await run_many(pilot, linked)
        await pilot.press("1", "right_square_bracket", "shift+tab", "j", "j", "j", "j")
        source = pane(app, "source")
        assert app.tour.view.trace.label == "one" and "sigmoid(jnp.dot" in source.document.text_of(source.cursor)
        row = source.scroller.row_of(source.cursor)
        lesson, code = app.tour.lesson, ONE.replace("jnp.tanh(x / 2)", "jnp.tanh(x / 2.0)")
        changed = msgspec.structs.replace(lesson.steps[1], code=Raw("# new\n" * 40 + code + "# the end\n" * 90))
        app.tour.reload(msgspec.structs.replace(lesson, steps=(lesson.steps[0], changed)))
        linked.engine.script = in_another_order(linked.script)
        await app.tour_screen.action_run()
        await until(pilot, lambda: linked.engine.holding)
        linked.engine.release("timing")
        await idle(pilot)
        assert (app.tour.view.index, app.tour.view.trace.label) == (0, "one")
        assert source.cursor == 44 and "sigmoid(jnp.dot" in source.document.text_of(44)
        assert source.scroller.row_of(source.cursor) == row, "it stays where it was on the screen"
        await pilot.press("right_square_bracket")
        assert app.tour.view.trace.label == "many"


async def test_an_edited_line_keeps_the_cursor_behind_the_lines_before_it(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("1", "shift+tab", "j", "j", "j", "j")
        app.tour.set_code("# new\n" + ONE.replace("return sigmoid(jnp.dot(w, x))", "return 7"))
        app.tour_screen.refresh_view()
        source = pane(app, "source")
        assert source.document.text_of(source.cursor).strip() == "return 7"
        app.tour.set_code("pass\n")
        app.tour_screen.refresh_view()
        assert source.cursor == 0


@pytest.mark.parametrize(
    ("width", "names"),
    [(100, "4 cost  5 memory  6 values  g graph"), (80, "3 HLO  5 memory  6 values  Time"), (60, "3 HLO  Time")],
)
async def test_the_stages_are_tabs_where_it_is_narrow(tours: Tours, width: int, names: str) -> None:
    app = tours.make("many")
    async with app.run_test(size=(width, 24)) as pilot:
        await run_many(pilot, tours)
        assert names in screen_text(app)
        await pilot.press("g")
        await until(pilot, lambda: "graph" in screen_text(app).splitlines()[1])
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))
        assert app.tour_screen.panes.front == "stage"
