"""Keys follow links from pane to pane, explain, and search."""

import msgspec
from fake_engine import Hold
from small_course import SETUP
from textual.geometry import Region
from textual.pilot import Pilot
from tours import Tours, border, highlighted, idle, pane, ran, ready, run_many, screen_text, text, until

from jaxtour.engine.wire.commands import Run
from jaxtour.engine.wire.messages import Executed, Span, Stage, Trace, Warned
from jaxtour.render.ir.gutter import glyph
from jaxtour.text import Raw


async def test_the_cursor_in_a_stage_lights_the_source(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("1", "j")
        assert highlighted(app, "stage") == [1, 2, 3, 4], "the equation, which takes four lines"
        source = pane(app, "source")
        assert highlighted(app, "source") == [4]
        found = source.scene.highlight(4)
        assert found is not None and found.style == "link" and found.ranges == ((19, 32),)
        await pilot.press("j", "j", "j", "j")
        assert highlighted(app, "source") == [1, 4], "and the call of the function that it stands in"
        assert source.scene.highlight(4).style == "caller"
        await pilot.press("enter")
        assert source.has_focus and source.cursor == 1 and source.selection == (27, 32)
        assert "2:28  x / 2 → 1 equation" in border(app, "source")


async def test_the_legend_in_the_border_has_the_colours_that_stand_beside_the_lines(linked: Tours) -> None:
    # The terminal's own colours come as a separate list, which the border must take as the lines do.

    def done_by(stage: Stage) -> Stage:
        origins = tuple(msgspec.structs.replace(each, transforms=("shard_map",)) for each in stage.origins)
        return msgspec.structs.replace(stage, origins=origins)

    events = [done_by(each) if isinstance(each, Stage) else each for each in linked.script["vmap/many"]]
    app = linked.make("many", script={"vmap/many": events}, theme="ansi")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        shown = pane(app, "stage")
        rows = shown.render_lines(Region(0, 0, *shown.outer_size))
        sign = glyph(("shard_map",)).glyph
        colours = [[part.style.color for part in row if part.text.strip() == sign and part.style] for row in rows]
        assert len(set(colours[1])) == len(colours[-1]) == 1
        assert colours[-1] == colours[1]


async def test_the_cursor_in_the_source_lights_every_stage_and_enter_goes_there(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(80, 24)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("1", "shift+tab", "j")
        source, stages = pane(app, "source"), pane(app, "stage")
        assert source.has_focus
        assert highlighted(app, "stage") == [5, 6, 7, 8], "all that came of the line"
        assert "line 2 → 4 equations" in border(app, "source")
        await pilot.press("right")
        assert source.selection == (11, 38)
        assert highlighted(app, "stage") == [5, 6, 7, 8], "what is inside belongs to it"
        await pilot.press("right", "right")
        assert source.selection == (18, 33)
        assert highlighted(app, "stage") == [5, 6]
        await pilot.press("enter")
        assert stages.has_focus and stages.cursor == 5
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))
        await pilot.press("shift+tab")
        assert source.selection == (18, 33) and "→ 1 operation" not in border(app, "source"), (
            "what was selected stays so"
        )
        await pilot.press("right")
        assert source.selection == (27, 32)
        assert highlighted(app, "stage") == [3, 5]
        await pilot.press("right_curly_bracket")
        assert stages.cursor == 5 and source.has_focus
        await pilot.press("right_curly_bracket")
        assert stages.cursor == 3, "round the end"
        await pilot.press("j", "j", "j")
        assert highlighted(app, "stage") == [2, 3, 5], "a call stands for the function that it calls"


async def test_what_is_not_in_the_source_pane_is_named(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("1", "j")
        assert "one 5:20" in border(app, "source")
        await pilot.press("enter")
        assert pane(app, "source").has_focus, "the call around it is here"
        assert pane(app, "source").document.text_of(pane(app, "source").cursor) == "predict_many(w, X)"
        await pilot.press("2")
        await until(pilot, lambda: "broadcast_in_dim" in text(app, "stage"))
        await pilot.press("home", "j", "j", "j", "j")
        assert "the compiler added this broadcast" in border(app, "stage")
        await pilot.press("enter")
        await until(pilot, lambda: "it has no place in the source" in screen_text(app))


async def test_enter_unfolds_the_code_that_runs_first_where_it_leads_there(linked: Tours) -> None:
    def moved(stage: Stage) -> Stage:
        origins = list(stage.origins)
        origins[1] = msgspec.structs.replace(origins[1], spans=(Span("vmap/many:setup", 2, 5, 2, 27),), callers=())
        return msgspec.structs.replace(stage, origins=tuple(origins))

    lesson, script = linked.entries[0].given, linked.script["vmap/many"]
    one, many, *rest = lesson.steps
    many = msgspec.structs.replace(many, setup=Raw(SETUP))
    linked.entries[0].given = msgspec.structs.replace(lesson, steps=(one, many, *rest))
    events = [moved(each) if isinstance(each, Stage) and len(each.origins) > 1 else each for each in script]
    app = linked.make("many", script={"vmap/many": events})
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        source = pane(app, "source")
        assert "w = jnp.array" not in text(app, "source")
        await pilot.press("1", "j", "enter")
        assert source.has_focus and source.document.text_of(source.cursor).startswith("w = jnp.array")
        assert source.cursor in highlighted(app, "source")
        await pilot.press("1", "enter")
        assert source.document.text_of(source.cursor).startswith("w = jnp.array"), "and leaves it unfolded"


async def test_enter_leads_nowhere_before_the_run(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        for name in ("source", "stage"):
            app.tour_screen.slots.focus(name)
            await pilot.press("enter", "i", "right_curly_bracket")
            assert pane(app, name).has_focus and app.screen is app.tour_screen


async def test_cursors_stay_where_they_were_left(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        stages = pane(app, "stage")
        await pilot.press("1", "j", "j", "j", "j", "j", "right")
        assert (stages.cursor, stages.selection) == (5, (4, 5))
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))
        assert stages.cursor == 3, "where the expression of the jaxpr's line is"
        await pilot.press("j", "n", "p")
        assert stages.cursor == 4
        await pilot.press("1")
        assert (stages.cursor, stages.selection) == (5, (4, 5))
        await pilot.press("right_square_bracket", "left_square_bracket")
        assert stages.cursor == 5


async def test_what_is_selected_is_so_again_when_the_step_has_run_once_more(linked: Tours) -> None:
    warned = Warned(run=0, category="UserWarning", message="again", line=8)
    script = {"vmap/many": [Hold("begun"), warned, Hold("warned"), *linked.script["vmap/many"]]}
    app = linked.make("many", script=script)

    async def run(pilot: Pilot[int]) -> None:
        await pilot.press("r")
        for name in ("begun", "warned", "timing"):
            await until(pilot, lambda: linked.engine.holding)
            linked.engine.release(name)
        await ran(pilot)
        await idle(pilot)

    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await run(pilot)
        source = pane(app, "source")
        app.tour_screen.slots.focus("source")
        await pilot.press("j", "right", "right", "right")
        assert (source.cursor, source.selection) == (1, (18, 33))
        await run(pilot)
        await until(pilot, lambda: (source.cursor, source.selection) == (1, (18, 33)))


async def test_a_stage_that_did_not_come_is_asked_for_again_by_its_key(linked: Tours) -> None:
    script = [each for each in linked.script["vmap/many"] if not isinstance(each, Stage) or each.stage == "jaxpr"]
    app = linked.make("many", script={"vmap/many": script})

    def asked() -> list[str]:
        runs = [each for each in linked.engine.sent if isinstance(each, Run)]
        return [look.stage for run in runs for look in run.requests]

    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("2")
        await until(pilot, lambda: "the worker has nothing to show" in text(app, "stage"))
        await idle(pilot)
        await pilot.press("1", "2")
        await until(pilot, lambda: asked() == ["stablehlo", "stablehlo"])
        await idle(pilot)
        await pilot.press("1")
        await idle(pilot)
        assert asked() == ["stablehlo", "stablehlo"], "the jaxpr is there"


async def test_a_variable_lights_its_definition_and_its_uses(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("1", "j", "j", "j", "j", "j", "right", "right")
        stages = pane(app, "stage")
        assert stages.document.text_of(5)[stages.selection[0] : stages.selection[1]] == "c"
        assert highlighted(app, "stage") == [1, 5]
        assert "from line 2" in border(app, "stage")
        await pilot.press("left_curly_bracket")
        assert stages.cursor == 1


async def test_an_equation_is_explained(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await run_many(pilot, tours)
        await pilot.press("1", "i")
        await until(pilot, lambda: "no equation in this line" in screen_text(app))
        await pilot.press("j", "j", "i")
        await until(pilot, lambda: "Esc close" in screen_text(app))
        shown = screen_text(app)
        assert "docs.jax.dev" in shown and "dimension_numbers" in shown
        assert "one 5:20" in shown and "predict_many(w, X)" in shown
        await pilot.press("escape")
        assert pane(app, "stage").has_focus


async def test_a_search_goes_through_its_matches(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        stages = pane(app, "stage")
        await pilot.press("1", "slash", "f", "3", "2", "left_square_bracket", "3", "right_square_bracket")
        await until(pilot, lambda: "/f32[3]  1 of 5" in border(app, "stage"))
        await pilot.press("enter", "n", "n")
        assert stages.has_focus and stages.cursor == 6
        assert "n next match" in screen_text(app)
        assert app.tour.key == ("vmap", "many")
        await pilot.press("N")
        assert "2 of 5" in border(app, "stage")
        await pilot.press("right_square_bracket")
        assert "nowhere" in border(app, "stage"), "it is searched in what is shown"
        await pilot.press("left_square_bracket")
        assert "of 5" in border(app, "stage")
        await pilot.press("escape", "n")
        assert app.tour.key == ("vmap", "broken-on-purpose"), "n is the next step again"
        await pilot.press("slash", "z", "q", "enter")
        await until(pilot, lambda: "no match in any pane" in screen_text(app))


async def test_the_graph_goes_by_nodes_and_belongs_to_the_source(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("g")
        stages, graph = app.tour_screen.slots.stages, app.tour_screen.panes.graph
        assert graph.node is not None and graph.node.kind == "input"
        await pilot.press("j")
        assert graph.node.label.startswith("dot_general")
        await pilot.press("enter")
        assert pane(app, "source").cursor == 4 and pane(app, "source").selection == (19, 32)
        await pilot.press("k", "k", "k", "right", "enter")
        assert stages.has_focus and graph.node.label.startswith("div")
        await pilot.press("i")
        await until(pilot, lambda: "Esc close" in screen_text(app))


async def test_another_stage_opens_where_the_cursor_was(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("1", "j", "j", "j", "j", "j")
        stages = pane(app, "stage")
        expression = pane(app, "source").scene.highlighted.matches
        assert expression and stages.cursor == 5
        await pilot.press("2")
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage") and stages.cursor > 0)
        assert stages.cursor == 3, "the first line of what belongs together"
        assert pane(app, "source").scene.highlighted.matches == expression, "the same expression stands out"
        await pilot.press("1")
        await until(pilot, lambda: stages.cursor == 5)


async def test_the_bottom_line_says_where_keys_lead_from_here(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("1", "shift+tab")
        assert pane(app, "source").has_focus and "Enter follow" not in screen_text(app)
        await pilot.press("j")
        await until(pilot, lambda: "Enter follow   i explain   } walk" in screen_text(app))
        await pilot.press("enter", "j")
        await until(pilot, lambda: "} walk" not in screen_text(app))
        assert "Enter follow   i explain" in screen_text(app)
        await pilot.press("tab", "enter")
        assert pane(app, "result").has_focus
        await until(pilot, lambda: "go to a line of the source or of a stage first" in screen_text(app))


async def test_who_turns_to_another_call_while_the_step_runs_again_stays_there(tours: Tours) -> None:
    first, *others, last = (Trace(run=0, index=index, label=label, call=label) for index, label in enumerate("abc"))
    script = {
        **tours.script,
        "vmap/many": [first, *others, Hold("last"), last, Executed(run=0, status="ok", seconds=0.1)],
    }
    app = tours.make("many", script=script)
    async with app.run_test(size=(120, 36)) as pilot:

        async def run(*meanwhile: str) -> str:
            await pilot.press("r")
            await until(pilot, lambda: tours.engine.holding)
            await pilot.press(*meanwhile)
            tours.engine.release("last")
            await ran(pilot)
            await idle(pilot)
            assert app.tour.view.trace
            return str(app.tour.view.trace.label)

        await ready(pilot)
        await run()
        await pilot.press("left_square_bracket")
        assert app.tour.view.trace and app.tour.view.trace.label == "c"
        assert await run() == "c", "the call that was shown comes back"
        assert await run("left_square_bracket") == "a", "and is left for good by a key"


async def test_a_click_on_a_stage_s_title_shows_it(tours: Tours) -> None:
    app = tours.make("many")
    async with app.run_test(size=(120, 36)) as pilot:
        await run_many(pilot, tours)
        stage = pane(app, "stage")
        row = screen_text(app).splitlines()[stage.region.y]
        await pilot.click("#stage", offset=(row.index("2 StableHLO") + 3 - stage.region.x, 0))
        await until(pilot, lambda: "stablehlo.divide" in text(app, "stage"))
        assert app.tour.state.stage == "stablehlo"
