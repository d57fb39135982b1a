"""A graph folds, and the cursor stays with its node."""

import pytest
from tours import Tours, idle, pane, ran, ready, screen_text, text, until

from jaxtour.engine.wire.messages import Executed, Origin, Stage, Trace
from jaxtour.text import harmless

JAXPR = """\
{ lambda ; a:f32[]. let
    b:f32[] = jit[
      name=first
      jaxpr={ lambda ; a:f32[]. let
          b:f32[] = sin a
        in (b,) }
    ] a
    c:f32[] = jit[
      name=second
      jaxpr={ lambda ; b:f32[]. let
          c:f32[] = cos b
        in (c,) }
    ] b
    d:f32[] = mul c c
  in (d,) }"""
STRUCTURE = {
    "names": "a=\nb=\n\na=\nb=a\n=b\n=a\nc=\n\nb=\nc=b\n=c\n=b\nd=c\n=d",
    "types": "f32[]",
    "typed": "i0\n0\n\ni0\n0\n\n\n0\n\ni0\n0\n\n\n0\n",
    "equations": (
        '\n[1,["a"],5,null,[["jaxpr",1]]]\n\n\n[]\n\n\n[2,["b"],5,null,[["jaxpr",2]]]\n\n\n[]\n\n\n[0,["c","c"]]\n'
    ),
    "parameters": '{}\n{"name":"first","jaxpr":"{ … }"}\n{"name":"second","jaxpr":"{ … }"}',
    "jaxprs": '[0,14,[],[["a",0]],["d"]]\n[3,5,[],[["a",0]],["b"]]\n[9,11,[],[["b",0]],["c"]]',
    "top": 0,
}
"""The structure of this text, as a worker with JAX 0.12 sends it."""
ORIGINS = (Origin(), *(Origin(kind="equation", name=name) for name in ("jit", "sin", "jit", "cos", "mul")))
SCRIPT = {
    "vmap/choose": [
        Executed(run=0, status="ok", seconds=0.01),
        harmless(Trace(run=0, index=0, label="f(x)", call="f(x)", equations=3, primitives=("jit", "mul"))),
        Stage(
            run=0, index=0, stage="jaxpr", text=JAXPR, lines=(0, 1, 1, 1, 2, 1, 1, 3, 3, 3, 4, 3, 3, 5, 0),
            origins=ORIGINS, **STRUCTURE,
        ),
    ]
}  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (130, 40)])
async def test_a_node_unfolds_and_folds_and_the_cursor_stays_with_it(tours: Tours, size: tuple[int, int]) -> None:
    app = tours.make("choose", script=SCRIPT)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await idle(pilot)
        await pilot.press("g")
        await until(pilot, lambda: "first" in text(app, "stage"))
        stages, graph = pane(app, "stage"), app.tour_screen.panes.graph
        assert "sin" not in text(app, "stage") and "cos" not in text(app, "stage")

        def here() -> str:
            assert graph.node is not None
            return graph.node.label

        await pilot.press("j", "j")
        assert "second" in here()
        await pilot.press("k")
        assert "first" in here()
        await pilot.press("f")
        await until(pilot, lambda: "sin" in text(app, "stage"))
        assert "cos" not in text(app, "stage") and here().startswith("▾ jit first")
        await pilot.press("f")
        await until(pilot, lambda: "sin" not in text(app, "stage"))
        await pilot.press("f")
        await until(pilot, lambda: "sin" in text(app, "stage"))
        await pilot.press("j")
        assert here().startswith("sin"), "the first of what was inside"
        while "second" not in here():
            await pilot.press("j")
        row = stages.cursor
        await pilot.press("F")
        await until(pilot, lambda: "sin" not in text(app, "stage"))
        assert "second" in here() and stages.cursor < row, "it is elsewhere now"
        await pilot.press("F")
        await until(pilot, lambda: "sin" in text(app, "stage") and "cos" in text(app, "stage"))
        assert here().startswith("▾ jit second") and stages.cursor == row
        await pilot.press("F", "j")
        assert here().startswith("mul")
        await pilot.press("f")
        assert "sin" not in text(app, "stage") and here().startswith("mul"), "nothing is inside of it"
        assert "mul" in screen_text(app)
