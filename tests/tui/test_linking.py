"""A cursor has links, tested without a screen."""

import msgspec
import pytest
from small_course import VMAP

from jaxtour.course.model import Step
from jaxtour.engine.links import LINE_END
from jaxtour.engine.report import Report
from jaxtour.engine.stage import StageText, assembled
from jaxtour.engine.wire.messages import Done, Origin, Span, Stage, Trace
from jaxtour.render.ir.gutter import head
from jaxtour.render.text.layout import plain
from jaxtour.text import Raw, harmless
from jaxtour.tui.linking import Spot, link, said_of_source, said_of_stage
from jaxtour.tui.panes.source import changed, expressions, rows_of
from jaxtour.tui.panes.source import document as source
from jaxtour.tui.panes.stage import document
from jaxtour.tui.tour.state import Shown, StepState
from jaxtour.tui.tour.view import StepView

CODE = """\
def f(x):
    y = jnp.where(
        x > 0,
        x, 0.0)
    return\tjnp.sin(y)
f(1.0)
"""
HERE = "vmap/many"
WHERE = Span(HERE, 2, 9, 4, 16, "f")
SINE = Span(HERE, 5, 12, 5, 22, "f")
OUTER = Span(HERE, 6, 1, 6, 7)
FIRST = Span(f"{HERE}:setup", 4, 5, 4, 10)
EARLIER = Span("vmap/one", 7, 7, 7, 23)
ELSEWHERE = Span("/home/x/model.py", 12, 5, 12, 9, "block")
SETUP = "\n\nw = 1\nv = w + 1\n"


def origin(name: str, *spans: Span, **rest: object) -> Origin:
    return Origin(kind="equation", name=name, spans=spans, **rest)


ORIGINS = (
    Origin(),
    origin("where", WHERE, callers=(OUTER,)),
    origin("sin", SINE, callers=(OUTER,)),
    origin("add", FIRST),
    origin("mul", EARLIER, callers=(OUTER,)),
    origin("exp", ELSEWHERE),
    Origin(kind="equation", name="broadcast_in_dim", unlinked="the compiler added this broadcast"),
)
LINES = ("{ lambda ; a:f32[]. let", "  b:f32[] = where[", "    x=1", "  ] a", "  c:f32[] = sin b",
         "  d:f32[] = add c 1.0", "  e:f32[] = mul d d", "  f:f32[] = exp e",
         "  g:f32[] = broadcast_in_dim f")  # fmt: skip
NAMES = "a=\nb=\n=\n=a\nc=b\nd=c\ne=d\nf=e\ng=f"


def stage(name: str = "jaxpr", origins: tuple[Origin, ...] = ORIGINS) -> StageText:
    part = Stage(
        run=1, index=0, stage=name, text="\n".join(LINES), lines=(0, 1, 1, 1, 2, 3, 4, 5, 6),
        origins=origins, names=NAMES,
    )  # fmt: skip
    return assembled(None, part)


def view(
    *, setup: bool = False, shown: Shown = "jaxpr", origins: tuple[Origin, ...] = ORIGINS, **rest: object
) -> StepView:
    step = VMAP.steps[1]
    assert isinstance(step, Step)
    step = msgspec.structs.replace(step, code=Raw(CODE), setup=Raw(SETUP))
    traces = (harmless(Trace(run=1, index=0, label="f", call="f(1.0)", equations=6)),)
    report = Report(run=1, traces=traces, stages={(0, "jaxpr"): stage(origins=origins)}, done=Done(run=1, status="ok"))
    state = StepState(report=report, setup=setup, stage=shown)
    return StepView.of(state, lesson=VMAP, step=step, number=2, code=Raw(CODE), worker="ready", **rest)


def test_lines_of_the_pane_are_lines_of_the_code() -> None:
    rows = rows_of(view())
    assert [rows.place(line) for line in range(3)] == [None, (HERE, 1), (HERE, 2)]
    assert rows.place(7) is None
    assert rows.line(f"{HERE}:setup", 3) is None, "the setup is folded"
    rows = rows_of(view(setup=True))
    assert [rows.place(line) for line in (1, 2, 3, 4)] == [(f"{HERE}:setup", 3), (f"{HERE}:setup", 4), None, (HERE, 1)]
    assert rows.line(f"{HERE}:setup", 4) == 2 and rows.line(HERE, 1) == 4
    assert rows.text(2).text == "v = w + 1"
    assert rows.line("vmap/one", 1) is None


def test_an_expression_of_several_lines_is_marked_in_each() -> None:
    found = link(view(), Spot("stage", 2))
    lights = {line: found.source.highlights(line) for line in range(8)}
    assert [line for line, light in lights.items() if light and light.style == "link"] == [2, 3, 4]
    assert lights[2].ranges == ((8, 18),) and lights[3].ranges == ((8, 14),) and lights[4].ranges == ((8, 15),)
    assert lights[6].style == "caller" and lights[6].ranges == ((0, 6),)
    assert plain(said_of_source(view(), found, 60)) == "2:9  jnp.where( …"
    assert [line for line in range(9) if found.stage.highlights(line)] == [1, 2, 3]
    assert list(found.stage.matches) == [1] and head(stage(), 3) == 1


def test_columns_are_those_on_the_screen() -> None:
    shown = view()
    rows = rows_of(shown)
    [(on_screen, in_code)] = expressions(shown, rows, 5)
    assert (on_screen, in_code) == ((12, 22), (11, 21)), "the tab takes two cells"
    found = link(shown, Spot("source", 5, on_screen))
    assert list(found.stage.matches) == [4]
    assert found.source.highlights(5).ranges == ((12, 22),)
    assert expressions(shown, rows, 2) == [((8, LINE_END), (8, LINE_END))]
    assert list(link(shown, Spot("source", 2, (8, LINE_END))).stage.matches) == [1]


@pytest.mark.parametrize(
    ("line", "said", "leads"),
    [
        (5, "setup 4:5  w + 1", True),
        (6, "one 7:7  predict(w, X[0])", True),
        (7, "model.py 12:5", False),
        (8, "", False),
        (0, "", False),
    ],
)
def test_what_is_elsewhere_is_named(line: int, said: str, leads: bool) -> None:
    found = link(view(), Spot("stage", line))
    assert plain(said_of_source(view(), found, 60)) == said
    assert found.leads == leads, "a call of it may be here"


def test_code_that_runs_first_is_lit_where_it_is_unfolded() -> None:
    found = link(view(setup=True), Spot("stage", 5))
    assert found.source.highlights is not None and found.source.highlights(2).ranges == ((4, 9),)
    back = link(view(setup=True), Spot("source", 2))
    assert list(back.stage.matches) == [5]


def test_a_line_without_a_source_says_why() -> None:
    assert plain(said_of_stage(view(), link(view(), Spot("stage", 8)))) == "the compiler added this broadcast"
    assert said_of_stage(view(), link(view(), Spot("stage", 1))) == ()


def test_what_does_not_fit_is_cut() -> None:
    for width in (12, 20, 30, 60):
        said = plain(said_of_source(view(), link(view(), Spot("source", 5, (12, 22))), width))
        assert said.startswith("5:12") and said.endswith("→ 1 equation")
        assert len(said) <= max(width, 21)


def test_an_expression_is_told_from_the_one_that_it_begins_with() -> None:
    begins = origin("where", Span(HERE, 5, 12, 5, 20, "f"))  # as `a` in `a+b`
    shown = view(origins=(ORIGINS[0], begins, *ORIGINS[2:]))
    assert list(link(shown, Spot("source", 5, (12, 20))).stage.matches) == [1]
    assert list(link(shown, Spot("source", 5, (12, 22))).stage.matches) == [1, 4]


def test_a_call_in_the_source_stands_for_the_function_it_calls() -> None:
    found = link(view(), Spot("source", 6))
    assert list(found.stage.matches) == [1, 4, 6]
    assert "line 6 → 3 equations" in plain(said_of_source(view(), found, 60))


def test_nothing_belongs_to_a_cursor_before_the_run() -> None:
    step = VMAP.steps[1]
    found = link(StepView(lesson=VMAP, step=step, number=2, code=Raw(CODE)), Spot("source", 1))
    assert not found.leads and found.source.highlights is None and found.stage.highlights is None


def test_a_cursor_in_the_source_leads_nowhere_before_the_stage_is_there() -> None:
    found = link(view(shown="stablehlo"), Spot("source", 5, (12, 22)))
    assert found.target, "an expression of the jaxpr"
    assert not found.leads and found.source.highlights is None and found.stage.highlights is None


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [("jaxpr", None), ("graph", None), ("stablehlo", "stablehlo"), ("hlo", "hlo"), ("cost", "hlo")],
)
def test_what_is_missing_depends_on_what_is_shown(shown: Shown, wanted: str | None) -> None:
    look = view(shown=shown).missing
    assert (look.stage if look else None) == wanted


def test_a_view_is_not_changed_by_what_comes_later() -> None:
    state = StepState(trace=1)
    before = StepView.of(state, lesson=VMAP, step=VMAP.steps[0], number=1)
    state.trace = 2
    assert before.state.trace == 1


@pytest.mark.parametrize("width", [20, 40, 60, 100])
def test_the_call_gives_way_to_the_other_facts(width: int) -> None:
    said = plain(document(view(), width).subtitle)
    assert said.endswith("6 equations")
    assert len(said) <= width


def test_lines_that_the_stage_does_not_have_are_not_lit() -> None:
    """Lines that the stage does not have are not highlighted.

    A pane that is scrolled before it is drawn again has those of another stage.
    """
    found = link(view(), Spot("stage", 2))
    assert found.stage.of(3) is not None and found.stage.of(900) is None
    assert link(view(), Spot("stage", 900)).stage.of(1) is None


@pytest.mark.parametrize(("setup", "words"), [("w = 1", "1 line runs first"), ("w = 1\nv = w", "2 lines run first")])
def test_the_code_before_a_step_is_counted_and_unfolds(setup: str, words: str) -> None:
    step = VMAP.steps[1]
    assert isinstance(step, Step)
    step = msgspec.structs.replace(step, setup=Raw(setup))
    for shown in (False, True):
        state = StepState(setup=shown)
        found = source(StepView.of(state, lesson=VMAP, step=step, number=2, code=step.code, worker="ready"), 60)
        assert found.texts[0] == words and ("w = 1" in found.texts) == shown


def test_lines_that_an_edit_changed_have_signs() -> None:
    step = VMAP.steps[1]
    assert isinstance(step, Step)
    edit = step.code.text.replace("jit", "grad")
    own, edited = (
        StepView.of(StepState(code=code), lesson=VMAP, step=step, number=2, code=Raw(code), worker="ready", edited=yes)
        for code, yes in ((step.code.text, False), (edit, True))
    )
    assert changed(own) == {} and list(changed(edited).values()) == ["~"]
