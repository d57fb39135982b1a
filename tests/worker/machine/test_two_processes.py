"""Two processes on one machine share their devices, and each reports about both."""

import json
import socket
import subprocess
import sys

import msgspec
import pytest

from jaxtour.engine.wire.messages import Facts, Value
from jaxtour.render.devices.panel import device_panel
from jaxtour.render.devices.sharding import sharding_lines
from jaxtour.render.text.layout import plain_lines
from jaxtour.text import harmless
from jaxtour.worker.runner.together import held_port

PATIENCE_S = 150
PROGRAM = """
import json, sys
import jax, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
from jaxtour.worker.machine import devices
from jaxtour.worker.runner import describe

address, number = sys.argv[1], int(sys.argv[2])
jax.distributed.initialize(
    coordinator_address=address, num_processes=2, process_id=number, initialization_timeout=150,
    coordinator_bind_address=None if number else address,
)
mesh = jax.make_mesh((4,), ("x",), axis_types=(AxisType.Auto,))
mine = np.arange(4.0) + 4 * number
held = jax.make_array_from_process_local_data(NamedSharding(mesh, P("x")), mine, (8,))
told = devices.facts(devices.choose(devices.open_devices(), None)), describe.describe(held)
jax.distributed.shutdown()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(request):
    """Facts and value of both processes."""
    env = {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "2", "PYTHONPATH": str(request.config.rootpath)}
    with held_port("127.0.0.1") as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
        both = [
            subprocess.Popen([sys.executable, "-c", PROGRAM, address, str(number)], stdout=subprocess.PIPE, env=env)
            for number in range(2)
        ]
        try:
            answers = [json.loads(process.communicate(timeout=PATIENCE_S)[0]) for process in both]
        finally:
            for process in both:
                process.kill()
                process.wait()
    return [(msgspec.convert(facts, Facts), harmless(msgspec.convert(value, Value))) for facts, value in answers]


def test_a_held_port_goes_to_no_other_program():
    with held_port("127.0.0.1") as held, socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(held.getsockname())


@pytest.mark.parametrize("number", [0, 1])
def test_each_tells_which_of_the_devices_are_its_own(told, number):
    facts, value = told[number]
    mine = [device.id for device in facts.devices if device.local]
    assert (facts.process, facts.processes, len(facts.devices)) == (number, 2, 4)
    assert mine == ([2048, 2049] if number else [0, 1])
    assert facts.flags["simulated"] == "2 devices"
    assert [device.live_arrays for device in facts.devices if not device.local] == [0, 0]
    panel = plain_lines(device_panel(facts, 76, value, whole=True).lines)
    assert "● cpu ×4, 2 here simulated" in panel and f"process {number} of 2" in panel
    bars = [line for line in panel.splitlines() if "1 array" in line and "live" not in line]
    assert [line.split()[0] for line in bars] == [str(device) for device in mine]


def test_what_the_other_holds_is_drawn_too(told):
    values = [value for _, value in told]
    parts = [[(shard.device, shard.index, shard.process) for shard in value.shards] for value in values]
    assert parts[0] == parts[1] and [process for *_, process in parts[0]] == [0, 0, 1, 1]
    assert [[bool(shard.text.text) for shard in value.shards] for value in values] == [
        [True, True, False, False],
        [False, False, True, True],
    ]
    for value in values:
        drawn = plain_lines(sharding_lines(value, 76))
        assert "│    0 │    1 │ 2048 │ 2049 │" in drawn and "parts shown" not in drawn
        assert value.text.text == "not shown: devices of other processes hold parts of it"
