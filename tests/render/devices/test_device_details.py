"""The lines of the full-screen devices panel."""

import msgspec
from fake_engine import FACTS

from jaxtour.engine.wire.messages import Device
from jaxtour.render.devices.details import device_rows, version_lines
from jaxtour.render.text.layout import plain, width_of
from jaxtour.text import harmless


def gpus(count: int) -> list[Device]:
    memory = {"bytes_in_use": 2**30, "bytes_limit": 2**34}
    return [Device(id=number, platform="gpu", kind="NVIDIA H200", memory=memory) for number in range(count)]


def test_each_device_begins_in_a_line_that_is_told() -> None:
    facts = msgspec.structs.replace(FACTS, devices=tuple(gpus(12)))
    for width in (30, 120):
        lines, starts = device_rows(facts, width)
        assert all(width_of(line) <= width for line in lines)
        assert [plain(lines[row]).split()[0] for row, _ in starts] == [f"gpu:{number}" for number in range(12)]
    assert len(lines) == 12 and "NVIDIA H200, no arrays, 1 GiB of 16 GiB" in plain(lines[3])


def test_more_devices_than_anybody_reads_are_counted() -> None:
    lines, starts = device_rows(msgspec.structs.replace(FACTS, devices=tuple(gpus(100))), 100)
    assert len(starts) == 64 and plain(lines[-1]) == "… 36 more devices"


def test_devices_with_nothing_of_their_own_have_no_lines() -> None:
    assert device_rows(FACTS, 80) == ([], [])


def test_versions_and_what_the_runtime_says_are_one_line_each_and_only_text() -> None:
    facts = harmless(msgspec.structs.replace(FACTS, default_device="cpu:0", backend="a\x1b[31m\nruntime"))
    first, usual, last = map(plain, version_lines(facts, 120))
    assert first == "Python 3.11.9   jaxlib 0.10.2   numpy 2.2.0   code runs on cpu:0   process 0 of 1"
    assert usual == "x64 off, jit on, matmul precision default"
    assert "\x1b" not in last and "\n" not in last and "runtime" in last


def test_what_does_not_fit_goes_whole_to_the_next_line_and_what_is_set_is_no_default() -> None:
    facts = msgspec.structs.replace(FACTS, default_device="cpu:0", flags={"x64": "on", "jit": "off"})
    assert [plain(line) for line in version_lines(facts, 76)] == [
        "Python 3.11.9   jaxlib 0.10.2   numpy 2.2.0   code runs on cpu:0",
        "  process 0 of 1",
        "matmul precision default",
    ]


def test_what_the_first_line_of_the_panel_tells_is_not_told_twice() -> None:
    facts = msgspec.structs.replace(FACTS, processes=4, process=3, default_device="cpu:2", jaxlib="0.10.1")
    assert plain(version_lines(facts, 120)[0]) == "Python 3.11.9   numpy 2.2.0"
