"""Everything that msgspec refuses has its own place and reason; everything it accepts has none."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.course.loader import convert, plain
from jaxtour.course.model import LessonFile, Step
from jaxtour.course.reader import FaultError, Mapping, Node, Scalar, Sequence

STEP = {
    "id": "one",
    "title": "One",
    "text": "Read.",
    "code": "f(1)",
    "trace": ["f(1)", {"call": "f(2)", "label": "two"}],
    "time": [{"call": "f(1)", "on": "one", "baseline": "true", "sizes": ["1", "2"]}],
    "expect": {"shape": ["3"], "primitives": {"has": ["sin"]}, "equations": {"two": "3"}, "value": ["1"]},
    "ask": {"question": "Why?", "choices": ["a", "b"], "answer": "1"},
    "requires": {"devices": "2", "platform": "cpu"},
    "timeout": "3.5",
}
LESSON = {"format": "1", "id": "l", "title": "L", "summary": "S", "minutes": "3", "steps": [STEP]}
VALUES = st.recursive(
    st.sampled_from(["a", "1", "0", "-1", "1.5", "true", "one", "cpu", "x y", "A-", "a\nb", "a" * 300, "1e400", "nan"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["has", "call", "id", "no"]), inner),
    max_leaves=4,
)


def node(value: Any, line: int = 1) -> Node:
    """Return the value as the reader's nodes."""
    if isinstance(value, dict):
        entries = {key: (Scalar(key, line, 1), node(each, line + 1)) for key, each in value.items()}
        return Mapping(line, 1, entries=entries)
    if isinstance(value, list):
        return Sequence(line, 1, items=[node(each, line + 1) for each in value])
    return Scalar(value, line, 3)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every path into a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in inner for found in places(each, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return the value with another one at a path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def test_what_the_changes_start_from_is_right() -> None:
    assert isinstance(convert(node(LESSON), LessonFile), LessonFile)


@given(path=st.sampled_from(places(LESSON)), new=VALUES)
def test_what_msgspec_refuses_has_a_reason_of_its_own(path: tuple[Any, ...], new: Any) -> None:
    lesson = node(changed(LESSON, path, new))
    try:
        msgspec.convert(plain(lesson), LessonFile, strict=False)
    except msgspec.ValidationError:
        with pytest.raises(FaultError) as error:
            convert(lesson, LessonFile)
        assert "something else" not in error.value.message, error.value.message
        assert error.value.place[0] >= 1
    else:
        convert(lesson, LessonFile)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Not"}, "`id` must be small letters, digits and hyphens"),
        ({"title": "two\nlines"}, "`title` must be one line of text"),
        ({"title": "t" * 300}, "`title` must be at most 200 characters long"),
        ({"timeout": "0"}, "`timeout` must be more than 0, not `0`"),
        ({"requires": {"devices": "65"}}, "`requires.devices` must be at most 64, not `65`"),
        ({"time": [{"call": "f", "sizes": ["1", "x"]}]}, "`time[0].sizes[1]` must be a whole number, not `x`"),
        ({"expect": {"equations": {"a": "-1"}}}, "`expect.equations.a` must be at least 0, not `-1`"),
        ({"time": [{"on": "one"}]}, "`call` is missing in `time[0]`"),
        ({"show": "lessons"}, "`show` cannot be `lessons`: did you mean `lesson`?"),
        ({"code": ["a"]}, "`code` must be text, not a list: use |"),
        ({"trace": {"call": "f"}}, "`trace` must be text or a list, not a mapping: begin each entry with `- `"),
        ({"time": "f(1, 2)"}, "`time` must be a list, not `f(1, 2)`: begin each entry with `- `"),
        ({"expect": {"shape": "3"}}, "`expect.shape` must be a list, not `3`: write `[3]`"),
        ({"expect": {"hlo": "sine"}}, "`expect.hlo` must be a mapping, not `sine`: its keys are has, lacks"),
        ({"expect": {"hlo": ["sine"]}}, "`expect.hlo` must be a mapping, not a list: its keys are has, lacks"),
        ({"expect": {"equations": "3"}}, "`expect.equations` must be a mapping, not `3`: write `name: value`"),
        ({"timeout": ["3"]}, "`timeout` must be a number, not a list"),
    ],
)
def test_the_reason_names_the_key_and_what_belongs_there(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FaultError) as error:
        convert(node(STEP | change), Step)
    assert error.value.message == message
