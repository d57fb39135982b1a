"""The worker that a step needs has its simulated devices and processes."""

import pytest

from jaxtour.course.model import Lesson, Requires, Step
from jaxtour.engine.cells import cells_before, wanted
from jaxtour.engine.wire.commands import Cell, Open
from jaxtour.text import Raw


def fitted(own: Open, have: int | None, code: str = "", **requires: int) -> Open:
    step = Step(id="s", title="S", text="", code=Raw(code))
    needs = Requires(**requires)  # type: ignore[arg-type]
    lesson = Lesson(id="l", title="L", summary="", minutes=0, requires=needs, steps=(step,))
    return wanted(own, have, lesson, step, [Cell(name="l/s", code=code)], on_cpu=True)


OWN, TWO = Open(), Open(platform="cpu", processes=2)
SIMULATED = Open(platform="cpu", devices=4, processes=2)


@pytest.mark.parametrize(
    ("own", "have", "requires", "opened"),
    [
        (OWN, 1, {}, OWN),
        (OWN, 8, {"devices": 8}, OWN),
        (OWN, 1, {"devices": 8}, Open(platform="cpu", devices=8)),
        (OWN, 8, {"processes": 2}, Open(platform="cpu", devices=1, processes=2)),
        (OWN, 1, {"processes": 2, "devices": 4}, Open(platform="cpu", devices=2, processes=2)),
        (OWN, 1, {"processes": 2, "devices": 5}, Open(platform="cpu", devices=3, processes=2)),
        (TWO, 2, {"devices": 2}, TWO),
        (TWO, 2, {"devices": 8}, SIMULATED),
        (TWO, 2, {"processes": 2}, TWO),
        (SIMULATED, 8, {"devices": 8, "processes": 2}, SIMULATED),
    ],
)
def test_what_is_there_stays_and_each_process_simulates_its_share(
    own: Open, have: int, requires: dict[str, int], opened: Open
) -> None:
    assert fitted(own, have, **requires) == opened


def test_code_that_asks_for_devices_gets_them_in_each_process() -> None:
    code = 'jax.config.update("jax_num_cpu_devices", 3)'
    assert fitted(TWO, 2, code) == Open(platform="cpu", devices=3, processes=2)


@pytest.mark.parametrize("requires", [{"devices": 8}, {"processes": 2}])
def test_who_asked_for_isolation_keeps_it(requires: dict[str, int]) -> None:
    opened = fitted(Open(isolate=True, python="/p", device=1), 1, **requires)
    assert (opened.isolate, opened.python, opened.platform, opened.device) == (True, "/p", "cpu", None)


def test_a_step_that_shall_run_out_of_time_leaves_no_state() -> None:
    codes = ("1", "2", "3")
    steps = [Step(id=f"s{code}", title="S", text="", code=Raw(code)) for code in codes]
    steps[1] = Step(id="s2", title="S", text="", code=Raw("2"), timeout=1.0, raises="TimeoutError")
    lesson = Lesson(id="l", title="L", summary="", minutes=0, steps=tuple(steps))
    assert [cell.code for cell in cells_before(lesson, steps[2])] == ["1"]
