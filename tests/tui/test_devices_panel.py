"""The devices show their facts and their parts of a value, and can be chosen."""

import msgspec
import pytest
from fake_engine import FACTS
from small_course import SCRIPT
from tours import Tours, border, highlighted, idle, pane, ran, ready, resized, run_many, screen_text, text, until

from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.commands import Open, Run
from jaxtour.engine.wire.messages import Device, Executed, Facts, Finding, Leaf, Result, Shard, State, Value
from jaxtour.text import harmless
from jaxtour.tui.choices import choices

GIB = 2**30
EIGHT = msgspec.structs.replace(
    FACTS,
    simulated=True,
    default_device="cpu:0",
    devices=tuple(Device(id=number, platform="cpu", kind="cpu", simulated=True) for number in range(8)),
)
TPUS = msgspec.structs.replace(
    FACTS,
    platforms=("tpu", "cpu"),
    libtpu="0.0.30",
    backend="a TPU runtime",
    process=1,
    processes=2,
    default_device="tpu:4",
    flags={"x64": "on"},
    devices=tuple(
        Device(
            id=4 + number, platform="tpu", kind="TPU v4", process=1, coords=(number % 2, number // 2, 0), core=0,
            memory={"bytes_in_use": number * GIB, "bytes_limit": 32 * GIB, "peak_bytes_in_use": 9 * GIB},
        )
        for number in range(4)
    ),
)  # fmt: skip


def rows_of(count: int, *, copies: int = 1) -> Value:
    """Return an array with a row for each device, each row on `copies` of them."""
    shards = tuple(
        Shard(device=number, index=((number // copies, number // copies + 1), (0, 3)), replica=number % copies)
        for number in range(count)
    )
    names = tuple(f"cpu:{number}" for number in range(count))
    return harmless(
        Value(
            type="Array",
            text="...",
            length=3,
            shape=(count // copies, 3),
            dtype="float32",
            devices=names,
            shards=shards,
        )
    )


def spread(tours: Tours, value: Value, facts: Facts = EIGHT) -> None:
    """Set a course whose second step has a value on several devices."""
    tours.script = {**SCRIPT, "vmap/many": (Result(run=0, value=value), Executed(run=0, status="ok", seconds=0.1))}
    tours.facts = facts


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_devices_fill_the_screen_and_give_it_back(tours: Tours, size: tuple[int, int]) -> None:
    tours.facts = TPUS
    app = tours.make()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        assert app.focused is pane(app, "lesson")
        await pilot.press("d")
        assert app.tour_screen.panes.zoomed == "devices" and app.focused is pane(app, "devices")
        shown = text(app, "devices")
        for told in ("tpu ×4", "TPU v4", "at 1,1,0, core 0", "3 GiB of 32 GiB", "peak 9 GiB", "process 1 of 2",
                     "AMD EPYC", "numpy 2.2.0", "libtpu 0.0.30", "a TPU runtime", "x64 on"):  # fmt: skip
            assert told in shown, told
        await pilot.press("d")
        assert app.tour_screen.panes.zoomed is None and app.focused is pane(app, "lesson")
        await pilot.pause()
        assert "at 1,1,0" not in screen_text(app)


async def test_a_device_marks_its_part_of_the_value_and_the_part_its_device(tours: Tours) -> None:
    spread(tours, rows_of(8))
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        app.tour_screen.slots.focus("devices")
        await pilot.press("right", "right")
        devices, result = pane(app, "devices"), pane(app, "result")
        [line] = highlighted(app, "result")
        assert "2:3 │" in result.document.text_of(line)
        [chip] = highlighted(app, "devices")
        found = devices.scene.highlight(chip)
        assert found and found.ranges == (devices.selection,)
        assert "cpu:2" in border(app, "devices")
        app.tour_screen.slots.focus("result")
        await pilot.press("down")
        first = result.cursor
        await pilot.press("down")
        assert result.cursor > first and result.selection, "down goes from part to part"
        assert [each.ranges for row in highlighted(app, "devices") if (each := devices.scene.highlight(row))] == [
            ((8, 11),)
        ]
        assert devices.document.text_of(chip)[8:11] == "[2]"
        await pilot.press("enter")
        assert app.focused is devices and devices.selection == (8, 11)


async def test_a_part_that_several_devices_hold_marks_them_all(tours: Tours) -> None:
    spread(tours, rows_of(8, copies=4))
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        app.tour_screen.slots.focus("result")
        await pilot.pause()
        devices = pane(app, "devices")
        [chips] = [each.ranges for row in highlighted(app, "devices") if (each := devices.scene.highlight(row))]
        assert chips == ((0, 3), (4, 7), (8, 11), (12, 15)) and "4 devices" in border(app, "devices")


async def test_what_is_lit_goes_with_the_value(tours: Tours) -> None:
    spread(tours, rows_of(8))
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        app.tour_screen.slots.focus("result")
        await pilot.pause()
        assert highlighted(app, "devices")
        await pilot.press("p")
        await pilot.pause()
        assert not highlighted(app, "devices") and not highlighted(app, "result") and not border(app, "devices")


async def test_a_result_that_opens_at_its_drawing_says_which_lines_are_in_view(tours: Tours) -> None:
    spread(tours, rows_of(8))
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        result = pane(app, "result")
        await until(pilot, lambda: result.scroll_offset.y > 0)
        first, count = result.scroll_offset.y + 1, len(result.document.lines)
        assert border(app, "result") == f"lines {first}-{first + result.size.height - 1} of {count}"
        result.scroller.to(y=0)
        await until(pilot, lambda: border(app, "result") == "")


async def test_the_cursor_stays_on_its_device_whatever_comes_above_it(tours: Tours) -> None:
    spread(tours, rows_of(8))
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        app.tour_screen.slots.focus("devices")
        await pilot.press("right", "right", "right")
        devices = pane(app, "devices")

        def selected() -> str:
            return devices.document.text_of(devices.cursor)[slice(*(devices.selection or (0, 0)))].strip(" []")

        assert selected() == "3"
        line = devices.cursor
        tours.engine.push(msgspec.structs.replace(EIGHT, findings=(Finding(code="no libtpu", message="no TPU"),)))
        await until(pilot, lambda: "no TPU" in text(app, "devices"))
        assert selected() == "3" and devices.cursor == line + 1
        await resized(pilot, 80, 24)
        await pilot.press("d", "d")
        await pilot.pause()
        assert selected() == "3"


async def test_the_panel_has_the_value_under_the_devices(tours: Tours) -> None:
    spread(tours, rows_of(8))
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        await pilot.press("d", "right")
        devices = pane(app, "devices")
        texts = [devices.document.text_of(row) for row in highlighted(app, "devices")]
        assert len(texts) == 2 and "[0] ‹1› [2]" in texts[0] and "1:2 │" in texts[1]
        assert "the value  float32[8,3]" in text(app, "devices")


async def test_the_arrays_of_a_pytree_are_linked_with_the_devices_as_one_array_is(tours: Tours) -> None:
    one = rows_of(8)
    halves = msgspec.structs.replace(rows_of(8, copies=4), devices=one.devices)
    leaves = (Leaf(path="['w']", value=one), Leaf(path="['b']", value=halves))
    tree = ("['w']  float32[8,3]", "['b']  float32[2,3]")
    spread(tours, harmless(Value(type="dict", text="{...}", devices=one.devices, tree=tree, leaves=leaves)))
    app = tours.make("many", script=tours.script)
    async with app.run_test(size=(120, 60)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await ran(pilot)
        app.tour_screen.slots.focus("devices")
        await pilot.press("right", "right", "right", "right", "right")
        assert "on 8 devices, cpu:0-7, 2 leaves" in text(app, "result")
        result = pane(app, "result")
        marked = [result.document.text_of(row) for row in highlighted(app, "result")]
        assert len(marked) == 2 and "5:6 │" in marked[0] and "1:2 │ 4-7 │" in marked[1]


async def test_of_facts_that_change_only_the_changed_rows_are_painted(
    tours: Tours, monkeypatch: pytest.MonkeyPatch
) -> None:
    tours.facts = TPUS
    app = tours.make()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("d")
        await pilot.pause()
        devices = pane(app, "devices")
        before = list(devices.document.texts)
        painted: list[int] = []
        monkeypatch.setattr(devices, "refresh", lambda *regions, **_: painted.extend(each.y for each in regions))
        [first, *others] = TPUS.devices
        fuller = msgspec.structs.replace(first, memory={**(first.memory or {}), "bytes_in_use": 31 * GIB})
        tours.engine.push(msgspec.structs.replace(TPUS, devices=(fuller, *others)))
        await until(pilot, lambda: "31 GiB of 32 GiB" in text(app, "devices"))
        changed = [row for row, line in enumerate(devices.document.texts) if line != before[row]]
        assert changed and sorted(set(painted)) == changed


@pytest.mark.parametrize(
    ("downs", "opened"),
    [(2, Open(platform="cpu", devices=8, device=2)), (11, Open(platform="cpu", devices=4)), (8, Open()),
     (15, Open(platform="gpu"))],
)  # fmt: skip
async def test_what_is_chosen_is_opened_and_the_steps_are_replayed(tours: Tours, downs: int, opened: Open) -> None:
    tours.facts = EIGHT
    tours.config = WorkerConfig(devices=8)
    app = tours.make("many")
    async with app.run_test(size=(80, 24)) as pilot:
        await run_many(pilot, tours)
        report = app.tour.state.report
        sent = len(tours.engine.sent)
        await pilot.press("d", "enter")
        await pilot.pause()
        await pilot.press(*["down"] * downs)
        assert "restarts on" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: any(isinstance(each, Run) for each in tours.engine.sent[sent:]))
        await idle(pilot)
        first, replay = tours.engine.sent[sent:]
        assert first == opened
        assert isinstance(replay, Run) and replay.cell is None
        assert [each.name for each in replay.replay] == ["vmap/one", "vmap/many"]
        assert app.tour.state.report is report and app.tour.is_done("vmap", "many")


async def test_what_is_so_already_starts_nothing(tours: Tours) -> None:
    app = tours.make()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        sent = len(tours.engine.sent)
        await pilot.press("d", "enter")
        await pilot.pause()
        assert "this is the current choice" in screen_text(app)
        await pilot.press("enter")
        await pilot.press("enter", "escape")
        assert app.screen is app.tour_screen and len(tours.engine.sent) == sent


async def test_a_choice_that_fails_is_said_and_another_can_be_made(tours: Tours) -> None:
    app = tours.make()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        tours.engine.push(State(state="dead", detail="there is no TPU here"))
        await until(pilot, lambda: app.tour.session.state == "dead")
        await pilot.press("d")
        assert "there is no TPU here" in text(app, "devices")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.tour.session.state == "ready")
        assert tours.engine.sent[-1] == Open(platform="cpu")


async def test_a_choice_starts_a_guard_that_is_gone(tours: Tours) -> None:
    app = tours.make()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await tours.engine.close()
        await until(pilot, lambda: app.tour.worker.gone)
        await pilot.press("d", "enter")
        await pilot.pause()
        await pilot.press("down", "enter")
        await until(pilot, lambda: not app.tour.worker.gone and app.tour.session.state == "ready")
        assert tours.engine.sent[-1] == Open(platform="cpu")


def test_choices_say_what_speaks_against_them() -> None:
    found = {choice.words: choice for choice in choices(FACTS, WorkerConfig(), None, needed=8)}
    assert "gets the 8" in found["4 CPU devices"].note and not found["8 CPU devices"].note
    assert found["tpu"].note == "not seen here" and not found["cpu"].note
    assert [choice.words for choice in found.values() if choice.here] == [
        "cpu:0", "nothing: use the real devices", "as jax chooses",
    ]  # fmt: skip


def test_a_device_that_a_step_got_simulated_stays_one_of_as_many() -> None:
    found = {choice.words: choice for choice in choices(EIGHT, WorkerConfig(platform="gpu"), 8, needed=8)}
    assert (found["cpu:3"].platform, found["cpu:3"].devices, found["cpu:3"].device) == ("cpu", 8, 3)
    assert found["cpu:0"].here and found["nothing: use the real devices"].platform == "gpu"
