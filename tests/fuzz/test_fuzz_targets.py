"""A few changed inputs of each kind do no harm; `make fuzz` tries many more, led by what code they reach."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from targets import TARGETS, Target, judged, least

SCRAPS = [
    b"\0", b"\xff", b'"', b"{", b"[", b"]", b"}", b":", b",", b"\n", b"\r", b"  ", b"- ", b"1e999", b"-1", b"NaN",
    b"null",
    b"true", b"9" * 40, b"\\ud800", "\u202e".encode(), "\ufeff".encode(), b"\x1b[2J", b"&a ", b"*a", b"!!x ", b"|",
    b"'",
    b"[" * 200, b'{"a":' * 50, b"# %%", b"```", b"\xc2\x85", b"\x85",
]  # fmt: skip


@st.composite
def changed(draw: st.DrawFn, target: Target) -> bytes:
    """Return a seed with some of it cut out, repeated, or replaced by a scrap."""
    data = draw(st.sampled_from(target.seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        put = draw(st.one_of(st.sampled_from(SCRAPS), st.just(data[start:end] * 2), st.binary(max_size=8)))
        data = data[:start] + put + data[end:]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_refused_with_a_place(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        target.check(seed)

    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(changed(target))
    def check(data: bytes) -> None:
        # Only an input that was slow once is measured again.
        assert judged(target, data) < 1 or least(target, data) < 1

    check()
