"""On simulated machines, the real runner says and sets what it should, or does not start."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from machines import NOBODY, V4, Machine, Metadata
from runner_client import RunnerClient

FAKED = str(Path(__file__).parents[1] / "machine_runner.py")


@pytest.fixture
def start(tmp_path):
    clients = []

    def started(*options, python=(sys.executable,), **env):
        environ = {
            "JAX_PLATFORMS": "",
            "JT_MACHINE": str(tmp_path),
            "JT_INSTALLED": "libtpu",
            "GCE_METADATA_IP": NOBODY,
            **env,
        }
        clients.append(RunnerClient(*options, python=(*python, "-u", FAKED), **environ))
        return clients[-1]

    yield started
    for client in clients:
        client.close()


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    machine.tpu(*[V4] * 4)
    return machine


def states(events):
    return [(event["state"], event.get("detail", "")) for event in events if event["event"] == "state"]


@pytest.mark.row("a TPU that another process holds")
def test_a_tpu_that_is_held_is_told_before_jax_is_imported(start, machine):
    machine.process(4321, "python train.py", "/dev/accel0", started=9000)
    client = start(python=(sys.executable, "-S"))  # has no jax to import
    (_, dead) = states(client.until("state", state="dead"))
    assert dead[1].startswith("the TPU is held by process 4321 (`python train.py`, started 16 min ago): wait until")
    assert client.event() is None


@pytest.mark.row("a TPU that is waited for")
def test_a_tpu_that_is_held_is_waited_for_where_that_was_asked_for(start, machine):
    machine.process(4321, "python train.py", "/dev/accel0", started=9000)
    client = start(JAXTOUR_WAIT="1")
    waiting = client.until("state", state="opening devices")[-1]
    assert waiting["detail"].startswith("waiting: the TPU is held by process 4321")
    shutil.rmtree(machine.root / "proc" / "4321")
    machine.process(99, "python other.py", "/dev/accel0")
    waiting = client.until("state", state="opening devices")[-1]
    assert "held by process 99" in waiting["detail"]
    shutil.rmtree(machine.root / "proc" / "99")
    client.until("state", state="ready")


def test_who_waits_ends_with_the_guard(start, machine):
    machine.process(4321, "python train.py", "/dev/accel0")
    client = start(JAXTOUR_WAIT="1")
    client.until("state", state="opening devices")
    os.close(client.ctl)
    assert client.event() is None
    client.ctl = os.open(os.devnull, os.O_RDONLY)


def test_only_what_is_held_is_waited_for(start, machine):
    (dead,) = states(start(JT_INSTALLED="", JAX_PLATFORMS="tpu,cpu", JAXTOUR_WAIT="1").until("state", state="dead"))[1:]
    assert "no libtpu" in dead[1]


def test_who_takes_the_cpu_is_not_kept_from_it(start, machine):
    machine.process(4321, "python train.py", "/dev/accel0")
    events = start(JAX_PLATFORMS="cpu").until("state", state="ready")
    assert states(events)[1] == ("opening devices", "")
    assert [event["findings"] for event in events if event["event"] == "facts"] == [[]]


def test_a_spare_looks_again_when_its_turn_has_come(start, machine):
    machine.process(4321, "the runner before it", "/dev/accel0")
    client = start("--hold")
    client.until("state", state="importing jax")
    client.send(verb="go")
    (dead,) = states(client.until("state", state="dead"))
    assert "the runner before it" in dead[1]


def test_one_host_of_several_starts_alone_and_says_so(start, machine):
    client = start(TPU_WORKER_HOSTNAMES="a,b,c,d")
    events = client.until("state", state="ready")
    assert states(events)[1][1].startswith(
        "this is one of 4 hosts of a TPU slice, so jaxtour uses only its own 4 TPU v4 chips"
    )
    (facts,) = [event for event in events if event["event"] == "facts"]
    # The test machine has no TPU: jax falls back to the CPU, and a finding says so.
    assert [finding["code"] for finding in facts["findings"]] == ["one host", "cpu only"]
    names = ["TPU_WORKER_HOSTNAMES", "TPU_CHIPS_PER_PROCESS_BOUNDS", "TPU_SKIP_MDS_QUERY"]
    assert client.run(f"import os\n[os.environ[name] for name in {names}]").text == "['localhost', '2,2,1', '1']"


def test_one_host_of_several_is_known_from_the_machine_where_the_environment_does_not_tell(start, machine):
    with Metadata() as server:
        server.endpoints = "a:b:10.0.0.1,a:b:10.0.0.2"
        # Without chips, jax sets TPU_SKIP_MDS_QUERY in the process of the tests.
        client = start(GCE_METADATA_IP=server.address, TPU_SKIP_MDS_QUERY="")
        events = client.until("state", state="ready")
    assert states(events)[1][1].startswith("this is one of 2 hosts of a TPU slice")
    assert client.run("import os\nos.environ['TPU_PROCESS_BOUNDS']").text == "'1,1,1'"


@pytest.mark.row("TPU chips without libtpu")
def test_chips_without_libtpu_are_told_and_refused_only_where_they_are_asked_for(start, machine):
    events = start(JT_INSTALLED="").until("state", state="ready")
    (facts,) = [event for event in events if event["event"] == "facts"]
    (finding,) = facts["findings"]
    assert finding["remedy"] == f"{sys.executable} -m pip install -U 'jax[tpu]'"
    *_, dead = states(start(JT_INSTALLED="", JAX_PLATFORMS="tpu,cpu").until("state", state="dead"))
    assert f"but {sys.executable} has no libtpu: " in dead[1]
