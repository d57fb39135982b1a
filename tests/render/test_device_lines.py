"""The machine in a few lines, and as a table."""

import pytest

from jaxtour.engine.messages import Device, Facts, Host, Value
from jaxtour.render.devices import bytes_text, device_lines, devices_table
from jaxtour.render.layout import width_of
from jaxtour.render.spans import plain_lines

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
    return Value(type="Array", text="", devices=devices)


def drawn(*arguments, **rest):
    lines = device_lines(*arguments, **rest)
    assert all(width_of(line) <= arguments[1] for line in lines)
    return plain_lines(lines)


def test_simulated_devices_and_where_the_value_lives():
    assert drawn(EIGHT, 80, value("cpu:0")) == (
        "● cpu ×8 simulated   AMD EPYC, 2 cores, 24 GiB   jax 0.10.2\n"
        "[0]  1   2   3   4   5   6   7    value lives on cpu:0   live 4 arrays, 156 B\n"
    )
    held = device_lines(EIGHT, 80, value("cpu:0"))[1]
    assert [style for text, style in held if text.strip().strip("[]").isdigit()] == ["chip-on", *["chip"] * 7]
    assert ("simulated", "warning") in {(text.strip(), style) for text, style in device_lines(EIGHT, 80)[0]}


def test_a_value_on_all_devices():
    text = drawn(EIGHT, 80, value(*(f"cpu:{number}" for number in range(8))), ascii=True)
    assert "[0] [1] [2] [3] [4] [5] [6] [7]   value lives on 8 devices, cpu:0-7\n" in text
    assert text.isascii()


def test_a_narrow_pane():
    assert drawn(EIGHT, 38, value("cpu:0")) == (
        "● cpu ×8 simulated\n"
        "  AMD EPYC, 2 cores, 24 GiB\n"
        "  jax 0.10.2\n"
        "[0]  1   2   3   4   5   6   7\n"
        "  value lives on cpu:0\n"
        "  live 4 arrays, 156 B\n"
    )


def test_accelerators_tell_their_memory():
    assert drawn(GPU, 76, value("gpu:1")) == (
        "● gpu ×2   NVIDIA H200   jax 0.10.2\n"
        " 0  [1]   value lives on gpu:1\n"
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
    odd = facts(Device(id=0, platform="[x]\x1b", kind="\u202e[red]"), platforms=())
    assert "● [x]␛   <U+202E>[red]" in drawn(odd, 60)


def test_the_table():
    assert devices_table(GPU) == (
        "jax 0.10.2  jaxlib 0.10.2  numpy 2.3.1  Python 3.11.7\n"
        "host AMD EPYC, 2 cores, 24 GiB\n"
        "\n"
        "id  platform  kind         memory\n"
        " 0  gpu       NVIDIA H200  7 GiB of 139 GiB\n"
        " 1  gpu       NVIDIA H200  139 GiB of 139 GiB\n"
        " 0  cpu       cpu\n"
    )
    assert "cpu (simulated)" in devices_table(EIGHT)


def test_coordinates_and_processes_only_where_there_are_any():
    tpu = Device(id=9, platform="tpu", kind="TPU v4", process=1, coords=(1, 2, 0))
    assert devices_table(facts(tpu)).splitlines()[3:] == [
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
