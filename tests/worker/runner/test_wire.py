"""Every frame of real runs decodes as `engine/wire/messages.py` defines it, without unknown fields."""

import collections

import msgspec
import pytest
from runner_client import RunnerClient

from jaxtour.engine.stage import assembled
from jaxtour.engine.wire import commands, messages

SETUP = """
import jax, jax.numpy as jnp, numpy as np, warnings
def f(x):
    return jnp.tanh(x) * 2
g = jax.jit(f)
mesh = jax.make_mesh((2,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
spread = jax.device_put(jnp.arange(4.0), jax.NamedSharding(mesh, jax.P("x")))
"""
EVERY = [{"index": 0, "stage": stage} for stage in ("stablehlo", "hlo", "values")]
STEPS = [
    {"code": "g(1.0)", "hlo": True, "ask": "equations of g(1.0)", "checks": [{"python": "pass"}]},
    {"code": "spread", "traces": ["g(spread)", "missing(1)"], "hlo": True},
    {"code": "jax.device_put(jax.random.split(jax.random.key(0), 4), jax.NamedSharding(mesh, jax.P('x')))"},
    {"code": "warnings.warn('own')\n{'a': spread, 'b': [np.ones(3), 3]}"},
    {"code": "def h(x):\n    return f(x) if x > 0 else x\njax.jit(h)(1.0)"},
    {"code": "x = = 3"},
    {"code": "raise ExceptionGroup('many', [ValueError('\\ud800'), TypeError('b')])"},
    {"code": "jax.random.key(0)", "replay": [{"name": "l/r", "setup": "r = 1", "code": "r + 1", "traces": None}]},
    {"code": "f", "checks": [{"python": "assert False, 'no'"}]},
    {"code": "def h(x):\n    return f(x)\nh(1.0)", "solution": "h = f",
     "checks": [{"value": "h(x)", "given": [{"x": "1.0"}]}, {"jaxpr": "h(1.0)", "lacks": ["tanh"], "say": "no"},
                {"leaks": "h"}]},
    {"code": "jax.make_jaxpr(f)(1.0)"},
    {"cell": {"name": "book/cell-1", "code": "from matplotlib import pyplot\npyplot.figure()",
              "notebook": {"number": 1, "folder": "/"}}},
    {"code": "np.float32(1.5)"},
    {"code": "'\\x1b[31m\\ud800 text'"},
    {"code": "jnp.zeros((5000, 5000))"},
    {
        "code": "g(1.0)",
        "time": [
            {"label": "each", "call": "g(spread)", "baseline": True},
            {"label": "one", "call": "g(np.ones(3))", "on": "one"},
            {"label": "host", "call": "np.ones(3)", "on": "host"},
            {"label": "wrong", "call": "missing(1)"},
            {"label": "sized", "call": "g(np.ones(n))", "sizes": [2, 3]},
            {"label": "sent", "call": "jax.device_put(np.ones(3))", "on": "one"},
        ],
        "patience": 0.1,
    },
    {"cell": None, "peaks": True},
    {"code": "g(1.0)", "profile": {"index": 0}, "patience": 0.1},
    {"code": "g(2.0)", "keep": True},
    {"cell": None, "probe": {"name": "lesson/step", "code": "g(2.0)"}, "ask": "1", "hlo": True},
    {"cell": None, "replay": [{"name": "l/r", "code": "r = 2"}]},
    {"cell": None, "complete": "jnp.arr"},
    {"code": "jax.grad(f)(2.0)", "requests": EVERY, "ladder": "jax.jit(jax.grad(f))(2.0)"},
    {"cell": None, "probe": {"name": "lesson/step", "code": "jax.grad(f)(2.0)"}, "requests": EVERY},
    {"cell": None, "replay": [{"name": "l/s", "code": "g(4.0)"}], "probe": {"name": "l/s", "code": "g(4.0)"},
     "requests": EVERY},
    {"code": "g(1.0)", "requests": [{"index": 7, "stage": "hlo"}], "ladder": "missing(1)"},
]  # fmt: skip


def unknown(raw, decoded, path=""):
    """Yield paths of the fields that the decoded message does not have."""
    if isinstance(decoded, msgspec.Struct) and isinstance(raw, list):
        if len(raw) > len(decoded.__struct_fields__):
            yield path
    elif isinstance(decoded, msgspec.Struct):
        tag = type(decoded).__struct_config__.tag_field
        for key, value in raw.items():
            if key in decoded.__struct_fields__:
                yield from unknown(value, getattr(decoded, key), f"{path}.{key}")
            elif key != tag:
                yield f"{path}.{key}"
    elif isinstance(decoded, (tuple, list)):
        for number, (one, other) in enumerate(zip(raw, decoded, strict=True)):
            yield from unknown(one, other, f"{path}[{number}]")


@pytest.fixture(scope="module")
def frames():
    client = RunnerClient(JAX_NUM_CPU_DEVICES="2")
    seen = client.until("state", state="ready")
    client.run(SETUP)
    for step in STEPS:
        ran = client.run(**step)
        seen += ran.events
    assert client.close() == 0
    return seen


def test_every_frame_decodes_and_no_field_is_unknown(frames):
    for frame in frames:
        text = msgspec.json.encode(frame)
        event = msgspec.json.decode(text, type=messages.Event)
        assert list(unknown(frame, event, frame["event"])) == []


def test_every_event_that_a_runner_can_say_was_said(frames):
    said = {frame["event"] for frame in frames}
    runners = {"state", "facts", "progress", "result", "error", "warning", "figure", "executed", "trace", "arguments",
               "stage", "names",
               "level", "hlo", "timing", "profile", "retrace", "peak", "answer", "checked", "done"}  # fmt: skip
    assert said == runners


def test_every_done_belongs_to_its_run(frames):
    numbers = [frame["run"] for frame in frames if frame["event"] == "done"]
    assert numbers == list(range(2, len(STEPS) + 2))
    dirty = [frame["dirty"] for frame in frames if frame["event"] == "done"]
    asked = [
        bool({"hlo", "ask", "checks", "time", "requests", "ladder", "peaks", "profile"} & set(step)) for step in STEPS
    ]
    assert dirty == asked


def test_unknown_fields_of_a_command_are_ignored():
    command = msgspec.to_builtins(commands.Run(run=1, cell=commands.Cell(name="a/b", code="1")))
    assert {"verb", "run", "cell", "replay", "time", "hlo", "ask", "checks"} <= set(command)


def test_the_stages_that_were_looked_at_came_whole(frames):
    stages = {}
    for frame in frames:
        if frame["event"] == "stage" and not frame.get("level"):
            event = msgspec.convert(frame, messages.Stage)
            key = event.run, event.index, event.stage
            stages[key] = assembled(stages.get(key), event)
    looked_at = [
        (run, 0, stage) for run in range(len(STEPS) - 2, len(STEPS) + 1) for stage in ("stablehlo", "hlo", "values")
    ]
    for key in [(len(STEPS) - 2, 0, "jaxpr"), *looked_at]:
        found = stages[key]
        assert found.complete and found.error is None and len(found.texts) > 1, key
        assert any(origin.spans for origin in found.origins), key
    missing = stages[len(STEPS) + 1, 7, "hlo"]
    assert missing.error and "\n" not in missing.error


def test_every_line_of_a_stage_has_an_origin_in_the_parts_until_then(frames):
    known = collections.Counter()
    for frame in frames:
        if frame["event"] == "stage" and not frame.get("error"):
            key = frame["run"], frame["index"], frame["stage"], frame.get("level", False)
            known[key] += len(frame["origins"])
            count = frame["text"].count("\n") + 1
            assert len(frame["lines"]) == count and max(frame["lines"]) < known[key]
            assert not frame.get("names") or frame["names"].count("\n") + 1 == count
    assert len(known) > len(STEPS) // 2
