"""All text that comes from elsewhere is made harmless where it is decoded, as the types of its fields say."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jaxtour
from jaxtour.course.loader import loads
from jaxtour.course.model import CourseError, Lesson, Problem
from jaxtour.engine.guards.client import decode
from jaxtour.engine.session import EngineError
from jaxtour.engine.wire.messages import Executed, Joining, Log, Origin, Pong, Span, Stage, WireEvent
from jaxtour.text import KEY, UNCLEAN, Raw, harmless, one_line, plain_value

HOSTILE = "x\x1b[2J\x9b\u202e\r\n\tæ\x7fy"
KINDS = get_args(WireEvent)
ROUNDS = 3
"""As many as the members of the largest union in the model, so that each is built."""


def built(hint: Any, round_: int, depth: int = 0) -> Any:
    """Return a value of the type, with hostile text wherever there may be text."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is str:
        return HOSTILE
    if origin is Annotated:
        return built(args[0], round_, depth)
    if origin is Literal:
        return args[0]
    if origin in (Union, UnionType):
        parts = [part for part in args if part is not type(None)]
        return built(parts[round_ % len(parts)], round_, depth)
    if origin is tuple:
        if Ellipsis in args:
            return (built(args[0], round_, depth + 1),) if depth < 6 else ()
        return tuple(built(part, round_, depth) for part in args)
    if origin is dict:
        return {built(args[0], round_, depth): built(args[1], round_, depth)}
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        hints = get_type_hints(hint, include_extras=True)
        return hint(**{name: built(hints[name], round_, depth + 1) for name in hint.__struct_fields__})
    return {int: 1, float: 1.0, bool: True, Any: None}[hint]


def texts(value: Any, hint: Any = None, mark: str = "line", place: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield every text in a value except raw ones: where it is, whether it may have lines, and the text."""
    if get_origin(hint) is Annotated:
        marks = (part.extra[KEY] for part in get_args(hint)[1:] if part.extra and KEY in part.extra)
        mark, hint = next(marks, mark), get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        marked = [part for part in get_args(hint) if get_origin(part) is Annotated and isinstance(value, str)]
        yield from texts(value, marked[0] if marked else None, mark, place)
    elif isinstance(value, str):
        yield place, mark, value
    elif isinstance(value, msgspec.Struct):
        hints = get_type_hints(type(value), include_extras=True)
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name), hints[name], "line", f"{place}.{name}")
    elif isinstance(value, tuple):
        part = get_args(hint)[0] if get_args(hint) else None
        for each in value:
            yield from texts(each, part, mark, f"{place}[]")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts(key, None, "line", f"{place}.keys")
            yield from texts(each, None, "line", f"{place}.values")


def raws(value: Any) -> Iterator[Raw]:
    """Yield every raw text in a value."""
    if isinstance(value, Raw):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from raws(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from raws(each)


def unclean(value: Any) -> list[str]:
    """Return where a value's texts are not what their types promise."""
    return [
        place
        for place, mark, text in texts(value)
        if UNCLEAN.search(text) or ("\n" in text and mark == "line") or (mark == "lines" and "␊" in text)
    ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_text_of_an_event_is_harmless_once_it_is_decoded(kind: type[msgspec.Struct]) -> None:
    for round_ in range(ROUNDS):
        event = built(kind, round_)
        assert unclean(event) or kind in (Executed, Joining, Pong), "the test would notice"
        found = decode(msgspec.json.encode(event))
        assert type(found) is kind and unclean(found) == []
        assert all(raw.text == HOSTILE for raw in raws(found))
        assert msgspec.json.encode(harmless(found), enc_hook=plain_value) == msgspec.json.encode(
            found, enc_hook=plain_value
        )


def test_every_text_of_a_lesson_is_harmless() -> None:
    for round_ in range(ROUNDS):
        lesson = built(Lesson, round_)
        assert unclean(lesson), "the test would notice"
        found = harmless(lesson)
        assert unclean(found) == [] and harmless(found) == found
        assert {raw.text for raw in raws(found)} == {HOSTILE}


def test_a_lesson_is_harmless_once_it_is_read() -> None:
    hostile = "x\x1b\x9b\u202e"
    step = {
        "id": "one", "title": hostile, "text": f"{hostile}\n\n{hostile}", "after": hostile, "setup": f"# {hostile}",
        "code": f"f('{hostile}')", "trace": [{"label": hostile, "call": f"f('{hostile}')"}],
        "time": [f"g('{hostile}')"], "expect": {"stdout": hostile, "primitives": {"has": [hostile]}, "warns": hostile},
        "ask": {"question": hostile, "choices": [hostile, "b"], "answer": 1, "hint": hostile},
    }  # fmt: skip
    broken = {"id": "two", "title": hostile, hostile: 1}
    lost = {"id": "three", "title": "t", "text": "t", "code": hostile}
    head = {"format": 1, "id": "own", "title": hostile, "summary": hostile, "minutes": 1, "credits": hostile}
    lesson = loads(json.dumps({**head, hostile: 1, "steps": [step, broken, lost]}).encode(), f"{hostile}.yaml")
    assert [each.step for each in lesson.problems] == [None, "two", "three"] and unclean(lesson) == []
    first = lesson.steps[0]
    assert first.code.text == f"f('{hostile}')" and first.trace[0].call.text == first.code.text
    assert lesson.file.text == f"{hostile}.yaml"
    for problem in lesson.problems:
        assert not UNCLEAN.search(str(problem))


TEXT = st.text(st.sampled_from("ab\n\\\"'\x7f\x1b\té\u202e\r"), max_size=6)
SPAN = st.builds(Span, TEXT, st.just(1), st.just(1), st.just(1), st.just(2), TEXT)
ORIGIN = st.builds(
    Origin, name=TEXT, path=TEXT, spans=st.lists(SPAN, max_size=2).map(tuple), unlinked=st.none() | TEXT,
    transforms=st.lists(TEXT, max_size=2).map(tuple),
)  # fmt: skip


@given(TEXT, TEXT, st.lists(ORIGIN, max_size=2), st.none() | TEXT)
def test_a_stage_whose_bytes_look_harmless_is_so(
    text: str, names: str, origins: list[Origin], error: str | None
) -> None:
    stage = Stage(run=1, index=0, stage="hlo", text=text, names=names, origins=tuple(origins), error=error)
    # As the worker writes it, and as it might be forged.
    for body in (json.dumps(msgspec.to_builtins(stage)).encode("ascii"), msgspec.json.encode(stage)):
        assert decode(body) == harmless(stage)
        assert unclean(decode(body)) == []


def test_what_makes_no_sense_is_told_harmlessly() -> None:
    said = decode(json.dumps({"event": "state", "state": HOSTILE}).encode())
    assert isinstance(said, Log) and unclean(said) == []


def test_errors_are_harmless_when_they_are_made() -> None:
    for error in (CourseError(HOSTILE), EngineError(HOSTILE)):
        assert not UNCLEAN.search(str(error)) and "\n" not in str(error)
    problem = Problem(file=Raw(HOSTILE), line=1, column=1, message=HOSTILE)
    assert not UNCLEAN.search(str(problem)) and "\n" not in str(problem)


def test_raw_text_is_no_text() -> None:
    raw = Raw(HOSTILE)
    assert not isinstance(raw, str) and raw.text == HOSTILE and bool(raw) and not Raw()
    assert f"{raw}" == raw.line == one_line(raw.shown) and not UNCLEAN.search(raw.shown)
    assert raw == Raw(HOSTILE) != HOSTILE and hash(raw) == hash(Raw(HOSTILE)) and HOSTILE not in repr(raw)
    assert json.loads(msgspec.json.encode([raw], enc_hook=plain_value)) == [HOSTILE]
    with pytest.raises(NotImplementedError):
        plain_value(object())


DOORS = {
    "commands/answers.py", "commands/export.py", "commands/page.py",
    "commands/progress.py", "commands/review.py", "commands/state.py", "commands/trust.py", "course/model.py",
    "dispatch.py", "engine/guards/client.py", "engine/guards/connection.py", "engine/proofs.py",
    "engine/compare/verify.py",
    "render/ir/equations.py", "render/takeaway/draft.py", "render/takeaway/markdown.py", "render/takeaway/page.py",
    "render/takeaway/percent.py", "render/text/markdown.py", "render/value.py", "tui/lines/images.py",
    "streams.py", "tui/peaks.py",
    "tui/screens/profile.py", "tui/tour/controllers/answers.py", "tui/tour/controllers/search.py",
    "tui/terminal.py", "tui/tour/screen.py",
}  # fmt: skip
"""Where text comes in that neither a frame nor a lesson brings, or where raw text is made into lines."""


def test_text_is_cleaned_at_the_doors_alone() -> None:
    root = Path(jaxtour.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "jaxtour.text":
                found |= {path.relative_to(root).as_posix() for name in node.names if name.name == "clean"}
    assert found == DOORS


@pytest.mark.conformance
def test_the_type_checker_tells_raw_from_text(tmp_path: Path) -> None:
    (tmp_path / "snippet.py").write_text(
        "from jaxtour.course.model import Step\n"
        "from jaxtour.engine.wire.messages import Text\n"
        "from jaxtour.render.text.layout import Line\n"
        "def shown(step: Step, text: Text) -> Line:\n"
        "    return ((step.code.shown, ''), (step.title, ''))\n"
        "def code(step: Step) -> Line:\n"
        "    return ((step.code, ''),)\n"
        "def output(text: Text) -> Line:\n"
        "    return ((text.text, ''),)\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(tmp_path / "snippet.py")]
    root = Path(jaxtour.__file__).parent.parent
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, timeout=150).stdout
    assert [line.split(":")[1] for line in told.splitlines() if "error" in line and "snippet" in line] == ["7", "9"]
