"""The machine is shown in a few lines and as a table."""

import msgspec
import pytest

from jaxtour.engine.wire.messages import Device, Facts, Finding, Host, Value
from jaxtour.render.devices.details import devices_table
from jaxtour.render.devices.panel import device_panel
from jaxtour.render.text.layout import plain_lines, width_of
from jaxtour.text import bytes_text, harmless

GIB = 1 << 30


def facts(*devices, platforms=("cpu",), **rest):
    return Facts(
        python="3.11.7", jax="0.10.2", jaxlib="0.10.2", numpy="2.3.1", platforms=platforms,
        simulated=any(device.simulated for device in devices), devices=devices,
        host=Host(cpu="AMD EPYC", cores=2, memory_bytes=24 * GIB), **rest,
    )  # fmt: skip


EIGHT = facts(
    *(Device(id=number, platform="cpu", kind="cpu", simulated=True) for number in range(8)),
    live_arrays=4,
    live_bytes=156,
)
MEMORY = {"bytes_limit": 139 * GIB, "peak_bytes_in_use": 20 * GIB}
GPU = facts(
    Device(id=0, platform="gpu", kind="NVIDIA H200", memory={**MEMORY, "bytes_in_use": 7 * GIB}),
    Device(id=1, platform="gpu", kind="NVIDIA H200", memory={**MEMORY, "bytes_in_use": 139 * GIB}),
    Device(id=0, platform="cpu", kind="cpu"),
    platforms=("gpu", "cpu"),
    flags={"x64": "on", "preallocation": "off"},
)


def value(*devices):
    return harmless(Value(type="Array", text="", devices=devices))


def drawn(*arguments, **rest):
    lines = device_panel(*arguments, **rest).lines
    assert all(width_of(line) <= arguments[1] for line in lines)
    return plain_lines(lines)


def test_simulated_devices_and_where_the_value_lives():
    assert drawn(EIGHT, 80, value("cpu:0")) == (
        "● cpu ×8 simulated   AMD EPYC, 2 cores, 24 GiB   jax 0.10.2\n"
        "[0]  1   2   3   4   5   6   7    value on cpu:0   live 4 arrays, 156 B\n"
    )
    held = device_panel(EIGHT, 80, value("cpu:0")).lines[1]
    assert [style for text, style in held if text.strip().strip("[]").isdigit()] == ["chip-on", *["chip"] * 7]
    assert ("simulated", "warning") in {(text.strip(), style) for text, style in device_panel(EIGHT, 80).lines[0]}


def test_a_value_on_all_devices():
    text = drawn(EIGHT, 80, value(*(f"cpu:{number}" for number in range(8))), ascii=True)
    assert "[0] [1] [2] [3] [4] [5] [6] [7]   value on 8 devices, cpu:0-7\n" in text
    assert text.isascii()


def test_a_narrow_pane():
    assert drawn(EIGHT, 38, value("cpu:0")) == (
        "● cpu ×8 simulated\n"
        "  AMD EPYC, 2 cores, 24 GiB\n"
        "  jax 0.10.2\n"
        "[0]  1   2   3   4   5   6   7\n"
        "  value on cpu:0\n"
        "  live 4 arrays, 156 B\n"
    )


def test_accelerators_tell_their_memory():
    assert drawn(GPU, 76, value("gpu:1")) == (
        "● gpu ×2   NVIDIA H200   jax 0.10.2\n"
        " 0  [1]   value on gpu:1\n"
        " 0  ━━──────────────────     7 GiB of 139 GiB, peak 20 GiB\n"
        " 1  ━━━━━━━━━━━━━━━━━━━━   139 GiB of 139 GiB, peak 20 GiB\n"
        "○ cpu   AMD EPYC, 2 cores, 24 GiB\n"
        "x64 on · preallocation off\n"
    )
    assert "━" not in drawn(GPU, 36)


def test_one_device_and_none():
    assert drawn(facts(Device(id=0, platform="cpu", kind="cpu")), 80) == (
        "● cpu   AMD EPYC, 2 cores, 24 GiB   jax 0.10.2\n"
    )
    assert drawn(facts(platforms=()), 80) == "host  AMD EPYC, 2 cores, 24 GiB\n"


def test_hundreds_of_devices_stay_few_lines():
    many = facts(*(Device(id=number, platform="tpu", kind="TPU v4") for number in range(256)), platforms=("tpu",))
    text = drawn(many, 76)
    assert "… 208 more devices" in text and len(text.splitlines()) == 7


def test_hostile_names_are_clean():
    odd = harmless(facts(Device(id=0, platform="[x]\x1b", kind="\u202e[red]"), platforms=()))
    assert "● [x]␛   <U+202E>[red]" in drawn(odd, 60)


def test_the_table():
    assert devices_table(GPU) == (
        "jax 0.10.2  jaxlib 0.10.2  numpy 2.3.1  Python 3.11.7\n"
        "host AMD EPYC, 2 cores, 24 GiB\n"
        "set: x64 on, preallocation off\n"
        "default: jit on, matmul precision default\n"
        "\n"
        "id  platform  kind         memory              peak\n"
        " 0  gpu       NVIDIA H200  7 GiB of 139 GiB    20 GiB\n"
        " 1  gpu       NVIDIA H200  139 GiB of 139 GiB  20 GiB\n"
        " 0  cpu       cpu\n"
    )
    assert "cpu (simulated)" in devices_table(EIGHT)


def test_coordinates_and_processes_only_where_there_are_any():
    tpu = Device(id=9, platform="tpu", kind="TPU v4", process=1, coords=(1, 2, 0))
    assert devices_table(facts(tpu)).splitlines()[4:] == [
        "id  platform  kind    process  coords",
        " 9  tpu       TPU v4  1        1,2,0",
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (10**6, "977 KiB"),
        ((1 << 20) - 1, "1 MiB"),
        (24 * GIB, "24 GiB"),
        (25_282_000_000, "23.5 GiB"),
        (1 << 60, "1024 PiB"),
    ],
)
def test_bytes(count, text):
    assert bytes_text(count) == text


HOST = Host(cpu="AMD EPYC", cores=2, memory_bytes=24 * GIB, load=0.72, used_bytes=6 * GIB)
MISSING = harmless(Finding(code="no libtpu", message="no libtpu\x1b here", remedy="pip install 'jax[tpu]'"))


def tpus(**rest):
    """Return two hosts with four chips each, seen from the first."""
    devices = [
        Device(id=4 * z + 2 * y + x, platform="tpu", kind="TPU v4", coords=(x, y, z), core=0, process=z, local=z == 0,
               utilization=55.4 if z == 0 else None)
        for z in range(2) for y in range(2) for x in range(2)
    ]  # fmt: skip
    return facts(*devices, platforms=("tpu",), processes=2, libtpu="0.0.42", **rest)


def test_tpus_lie_on_their_grid():
    assert drawn(tpus(), 76, value("tpu:3")) == (
        "● tpu ×8, 4 here   TPU v4   jax 0.10.2   libtpu 0.0.42   process 0 of 2\n"
        "z=0       z=1\n"
        " 0   1     4   5\n"
        " 2  [3]    6   7    value on tpu:3\n"
        "host  AMD EPYC, 2 cores, 24 GiB\n"
    )
    assert " 0   1   2  [3]" in drawn(tpus(), 16, value("tpu:3")).splitlines()


def test_two_cores_of_a_chip_stand_together():
    cores = [
        Device(id=4 * y + 2 * x + core, platform="tpu", kind="TPU v3", coords=(x, y, 0), core=core)
        for y in range(2) for x in range(2) for core in range(2)
    ]  # fmt: skip
    del cores[-1]
    panel = device_panel(facts(*cores, platforms=("tpu",)), 60)
    assert plain_lines(panel.lines[1:3]) == " 0  1   2  3\n 4  5   6\n"
    assert [(chip.row, chip.start, chip.device) for chip in panel.chips][4:] == [(2, 0, 4), (2, 3, 5), (2, 7, 6)]


@pytest.mark.parametrize("known", [EIGHT, GPU, tpus(findings=(MISSING,)), tpus(live_arrays=1)])
@pytest.mark.parametrize("width", [20, 38, 76])
def test_a_device_is_where_the_panel_says(known, width):
    panel = device_panel(known, width, value("gpu:1", "tpu:2", "cpu:7"))
    assert sorted((chip.platform, chip.device) for chip in panel.chips if chip.platform == known.platforms[0]) == [
        (device.platform, device.id) for device in known.devices if device.platform == known.platforms[0]
    ]
    for chip in panel.chips:
        text = plain_lines(panel.lines[chip.row : chip.row + 1])[chip.start : chip.end]
        held = f"{chip.platform}:{chip.device}" in ("gpu:1", "tpu:2", "cpu:7")
        assert text.strip() == (f"[{chip.device}]" if held else str(chip.device))


def test_the_device_under_the_cursor_is_told_about():
    panel = device_panel(tpus(), 76, cursor=("tpu", 5))
    assert "tpu:5  TPU v4, at 1,0,1, core 0, of process 1\n" in plain_lines(panel.lines)
    assert ("›5 ", "mark") in panel.lines[2]
    busy = device_panel(GPU, 76, cursor=("gpu", 0))
    assert "gpu:0  NVIDIA H200, no arrays, 7 GiB of 139 GiB, peak 20 GiB\n" in plain_lines(busy.lines)


def test_devices_that_share_the_host_show_what_lives_on_each():
    devices = [msgspec.structs.replace(device, live_bytes=512 * device.id, live_arrays=1) for device in EIGHT.devices]
    known = msgspec.structs.replace(EIGHT, devices=tuple(devices[:3]), host=HOST)
    assert drawn(known, 70).endswith(
        " 0  ────────────────────       0 B, 1 array\n"
        " 1  ━━━━━━━━━━──────────     512 B, 1 array\n"
        " 2  ━━━━━━━━━━━━━━━━━━━━     1 KiB, 1 array\n"
        "host  ━━━━━───────────────  6 GiB of 24 GiB   load 0.7 of 2 cores\n"
    )
    many = tuple(Device(id=number, platform="cpu", kind="cpu", live_bytes=1) for number in range(40))
    assert " … 24 more\n" in drawn(msgspec.structs.replace(EIGHT, devices=many), 60)


def test_how_busy_an_accelerator_is():
    device = msgspec.structs.replace(GPU.devices[0], utilization=54.6)
    assert "peak 20 GiB, 55% busy\n" in drawn(facts(device, platforms=("gpu",)), 76)


def test_what_is_wrong_stands_first_and_is_clean():
    text = drawn(msgspec.structs.replace(EIGHT, findings=(MISSING,)), 76)
    assert text.startswith("! no libtpu␛ here: pip install 'jax[tpu]'\n")
    assert devices_table(msgspec.structs.replace(EIGHT, findings=(MISSING,))).endswith(
        "\nno libtpu␛ here\n  pip install 'jax[tpu]'\n"
    )


def test_a_device_that_was_chosen_and_another_jaxlib_are_told():
    known = msgspec.structs.replace(EIGHT, default_device="cpu:3", jaxlib="0.10.1", driver="550.54")
    assert "jax 0.10.2   jaxlib 0.10.1   driver 550.54   code runs on cpu:3" in " ".join(drawn(known, 120).split("\n"))
    assert "code runs on" not in drawn(msgspec.structs.replace(EIGHT, default_device="cpu:0"), 120)


def test_the_table_tells_all_there_is():
    assert devices_table(msgspec.structs.replace(tpus(backend="PJRT C API"), host=HOST)).splitlines()[:6] == [
        "jax 0.10.2  jaxlib 0.10.2  numpy 2.3.1  Python 3.11.7  libtpu 0.0.42  process 0 of 2",
        "host AMD EPYC, 2 cores, 24 GiB, 6 GiB used, load 0.7",
        "runtime PJRT C API",
        "default: x64 off, jit on, matmul precision default",
        "",
        "id  platform  kind    process  coords  core  busy",
    ]


def test_the_bars_of_the_panel_stay_while_arrays_come_and_go_and_nothing_is_said_of_other_processes():
    mine = Device(id=0, platform="cpu", kind="cpu")
    also = msgspec.structs.replace(mine, id=1)
    other = msgspec.structs.replace(mine, id=2048, process=1, local=False)
    empty = facts(mine, also, other, processes=2)
    assert "━" not in drawn(empty, 60)
    panel = plain_lines(device_panel(empty, 60, whole=True).lines)
    assert panel.count("0 B, 0 arrays") == 2 and "2048  ─" not in panel
    full = facts(msgspec.structs.replace(mine, live_arrays=1, live_bytes=8), also, other, processes=2)
    assert len(device_panel(full, 60, whole=True).lines) == len(panel.splitlines())
