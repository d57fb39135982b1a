"""A real runner checks exercises: right answers of every form pass, wrong ones fail in the right words."""

import sys

import pytest
from runner_client import RunnerClient

SETUP = (
    "import jax, jax.numpy as jnp, numpy as np\nx = jnp.arange(3.0)\nparams = {'w': jnp.ones(3), 'b': jnp.zeros(())}"
)
NAIVE = "def softmax(x):\n    e = jnp.exp(x)\n    return e / e.sum()"
STABLE = "def softmax(x):\n    e = jnp.exp(x - x.max())\n    return e / e.sum()"
LARGE = [{"x": "jnp.array([1.0, 2.0])"}, {"x": "jnp.array([1000.0, 0.0])"}]
STEP = "@jax.jit\ndef step(p, x):\n    return jax.tree.map(lambda leaf: leaf - x, p)"
CUSTOM = """
@jax.custom_vjp
def f(x):
    return jnp.sum(x ** 3)
f.defvjp(lambda x: (f(x), x), lambda x, g: ({} * g,))
"""
KEPT = "kept = []\ndef f(x):\n    {}return x * 2"
VECTORS = "a = jnp.ones((4, 8))\nb = jnp.ones((8, 2))"
SPREAD = """
mesh = jax.make_mesh((4,), ('d',), axis_types=(jax.sharding.AxisType.Auto,))
spread = jax.device_put(jnp.ones(8), jax.NamedSharding(mesh, jax.P({})))
"""


@pytest.fixture(scope="module")
def runner(python):
    client = RunnerClient(python=(python or sys.executable, "-u"), JAX_NUM_CPU_DEVICES="4")
    client.until("state", state="ready")
    yield client
    client.close()


def checked(runner, code, *checks, solution="", setup=SETUP, traces=()):
    ran = runner.run(code, setup=setup, traces=traces, checks=list(checks), solution=solution)
    assert ran.one("done")["status"] == "ok" or ran.all("error")
    return ran.one("checked")


RIGHT = [
    # The solution gives the value, or an expression does; another form of the same answer passes.
    (STABLE, {"value": "softmax(x)", "given": LARGE}, "softmax = jax.nn.softmax"),
    (NAIVE, {"value": "softmax(x)", "equals": "jax.nn.softmax(x)"}, ""),
    ("y = np.float32(3)", {"value": "y", "equals": "jnp.sum(x)"}, ""),
    ("y = (1, [2.0, x])", {"value": "y", "equals": "[jnp.array(1), (2.0, np.asarray(x))]"}, ""),
    (
        "y = {'a': None, 'b': jnp.array([jnp.nan, -jnp.inf])}",
        {"value": "y"},
        "y = {'b': -x[:2] / 0, 'a': None}\ny['b'] = y['b'].at[0].set(jnp.nan)",
    ),
    ("y = x.astype(jnp.bfloat16) / 3", {"value": "y", "equals": "(x / 3).astype(jnp.bfloat16)"}, ""),
    (
        "y = jax.random.split(jax.random.key(0))[0]",
        {"value": "y", "equals": "jax.random.split(jax.random.key(0))[0]"},
        "",
    ),
    (
        "def f(x):\n    return jax.lax.scan(lambda c, e: (c + e, c), 0.0, x)[0]",
        {"jaxpr": "f(x)", "has": ["scan|while"], "lacks": ["cond"], "exactly": {"add": 1}, "most": 3},
        "",
    ),
    (
        "def f(a, b):\n    return jnp.tanh(a @ b)",
        {
            "hlo": "f(a, b)",
            "has": ["tanh"],
            "lacks": ["while"],
            "exactly": {"dot": 1},
            "given": [{"a": "jnp.ones((4, 8))", "b": "a.T"}],
        },
        "",
    ),
    (
        f"{SPREAD.format(repr('d'))}\ntwo = jax.device_put(jnp.ones((8, 2)), spread.sharding)\n"
        "f = jax.jit(lambda a, b: a @ b, out_shardings=jax.NamedSharding(mesh, jax.P()))",
        {"hlo": "f(spread, two)", "exactly": {"all-reduce": 1}, "lacks": ["all-gather"]},
        "",
    ),
    (
        "def f(x):\n    return jnp.sum(x * 2)",
        {"memory": "f(x)", "most": 50_000, "given": [{"x": "jnp.ones(10_000)"}]},
        "",
    ),
    ("f = jax.jit(lambda x: jnp.sin(x) + 1)", {"compiles": ["f(x)", "f(x + 1)", "f(jnp.ones(3))"]}, ""),
    (STEP.replace("@jax.jit", "@jax.jit"), {"compiles": ["step(params, x)"] * 3, "most": 1}, ""),
    (
        STEP.replace("@jax.jit", "import functools\n@functools.partial(jax.jit, donate_argnums=0)").replace(
            "- x", "- 1"
        ),
        {"donates": "step(params, x)"},
        "",
    ),
    (STABLE, {"gradient": "(lambda x: softmax(x)[0])(x)", "given": LARGE}, ""),
    (CUSTOM.format("3 * x ** 2"), {"gradient": "f(x)"}, ""),
    (
        "def f(p, x):\n    return jnp.sum((p['w'] @ x + p['b']).astype(jnp.float32) ** 2)",
        {"gradient": "f(params, x)"},
        "",
    ),
    (
        "def f(c, x):\n    return jax.lax.scan(lambda s, e: (s * jnp.float32(0.5) + e, None), c, x)[0]",
        {"gradient": "f(jnp.float32(1), x)", "argument": 1},
        "",
    ),
    (STABLE, {"vmap": "softmax(x)"}, ""),
    (
        "def f(n, flag, key, s):\n    return jnp.where(flag, n * s, jax.random.uniform(key))",
        {"vmap": "f(jnp.arange(3), jnp.array(True), jax.random.key(0), 2.0)"},
        "",
    ),
    (KEPT.format(""), {"leaks": "f(x)"}, ""),
    (SPREAD.format("'d'"), {"devices": "spread"}, ""),
    ("y = 7", {"python": "assert y == n", "what": "y is n", "given": [{"n": "3 + 4"}]}, ""),
]


@pytest.mark.parametrize(("code", "check", "solution"), RIGHT)
def test_right_code_passes(runner, code, check, solution):
    event = checked(runner, code, check, solution=solution or code)
    assert event["passed"], event
    (outcome,) = event["outcomes"]
    assert outcome.pop("what") and outcome == {"passed": True}


WRONG = [
    # Code, check, solution, words of the message in their order, the lines that it points at.
    (
        NAIVE,
        {"value": "softmax(x)", "given": LARGE, "say": "Large inputs overflow."},
        STABLE,
        [
            "Large inputs overflow.\n",
            "softmax(x) agrees with the solution: expected [1, 0], got [nan, 0]",
            "with x = jnp.array([1000.0, 0.0])",
        ],
        [1],
    ),
    (
        "def f(x):\n    pass",
        {"value": "f(x)", "equals": "x"},
        "",
        ["expected f32[3] [0, 1, 2], got None", "with x ="],
        [1],
    ),
    ("y = x.astype(int)", {"value": "y", "equals": "x"}, "", ["expected f32[3] [0, 1, 2], got i32[3] [0, 1, 2]"], [1]),
    ("y = x[:2]", {"value": "y", "equals": "x"}, "", ["expected f32[3] [0, 1, 2], got f32[2] [0, 1]"], [1]),
    (
        "y = 0.5 * jnp.arange(100.0)",
        {"value": "y", "equals": "jnp.arange(100.0)"},
        "",
        ["expected 1 at [1], got 0.5 at [1]; 99 of 100 elements differ"],
        [1],
    ),
    (
        "y = [x, {'a': 1.0}]",
        {"value": "y", "equals": "[x, {'a': 2.0}]"},
        "",
        ["expected [f32[3], {'a': 2}], got [f32[3], {'a': 1}]"],
        [1],
    ),
    ("y = [x]", {"value": "y", "equals": "[x, {'a': 2.0}]"}, "", ["expected [f32[3], {'a': 2}], got [f32[3]]"], [1]),
    (
        "y = {'long name of an array ' * 3: x, 'b': x + 1}",
        {"value": "y", "equals": "{'long name of an array ' * 3: x, 'b': x}"},
        "",
        ["expected ['b'] = [0, 1, 2], got ['b'] = [1, 2, 3]"],
        [1],
    ),
    (
        "y = x[:1] / 3 + 1e-7",
        {"value": "y", "equals": "x[:1] / 3", "atol": 1e-9},
        "",
        ["expected [0], got [1e-07]"],
        [1],
    ),
    ("y = x[1:2] + 1e-6", {"value": "y", "equals": "x[1:2]", "rtol": 0, "atol": 0}, "", ["got [1.000000953"], [1]),
    ("y = True", {"value": "y", "equals": "1"}, "", ["expected 1, got True"], [1]),
    (
        "def f(x):\n    y = x + 1\n    return y.nothing",
        {"value": "f(x)", "equals": "x"},
        "",
        ["it raised AttributeError", "nothing"],
        [3],
    ),
    ("x = jnp.zeros(3)", {"value": "x", "equals": "jnp.sum(x)"}, "", ["expected 3 (f32[]), got f32[3] [0, 0, 0]"], [1]),
    (
        "def f(x):\n    out = 0.0\n    for e in x:\n        out = out + jnp.sin(e)\n    return out",
        {"jaxpr": "f(x)", "has": ["scan|while"]},
        "",
        ["has scan or while", "expected scan or while, got only add"],
        [1],
    ),
    (
        "def f(x):\n    return jax.lax.cond(\n        x[0] > 0, jnp.sin, jnp.cos, x)",
        {"jaxpr": "f(x)", "lacks": ["cond"]},
        "",
        ["expected no cond, got 1 cond"],
        [2],
    ),
    (
        "def f(x):\n    y = jnp.sin(x)\n    return jnp.sin(y)",
        {"jaxpr": "f(x)", "exactly": {"sin": 1}},
        "",
        ["expected 1 sin, got 2 sin"],
        [2, 3],
    ),
    (
        "def f(x):\n    return x * 2 + x * 3",
        {"jaxpr": "f(x)", "most": 1},
        "",
        ["expected at most 1 equation, got 3"],
        [1],
    ),
    (
        "def f(a):\n    return (a @ a) + jnp.tanh(a @ a.T)",
        {"hlo": "f(a)", "exactly": {"dot": 1}, "given": [{"a": "jnp.ones((4, 4))"}]},
        "",
        ["the compiled program of f(a) has 1 dot", "got 2 dot", "with a = jnp.ones((4, 4))"],
        [2],
    ),
    (
        "def f(x):\n    return jnp.sum(jnp.sort(x[:, None] * x), axis=0)",
        {"memory": "f(x)", "most": 1000, "given": [{"x": "jnp.arange(100.0)"}]},
        "",
        ["expected at most 1 000 bytes", "got 4", "for a f32[100,100]"],
        [2],
    ),
    (
        "f = jax.jit(lambda x: jnp.sin(x))",
        {"compiles": ["f(x)", "f(x[:2])"]},
        "",
        ["f(x), f(x[:2]) compile once: expected at most 1 compilation, got 2: 1 in f(x), 1 in f(x[:2])"],
        [1],
    ),
    ("def f(x):\n    return jnp.sin(x) * jnp.cos(x)", {"compiles": ["f(x)"]}, "", ["got 3: 3 in f(x)"], [1]),
    (STEP, {"donates": "step(params, x)"}, "", ["donates argument 0", "it is not donated"], [2]),
    (
        "f = jax.jit(lambda x: x.sum(), donate_argnums=0)",
        {"donates": "f(x)"},
        "",
        ["it is donated, but no result is a f32[3]"],
        [1],
    ),
    (
        "def loss(x):\n    return jnp.sqrt(jnp.sum(x ** 2))",
        {"gradient": "loss(x)", "given": [{"x": "jnp.zeros(3)"}]},
        "",
        ["expected a finite gradient, got nan at [0]", "with x = jnp.zeros(3)"],
        [1],
    ),
    (CUSTOM.format("2 * x ** 2"), {"gradient": "f(x)"}, "", ["expected a slope of", "by finite differences, got"], [3]),
    ("def f(x):\n    return x * 2", {"gradient": "f(x)"}, "", ["it raised TypeError", "scalar-output"], [1]),
    (
        "def f(x):\n    return jnp.sum(x) * x if x[0] > 0 else -x",
        {"vmap": "f(x)"},
        "",
        ["under jax.vmap it raised TracerBoolConversionError"],
        [2],
    ),
    (
        KEPT.format("kept.append(x)\n    "),
        {"leaks": "f(x)"},
        "",
        ["f(x) leaks no tracer", "a tracer in kept"],
        [2],
    ),
    (SPREAD.format(""), {"devices": "params", "count": 4}, "", ["expected 4 devices, got 1 device: cpu:0"], []),
    ("y = 3", {"devices": "y"}, "", ["is on all devices: expected an array on 4 devices, got 3"], [1]),
    ("def f(x):\n    assert x.ndim == 2, 'no'\nf(jnp.ones((2, 2)))", {"python": "f(x)"}, "", ["no"], [2]),
    ("y = 1", {"value": "missing", "equals": "1"}, "", ["it raised NameError: name 'missing' is not defined"], []),
    ("y = 1", {"value": "y", "equals": "missing"}, "", ["the lesson's own missing raised NameError"], [1]),
    (
        "y = 1",
        {"value": "y", "given": [{"n": "1 / 0"}]},
        "y = 1",
        ["the lesson's input n = 1 / 0 raised ZeroDivision"],
        [1],
    ),
    ("y = 1", {"value": "y"}, "raise ValueError('so')", ["the lesson's solution raised ValueError: so"], [1]),
    ("y = 1", {"fused": "y"}, "", ["this worker does not know it"], []),
]


@pytest.mark.parametrize(("code", "check", "solution", "words", "lines"), WRONG)
def test_wrong_code_fails_in_words_and_points_at_its_lines(runner, code, check, solution, words, lines):
    last = {"python": "pass", "what": "all is well"}
    event = checked(runner, code, check, last, solution=solution)
    assert not event["passed"], event
    outcome, other = event["outcomes"]
    assert outcome["passed"] is False and other == {"what": "all is well", "passed": None}
    place = 0
    for each in words:
        place = event["message"].find(each, place)
        assert place >= 0, (each, event["message"])
    spans = outcome.get("spans", [])
    assert sorted({span[1] for span in spans}) == lines
    assert all(span[0] == "lesson/step" and (span[1], span[2]) < (span[3], span[4]) for span in spans)


def test_a_failed_check_says_which_of_its_inputs_it_failed_on(runner):
    given = [{"v": "jnp.zeros(2)"}, {"v": "jnp.ones(2)"}]
    event = checked(runner, "f = lambda v: v", {"value": "f(v)", "equals": "2 * v", "given": given})
    (outcome,) = event["outcomes"]
    assert (outcome["inputs"], outcome["given"]) == (1, "v = jnp.ones(2)")


def test_the_right_value_is_out_of_reach_of_the_learners_code(python):
    runner = RunnerClient(python=(python or sys.executable, "-u"))
    runner.until("state", state="ready")
    cheat = """
x = jax.jit(lambda v: v * 0, donate_argnums=0)(x)
params["w"] = jnp.zeros(3)
data[0] = 5
jnp.sum = jax.nn.relu = lambda *_, **__: 0
np.asarray = np.isclose = jax.make_jaxpr = jax.tree.map = None
"""
    setup = f"{SETUP}\ndata = np.ones(3)"
    checks = [
        {"value": "params", "equals": "{'w': params['w'] * 0, 'b': params['b']}"},
        {"value": "data[0] - 4", "equals": "data[0]"},
        {"value": "jnp.sum(x)", "equals": "jnp.sum(x) - 3"},
        {"jaxpr": "jnp.sum(x)", "has": ["reduce_sum"]},
    ]
    event = checked(runner, cheat, *checks, setup=setup)
    assert event["passed"], event
    # What the code replaced stays replaced for the code, which is the state that it leaves.
    assert runner.run("jnp.sum(x)").text == "0"
    assert runner.close() == 0


def test_a_donated_input_is_whole_for_the_next_check(runner):
    code = "f = jax.jit(lambda p, x: jax.tree.map(lambda leaf: leaf + 1, p), donate_argnums=0)\nf"
    same = {"value": "f(params, x)", "equals": "jax.tree.map(lambda leaf: leaf + 1, params)"}
    event = checked(runner, code, same, {"donates": "f(params, x)"}, {"compiles": ["f(params, x)"] * 2}, same)
    assert event["passed"], event
    assert len(event["outcomes"]) == 4


def test_an_attempt_runs_in_the_state_before_the_step(runner):
    cell = {
        "name": "lesson/step",
        "setup": SETUP + "\ncount = [0]",
        "code": STABLE + "\ncount[0] += 1",
        "checked": True,
    }
    runner.run(cell=cell, keep=True)
    runner.run("count = 'later'", name="lesson/next")
    counts = {"value": "count[0]", "equals": "count[0] + 1"}
    checks = [counts, {"value": "softmax(x)", "given": LARGE}]
    rest = {"cell": None, "probe": cell, "checks": checks, "solution": STABLE + "\ncount[0] += 1"}
    for code, passed in [
        (None, True),
        (NAIVE + "\ncount[0] += 1", False),
        ("softmax = jax.nn.softmax\ncount[0] += 1", True),
    ]:
        for _ in range(2):
            found = runner.run(**rest, attempt=code).one("checked")
            assert found["passed"] is passed, found
    assert (
        runner.run(**rest, attempt="1 / 0").one("checked")["message"]
        == "the code raised ZeroDivisionError: division by zero"
    )
    assert "not kept" in runner.run(**{**rest, "probe": {**cell, "name": "lesson/next"}}).one("checked")["message"]


def test_what_the_checked_code_prints_or_asks_for_is_no_trouble(runner):
    code = """
class Loud:
    def __repr__(self):
        raise ValueError("no text")
    def __eq__(self, other):
        raise KeyError("no order")
def f(x):
    print("y" * 10_000_000)
    return Loud()
"""
    event = checked(runner, code, {"value": "f(x)", "equals": "3.0"})
    assert "got (its __repr__ raised ValueError)" in event["message"]
    assert "KeyError" in checked(runner, code, {"value": "Loud()", "equals": "'z'"})["message"]
    event = checked(runner, "def f(x):\n    raise SystemExit(3)", {"value": "f(x)", "equals": "x"})
    assert "it raised SystemExit: 3" in event["message"]
    event = checked(runner, "def f(x):\n    return f(x)", {"gradient": "f(x)"})
    assert "it raised RecursionError" in event["message"]
    event = checked(runner, "y = 'z' * 10_000_000", {"value": "y", "equals": "'z'"})
    assert len(event["message"]) < 5_000
    assert runner.run("1").text == "1"


def test_a_check_that_does_not_end_can_be_interrupted(runner):
    code = "def f(x):\n    while True:\n        pass"
    run = runner.begin(code, setup=SETUP, checks=[{"value": "f(x)", "equals": "x"}])
    runner.until("progress", run=run, phase="checking")
    runner.interrupt()
    ran = runner.finish(run)
    assert ran.one("done")["status"] == "interrupted" and not ran.all("checked")
    assert runner.run("1").text == "1"
