"""A device's peaks come from small measurements."""

import jax
import pytest

from jaxtour.worker.timing import peaks

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(peaks, "LEAST_S", 0.0)
    monkeypatch.setattr(peaks, "SMALLEST", 64)
    monkeypatch.setattr(peaks, "PASS_BYTES", {"cpu": 1 << 20})


def test_one_for_each_platform_and_type():
    said = []
    peaks.peaks(jax.devices(), said.append)
    (found,) = [event for event in said if event["event"] == "peak"]
    assert found["platform"] == "cpu" and found["kind"] == jax.devices()[0].device_kind
    # No machine that runs this test is slower or faster than this.
    assert 1e7 < found["flops_per_s"] < 1e15
    assert 1e7 < found["bytes_per_s"] < 1e14
    assert said[0]["event"] == "progress"


def test_what_cannot_be_measured_is_told(monkeypatch):
    monkeypatch.setattr(peaks, "bytes_per_s", lambda *_: 1 / 0)
    said = []
    peaks.peaks(jax.devices(), said.append)
    assert said[-1]["error"].startswith("ZeroDivisionError") and said[-1]["flops_per_s"] == 0.0
