"""The course, its script and its machine with a hostile character in place of every vowel."""

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from fake_engine import PEAKS, Hold, Script
from small_course import HIDDEN, SCRIPT, STATE, VMAP, timing
from test_devices_panel import EIGHT, TPUS, rows_of
from timed_course import ROOFS, SPREAD

from jaxtour.course.model import Ask, Broken, Lesson, Problem, Requires, Step
from jaxtour.engine.wire.messages import (
    Checked,
    Died,
    Done,
    Executed,
    Facts,
    Failure,
    Finding,
    Leaf,
    Level,
    Peak,
    Result,
    Retrace,
    Stage,
    State,
    Text,
    Timing,
    Trace,
    TracebackFrame,
    Value,
    Verdict,
    Warned,
)
from jaxtour.engine.wire.timings import Difference
from jaxtour.text import Raw, clean, harmless

VOWELS = {"a": "\x1b", "e": "\x9b", "i": "\u202e", "o": "\u2066", "u": "\x07"}
"""Each replaces one character, so that what was equal still is, and columns and keys still fit."""
T = TypeVar("T")


def poisoned(value: T, hint: Any = None) -> T:
    """Return the value with every text in it poisoned, except words that the code knows."""
    if isinstance(value, str):
        return value if _closed(hint) else value.translate(str.maketrans(VOWELS))
    if isinstance(value, Raw):
        return Raw(poisoned(value.text))
    if isinstance(value, msgspec.Struct):
        hints = _hints(type(value))
        return msgspec.structs.replace(
            value,
            **{name: poisoned(getattr(value, name), hints[name]) for name in value.__struct_fields__},
        )
    if is_dataclass(value) and not isinstance(value, type):
        hints = _hints(type(value))
        return replace(value, **{f.name: poisoned(getattr(value, f.name), hints[f.name]) for f in fields(value)})
    if isinstance(value, dict):
        return {poisoned(key): poisoned(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(poisoned(each) for each in value)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _closed(hint: Any) -> bool:
    """Return whether the type lists all its words."""
    return get_origin(hint) is Literal or any(_closed(part) for part in get_args(hint))


_STAGES = [event for event in SCRIPT["vmap/many"] if isinstance(event, Stage) and event.stage == "jaxpr"]
_LADDER = [
    Level(run=0, index=0, label="predict"),
    *(msgspec.structs.replace(_STAGES[0], level=True, index=index) for index in (0, 1)),
    Level(run=0, index=1, label="vmap(predict)", transform="vmap"),
    Level(run=0, index=2, label="jit(predict)", transform="jit", error="a level that failed"),
]
_TIMED = (
    msgspec.structs.replace(
        SPREAD[0],
        platform="tpu",
        simulated=True,
        cost_notes=("a note on the cost",),
        verdicts=(Verdict(code="unheard-of", message="a verdict on it"),),
        differs=(Difference(against="a Python loop", shapes="float32[2] and float32[3]"),),
    ),
    msgspec.structs.replace(SPREAD[1], cost_notes=("another note",), differs=(Difference(against="other", ulp=3.0),)),
    timing(1, "vmap", "predict_many(w, X)", 2.18e-4, 4.12e-2, size=100),
    timing(1, "vmap", "predict_many(w, X)", 3.18e-4, 4.12e-2, size=1000),
    timing(3, "failing", "fast(w, X)", 0.0, 0.0, error="it failed so and so"),
)
_EVENTS: dict[str, list[Any]] = {
    **SCRIPT,
    **ROOFS,
    "vmap/many": [
        *(event for event in SCRIPT["vmap/many"] if not isinstance(event, Timing | Done | Hold)),
        Text(run=0, stream="stderr", text="an error output\r\ntwo\n"),
        Text(run=0, stream="stdout", text="an output while tracing\n", tracing=True),
        Retrace(run=0, function="predict", count=2, reason="another shape of argument", line=3),
        Trace(run=0, index=2, label="untraced", call="untraced(x)", error="no jaxpr of that"),
        *_TIMED,
        *_LADDER,
        Text(run=0, stream="stdout", text="too late\n", background=True),
        Done(run=0, status="ok", seconds=2.4, dirty=True),
    ],
    "vmap/choose": [
        Result(
            run=0,
            value=Value(
                type="dict",
                text="{'a': ...}",
                length=9,
                dtype="float32",
                sharding="NamedSharding(mesh)",
                devices=tuple(f"cpu:{number}" for number in range(8)),
                mesh=(("batch", 4), ("model", 2)),
                spec=(("batch",), ("model",)),
                tree=("['weights']  float32[8,3]",),
                leaves=(
                    Leaf(path="['weights']", value=rows_of(8)),
                    Leaf(
                        path="['bias']",
                        value=msgspec.structs.replace(rows_of(8), mesh=(("batch", 8),), spec=(("batch",), ())),
                    ),
                ),
            ),
        ),
        Executed(run=0, status="ok", seconds=0.001),
        Trace(
            run=0, index=0, label="raising", call="raising(x)", error="TypeError while tracing",
            raised=Failure(
                run=0, type="odd.TypeError", bases=("odd",), message="raised inside\nand more", line=1, column=1,
                frames=(TracebackFrame(file="vmap/choose", line=1, function="a function", text="raising(x)"),
                        TracebackFrame(file="/usr/lib/outside.py", line=1, function="outer", text="raise odd")),
            ),
        ),
    ],
    "vmap/forever": [
        Result(run=0, value=msgspec.structs.replace(rows_of(8), mesh=(("batch", 8),), spec=(("batch",), ()),
                                                    sharding="NamedSharding(batch)", text="[1. 2.]")),
        Executed(run=0, status="ok", seconds=0.1),
        Done(run=0, status="timeout", reason="a reason for it"),
    ],
    PEAKS: [
        *ROOFS[PEAKS],
        Peak(run=0, platform="tpu", kind="TPU v4", flops_per_s=0, bytes_per_s=0, error="a peak that failed"),
    ],
}  # fmt: skip
_NAMED = Broken(
    id="bad",
    title="A step with a mistake",
    error=Problem(file="a-file.yaml", line=88, column=5, message="unknown key `titel`: did you mean `title`?"),
)
_MORE = (
    Step(
        id="open",
        title="An open question",
        text="# A heading\n\n- an *item* of `code` and [a link](http://example.org)\n\n> quoted\n\n"
        "```python\nx = an_item\n```\n\n    indented code\n\n| a | e |\n| - | - |\n| i | o |\n\n<b>a tag</b>\n",
        code="X.shape",
        ask=Ask(question="What is it?", value="X.shape", hint="a hint for it"),
    ),
    Step(id="away", title="Elsewhere", text="No GPU.", code="1", requires=Requires(jax=">=99.aei")),
    Step(id="raising", title="Raises", text="It should.", code="1", raises="ValueError"),
)  # fmt: skip

_LESSONS: tuple[Lesson, ...] = poisoned(
    (
        msgspec.structs.replace(
            VMAP,
            steps=(*VMAP.steps[:-1], *_MORE, _NAMED),
            credits="to an author",
            problems=HIDDEN.problems,
        ),
        STATE,
        HIDDEN,
    )
)
LESSONS = tuple(map(harmless, _LESSONS))


def known(name: str) -> str:
    """Return a poisoned name after it is read."""
    return clean(poisoned(name), keep_newlines=False)


EVENTS: Script = {name if name == PEAKS else known(name): poisoned(events) for name, events in _EVENTS.items()}
FACTS: tuple[Facts, ...] = poisoned(
    (
        msgspec.structs.replace(
            TPUS,
            driver="a driver",
            flags={"XLA_FLAGS": "--an option"},
            findings=(Finding(code="tpu busy", message="another process holds it", remedy="end it"),),
        ),
        EIGHT,
    )
)
LATER = poisoned(
    (
        Warned(run=0, category="a.Category", message="a warning\nof lines", line=1),
        Checked(run=0, passed=False, message="not right"),
        Died(signal="SIGSEGV", reason="a reason to die", stderr="its last words"),
        State(state="dead", detail="why it is dead", code="tpu busy"),
    )
)
