"""The progress keeps how long the learner was at each step."""

from tours import Tours, ready, until

from jaxtour.course.progress import Progress
from jaxtour.tui.tour.whereabouts import IDLE_S


async def test_time_is_counted_at_the_step_where_it_was_spent_and_idle_time_is_not(tours: Tours) -> None:
    now = [1000.0]
    app = tours.make("one", clock=lambda: now[0])
    changed: list[None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: tours.path.exists())
        write = app.tour.progress.change
        app.tour.progress.change = lambda change: (changed.append(None), write(change))[1]  # type: ignore[method-assign]
        now[0] += 20.0
        await pilot.press("j")
        now[0] += 10 * IDLE_S
        await pilot.press("k")
        assert not changed, "no write while the learner stays"
        await pilot.press("n")
        now[0] += 7.0
        await pilot.press("p")
        now[0] += 1.0
        await until(pilot, lambda: len(changed) == 2)
    seconds = {step: saved.seconds for step, saved in Progress.open(tours.path).lessons["vmap"].items()}
    assert seconds == {"one": 20.0 + IDLE_S + 1.0, "many": 7.0}


async def test_time_adds_up_over_the_tours(tours: Tours) -> None:
    for _ in range(2):
        now = [0.0]
        app = tours.make("one", clock=lambda now=now: now[0])
        async with app.run_test(size=(80, 24)) as pilot:
            await ready(pilot)
            now[0] += 60.0
            await pilot.press("q")
    assert Progress.open(tours.path).saved("vmap", "one").seconds == 120.0
    assert Progress.open(tours.path).place == ("vmap", "one")
