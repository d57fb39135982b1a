"""The other pane scrolls to what is linked with the cursor, both ways, at every size."""

import msgspec
import pytest
from small_course import VMAP
from textual.pilot import Pilot
from tours import Tours, highlighted, idle, pane, ran, ready, resized, text, until

from jaxtour.engine.wire.messages import Executed, Origin, Span, Stage, Trace
from jaxtour.text import Raw, harmless
from jaxtour.tui.app import TourApp

LINES = 90
"""Lines of code, more than any of the screens has rows; each but the first and the last becomes one equation."""
CELL = "vmap/many"
CODE = "\n".join(["def f(x):", *(f"    x = x * {number}.0" for number in range(2, LINES)), "f(1.0)"])
SIZES = [(60, 20), (80, 24), (160, 48), (160, 24)]
"""The sizes come one after the other, so that each is also one that the terminal gets while it is open."""
KEYS = ("home", "pagedown", "j", "end", "k")


def name(number: int) -> str:
    return f"v{number}"


def made(stage: str, head: str, equation: str, end: str) -> Stage:
    """Return a stage with one line for each line of the function, between its head and its end."""
    spans = [Span(CELL, number, 9, number, 9 + len(f"x * {number}.0"), "f") for number in range(2, LINES)]
    call = Span(CELL, LINES, 1, LINES, 7)
    origins = (Origin(), *(Origin(kind="equation", name="mul", spans=(span,), callers=(call,)) for span in spans))
    defined = [f"{name(number)}={name(number - 1)}" for number in range(2, LINES)]
    return Stage(
        run=0, index=0, stage=stage,
        text="\n".join([head, *(equation.format(name(n), name(n - 1), n) for n in range(2, LINES)), end]),
        lines=(0, *range(1, LINES - 1), 0), origins=origins,
        names="\n".join(["v1=", *defined, f"={name(LINES - 1)}"]),
        types="f32[]", typed="\n".join(["i0", *["0"] * (LINES - 2), ""]), parameters="{}", top=0,
        equations="\n".join(["", *(f'[0,["{name(n - 1)}","{n}.0:f32[]"]]' for n in range(2, LINES)), ""]),
        jaxprs=f'[0,{LINES - 1},[],[["v1",0]],["{name(LINES - 1)}"]]',
    )  # fmt: skip


JAXPR = made("jaxpr", "{ lambda ; v1:f32[]. let", "    {}:f32[] = mul {} {}.0:f32[]", f"  in ({name(LINES - 1)},) }}")
STABLEHLO = made("stablehlo", "func.func @main(%v1) {", "    {} = stablehlo.multiply {}, {}", "}")
SCRIPT = {
    CELL: [
        Executed(run=0, status="ok", seconds=0.01),
        harmless(Trace(run=0, index=0, label="f(1.0)", call="f(1.0)", equations=LINES - 2, primitives=("mul",))),
        JAXPR,
        STABLEHLO,
    ]
}


@pytest.fixture
def long(tours: Tours) -> Tours:
    """A step with code and stages that are longer than the screen."""
    one, many, *rest = VMAP.steps
    tours.entries[0].given = msgspec.structs.replace(
        VMAP, steps=(one, msgspec.structs.replace(many, code=Raw(CODE), time=(), ask=None), *rest)
    )
    return tours


async def begin(pilot: Pilot[int], *keys: str) -> None:
    """Run the step, show its jaxpr, and press some keys."""
    await ready(pilot)
    await pilot.press("r")
    await ran(pilot)
    await idle(pilot)
    await pilot.press("1", *keys)


def seen(app: TourApp, slot: str) -> set[int]:
    """Return the lines of a pane that are on the screen."""
    shown = pane(app, slot)
    top = shown.scroll_offset.y
    lines = range(top, min(top + shown.size.height, len(shown.document.lines)))
    assert shown.document.text_of(top).strip()[:20] in shown.render_line(0).text
    return set(lines)


def highlighted_in_view(app: TourApp, slot: str) -> bool:
    """Return whether a pane has a visible highlight."""
    return bool(seen(app, slot) & set(highlighted(app, slot)))


async def test_the_stage_follows_the_cursor_in_the_source(long: Tours) -> None:
    app = long.make("many", script=SCRIPT)
    async with app.run_test(size=(100, 30)) as pilot:
        await begin(pilot, "shift+tab", "j")
        source = pane(app, "source")
        for size in SIZES:
            await resized(pilot, *size)
            assert highlighted_in_view(app, "stage"), f"at {size}"
            for key in KEYS:
                await pilot.press(key)
                assert source.has_focus and source.cursor in seen(app, "source")
                assert source.cursor == 0 or highlighted_in_view(app, "stage"), f"at {size} after {key}"
            assert highlighted(app, "stage") == [source.cursor] == [LINES - 2]


async def test_the_source_follows_the_cursor_in_the_stage(long: Tours) -> None:
    app = long.make("many", script=SCRIPT)
    async with app.run_test(size=(100, 30)) as pilot:
        await begin(pilot, "j")
        stages = pane(app, "stage")
        for size in SIZES:
            await resized(pilot, *size)
            assert highlighted_in_view(app, "source"), f"at {size}"
            for key in KEYS:
                await pilot.press(key)
                assert stages.has_focus and stages.cursor in seen(app, "stage")
                no_equation = stages.cursor in (0, LINES - 1)
                assert no_equation or highlighted_in_view(app, "source"), f"at {size} after {key}"
            assert stages.cursor in highlighted(app, "source")


@pytest.mark.parametrize(("key", "said"), [("2", "stablehlo.multiply"), ("g", "mul")])
async def test_the_other_stages_follow_too(long: Tours, key: str, said: str) -> None:
    app = long.make("many", script=SCRIPT)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, key)
        await until(pilot, lambda: said in text(app, "stage"))
        await idle(pilot)
        await pilot.press("shift+tab", "end", "k")
        assert pane(app, "source").has_focus
        last = highlighted(app, "stage")
        assert highlighted_in_view(app, "stage")
        await pilot.press("home", "j")
        assert highlighted(app, "stage") != last and highlighted_in_view(app, "stage")


async def test_a_pane_stays_where_it_is_while_what_belongs_to_the_cursor_is_in_view(long: Tours) -> None:
    app = long.make("many", script=SCRIPT)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, "shift+tab", "j")
        stages = pane(app, "stage")
        last = max(seen(app, "stage"))
        assert stages.scroll_offset.y == 0
        while pane(app, "source").cursor < last:
            await pilot.press("j")
            assert stages.scroll_offset.y == 0
        await pilot.press("j")
        assert stages.scroll_offset.y > 0 and highlighted_in_view(app, "stage"), "one more is out of view"
        await pilot.press("end")
        assert len(highlighted(app, "stage")) == LINES - 2, "all of the function belongs to its call"
        assert stages.scroll_offset.y > 0, "some of it was in view"


async def test_the_pane_of_the_cursor_stays_with_its_cursor(long: Tours) -> None:
    app = long.make("many", script=SCRIPT)
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(pilot, "pagedown", "pagedown", "right", "right")
        stages = pane(app, "stage")
        defined, used = highlighted(app, "stage")
        assert used == stages.cursor == defined + 1, "the variable that is selected"
        await pilot.press("shift+tab", "home", "j")
        assert stages.cursor == used and stages.cursor not in seen(app, "stage")
        await pilot.press("tab")
        await until(pilot, lambda: stages.has_focus)
        await pilot.press("j")
        assert stages.cursor == used + 1 and stages.cursor in seen(app, "stage"), "it goes on from where it was"
