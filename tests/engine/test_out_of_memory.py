"""XLA's messages about memory that ran out list buffers; they have the form that GPUs and TPUs give them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtour.engine.out_of_memory import Buffer, out_of_memory, size_of
from jaxtour.engine.wire.messages import Failure
from jaxtour.render.text.plain import text_of
from jaxtour.render.value import failure_lines
from jaxtour.text import harmless

GPU = """RESOURCE_EXHAUSTED: Out of memory while trying to allocate 6442450944 bytes.
BufferAssignment OOM Debugging.
BufferAssignment stats:
             parameter allocation:    6.00MiB
     preallocated temp allocation:         0B
                 total allocation:   12.00MiB
Peak buffers:
\tBuffer 1:
\t\tSize: 384.0KiB
\t\tEntry Parameter Subshape: f32[256,128,3]
\t\t==========================

\tBuffer 2:
\t\tSize: 6.00GiB
\t\tOperator: op_name="jit(step)/jit(main)/transpose(jvp(loss))/dot_general[dimension_numbers=(((1,), (0,)), ((), ()))
  precision=None]" source_file="<jaxtour:memory/big>" source_line=12
\t\tXLA Label: fusion
\t\tShape: f32[4096,128,3]{2,1,0}
\t\t==========================

\tBuffer 3:
\t\tSize: 8B
\t\tOperator: op_name="jit(step)/add" source_file="/home/me/layers.py" source_line=7
\t\tXLA Label: custom-call
\t\tShape: (f32[1], f32[1])
\t\t==========================

"""
TPU = """RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space hbm. \
Used 41.74G of 16.00G hbm. Exceeded hbm capacity by 25.74G.

Total hbm usage >= 41.74G:
    reserved        528.00M
    program          41.22G
    arguments       unknown size

Program hbm requirement 41.22G:
    HLO temp         41.19G (24.2% utilization, 0.7% fragmentation (293.84M))

  Largest program allocations in hbm:

  1. Size: 32.00G
     Operator: op_name="jit(f)/while/body/broadcast_in_dim" source_file="<jaxtour:memory/big:setup>" source_line=3
     Shape: s32[8388608,8,4]{2,1,0:T(8,128)}
     Unpadded size: 1.00G
     Extra memory due to padding: 31.00G (32.0x expansion)
     XLA label: %copy.40488 = s32[8388608,8,4]{2,1,0:T(8,128)} copy(s32[8388608,8,4]{0,2,1} %get-tuple-element.3)
     Allocation type: HLO temp
     ==========================

  2. Size: 64.00M
     Shape: f32[1024,245,64]{1,2,0:T(8,128)}
     Unpadded size: 61.25M
     XLA label: %fusion.9 = f32[1024,245,64]{1,2,0:T(8,128)} fusion(f32[]{:T(256)} %p), kind=kLoop
     Allocation type: HLO temp
     ==========================
"""


def test_a_message_of_a_gpu():
    found = out_of_memory(GPU)
    assert found
    assert found.said == "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 6442450944 bytes."
    assert found.buffers == (
        Buffer(6 * 1024**3, "f32[4096,128,3]", "fusion", "dot_general", True, "<jaxtour:memory/big>", 12),
        Buffer(384 * 1024, "f32[256,128,3]", "argument"),
        Buffer(8, "(f32[1], f32[1])", "custom-call", "add", False, "/home/me/layers.py", 7),
    )


def test_a_message_of_a_tpu():
    found = out_of_memory(TPU)
    assert found and found.said.endswith("Exceeded hbm capacity by 25.74G.")
    first, second = found.buffers
    assert first == Buffer(
        32 * 1024**3, "s32[8388608,8,4]", "copy", "broadcast_in_dim", False, "<jaxtour:memory/big:setup>", 3
    )
    assert second == Buffer(64 * 1024**2, "f32[1024,245,64]", "fusion")


@pytest.mark.parametrize("width", [40, 78, 120])
def test_the_result_shows_a_table_in_place_of_the_list(width):
    failure = Failure(run=1, type="XlaRuntimeError", bases=(), message=GPU)
    shown = text_of(failure_lines(harmless(failure), width), False, False).splitlines()
    assert "BufferAssignment" not in "".join(shown) and all(len(line) <= width for line in shown)
    rows = [line for line in shown if "iB " in line or " B " in line]
    assert [row.split()[:2] for row in rows] == [["6", "GiB"], ["384", "KiB"], ["8", "B"]]
    assert "line 12" in rows[0] and "line 7 of layers.py" in rows[2]
    if width >= 78:
        assert "fusion of dot_general, backward" in rows[0] and "f32[4096,128,3]" in rows[0]


@pytest.mark.parametrize(
    "message",
    [
        "Out of memory allocating 4398046511104 bytes.",
        "shapes do not match\nPeak buffers:\n",
        "",
        GPU[: GPU.index("Buffer 1")],
    ],
)
def test_other_messages_stay_as_they_are(message):
    assert out_of_memory(message) is None


@given(st.text(alphabet=st.sampled_from([*GPU, *TPU]), max_size=400), st.integers(0, len(TPU)))
def test_a_message_cut_or_torn_never_fails(noise, cut):
    for text in (TPU[:cut] + noise, GPU[:cut] + noise + GPU[cut:]):
        found = out_of_memory(text)
        assert found is None or found.buffers


@pytest.mark.parametrize(
    ("text", "size"), [("0B", 0), ("4.0K", 4096), ("29.82M", 31268536), ("1.5GiB", 3 * 2**29), ("?", None)]
)
def test_sizes(text, size):
    assert size_of(text) == size
