"""What devices can do at most, from one sitting to the next."""

from pathlib import Path

import msgspec
import pytest
from fake_engine import FACTS

from jaxtour.engine.ceilings import keep, kept
from jaxtour.engine.messages import Ceiling, Device

GPU = (Device(id=0, platform="gpu", kind="NVIDIA H200"), *FACTS.devices)
WITH_GPU = msgspec.structs.replace(FACTS, devices=GPU, platforms=("gpu", "cpu"))


def ceiling(platform: str, speed: float = 1e11, **rest: object) -> Ceiling:
    return Ceiling(run=0, platform=platform, kind=platform, flops_per_s=speed, bytes_per_s=1e10, **rest)  # type: ignore[arg-type]


def test_what_was_kept_is_there_for_the_same_devices_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ceilings.json"
    assert kept(FACTS, path) == ()
    keep(WITH_GPU, [msgspec.structs.replace(ceiling("gpu"), run=7), ceiling("cpu")], path)
    assert kept(FACTS, path) == (ceiling("cpu"),)
    assert set(kept(WITH_GPU, path)) == {ceiling("gpu"), ceiling("cpu")}
    other = msgspec.structs.replace(FACTS, host=msgspec.structs.replace(FACTS.host, cores=64))
    assert kept(other, path) == (), "a home may be on machines of many kinds"


def test_what_is_measured_anew_replaces_that_of_its_device(tmp_path: Path) -> None:
    path = tmp_path / "ceilings.json"
    keep(WITH_GPU, [ceiling("gpu"), ceiling("gpu", dtype="bfloat16"), ceiling("cpu")], path)
    keep(FACTS, [ceiling("cpu", 2e11)], path)
    assert set(kept(WITH_GPU, path)) == {ceiling("gpu"), ceiling("gpu", dtype="bfloat16"), ceiling("cpu", 2e11)}
    assert [each.name for each in tmp_path.iterdir()] == ["ceilings.json"]


def test_what_could_not_be_measured_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "ceilings.json"
    keep(FACTS, [ceiling("cpu")], path)
    keep(FACTS, [ceiling("cpu", 0.0, error="out of memory")], path)
    assert kept(FACTS, path) == (ceiling("cpu"),)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 2}', b'{"devices": 3}', b"\xff\xfe"])
def test_a_file_that_makes_no_sense_is_no_ceiling(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ceilings.json"
    path.write_bytes(content)
    assert kept(FACTS, path) == ()
    keep(FACTS, [ceiling("cpu")], path)
    assert kept(FACTS, path) == (ceiling("cpu"),)


def test_where_nothing_can_be_written_the_caller_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        keep(FACTS, [ceiling("cpu")], tmp_path / "file" / "ceilings.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        keep(FACTS, [ceiling("cpu")], tmp_path / "folder")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"], "nothing is left behind"
