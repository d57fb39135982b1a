"""A small course, with a script for its worker."""

import msgspec
from fake_engine import Hold, Script

from jaxtour.course.model import Ask, Broken, Exercise, Lesson, Problem, Step, TimeSpec
from jaxtour.engine.wire.memory import Block, Memory
from jaxtour.engine.wire.messages import (
    Answer,
    Checked,
    Cost,
    Died,
    Done,
    Event,
    Executed,
    Failure,
    Origin,
    Result,
    Span,
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
from jaxtour.text import Raw, harmless

SETUP = """\
import jax, jax.numpy as jnp
w = jnp.array([0.3, -1.2])
X = jnp.array([[1.0, 0.5], [-0.4, 2.0], [0.1, 0.1]])
"""
ONE = """\
def sigmoid(x):
    return 0.5 * (jnp.tanh(x / 2) + 1)

def predict(w, x):
    return sigmoid(jnp.dot(w, x))

print(predict(w, X[0]))
predict(w, X)
"""
MANY = """\
predict_many = jax.vmap(predict, in_axes=(None, 0))
fast = jax.jit(predict_many)
predict_many(w, X)
"""

VMAP = Lesson(
    id="vmap",
    title="One example, then many",
    summary="Write a function for one example and let vmap give you the batch.",
    minutes=12,
    steps=(
        Step(
            id="one",
            title="A function for one example",
            text=(
                "`predict` takes **one** example: a vector of two features. It works for `X[0]`.\n\n"
                "Give it all three rows at once and the shapes no longer fit: `jnp.dot` pairs the last axis of `w` "
                "(2 entries) with the second-to-last of `X`, and that one counts the rows: 3. Run it."
            ),
            setup=SETUP,
            code=ONE,
            raises="TypeError",
            after=(
                "The error names the two lengths that do not match, `(2,)` and `(3,)`. No product was computed: "
                "shapes are checked before a device is asked for anything."
            ),
        ),
        Step(
            id="many",
            title="The same function, for a batch",
            text=(
                "`jax.vmap` turns a function of one example into a function of many. `in_axes` says, argument by "
                "argument, which axis counts the examples: `None` for `w`, the same for all; `0` for `X`, one row each."
            ),
            code=MANY,
            ask=Ask(
                question="How many equations does the jaxpr have for three rows?",
                value="equations of predict_many(w, X)",
                hint="Three rows, three times the work?",
            ),
            time=(
                TimeSpec(label="a Python loop", call="[predict(w, x) for x in X]", baseline=True),
                TimeSpec(label="vmap", call="predict_many(w, X)"),
                TimeSpec(label="jit of vmap", call="fast(w, X)"),
            ),
            after=(
                "As many as for one. There is no loop: one `dot_general`, whose `dimension_numbers` now contract axis "
                "0 of `w` with axis 1 of `X`."
            ),
        ),
        Step(
            id="broken-on-purpose",
            title="A line that fails",
            text="This step raises something that nobody expects.",
            code="y = X + 1\nwarn()\nprint('so far so good')\nX @ nowhere\n",
        ),
        Step(
            id="choose",
            title="Which one is it?",
            text="One of these is right.",
            code="X.shape",
            ask=Ask(question="What does it print?", choices=("(2, 3)", "(3, 2)", "(6,)"), answer=2),
        ),
        Step(
            id="write",
            title="Your turn",
            text="Write `double`, which doubles a number.",
            exercise=Exercise(
                starter="def double(x):\n    ...\n",
                check="assert double(2) == 4, 'double(2) is not 4'",
                solution="def double(x):\n    return 2 * x\n",
                hints=("It is one line.", "Twice is `2 * x`."),
            ),
        ),
        Step(id="forever", title="Without an end", text="This never ends by itself.", code="while True: pass"),
        Step(id="crash", title="The worker dies here", text="Sometimes the whole process goes.", code="crash()"),
        Step(id="loud", title="A lot of output", text="Ten thousand lines.", code="for i in range(10000): print(i)"),
        Broken(
            id="bad",
            title="A step with a mistake",
            error=Problem(file="05-vmap.yaml", line=88, column=5, message="unknown key `titel`: did you mean `title`?"),
        ),
    ),
)
STATE = Lesson(
    id="state",
    title="State and randomness",
    summary="Pure functions, keys, and arrays that do not change.",
    minutes=9,
    steps=(
        Step(id="keys", title="The same key, the same number", text="Run it twice.", code="jax.random.normal(key)"),
        Step(id="split", title="Split for more", text="Each key once.", code="jax.random.split(key, 2)"),
    ),
)
HIDDEN = Lesson(
    id="odd",
    title="A lesson that does not load",
    summary="",
    minutes=0,
    steps=(),
    file="09-odd.yaml",
    problems=(Problem(file="09-odd.yaml", line=3, column=7, message="expected a number, found `twelve`"),),
)

VMAP, STATE, HIDDEN = map(harmless, (VMAP, STATE, HIDDEN))

JAXPR = """\
{ lambda ; a:f32[2] b:f32[3,2]. let
    c:f32[3] = dot_general[
      dimension_numbers=(([0], [1]), ([], []))
      preferred_element_type=float32
    ] a b
    d:f32[3] = div c 2.0:f32[]
    e:f32[3] = tanh d
    f:f32[3] = add e 1.0:f32[]
    g:f32[3] = mul 0.5:f32[] f
  in (g,) }"""
HERE = "vmap/one"
PREDICT = (Span(HERE, 5, 12, 5, 34, "predict"), Span("vmap/many", 3, 1, 3, 19))


def equation(name: str, line: int, column: int, end: int, *transforms: str) -> Origin:
    """Return the origin of an equation of `sigmoid` in the previous step."""
    span = Span(HERE, line, column, line, end, "sigmoid")
    path = f"vmap({name})" if "vmap" in transforms else name
    return Origin(kind="equation", name=name, spans=(span,), callers=PREDICT, path=path, transforms=transforms)


ORIGINS = (
    Origin(),
    Origin(
        kind="equation", name="dot_general", spans=(Span(HERE, 5, 20, 5, 33, "predict"),), callers=PREDICT[1:],
        path="vmap(dot_general)", transforms=("vmap",),
    ),
    equation("div", 2, 28, 33, "vmap"),
    equation("tanh", 2, 19, 34, "vmap"),
    equation("add", 2, 18, 39, "vmap"),
    equation("mul", 2, 12, 39, "vmap"),
)  # fmt: skip
LINES = (0, 1, 1, 1, 1, 2, 3, 4, 5, 0)
NAMES = "a b=\nc=\n=\n=\n=a b\nd=c\ne=d\nf=e\ng=f\n=g"
STRUCTURE = {
    "types": "f32[2]\nf32[3,2]\nf32[3]",
    "typed": "i0 i1\n2\n\n\n\n2\n2\n2\n2\n",
    "parameters": (
        '{}\n{"dimension_numbers":{"text":"(([0], [1]), ([], []))","value":[[[0],[1]],[[],[]]]},'
        '"preferred_element_type":"float32"}'
    ),
    "equations": ('\n[1,["a","b"],3]\n\n\n\n[0,["c","2.0:f32[]"]]\n[]\n[0,["e","1.0:f32[]"]]\n[0,["0.5:f32[]","f"]]\n'),
    "jaxprs": '[0,9,[],[["a",0],["b",1]],["g"]]',
    "top": 0,
}
"""The structure of `JAXPR`, as a worker with JAX 0.12 sends it."""
ROW = "{ lambda ; a:f32[2] b:f32[2]. let c:f32[] = dot_general[...] a b in (c,) }"

STABLEHLO = """\
module @jit_predict_many {
  func.func public @main(%arg0: tensor<2xf32>, %arg1: tensor<3x2xf32>) -> tensor<3xf32> {
    %0 = stablehlo.dot_general %arg0, %arg1, contracting_dims = [0] x [1] : (...) -> tensor<3xf32>
    %cst = stablehlo.constant dense<2.0> : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> tensor<3xf32>
    %2 = stablehlo.divide %0, %1 : tensor<3xf32>
    return %2 : tensor<3xf32>
  }
}"""
HLO = """\
HloModule jit_predict_many

ENTRY %main.9 (p0: f32[2], p1: f32[3,2]) -> f32[3] {
  %p0 = f32[2]{0} parameter(0)
  %p1 = f32[3,2]{1,0} parameter(1)
  ROOT %fusion = f32[3]{0} fusion(%p0, %p1), kind=kLoop, calls=%fused_computation
}"""

MEMORY = Memory(
    schedule=(3, 4, 5), used=(0, 8, 12), at=2, argument_bytes=32, output_bytes=12, temporary_bytes=8, unwritten_bytes=0,
    blocks=(
        Block(3, 8, 0, 0, 0, 2, "argument", "f32[2]", 5), Block(4, 24, 1, 0, 0, 2, "argument", "f32[3,2]", 5),
        Block(4, 8, 2, 0, 1, 1, "temporary", "f32[2]", 5, 5, 3), Block(5, 12, 3, 0, 2, 2, "output", "f32[3]"),
    ),
)  # fmt: skip
"""The memory of the HLO above: a copy of an argument, and the result."""


def lowered() -> tuple[Stage, Stage]:
    """Return the stages below the jaxpr of `predict_many(w, X)`."""
    dot, div = (
        Origin(
            kind="instruction", name=f"stablehlo.{name}", spans=origin.spans, callers=origin.callers, path=origin.path
        )
        for name, origin in zip(("dot_general", "divide"), ORIGINS[1:3], strict=True)
    )
    broadcast = Origin(
        kind="instruction", name="stablehlo.broadcast_in_dim", unlinked="the compiler added this broadcast"
    )
    fusion = Origin(
        kind="instruction", name="fusion", spans=tuple(origin.spans[0] for origin in ORIGINS[1:]), callers=PREDICT[1:]
    )
    parameter = Origin(kind="instruction", name="parameter", unlinked="an argument of the call")
    return (
        Stage(
            run=0, index=0, stage="stablehlo", text=STABLEHLO, lines=(0, 0, 1, 2, 3, 2, 0, 0, 0),
            origins=(Origin(), dot, div, broadcast), folds=((1, 7),),
            names="=\n%arg0 %arg1=\n%0=%arg0 %arg1\n%cst=\n%1=%cst\n%2=%0 %1\n=%2\n=\n=",
        ),
        Stage(
            run=0, index=0, stage="hlo", text=HLO, lines=(0, 0, 0, 1, 1, 2, 0), origins=(Origin(), parameter, fusion),
            names="=\n=\np0 p1=\np0=\np1=\nfusion=p0 p1\n=", folds=((2, 6),),
            cost=Cost(flops=24.0, bytes=48.0, transcendentals=3.0, argument_bytes=32, output_bytes=12), memory=MEMORY,
        ),
    )  # fmt: skip


ERROR = Failure(
    run=0,
    type="TypeError",
    bases=("TypeError", "Exception", "BaseException", "object"),
    message="dot_general requires contracting dimensions to have the same shape, got (2,) and (3,).",
    line=8,
    column=1,
    frames=(
        TracebackFrame(file="vmap/one", line=8, function="<module>", text="predict(w, X)"),
        TracebackFrame(file="vmap/one", line=5, function="predict", text="return sigmoid(jnp.dot(w, x))"),
    ),
)
NAME_ERROR = Failure(
    run=0,
    type="NameError",
    bases=("NameError", "Exception", "BaseException", "object"),
    message="name 'nowhere' is not defined",
    line=4,
    column=5,
    frames=(TracebackFrame(file="vmap/broken-on-purpose", line=4, function="<module>", text="X @ nowhere"),),
)
ERROR, NAME_ERROR = map(harmless, (ERROR, NAME_ERROR))


def timing(index: int, label: str, call: str, median: float, first: float, **rest: object) -> Timing:
    """Return one timing with plausible quartiles."""
    made = Timing(
        run=0, index=index, label=label, call=call, platform="cpu", first_s=first, median_s=median,
        best_s=median * 0.95, q1_s=median * 0.98, q3_s=median * 1.03, runs=15, **rest,
    )  # fmt: skip
    return harmless(made)


# fmt: off
SCRIPT: Script = {
    "vmap/one": [
        Text(run=0, stream="stdout", text="0.42555746\n"),
        ERROR,
        Executed(run=0, status="error", seconds=0.31),
        Trace(run=0, index=0, label="predict(w, X)", call="predict(w, X)", error="TypeError while tracing"),
    ],
    "vmap/many": [
        Result(
            run=0,
            value=Value(
                type="Array", text="[0.37815177 0.55771613 0.4303379 ]", length=34, shape=(3,), dtype="float32",
                devices=("cpu:0",), sharding="SingleDeviceSharding", committed=False,
            ),
        ),
        Executed(run=0, status="ok", seconds=0.31),
        Trace(
            run=0, index=0, label="many", call="predict_many(w, X)", equations=5,
            primitives=("add", "div", "dot_general", "mul", "tanh"),
        ),
        Stage(
            run=0, index=0, stage="jaxpr", text=JAXPR, lines=LINES, origins=ORIGINS, names=NAMES, folds=((1, 4),),
            **STRUCTURE,
        ),
        Trace(run=0, index=1, label="one", call="predict(w, X[0])", equations=1),
        Stage(run=0, index=1, stage="jaxpr", text=ROW, lines=(0,), origins=ORIGINS[:1], names="a b c=a b c"),
        Answer(run=0, text="5"),
        Hold("timing"),
        timing(0, "a Python loop", "[predict(w, x) for x in X]", 9.81e-4, 2.1e-3, baseline=True),
        timing(1, "vmap", "predict_many(w, X)", 2.18e-4, 4.12e-2),
        timing(
            2, "jit of vmap", "fast(w, X)", 5.12e-6, 3.8e-2,
            verdicts=(Verdict(code="dispatch-bound", message="mostly the cost of the call itself"),),
        ),
        Done(run=0, status="ok", seconds=2.4, dirty=True),
        *lowered(),
    ],
    "vmap/broken-on-purpose": [
        Warned(run=0, category="UserWarning", message="this is only a test", line=2),
        Text(run=0, stream="stdout", text="so far so good\n"),
        NAME_ERROR,
        Executed(run=0, status="error", seconds=0.012),
    ],
    "vmap/choose": [
        Result(run=0, value=Value(type="tuple", text="(3, 2)", length=6)),
        Executed(run=0, status="ok", seconds=0.001),
    ],
    "def double(x):\n    return 2 * x\n": [
        Executed(run=0, status="ok", seconds=0.001),
        Checked(run=0, passed=True),
    ],
    "vmap/write": [
        Executed(run=0, status="ok", seconds=0.001),
        Checked(run=0, passed=False, message="double(2) is not 4"),
    ],
    "vmap/forever": [Hold("forever")],
    "vmap/crash": [
        Died(signal="SIGSEGV", reason="the worker was killed by SIGSEGV", stderr="Fatal Python error"),
        Done(run=0, status="died", reason="the worker was killed by SIGSEGV"),
        State(state="dead", detail="killed by SIGSEGV twice in a row"),
    ],
    "vmap/loud": [
        *(Text(run=0, stream="stdout", text=f"{i}\n") for i in range(10000)),
        Executed(run=0, status="ok", seconds=0.05),
    ],
}
# fmt: on


def at_home() -> tuple[Lesson, Script]:
    """Return the course and its script with all expressions of the second step in its own code."""
    replace = msgspec.structs.replace

    def moved(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        return tuple(replace(span, file="vmap/many") for span in spans if span.file == HERE)

    def placed(event: Event | Hold) -> Event | Hold:
        if not isinstance(event, Stage):
            return event
        origins = (replace(each, spans=moved(each.spans), callers=moved(each.callers)) for each in event.origins)
        return replace(event, origins=tuple(origins))

    one, many, *rest = VMAP.steps
    lesson = replace(VMAP, steps=(one, replace(many, code=Raw(ONE)), *rest))
    return lesson, {"vmap/many": [placed(event) for event in SCRIPT["vmap/many"]]}


def numbered(events: list[Event], run: int) -> list[Event]:
    """Return the events as those of one run."""
    return [harmless(msgspec.structs.replace(event, run=run)) for event in events]
