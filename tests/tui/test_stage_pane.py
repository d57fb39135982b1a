"""The document of the stage pane."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from small_course import VMAP

from jaxtour.course.model import Broken, NotebookCell, Problem
from jaxtour.engine.report import Report, Request
from jaxtour.engine.stage import StageText, assembled
from jaxtour.engine.wire.commands import StageName, StageRequest
from jaxtour.engine.wire.messages import Done, Origin, Stage, Trace, Value
from jaxtour.render.text.layout import Line, plain
from jaxtour.text import Raw, harmless
from jaxtour.tui.lines.document import Document
from jaxtour.tui.lines.rows import Folds
from jaxtour.tui.panes.stage import APART, CORNERS, LEAST_CALL, document, facts, titles
from jaxtour.tui.tour.state import Shown, StepState
from jaxtour.tui.tour.view import StepView

INNER = ("let f = { lambda ; a:f32[2]. let", "  b:f32[2] = sin a", "  in (b,) } in", "let g = { lambda ; c:f32[2]. let",
         "  d:f32[2] = cos c", "  in (d,) } in")  # fmt: skip
MAIN = ("{ lambda ; e:f32[2]. let", "  h:f32[2] = mul e e", "  in (h,) }")


def made(name: StageName, lines: tuple[str, ...], *folds: tuple[int, int], **rest: Any) -> StageText:
    """Return a stage with an instruction in each line."""
    part = Stage(
        run=1, index=0, stage=name, text="\n".join(lines), lines=tuple(range(len(lines))), folds=folds,
        origins=tuple(Origin(kind="instruction", name="mul") for _ in lines), **rest,
    )  # fmt: skip
    return assembled(None, part)


def view(*stages: StageText, call: str = "f(1.0)", requests: Request | None = None, **rest: Any) -> StepView:
    """Return a finished step with one call and these stages."""
    trace = harmless(Trace(run=1, index=0, label=call, call=call, equations=3))
    found = {(0, stage.stage): stage for stage in stages}
    report = Report(run=1, traces=(trace,), stages=found, done=Done(run=1, status="ok"), request=requests)
    rest = {"state": StepState(report=report), "worker": "ready", **rest}
    return StepView(step=VMAP.steps[1], number=2, **{"lesson": VMAP, **rest})


def left_of(shown: Document) -> list[int]:
    """Return the visible lines when everything is folded."""
    folds = Folds(shown.folds, main_last=shown.main_last)
    folds.close_all()
    hidden = {line for first, end in folds.hidden() for line in range(first, end)}
    return [line for line in range(len(shown.lines)) if line not in hidden]


def test_functions_that_a_jaxpr_names_fold_and_its_own_equations_stay() -> None:
    named = made("jaxpr", INNER + MAIN, (0, 2), (3, 5), (6, 8))
    assert left_of(document(view(named), 80)) == [0, 3, 6, 7, 8]


@pytest.mark.parametrize(("name", "first"), [("jaxpr", MAIN[0]), ("hlo", INNER[0])])
def test_of_blocks_side_by_side_none_stays_where_none_is_what_the_text_is_about(name: StageName, first: str) -> None:
    side_by_side = made(name, (first, *INNER[1:]), (0, 2), (3, 5))
    shown = view(side_by_side)
    shown.state.stage = name
    assert left_of(document(shown, 80)) == [0, 3]


CALL = "predict_many(w, X)"
COUNTED = "   3 equations"


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (len(CALL) + 1, CALL + COUNTED),
        (len(CALL), CALL + COUNTED),
        (len(CALL) - 1, "predict_many(w,…" + COUNTED),
        (LEAST_CALL, "predict_man…" + COUNTED),
        (LEAST_CALL - 1, COUNTED.strip()),
    ],
)
def test_the_call_is_cut_to_the_room_that_the_border_leaves_and_goes_where_that_is_too_little(
    room: int, said: str
) -> None:
    width = room + CORNERS + len(COUNTED)
    assert plain(document(view(made("jaxpr", MAIN), call=CALL), width).subtitle) == said


def test_a_short_call_is_there_as_soon_as_there_is_room_for_all_of_it() -> None:
    shown = view(made("jaxpr", MAIN), call="f(1)")
    width = len("f(1)") + CORNERS + len(COUNTED)
    assert plain(document(shown, width).subtitle) == "f(1)" + COUNTED
    assert document(shown, width - 1).subtitle == ((COUNTED.strip(), "muted"),)


def test_the_label_and_the_number_of_a_call_take_their_room_from_it() -> None:
    shown = view(made("jaxpr", MAIN), call=CALL)
    assert shown.report is not None
    first, second = shown.report.traces[0], harmless(Trace(run=1, index=1, label="second", call="g(w)"))
    first = harmless(msgspec.structs.replace(first, label="for\nward"))
    shown.state.report = replace(shown.report, traces=(first, second))
    number = "for␊ward  1 of 2   "
    for room, call in ((len(CALL), CALL), (LEAST_CALL, "predict_man…"), (LEAST_CALL - 1, "")):
        width = len(number) + room + CORNERS + len(COUNTED)
        expected = number + (call + COUNTED if call else COUNTED.strip())
        assert plain(document(shown, width).subtitle) == expected


def test_the_call_gives_way_to_the_legend_and_the_legend_to_the_count() -> None:
    shown, stage = view(call=CALL), made("jaxpr", MAIN)
    legend: Line = (("→", "type"), (" forward  ", "muted"), ("←", "keyword"), (" backward", "muted"))
    before = plain(legend) + " " * APART
    least = CORNERS + len(COUNTED) + len(before)
    assert plain(facts(shown, stage, least + len(CALL), legend)) == before + CALL + COUNTED
    assert plain(facts(shown, stage, least + LEAST_CALL, legend)) == before + "predict_man…" + COUNTED
    assert plain(facts(shown, stage, least, legend)) == before + COUNTED.strip()
    assert plain(facts(shown, stage, least - 1, legend)) == CALL + COUNTED


def test_there_is_nothing_to_say_of_a_step_that_is_broken() -> None:
    problem = harmless(Problem(file="vmap.yaml", line=3, column=1, message="no code"))
    broken = StepView(lesson=VMAP, step=Broken(id="x", title="X", error=problem), number=2)
    shown = document(broken, 80)
    assert shown.text.strip() == "" and shown.subtitle == ()
    assert plain(shown.title).endswith("graph")


@pytest.mark.parametrize(("name", "verb"), [("stablehlo", "lowering"), ("hlo", "compiling")])
def test_what_is_under_way_can_be_interrupted_and_what_is_not_waits_for_the_worker(name: StageName, verb: str) -> None:
    state_of = {
        requests: view(requests=requests) for requests in (None, Request(2, (StageRequest(index=0, stage=name),)))
    }
    for shown in state_of.values():
        shown.state.stage = name
    waits, works = (document(shown, 80).text for shown in state_of.values())
    assert waits == f"{verb} begins when the worker is ready\n"
    assert works == f"{verb} f(1.0) … Ctrl+C interrupts\n"


@pytest.mark.parametrize("shown", ["jaxpr", "graph"])
def test_every_title_has_its_key_and_what_is_shown_stands_out(shown: Shown) -> None:
    said = titles(StepView(lesson=VMAP, step=VMAP.steps[0], number=1, state=StepState(stage=shown)), 80)
    assert plain(said) == "1 jaxpr  2 StableHLO  3 HLO  4 cost  5 memory  6 values  g graph"
    assert [text for text, style in said if style == "strong"] == [f"{'1' if shown == 'jaxpr' else 'g'} {shown}"]


def test_a_call_of_several_lines_takes_one_in_the_border() -> None:
    shown = view(made("jaxpr", MAIN), call="f(\n1)")
    assert "\n" not in plain(document(shown, 80).subtitle)
    assert "\n" not in plain(document(view(call="f(\n1)"), 80).subtitle)


def test_lines_that_are_no_instructions_are_not_counted() -> None:
    lines = ("ENTRY %main {", "  %a = add(x, x)", "  %b = add(x, %a)", "  ROOT %c = mul(%a, %b)", "}")
    origins = (Origin(), Origin(kind="instruction", name="add"), Origin(kind="instruction", name="mul"))
    part = Stage(run=1, index=0, stage="hlo", text="\n".join(lines), lines=(0, 1, 1, 2, 0), origins=origins)
    shown = view(assembled(None, part))
    shown.state.stage = "hlo"
    assert plain(document(shown, 80).subtitle) == "f(1.0)   3 instructions"


@pytest.mark.parametrize(("devices", "why"), [(("cpu:0",), "a notebook's cell runs once"), ((), "the last line does")])
def test_where_nothing_was_traced_the_reason_is_that_of_a_notebook_or_of_a_lesson(
    devices: tuple[str, ...], why: str
) -> None:
    step = VMAP.steps[1]
    value = Value(type="Array", text=Raw("1."), devices=devices)
    report = Report(run=1, value=value, done=Done(run=1, status="ok"))
    cells = {step.id: NotebookCell(number=2, folder=Raw("/"))}
    book = view(state=StepState(report=report), lesson=msgspec.structs.replace(VMAP, cells=cells))
    assert f"nothing was traced: {why}" in " ".join(document(book, 200).text.split())
    lesson = document(view(state=StepState(report=report)), 200).text
    assert "the last line does not call a traceable function" in lesson


@pytest.mark.parametrize(
    ("shown", "says"),
    [("cost", "this backend does not report the call's cost"), ("arguments", "this worker does not report arguments")],
)
def test_what_is_not_reported_keeps_the_tabs_and_the_call(shown: Shown, says: str) -> None:
    found = view(made("jaxpr", MAIN), made("hlo", MAIN))
    found.state.stage = shown
    pane = document(found, 80)
    assert pane.text == f"{says}\n"
    assert plain(pane.title).startswith("1 jaxpr  2 StableHLO") and plain(pane.subtitle) == "f(1.0)"
