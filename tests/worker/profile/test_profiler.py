"""Profiles of real calls have the right structure, counts and identities; no test looks at a time."""

import math

import pytest
from runner_client import RunnerClient

CODE = """\
import jax, jax.numpy as jnp
def f(x, w):
    h = jnp.tanh(x @ w)
    def body(c, _):
        return jnp.sin(c) @ w * 0.1, c.sum()
    c, ys = jax.lax.scan(body, jnp.sort(h, axis=-1), None, length=7)
    return c.sum() + ys.sum()
g = jax.jit(jax.grad(f, argnums=1))
x = jax.random.normal(jax.random.key(0), (64, 64))
w = x * 0.01
gives = jax.jit(lambda x: jnp.tanh(x) @ x, donate_argnums=0)
mesh = jax.make_mesh((2,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
spread = jax.device_put(x, jax.NamedSharding(mesh, jax.P("x")))
total = jax.jit(lambda x: jnp.sin(x @ x).sum())
S = jax.ShapeDtypeStruct
"""
NAME, OPCODE, LINE, OWN, BUSY, COUNT, FLOPS, BYTES, PARTS, ESTIMATED, BY_DEVICE = range(11)


@pytest.fixture(scope="module")
def client():
    client = RunnerClient(JAX_NUM_CPU_DEVICES="2")
    client.until("state", state="ready")
    yield client
    assert client.close() == 0


def profiled(client, call):
    return client.run(CODE, traces=[call], profile={"index": 0}, patience=0.1).one("profile")


@pytest.fixture(scope="module")
def whole(client):
    return client.run(
        CODE, traces=["g(x, w)"], profile={"index": 0}, patience=0.1, requests=[{"index": 0, "stage": "hlo"}]
    )


def test_instructions_and_the_rest_are_the_run(whole):
    profile = whole.one("profile")
    rows = profile["instructions"]
    assert math.fsum(row[OWN] for row in rows) == pytest.approx(profile["covered_s"], rel=1e-9)
    assert profile["covered_s"] + profile["unaccounted_s"] == pytest.approx(profile["wall_s"], rel=1e-12)
    assert 0 <= profile["gaps_s"] <= profile["unaccounted_s"]
    assert all(math.fsum(share for _, _, share, *_ in row[PARTS]) == pytest.approx(1, rel=1e-9) for row in rows)
    assert all(0 <= row[OWN] <= row[BUSY] * (1 + 1e-9) for row in rows)
    assert [row[OWN] for row in rows] == sorted((row[OWN] for row in rows), reverse=True)
    assert profile["untraced"]["runs"] > 0 and profile["calls"] >= 1


def test_every_event_names_an_instruction_of_the_hlo_and_its_line(whole):
    profile = whole.one("profile")
    lines = [line for part in whole.all("stage") if part["stage"] == "hlo" for line in part["text"].split("\n")]
    assert profile["unmatched"] == 0 and len(profile["instructions"]) > 10
    for row in profile["instructions"]:
        assert f"%{row[NAME]} = " in lines[row[LINE]]
        assert f" {row[OPCODE]}(" in lines[row[LINE]]


def test_the_bodies_of_loops_are_counted(whole):
    counts = {}
    for row in whole.one("profile")["instructions"]:
        counts.setdefault(row[COUNT], []).append(row[OPCODE])
    assert set(counts) == {1, 7}
    assert "while" in counts[1] and "sort" in counts[1]
    assert {"while", "sort"}.isdisjoint(counts[7])


def test_forward_and_backward_are_told_apart(whole):
    profile = whole.one("profile")
    found = {
        (profile["spans"][span][1], backward)
        for row in profile["instructions"]
        for span, backward, *_ in row[PARTS]
        if span >= 0
    }
    assert {(3, False), (3, True), (5, False), (5, True), (6, False)} <= found
    sort = next(row for row in profile["instructions"] if row[OPCODE] == "sort")
    assert [(profile["spans"][span][1], backward) for span, backward, *_ in sort[PARTS]] == [(6, False)]


def test_the_timeline_is_one_call_with_events_inside_of_it(whole):
    profile = whole.one("profile")
    shown = profile["timeline"]
    names = [profile["instructions"][each][NAME] for row in shown["threads"] for each in row["instructions"]]
    (loop, *_) = [row[NAME] for row in profile["instructions"] if row[OPCODE] == "while"]
    assert names.count(loop) == 1 and shown["left_out"] == 0
    for row in shown["threads"]:
        assert len(row["starts"]) == len(row["lengths"]) == len(row["instructions"]) > 0
        assert row["starts"] == sorted(row["starts"])
        assert all(0 <= start <= start + length <= shown["length_ns"] + 1
                   for start, length in zip(row["starts"], row["lengths"], strict=True))  # fmt: skip


def test_the_untraced_timing_comes_first_and_progress_is_in_words(whole):
    phases = list(dict.fromkeys(event["phase"] for event in whole.all("progress")))
    assert phases[-3:] == ["timing without the profiler", "profiling", "reading the profile"] or phases[-4:-1] == [
        "timing without the profiler",
        "profiling",
        "reading the profile",
    ]
    assert whole.one("done")["dirty"] is True


def test_a_call_without_jit_is_profiled_as_what_jit_makes_of_it(client):
    profile = profiled(client, "f(x, w)")
    assert profile["unmatched"] == 0 and profile["instructions"]
    assert profile["verdicts"][0]["code"] == "not_jitted"
    assert not any(backward for row in profile["instructions"] for _, backward, *_ in row[PARTS])


def test_a_call_that_gives_its_input_away_leaves_the_steps_own_array(client):
    cell = {"name": "lesson/step", "setup": "", "code": CODE, "traces": [{"label": "", "call": "gives(x)"}]}
    client.run(CODE, traces=["gives(x)"], keep=True)
    assert client.run(cell=None, probe=cell, profile={"index": 0}, patience=0.1).one("profile")["instructions"]
    assert client.run(cell=None, probe=cell, ask="x.is_deleted()").one("answer")["text"] == "False"


def test_several_devices_have_a_mean_and_their_own_times(client):
    profile = profiled(client, "total(spread)")
    assert profile["devices"] == [0, 1] and len(profile["device_covered_s"]) == 2
    for row in profile["instructions"]:
        assert len(row[BY_DEVICE]) == 2
        assert sum(row[BY_DEVICE]) / 2 == pytest.approx(row[OWN], rel=1e-9, abs=1e-15)
    assert "all-reduce" in {row[OPCODE] for row in profile["instructions"]}
    assert "simulated_devices" in {verdict["code"] for verdict in profile["verdicts"]}
    assert {row["device"] for row in profile["timeline"]["threads"]} == {0, 1}


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("total(S((3, 3), 'float32'))", "give it arrays"),
        ("missing(x)", "NameError"),
        ("total(x, x)", "TypeError"),
    ],
)
def test_what_cannot_be_profiled_says_why_in_a_line(client, call, told):
    profile = profiled(client, call)
    assert told in profile["error"] and "\n" not in profile["error"]


def test_a_call_that_is_not_there_says_so(client):
    profile = client.run(CODE, traces=["g(x, w)"], profile={"index": 3}).one("profile")
    assert profile["error"] == "this step has no such call"


def test_an_interrupt_ends_a_profile_and_the_next_one_works():
    client = RunnerClient()
    client.until("state", state="ready")
    quick = "import jax\nf = jax.jit(lambda x: x @ x)\nx = jax.numpy.ones((50, 50))"
    run = client.begin(quick, traces=["f(x)"], profile={"index": 0}, patience=1000.0)
    client.until("progress", phase="timing without the profiler")
    client.interrupt()
    assert client.finish(run).one("done")["status"] == "interrupted"
    assert client.run(quick, traces=["f(x)"], profile={"index": 0}, patience=0.1).one("profile")["instructions"]
    assert client.close() == 0
