from pathlib import Path

import pytest
from runner_client import RunnerClient
from staged import CODE, looked, seen, text_of

from jaxtour.worker.ir.stages import Staged

PROGRAMS = Path(__file__).resolve().parents[2] / "programs"


@pytest.fixture(scope="module")
def client():
    runner = RunnerClient(XLA_FLAGS="--xla_force_host_platform_device_count=4")
    yield runner
    runner.close()


def calls_of(code):
    import ast

    last = [node.value for node in ast.parse(code).body if isinstance(node, ast.Expr)]
    return [ast.unparse(node) for node in last if isinstance(node, ast.Call) and "defvjp" not in ast.unparse(node)]


def test_a_look_shows_stablehlo_and_hlo_beside_the_jaxpr(client):
    ran = looked(client, CODE, "fast(x, w)")
    assert {event["stage"] for event in ran.all("stage")} == {"jaxpr", "stablehlo", "hlo"}
    assert ran.one("done")["dirty"]
    assert seen(ran, "stablehlo").of("stablehlo.dot_general")
    assert seen(ran, "hlo").of("dot")


def test_nothing_is_lowered_without_a_look(client):
    ran = client.run(CODE, traces=["fast(x, w)"])
    assert {event["stage"] for event in ran.all("stage")} == {"jaxpr"}
    assert not ran.one("done")["dirty"]


def test_an_expression_has_the_same_span_in_both_stages(client):
    ran = looked(client, CODE, "fast(x, w)")
    for stage, name in (("stablehlo", "stablehlo.tanh"), ("hlo", "tanh")):
        (origin,) = seen(ran, stage).of(name)
        assert text_of(CODE, origin["spans"][0]) == "jnp.tanh(z)"
        assert "helper(y)" in [text_of(CODE, span) for span in origin["callers"] if span[0] == "lesson/step"]


def test_a_call_that_is_not_jitted_has_paths_as_its_jaxpr_has_them(client):
    ran = looked(client, CODE, "jax.grad(f)(x, w)")
    for stage, name in (("stablehlo", "stablehlo.dot_general"), ("hlo", "dot")):
        paths = {origin["path"] for origin in seen(ran, stage).of(name)}
        assert paths == {"jvp()/dot_general", "transpose(jvp())/dot_general"}


def test_a_further_look_compiles_nothing_again(client):
    traces = [{"label": "f", "call": "fast(x, w)"}]
    cell = {"name": "lesson/step", "setup": "", "code": CODE, "traces": traces}
    client.run(CODE, traces=["fast(x, w)"])
    first = client.run(cell=None, probe=cell, requests=[{"index": 0, "stage": "hlo"}])
    again = client.run(
        cell=None, probe=cell, requests=[{"index": 0, "stage": "hlo"}, {"index": 0, "stage": "stablehlo"}]
    )

    def compiled(ran):
        return [event for event in ran.all("progress") if event["label"].startswith("jit(")]

    assert compiled(first)
    assert not compiled(again)
    assert seen(first, "hlo").lines == seen(again, "hlo").lines
    assert seen(again, "stablehlo").lines


def test_a_step_that_was_only_replayed_can_be_looked_at(client):
    cell = {"name": "lesson/other", "setup": "", "code": CODE, "traces": [{"label": "f", "call": "fast(x, w)"}]}
    ran = client.run(cell=None, replay=[cell], probe=cell, requests=[{"index": 0, "stage": "stablehlo"}])
    assert seen(ran, "stablehlo").of("stablehlo.tanh")


@pytest.mark.parametrize(
    ("call", "index", "stage", "said"),
    [
        ("f(x, x)", 0, "stablehlo", "TypeError: dot_general requires contracting dimensions to have the same shape"),
        ("fast(x, x)", 0, "hlo", "TypeError: dot_general requires contracting dimensions to have the same shape"),
        ("fast(x, w)", 3, "hlo", "this step has no such call"),
        ("fast(x, w)", 0, "llvm", "unknown stage: llvm"),
        ("x", 0, "hlo", "neither a call nor a jaxpr"),
    ],
)
def test_what_cannot_be_shown_says_why_in_one_line(client, call, index, stage, said):
    ran = client.run(CODE, traces=[call], requests=[{"index": index, "stage": stage}])
    (event,) = [event for event in ran.all("stage") if event["stage"] == stage]
    assert said in event["error"]
    assert "\n" not in event["error"]
    assert ran.one("done")["status"] == "ok"


# tests/lens proves more about the same programs in every `make test`.
@pytest.mark.conformance
@pytest.mark.parametrize("program", sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem != "imports_own"))
def test_instructions_are_linked(client, program):
    code = (PROGRAMS / f"{program}.py").read_text()
    calls = calls_of(code)
    ran = looked(client, code, *calls)
    for stage in ("stablehlo", "hlo"):
        every = [
            origin
            for index in range(len(calls))
            for origin in seen(ran, stage, index).instructions("parameter", "constant")
        ]
        linked = [origin for origin in every if origin.get("spans")]
        assert all(origin.get("spans") or origin.get("unlinked") for origin in every)
        assert len(linked) >= 0.95 * len(every)


def test_the_ladder_has_a_level_for_each_transformation(client):
    code = "import jax, jax.numpy as jnp\ndef f(x):\n    return jnp.sin(x) * x\n"
    ran = client.run(code, traces=[], ladder="jax.jit(jax.vmap(jax.grad(f)))(jnp.arange(3.0))")
    levels = ran.all("level")
    assert [level["label"] for level in levels] == ["f", "grad(f)", "vmap(grad(f))", "jit(vmap(grad(f)))"]
    assert [level["transform"] for level in levels] == ["", "grad", "vmap", "jit"]
    assert not any(level.get("error") for level in levels)
    texts = {event["index"]: event["text"] for event in ran.all("stage") if event.get("level")}
    assert set(texts) == {0, 1, 2, 3}
    assert "f32[3]" not in texts[1]
    assert "f32[3]" in texts[2]
    assert "cos" in texts[1]
    assert "cos" not in texts[0]


@pytest.mark.parametrize(
    ("code", "call", "labels"),
    [
        ("fast = jax.jit(jax.vmap(f, in_axes=1))", "fast(jnp.ones((2, 3)))", ["f", "vmap(f)", "jit(vmap(f))"]),
        (
            "@jax.jit\n@partial(jax.vmap, in_axes=0)\ndef g(x):\n    return x * 2",
            "g(jnp.ones((2, 3)))",
            ["g", "vmap(g)", "jit(vmap(g))"],
        ),
        ("h = jax.grad(f)\nfast = jax.jit(h)", "fast(1.0)", ["f", "grad(f)", "jit(grad(f))"]),
        ("", "f(1.0)", ["f"]),
        ("", "jnp.sin(1.0)", None),
    ],
)
def test_the_ladder_finds_what_names_and_decorators_compose(client, code, call, labels):
    head = "import jax, jax.numpy as jnp\nfrom functools import partial\ndef f(x):\n    return x * 3\n"
    ran = client.run(head + code + "\n", traces=[], ladder=call)
    levels = ran.all("level")
    assert not any(level.get("error") for level in levels)
    if labels is None:
        assert len(levels) == 1
    else:
        assert [level["label"] for level in levels] == labels


def test_a_level_that_needs_what_is_around_it_says_so(client):
    code = (
        "import jax, jax.numpy as jnp\ndef f(x):\n    return x - jax.lax.pmean(x, 'i')\n"
        "g = jax.vmap(f, axis_name='i')\n"
    )
    low, high = client.run(code, traces=[], ladder="g(jnp.ones(3))").all("level")
    assert "i" in low["error"]
    assert not high.get("error")


def test_a_ladder_that_does_not_trace_says_why(client):
    ran = client.run("import jax\ndef f(x):\n    return x @ 3\n", traces=[], ladder="jax.jit(jax.grad(f))(1.0)")
    assert all(level["error"] for level in ran.all("level")) or ran.one("level")["error"]
    assert ran.one("done")["status"] == "ok"


def test_looking_changes_nothing_that_a_timing_says():
    """Requesting a stage changes nothing that a timing says.

    A stage's compilation would fill jax's caches, and the first call would then have no phases to report.
    """
    found = []
    for requests in ([], [{"index": 0, "stage": "stablehlo"}, {"index": 0, "stage": "hlo"}]):
        client = RunnerClient()
        try:
            client.until("state", state="ready")
            ran = client.run(
                CODE, traces=["fast(x, w)"], requests=requests, time=[{"label": "f", "call": "fast(x, w)"}]
            )
        finally:
            client.close()
        found.append(ran.one("timing"))
        stages = {event["stage"] for event in ran.all("stage")}
        assert stages == {"jaxpr", *(look["stage"] for look in requests)}
    for timing in found:
        phases = [timing[name] for name in ("trace_s", "lower_s", "compile_s")]
        assert all(phase is not None and phase > 0 for phase in phases)


def test_a_place_that_is_none_of_the_jaxprs_belongs_to_an_earlier_call():
    frames = [("<jaxtour:a/b>", line, 0, line, 4) for line in (2, 3)]
    known = Staged(None, "", (), frozenset({("a/b", 2, 1)}))
    assert [known.place(*frame) is not None for frame in frames] == [True, False]
    # A jaxpr without a place in the learner's code takes none from an earlier lowering.
    assert not any(Staged(None, "", (), frozenset()).place(*frame) for frame in frames)
    # Without a known jaxpr, the places in the lowered text are all there is.
    assert all(Staged(None, "", ()).place(*frame) for frame in frames)
