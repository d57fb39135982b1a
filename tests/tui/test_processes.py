"""The screen shows what differs in the results of two processes, and what one of them alone has."""

from typing import Any

import msgspec
import pytest
from fake_engine import FACTS, Hold
from test_snapshots import keys
from textual.pilot import Pilot
from tours import Given, Tours, ran, ready, until

from jaxtour.course.model import Lesson, Step
from jaxtour.engine.wire.messages import (
    Device,
    Done,
    Executed,
    Failure,
    FromProcess,
    OwnEvent,
    Result,
    RunProgress,
    Shard,
    Text,
    Value,
)
from jaxtour.text import Raw
from jaxtour.tui.widgets.pane import Pane

SIZES = [(80, 24), (120, 36)]
IDS = ["80x24", "120x36"]
DEVICES = tuple(
    Device(id=number, platform="cpu", kind="cpu", process=process, local=process == 0, simulated=True, live_arrays=1)
    for process, number in ((0, 0), (0, 1), (1, 2048), (1, 2049))
)
TWO = msgspec.structs.replace(FACTS, devices=DEVICES, processes=2, gathered=True, simulated=True)


def step(name: str, code: str) -> Step:
    return Step(id=name, title=name.capitalize(), text="Read.", code=Raw(code))


LESSON = Lesson(
    id="vmap",
    title="Two",
    summary="Two processes.",
    minutes=1,
    steps=(
        step("same", "print('the same')"),
        step("differ", "print('I am', me)\nme"),
        step("whole", "x"),
        step("raises", "if me == 1: raise ValueError('no')"),
        step("waits", "if me == 0: total(x)"),
    ),
)


def said(process: int, event: OwnEvent) -> FromProcess:
    return FromProcess(process=process, said=event)


def both(text: str, other: str) -> list[Any]:
    """Return what both print."""
    return [Text(run=0, stream="stdout", text=Raw(text)), said(1, Text(run=0, stream="stdout", text=Raw(other)))]


def values(own: Value, other: Value, *whole: Value) -> list[Any]:
    """Return what both have as a value, and what is made from it."""
    first = Result(run=0, value=own)
    return [first, said(0, first), said(1, Result(run=0, value=other)), *(Result(run=0, value=each) for each in whole)]


ENDS = [Executed(run=0, status="ok", seconds=0.001), *(said(k, Done(run=0, status="ok")) for k in (0, 1))]


def parts(*texts: str) -> tuple[Shard, ...]:
    places = zip(DEVICES, texts, strict=True)
    return tuple(
        Shard(device=device.id, index=((2 * at, 2 * at + 2),), process=device.process, text=Raw(text))
        for at, (device, text) in enumerate(places)
    )


def array(text: str, *shards: str) -> Value:
    return Value(
        type="Array",
        text=Raw(text),
        length=len(text),
        shape=(8,),
        dtype="float32",
        devices=tuple(f"cpu:{device.id}" for device in DEVICES),
        sharding="P('x') on the mesh (x: 4)",
        committed=True,
        shards=parts(*shards),
        mesh=(("x", 4),),
        spec=(("x",),),
    )


NUMBERS = ("[0. 1.]", "[2. 3.]", "[4. 5.]", "[6. 7.]")
HIDDEN = "not shown: devices of other processes hold parts of it"
FAILED = Failure(run=0, type="ValueError", bases=("ValueError",), message="no", line=1)
SCRIPT = {
    "vmap/same": (*both("the same\n", "the same\n"), *ENDS),
    "vmap/differ": (
        *both("first\nI am 0\n", "first\nI am 1\n"),
        *values(Value(type="int", text=Raw("0")), Value(type="int", text=Raw("1"))),
        *ENDS,
    ),
    "vmap/whole": (
        *values(
            array(HIDDEN, *NUMBERS[:2], "", ""),
            array(HIDDEN, "", "", *NUMBERS[2:]),
            array("[0. 1. 2. 3. 4. 5. 6. 7.]", *NUMBERS),
        ),
        *ENDS,
    ),
    "vmap/raises": (
        said(1, FAILED),
        *ENDS,
        msgspec.structs.replace(FAILED, who="process 1 of 2 raised it; process 0 did not"),
        Done(run=0, status="error"),
    ),
    "vmap/waits": (
        said(1, Done(run=0, status="ok")),
        RunProgress(run=0, phase="waiting for", label="process 0 of 2"),
        Hold(),
        *ENDS,
    ),
}


@pytest.fixture
def two(tours: Tours) -> Tours:
    tours.facts = TWO
    tours.entries = [Given(LESSON)]
    return tours


def shown(pilot: Pilot[Any], pane: str = "result") -> str:
    return pilot.app.screen.query_one(f"#{pane}", Pane).document.text


async def test_what_is_the_same_looks_like_one_process(two: Tours) -> None:
    async with two.make("same", script=SCRIPT).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        assert shown(pilot).strip() == "the same"


async def test_a_key_shows_one_process_after_the_other(two: Tours) -> None:
    async with two.make("differ", script=SCRIPT).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        lines = shown(pilot).splitlines()
        assert lines[:3] == ["          │ first", "process 0 │ I am 0", "process 1 │ I am 1"]
        seen = []
        for _ in range(3):
            await pilot.press("number_sign")
            await pilot.pause()
            seen.append(shown(pilot).split())
        assert seen[:2] == [["first", "I", "am", "0", "int", "0"], ["first", "I", "am", "1", "int", "1"]]
        assert "│" in seen[2]


async def test_one_process_has_its_own_part(two: Tours) -> None:
    async with two.make("whole", script=SCRIPT).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        assert "[0. 1. 2. 3. 4. 5. 6. 7.]" in shown(pilot)
        await pilot.press("number_sign")
        await pilot.pause()
        assert "devices of other processes" in shown(pilot)


async def test_who_is_waited_for_is_said_while_it_runs(two: Tours) -> None:
    app = two.make("waits", script=SCRIPT)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "waiting for process 0 of 2" in shown(pilot))
        two.engine.release()
        await ran(pilot)


async def test_each_device_stands_with_its_process(two: Tours) -> None:
    async with two.make("same", script=SCRIPT).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        rows = [line.split() for line in shown(pilot, "devices").splitlines() if "process " in line]
        assert [row[:2] for row in rows] == [["process", "0"], ["process", "1"]]
        assert [row[-1] for row in rows] == ["1", "2049"]


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize("name", ["differ", "whole", "raises"])
def test_pictures(snap_compare: Any, two: Tours, name: str, size: tuple[int, int]) -> None:
    assert snap_compare(two.make(name, script=SCRIPT), terminal_size=size, run_before=keys("r"))


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_pictures_of_the_devices(snap_compare: Any, two: Tours, size: tuple[int, int]) -> None:
    assert snap_compare(two.make("same", script=SCRIPT), terminal_size=size, run_before=keys("r", "d"))
