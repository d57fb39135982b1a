"""Programs get each verdict on timings that they must get, and none that they must not."""

import math
import subprocess
import sys
import types
from unittest import mock

import jax
import numpy as np
import pytest
from measured import codes, events_of, said

from jaxtour.worker.ir.lens import parse_call
from jaxtour.worker.timing import clock, placing, verdicts

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("quick")]


@pytest.mark.parametrize(
    ("call", "on", "found"),
    [
        ("zero()", "one", {"zero_args", "folded"}),
        ("folded()", "one", {"zero_args", "folded", "captured_constants"}),
        ("captured(A)", "one", {"captured_constants"}),
        ("unused(A)", "one", {"nothing_computed"}),
        ("product(N)", "one", {"host_input"}),
        ("product(N.astype(np.float64))", "one", {"host_input", "float64_input"}),
        ("product(N)", "each platform", set()),
        ("product(N.astype(np.float64))", "each platform", {"float64_input"}),
        ("sends(A)", "one", {"implicit_transfer"}),
        ("eager(N)", "one", {"implicit_transfer"}),
        ("eager(N)", "each platform", set()),
        ("scaled(A)", "one", set()),
        ("compiles_inside(A)", "one", {"retraced"}),
        ("to_float(A)", "one", {"no_array_result"}),
        ("endless(A)", "one", {"loop_counted_once"}),
        ("counted(A)", "one", set()),
        ("small(3)", "one", set()),
        ("product(A)", "one", set()),
        ("jax.device_put(N)", "each platform", set()),
        ("jax.device_get(A)", "one", {"fetched_once", "no_array_result"}),
        ("np.dot(N, N)", "each platform", set()),
        ("sum(range(5))", "host", set()),
        ("zipped(A)", "one", {"donated_input"}),
        ("zips(A)", "one", {"donated_input"}),
        ("[zipped(A)]", "one", {"donated_input"}),
        ("remembers(A)", "one", {"kept_result"}),
        ("cached(3)", "one", {"kept_result"}),
        ("make()", "one", {"kept_result"}),
        ("same(A)", "one", {"nothing_computed"}),
        ("A", "one", {"nothing_computed"}),
        ("as_numpy(A)", "one", {"no_array_result"}),
        ("lazily(A)", "one", {"no_array_result"}),
        ("nothing(A)", "one", {"no_array_result"}),
        ("pair(A)", "one", set()),
        ("captures_few(A)", "one", set()),
        ("captures_array(A)", "one", {"captured_constants"}),
        ("power(A)", "one", set()),
        ("in_64_bits(A)", "one", set()),
        ("uncompiled(A)", "one", set()),
        ("asks_host(A)", "one", set()),
        ("prints(A)", "one", set()),
        ("seeds(A)", "one", set()),
        ("mutates([], A)", "one", set()),
        ("A / 0", "one", set()),
    ],
)
def test_verdicts(workspace, monkeypatch, call, on, found):
    # The test must not depend on this machine's speed.
    monkeypatch.setattr(verdicts, "DISPATCH_S", 0.0)
    monkeypatch.setattr(verdicts, "PYTHON_PART", math.inf)
    (timing,) = said(workspace, call, on=on)
    assert codes(timing) == found
    assert all(verdict["message"].endswith(".") for verdict in timing["verdicts"])


def test_what_a_call_gives_away_is_still_there_for_the_others(workspace):
    timings = said(workspace, "zipped(A)", "zips(A)", "zipped(x=A)", "[zipped(A)]", "product(A)", on="one")
    assert [timing.get("error") for timing in timings] == [None] * 5
    assert not workspace.namespace["A"].is_deleted()
    assert timings[0]["complete"]["runs"] >= clock.SAMPLES


def test_what_is_too_large_to_be_copied_is_not_copied_for_a_function_that_is_not_known_to_donate(
    workspace, monkeypatch
):
    def may_donate(call):
        target = placing.Placement("cpu")
        return placing.placed(workspace, call, parse_call(workspace, call), target).may_donate

    calls = ("zipped(A)", "product(A)", "eager(A)", "[eager(A)]", "sum([1])")
    assert [may_donate(call) for call in calls] == [True, False, True, True, False]
    monkeypatch.setattr(placing, "SPARED_BYTES", 1000)
    assert [may_donate(call) for call in calls] == [True, False, False, False, False]


def test_a_constant_that_does_not_tell_its_size_has_the_size_of_its_elements():
    class Typed:
        dtype, shape = np.dtype(np.float32), (3, 5)

    traced = types.SimpleNamespace(jaxpr=types.SimpleNamespace(consts=[Typed(), np.ones(2), 3]))
    assert verdicts.compat.captured_bytes(traced) == 60 + 16


class Stage:
    def __init__(self, flops, text=""):
        self.flops, self.text = flops, text

    def cost_analysis(self):
        return {"flops": self.flops}

    def as_text(self):
        return self.text


@pytest.mark.parametrize(
    ("compiled", "folded"),
    [(Stage(2e9), False), (Stage(0.0), True), (Stage(0.0, "%c = custom-call(%x)"), False), (Stage(-1.0), False)],
)
def test_work_that_a_library_does_is_not_taken_for_folded(monkeypatch, compiled, folded):
    monkeypatch.setattr(verdicts, "_stages", lambda *_: (None, Stage(2e9), compiled))
    found, _ = verdicts.of_compilation(None, (), {})
    assert ("folded" in {verdict["code"] for verdict in found}) is folded


def on_devices(count):
    array = mock.Mock(spec=jax.Array)
    array.sharding.device_set = set(range(count))
    return array


@pytest.mark.parametrize(
    ("inputs", "left", "folded"),
    [
        ((), 9e7, True),
        ((), 1e8, False),
        ((on_devices(1),), 9e7, True),
        ((on_devices(4),), 2.4e7, True),
        ((on_devices(4),), 2.6e7, False),
        ((on_devices(1), on_devices(4)), 2.6e7, False),
        ((on_devices(4), 2.0, on_devices(1)), 2.6e7, False),
    ],
)
def test_what_one_device_has_left_is_left_to_all_over_which_an_input_is_spread(monkeypatch, inputs, left, folded):
    monkeypatch.setattr(verdicts, "_stages", lambda *_: (None, Stage(2e9), Stage(left)))
    found, _ = verdicts.of_compilation(None, inputs, {})
    assert ("folded" in codes({"verdicts": found})) is folded


@pytest.mark.parametrize(
    ("facts", "bound"),
    [
        ({"median": 29e-6}, True),
        ({"median": 30e-6}, False),
        ({"median": 31e-6}, False),
        ({"median": 31e-6, "operations": 3}, True),
        ({"median": 100e-6, "operations": 3}, False),
        ({"median": 1e-3, "python": verdicts.InPython(8e-4, 0.8, True)}, True),
        ({"median": 1e-3, "python": verdicts.InPython(8e-4, 0.2, True)}, False),
    ],
)
def test_bound_by_dispatch(facts, bound):
    found = verdicts.of_run(arrays=True, compilations=0, calls=1, jitted=True, **facts)
    assert [verdict["code"] for verdict in found] == ["dispatch_bound"] * bound


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"operations": 8}, "549 of 549 µs is Python: jit it."),
        ({"operations": None}, "549 of 549 µs is Python: jit it."),
        ({"operations": 1}, "549 of 549 µs is Python, around the compiled program."),
        ({"operations": 1, "jitted": True}, "549 of 549 µs is Python, around the compiled program."),
        ({"operations": 8, "median": 2e-3}, "0.549 of 2 ms is Python: jit it."),
        ({"operations": 8, "python": verdicts.InPython(549e-6, 0.5)}, None),
        ({"operations": 8, "python": None}, None),
        ({"operations": 8, "compilations": 1}, None),
        ({"operations": 8, "arrays": False}, None),
    ],
)
def test_bound_by_python(facts, told):
    usual = {"arrays": True, "compilations": 0, "calls": 9, "median": 549e-6, "jitted": False}
    found = verdicts.of_run(**{**usual, "python": verdicts.InPython(549e-6, 0.95), **facts})
    assert [verdict["message"] for verdict in found if verdict["code"] == "python_bound"] == ([told] if told else [])


def test_the_calling_thread_s_work_is_what_counts_on_the_cpu_and_dispatch_elsewhere(workspace):
    samples = clock.Samples(1, calls=10, worked_s=2e-3)
    times = {"median_s": 0.9e-3}, {"median_s": 1e-3, "best_s": 0.8e-3}

    def found(call, platform):
        subject = placing.placed(workspace, "", parse_call(workspace, call), placing.Placement("cpu"))
        return verdicts.in_python(subject, samples, *times, platform)

    assert found("eager(A)", "cpu") == (0.9e-3, pytest.approx(0.25), False)
    assert found("eager(A)", "gpu") == (0.9e-3, pytest.approx(0.9), False)
    assert found("product(A)", "cpu") is None and found("product(A)", "gpu").bare
    samples.worked_s = 1.0
    assert found("eager(A)", "cpu").part == pytest.approx(0.9), "it may work while the device does"


def test_where_the_calling_thread_computes_nothing_is_said_of_python():
    program = """if True:
        import jax
        from jaxtour.worker import compat_settings
        print(compat_settings.computes_in_calling_thread())
        jax.config.update("jax_cpu_enable_async_dispatch", False)
        print(compat_settings.computes_in_calling_thread())
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=150, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(("operations", "told"), [(0, "30 µs, this"), (1, "30 µs, this"), (2, "of its 2 operations")])
def test_operations_are_counted_where_there_are_several(operations, told):
    [found] = verdicts.of_run(arrays=True, compilations=0, calls=1, jitted=False, median=1e-6, operations=operations)
    assert told in found["message"]


def test_an_eager_chain_has_an_operation_for_each_equation(workspace):
    subject = placing.placed(workspace, "", parse_call(workspace, "eager(A)"), placing.Placement("cpu"))
    assert verdicts.of_transfers(subject) == ([], 3)


@pytest.mark.parametrize(
    ("elements", "told"), [(255, None), (256, "1.0 kB"), (2_500, "10.0 kB"), (25_000, "0.1 MB"), (500_000, "2.0 MB")]
)
def test_how_much_an_eager_function_sends_is_told_from_a_kilobyte_on(workspace, elements, told):
    call = f"eager(np.ones({elements}, np.float32))"
    found, _ = verdicts.of_transfers(
        placing.placed(workspace, "", parse_call(workspace, call), placing.Placement("cpu"))
    )
    assert [verdict["message"] for verdict in found] == (
        [f"Every call copies {told} of NumPy arrays to the device."] if told else []
    )


def test_simulated_devices_are_told():
    assert verdicts.simulated()["code"] == "simulated_devices"


def test_float64_against_float32(workspace):
    entries = [{"call": "np.matmul(N.astype(float), N.T)", "baseline": True, "label": "NumPy"}, {"call": "product(A)"}]
    double, single = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    assert "float64_against_float32" not in codes(double)
    (message,) = [found["message"] for found in single["verdicts"] if found["code"] == "float64_against_float32"]
    assert message.startswith("NumPy computes in float64, this in float32")
    entries[0]["call"] = "np.matmul(N, N.T)"
    _, single = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    assert "float64_against_float32" not in codes(single)


@pytest.mark.parametrize(
    ("baseline", "call", "told"),
    [
        ("np.argmax(N.astype(float))", "jnp.argmax(A)", True),
        ("np.argmax(N)", "jnp.argmax(A)", False),
        ("product(A)", "in_64_bits(A)", True),
        ("np.matmul(N, N, dtype=complex)", "product(A)", True),
        ("np.add(n.astype(int), 1)", "product(A)", False),
        ("np.float64(3.5)", "product(A)", True),
        ("float(3.5)", "product(A)", False),
    ],
)
def test_which_width_is_computed_in(workspace, baseline, call, told):
    entries = [{"call": baseline, "baseline": True}, {"call": call}]
    _, timing = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    assert ("float64_against_float32" in codes(timing)) is told


def test_the_width_is_told_of_results_that_are_too_large_to_be_compared(workspace, monkeypatch):
    monkeypatch.setattr("jaxtour.worker.timing.results.CAP_BYTES", 100)
    entries = [{"call": "np.matmul(N.astype(float), N.T)", "baseline": True}, {"call": "product(A)"}]
    _, timing = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    assert "float64_against_float32" in codes(timing) and timing["differs"] == []


def test_a_number_that_was_fetched_is_not_taken_for_float64(workspace):
    entries = [{"call": "float(product(A)[0, 0])", "baseline": True}, {"call": "product(A)[0, 0]"}]
    _, array = [event for event in events_of(workspace, *entries) if event["event"] == "timing"]
    assert "float64_against_float32" not in codes(array)
