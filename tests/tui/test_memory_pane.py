"""The stage pane shows the memory over the schedule, by line, and linked with the source."""

from tours import Tours, highlighted, pane, run_many, screen_text, text, until


async def test_memory_comes_with_the_compiled_call_and_links_its_rows(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 40)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("5")
        await until(pilot, lambda: "the compiler's own sum" in text(app, "stage"))
        assert "fusion, 3 of 3" in text(app, "stage") and " 12 B 100%  line 5" in text(app, "stage")
        stages = pane(app, "stage")
        rows = text(app, "stage").splitlines()
        assert stages.cursor == next(row for row, line in enumerate(rows) if "f32[3]" in line), "on the first value"
        assert highlighted(app, "source"), "the expressions that the value comes from"
        await pilot.press("left")
        await until(pilot, lambda: "2 of 3" in text(app, "stage"))
        assert "saved for backward 3×" in text(app, "stage") and "f32[3]" not in text(app, "stage")
        await pilot.press("left", "left", "left")
        await until(pilot, lambda: "p0, 1 of 3" in text(app, "stage"))
        await pilot.press("right", "right", "right", "right")
        await until(pilot, lambda: "fusion, 3 of 3" in text(app, "stage"))


async def test_a_place_in_the_source_leads_to_the_values_of_its_line(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(120, 40)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("5")
        await until(pilot, lambda: "the compiler's own sum" in text(app, "stage"))
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is pane(app, "source"))
        await until(pilot, lambda: highlighted(app, "stage"))
        [row] = highlighted(app, "stage")
        assert "f32[3]" in text(app, "stage").splitlines()[row]


async def test_a_low_pane_opens_with_the_picture(linked: Tours) -> None:
    app = linked.make("many", script=linked.script)
    async with app.run_test(size=(80, 24)) as pilot:
        await run_many(pilot, linked)
        await pilot.press("5")
        await until(pilot, lambda: "needs 52 B" in screen_text(app))
        assert pane(app, "stage").cursor == 0 and "peak" in screen_text(app)
