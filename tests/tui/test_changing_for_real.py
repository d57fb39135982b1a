"""A suggested change, a scratch step and names work with a real worker."""

from pathlib import Path

from tours import Given, idle, screen_text, text, until

from jaxtour.course.catalogue import Catalogue
from jaxtour.course.model import Lesson, Step, Variation
from jaxtour.course.progress import Progress
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.text import Raw
from jaxtour.tui.app import TourApp

SETUP = "import jax, jax.numpy as jnp\n"
ONE = "def f(x, y):\n    return jnp.sin(x) * y\n\nf(jnp.arange(3.0), 2.0)\n"
LESSON = Lesson(
    id="l",
    title="L",
    summary="S",
    minutes=1,
    steps=(
        Step(id="zero", title="Zero", text="Read.", setup=Raw(SETUP), code=Raw("earlier = 1")),
        Step(
            id="one", title="One", text="Read.", code=Raw(ONE),
            tries=(Variation(label="add a cosine", old=Raw("* y"), new=Raw("* y + jnp.cos(x)")),),
        ),
        Step(id="two", title="Two", text="Read.", code=Raw("earlier")),
    ),
)  # fmt: skip


async def test_a_change_a_scratch_step_and_its_names(tmp_path: Path) -> None:
    catalogue = Catalogue((Given(LESSON),))  # type: ignore[arg-type]
    session = Session(ProcessEngine(), WorkerConfig(platform="cpu"))
    app = TourApp(catalogue, session, Progress.open(tmp_path / "progress.json"), start=("l", "one"))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.tour.idle)
        await pilot.press("x")
        await until(pilot, lambda: app.tour.view.finished)
        await idle(pilot)
        assert "jnp.cos" in app.tour.state.code
        result = " ".join(text(app, "result").split())
        assert "≠ was [0. 1.6829419 1.8185948], 3 equations now [1. 2.2232442 1.4024479], 5 equations with" in result
        await pilot.press("s", *"mine = f(earlier, 3.0)", "enter", *"jnp.sin(mi", "tab")
        editor = app.tour_screen.panes.editor
        assert editor is not None
        await until(pilot, lambda: editor.names.shown or editor.text.endswith("mine"))
        await pilot.press("escape") if editor.names.shown else None
        editor.text = "mine = f(earlier, 3.0)\njnp.sin(mine)"
        await pilot.press("f5")
        await until(pilot, lambda: app.tour.view.finished)
        await idle(pilot)
        assert app.tour.view.trace is not None and app.tour.view.trace.primitives == ("sin",)
        assert "sin" in text(app, "stage") and "2:1" in screen_text(app)
        editor.text += "\nmine.shap"
        editor.move_cursor((2, 9))
        await pilot.press("tab")
        await until(pilot, lambda: editor.text.endswith("mine.shape"))
        assert app.tour.state.report is not None and app.tour.view.finished, "names cost no result"
        await pilot.press("escape", "escape", "n", "e", *"\nmin", "tab")
        await until(
            pilot, lambda: app.tour_screen.panes.editor is not None and app.tour_screen.panes.editor.names.shown
        )
        assert "mine " not in screen_text(app), "what a scratch step defined is not there"
