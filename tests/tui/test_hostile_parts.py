"""In parts of the screen that show rarely, text from a lesson or a program is harmless too."""

from pathlib import Path
from typing import Any

import msgspec
from poison import FACTS, VOWELS
from small_course import VMAP
from test_devices_panel import rows_of
from tours import Given, Tours

from jaxtour.commands.files import lesson_of
from jaxtour.course.model import Ask, Step
from jaxtour.engine.report import Report, advance, requested
from jaxtour.engine.stage import StageText, assembled
from jaxtour.engine.wire.messages import (
    Answer,
    Checked,
    Done,
    Executed,
    Level,
    Origin,
    RunProgress,
    Span,
    Stage,
    Timing,
    Trace,
)
from jaxtour.render.devices.details import devices_table
from jaxtour.render.devices.panel import about_device, device_panel, host_text, name_of
from jaxtour.render.devices.sharding import sharding_lines
from jaxtour.render.text import plain as plain_text
from jaxtour.render.text.layout import Line, plain
from jaxtour.render.value import value_lines
from jaxtour.text import UNCLEAN, Raw, clean
from jaxtour.text import harmless as decoded
from jaxtour.tui import linking
from jaxtour.tui.linking import Spot, variable_at, variable_highlights
from jaxtour.tui.panes import lesson, source, stage, time
from jaxtour.tui.screens import ask
from jaxtour.tui.screens.home import HomeScreen
from jaxtour.tui.screens.ladder import LadderScreen
from jaxtour.tui.screens.timings import RooflineScreen
from jaxtour.tui.status import worker_state
from jaxtour.tui.tour.state import Activity, StepState, doing
from jaxtour.tui.tour.view import StepView

HOSTILE = "x" + "".join(VOWELS.values()) + "x"
CALL = decoded(Trace(run=1, index=0, label="f", call="f(x)"))
STEP = VMAP.steps[1]
assert isinstance(STEP, Step)
HOSTILE_STEP = decoded(
    msgspec.structs.replace(
        STEP,
        code=f"x = 1  # {HOSTILE}",
        text=f"{HOSTILE}\n\n- {HOSTILE}\n",
        ask=Ask(question=HOSTILE, choices=(HOSTILE, "b"), hint=HOSTILE, answer=1),
    )
)
DIED = decoded(Done(run=2, status="died", reason=HOSTILE))


def view(
    report: Report | None = None, step: Step = HOSTILE_STEP, state: StepState | None = None, **more: Any
) -> StepView:
    state = state or StepState()
    state.report = report
    made = StepView.of(state, lesson=VMAP, step=step, number=2, code=step.code, worker="ready")
    return msgspec.structs.replace(made, **more)


def harmless(*lines: Line) -> str:
    """Return the text of the lines, with only visible characters."""
    text = "\n".join(plain(line) for line in lines)
    assert not UNCLEAN.search(text), ascii(text)
    assert "␛" in text
    return text


def hostile_jaxpr() -> StageText:
    """Return two lines with a variable after characters that take more columns when made visible."""
    text = "a:f32[] = \x85 sin b\nc:f32[] = \x85 cos a"
    part = Stage(run=1, index=0, stage="jaxpr", text=text, lines=(0, 0), origins=(Origin(),), names="a=b\nc=a")
    return assembled(None, decoded(part))


def test_a_lesson_is_harmless_before_it_has_colours() -> None:
    harmless(*lesson.document(view(coloured=False), 60).lines)


def test_code_is_harmless_before_it_has_colours() -> None:
    harmless(*source.document(view(coloured=False), 60).lines)


def test_choices_are_harmless_and_the_right_one_too() -> None:
    assert HOSTILE_STEP.ask
    harmless(ask._row(1, HOSTILE_STEP.ask.choices[0]))
    report = Report(run=1, executed=Executed(run=1, status="ok", seconds=0.1))
    text = harmless(
        *lesson.document(view(report, state=StepState(prediction="b", code=HOSTILE_STEP.shown_code.text)), 90).lines
    )
    assert "not this time: x␛" in text


def test_columns_of_code_are_those_of_what_is_shown() -> None:
    text = "\x85 = f(\tb)"
    at = text.index("b")
    start, end = source.columns_shown(Raw(text), (at, at + 1))
    assert clean(text)[start:end] == "b"


def test_a_variable_is_found_at_the_columns_where_it_is_shown() -> None:
    linked = hostile_jaxpr()
    shown = clean(linked.texts[1]).index(" a") + 1
    found = variable_highlights(linked, 0, "a").of(1)
    assert found is not None and found.ranges == ((shown, shown + 1),)
    assert stage.variables(linked, 1)[-1] == (shown, shown + 1)
    assert stage.lines_of(linked).texts[1] == clean(linked.texts[1])
    looked = view(Report(run=1, traces=(CALL,), stages={(0, "jaxpr"): linked}))
    assert variable_at(looked, Spot("stage", 1, (shown, shown + 1))) == "a"


def test_what_the_worker_does_is_harmless() -> None:
    words = doing(decoded(RunProgress(run=1, phase="tracing", label=HOSTILE)))
    harmless(worker_state(view(worker="running"), Activity(words=words), 0.0))


def test_the_pane_of_times_is_harmless() -> None:
    timing = decoded(Timing(run=1, index=0, label=HOSTILE, call="f(x)", platform="cpu", median_s=1.0, runs=3))
    harmless(*time.document(view(Report(run=1, timings=(timing,)), stable=True), 60).lines)
    harmless(*time.document(view(advance(requested(Report(run=1), 2, timings=True), DIED)), 60).lines)
    untimed = msgspec.structs.replace(HOSTILE_STEP, time=())
    ran = Report(
        run=1,
        traces=(decoded(msgspec.structs.replace(CALL, label=HOSTILE)),),
        executed=Executed(run=1, status="ok", seconds=0.1),
        done=Done(run=1, status="ok"),
    )
    harmless(*time.document(view(ran, untimed), 60).lines)
    measures = Report(run=1, progress=decoded(RunProgress(run=1, phase="timing", label=HOSTILE)))
    harmless(time.document(view(measures), 60).subtitle)


def test_expressions_of_code_and_titles_of_steps_are_harmless() -> None:
    step = decoded(msgspec.structs.replace(HOSTILE_STEP, code=f"f({HOSTILE},\n  2)", title=HOSTILE))
    looked = view(step=step, lesson=msgspec.structs.replace(VMAP, steps=(step,)))
    for end_line in (1, 2):
        span = Span(file=looked.cell, line=1, column=1, end_line=end_line, end_column=10)
        harmless(((linking.expression(looked, span), ""),))
    harmless(((linking.in_full(looked, span), ""),))


def test_a_ladder_that_is_not_there_yet_is_harmless(tours: Tours) -> None:
    tour = tours.make("many").tour
    screen = LadderScreen(tour, StepState(), Raw(HOSTILE))
    failed = assembled(None, decoded(Stage(run=1, index=0, stage="jaxpr", error=HOSTILE)))
    level = Level(run=1, index=0, label="f")
    for report in (
        Report(run=1),
        advance(requested(Report(run=1), 2, ladder=True), DIED),
        Report(run=1, levels=(decoded(msgspec.structs.replace(level, error=HOSTILE)),)),
        Report(run=1, levels=(level,), level_stages={(0, "jaxpr"): failed}),
    ):
        harmless(*screen._lines(report, 60)[0])


def test_a_lesson_that_was_not_read_is_called_by_a_harmless_name(tours: Tours) -> None:
    tours.entries.append(Given(msgspec.structs.replace(VMAP, id=HOSTILE)))
    tour = tours.make("many").tour
    harmless(HomeScreen(tour)._line((len(tours.entries) - 1, None), 80))


def test_versions_and_kinds_of_devices_are_harmless() -> None:
    device = msgspec.structs.replace(FACTS[0].devices[0], kind=f"{HOSTILE}y", platform=HOSTILE)
    facts = msgspec.structs.replace(
        FACTS[0],
        devices=(device,),
        host=msgspec.structs.replace(FACTS[0].host, cpu=HOSTILE),
        **dict.fromkeys(("jax", "jaxlib", "numpy", "python", "libtpu"), HOSTILE),
    )
    facts = decoded(facts)
    device = facts.devices[0]
    for line in devices_table(facts).splitlines()[:2]:
        harmless(((line, ""),))
    harmless(*device_panel(facts, 100).lines)
    harmless(((name_of(device), ""),))
    harmless(((about_device(device), ""),))
    harmless(((host_text(facts), ""),))


def test_a_stage_that_failed_says_why() -> None:
    failed = assembled(None, decoded(Stage(run=1, index=0, stage="jaxpr", error=HOSTILE)))
    report = Report(run=1, traces=(CALL,), stages={(0, "jaxpr"): failed})
    harmless(*stage.document(view(report), 60).lines)


def test_questions_answers_and_checks_are_printed_harmlessly() -> None:
    checked = decoded(Checked(run=1, passed=False, message=HOSTILE))
    report = Report(run=1, checked=checked, done=Done(run=1, status="ok"))
    assert HOSTILE_STEP.ask
    harmless(*plain_text._question(HOSTILE_STEP.ask, 80)[-3:])
    harmless(*plain_text._answer(HOSTILE_STEP.ask, decoded(Answer(run=1, text=HOSTILE)).text, None, 80))
    harmless(*plain_text._check(report, 80))


def test_a_variable_is_told_harmlessly() -> None:
    text, names = "a\x1b:f32[] = sin b\nc:f32[] = cos a\x1b", "a\x1b=b\nc=a\x1b"
    typed = {"typed": "0\n0", "types": "f32[]"}
    part = Stage(run=1, index=0, stage="jaxpr", text=text, lines=(0, 0), origins=(Origin(),), names=names, **typed)
    said = harmless(linking._variable(assembled(None, decoded(part)), 1, "a␛"))
    assert said == "a␛  float32 scalar, from line 1, 1 use"


def test_a_graph_that_cannot_be_drawn_says_why() -> None:
    failed = assembled(None, decoded(Stage(run=1, index=0, stage="jaxpr", error=HOSTILE)))
    harmless(*stage.graph_document(view(Report(run=1, traces=(CALL,))), failed, 80).lines)


def test_peaks_that_cannot_be_kept_say_why(tours: Tours, tmp_path: Path) -> None:
    tour = tours.make("many").tour
    (tmp_path / "file").touch()
    tour.peaks.path = tmp_path / "file" / HOSTILE
    tour.peaks._keep(FACTS[0], ())
    timing = decoded(Timing(run=1, index=0, label=HOSTILE, call=HOSTILE, platform="cpu", median_s=1.0, runs=3))
    state = StepState(report=Report(run=1, timings=(timing,)))
    lines = [line for block in RooflineScreen(tour, state)._blocks(80) if isinstance(block, list)
             for line in block]  # fmt: skip
    assert "cannot be written" in harmless(*lines)


def test_an_array_on_several_devices_is_drawn_harmlessly() -> None:
    value = msgspec.structs.replace(
        rows_of(8), type=HOSTILE, sharding=HOSTILE, dtype=HOSTILE, mesh=((HOSTILE, 8),), spec=((HOSTILE,), ()),
        text="[" + " ".join(f"{number}{HOSTILE}" for number in range(8)) + "]",
        devices=tuple(f"{HOSTILE}:{number}" for number in range(8)),
    )  # fmt: skip
    value = decoded(value)
    harmless(*sharding_lines(value, 80))
    harmless(*value_lines(value, 80))


def test_a_file_of_an_odd_name_is_a_harmless_lesson(tmp_path: Path) -> None:
    path = tmp_path / f"{HOSTILE}.py"
    path.write_text("1 + 1\n")
    given = lesson_of(path, calls=[f"f('{HOSTILE}')"])
    shown = view(step=given.steps[0], lesson=given)
    harmless(((shown.cell, ""),), ((given.title, ""),), *lesson.document(shown, 60).lines)
    assert given.file.text == str(path) and given.steps[0].trace[0].text == f"f('{HOSTILE}')"
