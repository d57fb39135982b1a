"""Lessons kept in the cache are the same as read, and never those of another file or another reader."""

import os
import sys
from pathlib import Path

import pytest

from jaxtour import paths
from jaxtour.course import kept, loader
from jaxtour.course.catalogue import bundled

TEXT = """\
format: 1
id: small
title: Small
summary: One step.
minutes: 1
steps:
  - {id: one, title: One, text: Read., code: '1 + 1', expect: {value: [[1, 2], [3]]}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "01-small.yaml"
    path.write_text(TEXT)
    return path


def cached(path: Path) -> Path:
    return paths.cache_dir() / "lessons" / f"{path.stem}.msgpack"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are parsed."""
    parsed: list[str] = []
    real = loader.loads

    def loads(data: bytes, name: str):
        parsed.append(name)
        return real(data, name)

    monkeypatch.setattr(loader, "loads", loads)
    return parsed


def test_every_lesson_of_the_course_comes_back_as_it_was_read(reads):
    entries = bundled().entries
    fresh = [entry.lesson() for entry in entries]
    assert len(reads) == len(entries)
    again = [entry.lesson() for entry in bundled().entries]
    assert again == fresh and len(reads) == len(entries)


def test_a_value_of_nested_lists_keeps_its_type(file, reads):
    first, again = kept.load(file), kept.load(file)
    assert len(reads) == 1
    assert again == first and again.steps[0].expect.value == (("1", "2"), ("3",))


def test_a_changed_file_is_read_again_even_with_the_same_size_and_time(file, reads):
    kept.load(file)
    before = file.stat()
    file.write_text(TEXT.replace("Read.", "Look."))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept.load(file).steps[0].text == "Look."
    assert len(reads) == 2


@pytest.mark.parametrize("part", ["__version__", "sys"])
def test_another_reader_reads_again(part, file, reads, monkeypatch):
    kept.load(file)
    if part == "sys":
        monkeypatch.setattr(sys, "version", "4.0")
    else:
        monkeypatch.setattr(kept, part, "0.0.0")
    kept.load(file)
    assert len(reads) == 2


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda _: b"", lambda data: b"\0" * len(data)])
def test_a_damaged_record_is_replaced(damage, file, reads):
    whole = kept.load(file)
    record = cached(file)
    record.write_bytes(damage(record.read_bytes()))
    assert kept.load(file) == whole and kept.load(file) == whole
    assert len(reads) == 2


def test_a_lesson_with_a_fault_is_not_kept(file, reads):
    file.write_text(TEXT.replace("minutes: 1", "minutes: none"))
    assert kept.load(file).problems and kept.load(file).problems
    assert len(reads) == 2 and not cached(file).exists()


def test_a_cache_that_cannot_be_written_is_no_fault(file):
    paths.cache_dir().parent.mkdir(parents=True, exist_ok=True)
    paths.cache_dir().write_text("a file is in the way")
    assert kept.load(file).steps[0].id == "one"


def test_a_file_that_is_gone_says_so(file):
    file.unlink()
    with pytest.raises(loader.CourseError, match="cannot be read: No such file"):
        kept.load(file)


def test_nobody_else_may_write_where_a_guard_keeps_its_files(file):
    before = os.umask(0)
    try:
        kept.load(file)
    finally:
        os.umask(before)
    assert paths.cache_dir().stat().st_mode & 0o077 == 0
