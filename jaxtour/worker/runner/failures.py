"""Describes an exception: class names, a message without boilerplate, and the learner's frames."""

import re
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import jax

from ..syntax import place
from .learners import LESSON_FILE, characters, source_line, wire_file
from .writer import Event

T = TypeVar("T")

_FILTERING = re.compile(r"^-{10,}\n?|(For simplicity, JAX has removed|The stack trace below excludes JAX).*", re.M)
MESSAGE_CAP = 64 * 1024
"""The most characters of an error's message."""
REMEDIES = {
    "jax_num_cpu_devices config should be updated before backends are initialized": (
        "jaxtour opens the devices before it runs the code, and finds their number only if the call contains it: "
        'write the number in the call, as in jax.config.update("jax_num_cpu_devices", 8), or start with --devices 8'
    ),
    "initialize() must be called before any JAX calls": (
        "jaxtour opens the devices before it runs the code: call this in a separate process, "
        "as in subprocess.run([sys.executable, ...])"
    ),
    "No module named 'IPython'": "install ipython in the Python that runs the steps: jaxtour does not include it",
}
"""Remedies for errors due to the way jaxtour runs code, by a part of the message; JAX's are in `_src/xla_bridge.py`."""
_CAUSE_CAP = 5
_FRAME_CAP = 30
_INNER_CAP = 100
_INNER_FRAMES = 10
"""How many exceptions of a group come with their frames."""
_INNER_TEXT = 4000
_NAME_CAP = 200
_OF_CLASS = type.__getattribute__
_TEXT_CAP = 1000


def attempt(function: Callable[..., T], *args: Any) -> tuple[T | None, BaseException | None]:
    """Call the function; returns its result, or its exception, SystemExit included; KeyboardInterrupt propagates."""
    try:
        return function(*args), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return None, error


def failure(error: BaseException, own: str) -> Event:
    """Return the `error` event without its run; only frames of the step or file `own` set the event's line."""
    frames = lesson_frames(error.__traceback__)
    if isinstance(error, SyntaxError) and (broken := _syntax_place(error)):
        frames.append(broken)
    event: Event = {
        "event": "error",
        "type": class_name(error),
        "bases": bases(type(error)),
        "message": message(error),
        "frames": _capped(frames),
    }
    if isinstance(error, BaseExceptionGroup):
        event["inner"] = _inside(error)
    for frame in reversed(frames):
        if frame["file"] == own and not frame["setup"]:
            event.update({key: frame[key] for key in ("line", "column", "end_column")})
            break
    return event


def bases(kind: type[BaseException]) -> list[str]:
    """Return the names of the classes in the MRO, plain and qualified."""
    names: list[str] = []
    for cls in type.mro(kind)[:-1]:
        name, module = (str(_OF_CLASS(cls, each)) for each in ("__name__", "__module__"))
        names.append(name)
        if module != "builtins":
            names.append(f"{module}.{_OF_CLASS(cls, '__qualname__')}")
        if getattr(jax.errors, name, None) is cls:
            names.append(f"jax.errors.{name}")
    return list(dict.fromkeys(names))


def message(error: BaseException) -> str:
    """Return an exception's text with its notes and causes, without JAX's note about traceback filtering."""
    if isinstance(error, SyntaxError):
        return str(error.msg or class_name(error))
    said = _string(error)
    parts = [said, *_notes(error), *_causes(error), *(remedy for text, remedy in REMEDIES.items() if text in said)]
    text = "\n".join(part for part in parts if part).strip()
    return text if len(text) <= MESSAGE_CAP else text[:MESSAGE_CAP] + "…"


def one_line(error: BaseException) -> str:
    """Return an exception in one line: `TypeError: the first line of the message`."""
    name, first = (
        class_name(error),
        (error.msg if isinstance(error, SyntaxError) else _string(error)).partition("\n")[0],
    )
    return f"{name}: {first}" if first else name


def class_name(value: Any) -> str:
    """Return the name of a value's class, whatever its metaclass says; cut where it is very long."""
    return str(_OF_CLASS(type(value), "__name__"))[:_NAME_CAP]


def _string(error: BaseException) -> str:
    try:
        return _FILTERING.sub("", str(error)).strip()
    except KeyboardInterrupt:
        raise
    except BaseException as inner:
        return f"(its text raised {class_name(inner)})"


def _notes(error: BaseException) -> list[str]:
    notes, _ = attempt(getattr, error, "__notes__", None)
    if not isinstance(notes, (list, tuple)):
        return []
    return [_FILTERING.sub("", note).strip() for note in notes if isinstance(note, str)]


def _causes(error: BaseException) -> list[str]:
    """Return what it was raised from, by `raise … from …`, without the exceptions in which JAX keeps its frames."""
    said: list[str] = []
    cause, _ = attempt(getattr, error, "__cause__", None)
    while isinstance(cause, BaseException) and len(said) < _CAUSE_CAP:
        if not str(_OF_CLASS(type(cause), "__module__")).startswith("jax."):
            said.append(f"raised from {one_line(cause)}")
        cause, _ = attempt(getattr, cause, "__cause__", None)
    return said


def _inside(group: BaseExceptionGroup[BaseException]) -> list[dict[str, Any]]:
    """Return the exceptions of a group and of the groups in it, in order; the first ones with their frames."""
    inner: list[dict[str, Any]] = []
    left: list[BaseException] = [*reversed(group.exceptions)]
    while left and len(inner) < _INNER_CAP:
        error = left.pop()
        if isinstance(error, BaseExceptionGroup):
            left += reversed(error.exceptions)
            continue
        frames = _capped(lesson_frames(error.__traceback__)) if len(inner) < _INNER_FRAMES else []
        inner.append({"type": class_name(error), "message": message(error)[:_INNER_TEXT], "frames": frames})
    return inner


def _capped(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return frames if len(frames) <= 2 * _FRAME_CAP else frames[:_FRAME_CAP] + frames[-_FRAME_CAP:]


def lesson_frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    """Return the frames in the learner's code, outermost first."""
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if wire_file(code.co_filename):
            positions = list(code.co_positions())[trace.tb_lasti // 2] if trace.tb_lasti >= 0 else (None,) * 4
            frames.append(_frame(code.co_filename, trace.tb_lineno, positions, code.co_qualname))
        trace = trace.tb_next
    return frames


def _place(file: str) -> dict[str, Any]:
    """Return the wire's fields for a learner's file."""
    lesson = LESSON_FILE.match(file)
    setup = lesson is not None and lesson["part"] == "setup"
    return {"file": lesson["name"] if lesson and setup else wire_file(file), "setup": setup}


def _frame(file: str, line: int, positions: tuple[int | None, ...], function: str) -> dict[str, Any]:
    text = source_line(file, line)
    _, end_line, start, end = positions
    column, end_column = 0, 0
    if start is not None and end is not None:
        column = characters(text, start) + 1
        end_column = (characters(text, end) if end_line == line else len(text)) + 1
    return {
        **_place(file),
        "line": line,
        "column": column,
        "end_column": end_column,
        "function": "" if function == "<module>" else function,
        "text": text[:_TEXT_CAP],
    }


def _syntax_place(error: SyntaxError) -> dict[str, Any] | None:
    file = error.filename or ""
    if not wire_file(file) or error.lineno is None:
        return None
    return {**_place(file), **place(error)}
