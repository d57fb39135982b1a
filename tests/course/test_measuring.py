"""The lesson on timing is measured: each row has the flags that its text names, and no cured row has one."""

import json
import subprocess
import sys

import pytest

FLAGS = {
    "folded": {
        "no_args": {"zero_args"},
        "captured": {"captured_constants", "folded"},
        "unused": {"nothing_computed"},
        "passed": set(),
    },
    "retraced": {"norm": set(), "uncured": {"retraced"}},
    "host-input": {"placed before": set(), "NumPy array": {"host_input"}, "the copy": set()},
    "in-disguise": {"offset": {"implicit_transfer"}, "cured": set(), "to the host": {"fetched_once"}},
    "float64": {
        "NumPy float32": set(),
        "NumPy float64": {"float64_against_float32"},
        "jit float32": set(),
        "jit given float64": {"float64_input"},
    },
    "no-array": {"spread": set(), "fetched": {"no_array_result"}},
    "too-small": {"NumPy": set(), "jit": {"dispatch_bound"}},
    "loop": {"ten rounds": set(), "until small": {"loop_counted_once"}},
    "roofline": {"axpy": set(), "matmul": set()},
    "simulated": {"on one": set(), "on two": {"simulated_devices"}},
    "busy": {"matmul": {"worker_busy"}},
    "what-you-saw": {"layer": set()},
}
"""The flags that a step's text names, by step and row."""
NAMED = set().union(*(flags for rows in FLAGS.values() for flags in rows.values())) - {"dispatch_bound"}

WAIT_S = 1800
"""Seconds for all rows of a lesson, each with its own worker: a busy machine takes minutes."""


@pytest.mark.conformance
@pytest.mark.alone
@pytest.mark.timeout(WAIT_S + 10)
def test_every_flag_of_the_lesson_is_where_its_text_says():
    command = [sys.executable, "-m", "jaxtour", "run", "timing", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert result.returncode == 0, result.stderr
    steps = {step["id"]: step["timings"] for step in json.loads(result.stdout)["steps"]}
    wrong = {}
    for name, flags in FLAGS.items():
        assert {row["label"] for row in steps[name]} == set(flags), name
        for row in steps[name]:
            seen, promised = {verdict["code"] for verdict in row["verdicts"]}, flags[row["label"]]
            # XLA may compute more in advance than the text says; an honest row has no such flag.
            if not (promised <= seen if promised else seen.isdisjoint(NAMED)):
                wrong[name, row["label"]] = seen
    assert wrong == {}
    sizes = {label: [row["size"] for row in steps["sizes"] if row["label"] == label] for label in ("NumPy", "jit")}
    assert sizes["NumPy"] == sizes["jit"] == [10**power for power in range(1, 7)]
