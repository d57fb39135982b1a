"""The peaks of devices are kept from one session to the next."""

from pathlib import Path

import msgspec
import pytest
from fake_engine import FACTS

from jaxtour.engine.peaks import keep, kept
from jaxtour.engine.wire.messages import Device, Peak

GPU = (Device(id=0, platform="gpu", kind="NVIDIA H200"), *FACTS.devices)
WITH_GPU = msgspec.structs.replace(FACTS, devices=GPU, platforms=("gpu", "cpu"))


def peak(platform: str, speed: float = 1e11, **rest: object) -> Peak:
    return Peak(run=0, platform=platform, kind=platform, flops_per_s=speed, bytes_per_s=1e10, **rest)


def test_what_was_kept_is_there_for_the_same_devices_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "peaks.json"
    assert kept(FACTS, path) == ()
    keep(WITH_GPU, [msgspec.structs.replace(peak("gpu"), run=7), peak("cpu")], path)
    assert kept(FACTS, path) == (peak("cpu"),)
    assert set(kept(WITH_GPU, path)) == {peak("gpu"), peak("cpu")}
    other = msgspec.structs.replace(FACTS, host=msgspec.structs.replace(FACTS.host, cores=64))
    assert kept(other, path) == (), "a home may be on machines of many kinds"


def test_what_is_measured_anew_replaces_that_of_its_device(tmp_path: Path) -> None:
    path = tmp_path / "peaks.json"
    keep(WITH_GPU, [peak("gpu"), peak("gpu", dtype="bfloat16"), peak("cpu")], path)
    keep(FACTS, [peak("cpu", 2e11)], path)
    assert set(kept(WITH_GPU, path)) == {peak("gpu"), peak("gpu", dtype="bfloat16"), peak("cpu", 2e11)}
    assert [each.name for each in tmp_path.iterdir()] == ["peaks.json"]


def test_what_could_not_be_measured_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "peaks.json"
    keep(FACTS, [peak("cpu")], path)
    keep(FACTS, [peak("cpu", 0.0, error="out of memory")], path)
    assert kept(FACTS, path) == (peak("cpu"),)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 2}', b'{"devices": 3}', b"\xff\xfe"])
def test_a_file_that_makes_no_sense_is_no_peak(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "peaks.json"
    path.write_bytes(content)
    assert kept(FACTS, path) == ()
    keep(FACTS, [peak("cpu")], path)
    assert kept(FACTS, path) == (peak("cpu"),)


def test_where_nothing_can_be_written_the_caller_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        keep(FACTS, [peak("cpu")], tmp_path / "file" / "peaks.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        keep(FACTS, [peak("cpu")], tmp_path / "folder")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"], "nothing is left behind"
