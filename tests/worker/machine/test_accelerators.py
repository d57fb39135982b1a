"""On machines simulated by files, accelerators are found, with their problems and the remedies."""

import os
import socket
import subprocess
import sys

import pytest
from machines import NOBODY, NVIDIA, V4, V5E, Machine, Metadata

from jaxtour.worker.machine import accelerators, hardware, host
from jaxtour.worker.machine.devices import explain


class Seen(Machine):
    """A machine to survey."""

    def look(self, environ=(), installed=("libtpu",)):
        environ = {"GCE_METADATA_IP": NOBODY, **dict(environ)}
        return accelerators.look(environ, self.root, lambda name: name in installed, "/env/bin/python")


@pytest.fixture
def machine(tmp_path):
    return Seen(tmp_path)


def codes(survey):
    return [finding.code for finding in survey.findings]


def test_an_ordinary_machine(machine):
    machine.pci(("0x8086", "0x1234"))
    assert machine.look() == accelerators.Survey()
    empty = machine.root / "nothing"
    assert accelerators.look({}, empty, lambda name: False) == accelerators.Survey()


def test_tpus_that_are_as_they_should_be(machine):
    machine.tpu(*[V4] * 4)
    survey = machine.look()
    assert (survey.there, survey.findings, survey.tpu, survey.environment) == (("4 TPU v4 chips",), (), True, {})
    assert hardware.tpu_files(machine.root) == ["/dev/accel0", "/dev/accel1", "/dev/accel2", "/dev/accel3"]


def test_who_holds_the_tpu_is_told_with_what_can_be_done(machine):
    machine.tpu(*[V4] * 4)
    machine.process(50, "bash", "/dev/pts/1")
    machine.process(4321, "python train.py --steps 9", "/dev/null", "/dev/accel2", started=9280)
    (found,) = machine.look().findings
    assert found == machine.look({"JAX_PLATFORMS": "tpu,cpu"}).fatal
    assert str(found) == (
        "the TPU is held by process 4321 (`python train.py --steps 9`, started 12 min ago): "
        "wait until it ends and restart; or use the CPU: --platform cpu; or quit"
    )


def test_chips_behind_vfio_are_chips_and_its_control_file_is_none(machine):
    machine.tpu(*[V5E] * 2, files="vfio/")
    machine.write("dev/vfio/vfio", "")
    machine.process(7, "", "/dev/vfio/vfio")
    assert codes(machine.look()) == []
    machine.process(8, "", "/dev/vfio/1")
    machine.write("proc/8/comm", "train\n")
    assert "process 8 (`train`, started " in str(machine.look().fatal)


def test_only_chips_that_are_asked_for_can_be_held(machine):
    machine.tpu(*[V4] * 4)
    machine.process(9, "python a.py", "/dev/accel0")
    assert codes(machine.look({"TPU_VISIBLE_CHIPS": "2,3"})) == []
    assert codes(machine.look({"TPU_VISIBLE_CHIPS": "0,1"})) == ["tpu busy"]
    machine.lock(pid=9)
    assert codes(machine.look({"TPU_VISIBLE_CHIPS": "2,3"})) == ["tpu busy"]
    assert codes(machine.look({"TPU_VISIBLE_CHIPS": "2,3", "ALLOW_MULTIPLE_LIBTPU_LOAD": "1"})) == []


def test_a_holder_whose_files_may_not_be_seen_is_known_by_its_lock(machine):
    machine.tpu(*[V4] * 4)
    machine.lock(pid=77)
    assert "the TPU is held by process 77:" in str(machine.look().fatal)


def test_a_lock_that_nobody_holds_is_told_with_the_command_and_stays(machine, monkeypatch):
    machine.tpu(*[V4] * 4)
    file = machine.lock()
    assert codes(machine.look()) == []  # we may lock it again
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (found,) = machine.look().findings
    assert found.fatal and found.remedy == "sudo rm /tmp/libtpu_lockfile"
    assert found.message.startswith("/tmp/libtpu_lockfile of ") and "no process holds it" in found.message
    assert file.exists()
    (machine.root / "proc/locks").unlink()
    assert codes(machine.look()) == []  # nothing shows that it is stale


def test_why_a_tpu_did_not_open(machine):
    assert accelerators.why_busy({}, machine.root) is None
    machine.tpu(V4)
    machine.lock()
    assert accelerators.why_busy({}, machine.root).remedy == "rm /tmp/libtpu_lockfile"
    machine.process(3, "a", "/dev/accel0")
    assert accelerators.why_busy({}, machine.root).code == "tpu busy"


def test_a_failure_that_names_a_process_is_told_in_one_line():
    error = RuntimeError("Unable to initialize backend 'tpu': The TPU is already in use by process with pid 7.")
    assert explain(error, "tpu,cpu") == "the TPU is in use by process 7: wait until it ends, or use --platform cpu"


@pytest.mark.parametrize("name", ["TPU_WORKER_HOSTNAMES", "TPU_PROCESS_ADDRESSES"])
def test_one_host_of_several_takes_its_own_chips_alone(machine, name):
    machine.tpu(*[V4] * 4)
    survey = machine.look({name: "t0,t1,t2,t3", "TPU_HOST_BOUNDS": "1,1,4"})
    (found,) = survey.findings
    assert not found.fatal
    assert found.message.startswith(
        "this is one of 4 hosts of a TPU slice, so jaxtour uses only its own 4 TPU v4 chips"
    )
    assert survey.environment == {
        "TPU_SKIP_MDS_QUERY": "1",
        "TPU_WORKER_HOSTNAMES": "localhost",
        "TPU_WORKER_ID": "0",
        "CLOUD_TPU_TASK_ID": "0",
        "TPU_PROCESS_ADDRESSES": "localhost:8476",
        "TPU_PROCESS_PORT": "8476",
        "TPU_PROCESS_BOUNDS": "1,1,1",
        "TPU_CHIPS_PER_PROCESS_BOUNDS": "2,2,1",
        "TPU_HOST_BOUNDS": "1,1,1",
        "TPU_CHIPS_PER_HOST_BOUNDS": "2,2,1",
        "TPU_VISIBLE_CHIPS": "0,1,2,3",
    }
    assert codes(machine.look(survey.environment)) == []
    assert codes(machine.look({name: "t0"})) == []


def test_with_a_process_on_every_host_each_takes_part_in_the_slice(machine):
    machine.tpu(*[V4] * 4)
    survey = machine.look({"TPU_WORKER_HOSTNAMES": "t0,t1", "JAXTOUR_PROCESSES": "2"})
    assert (codes(survey), survey.environment, survey.tpu) == ([], {}, True)


@pytest.fixture
def metadata(monkeypatch):
    monkeypatch.setattr(host, "PATIENCE_S", 60.0)  # this server answers, if late on a busy machine
    with Metadata() as server:
        yield server


def test_the_hosts_of_a_slice_are_asked_for_where_the_environment_does_not_tell(machine, metadata):
    machine.tpu(*[V4] * 4)
    metadata.endpoints = "uid:unknown:10.0.0.1,uid:unknown:10.0.0.2"
    survey = machine.look({"GCE_METADATA_IP": metadata.address})
    assert codes(survey) == ["one host"] and survey.findings[0].message.startswith("this is one of 2 hosts")
    assert metadata.asked == [("/computeMetadata/v1/instance/attributes/worker-network-endpoints", "Google")]
    # The variables it sets answer the question, so no server is queried again.
    assert codes(machine.look({**survey.environment, "GCE_METADATA_IP": metadata.address})) == []
    for told in ({"TPU_SKIP_MDS_QUERY": "1"}, {"TPU_WORKER_HOSTNAMES": "localhost"}, {"TPU_PROCESS_BOUNDS": "1,1,1"}):
        assert codes(machine.look({"GCE_METADATA_IP": metadata.address, **told})) == []
    assert len(metadata.asked) == 1


@pytest.mark.parametrize("endpoints", [None, "", "uid:unknown:10.0.0.1"])
def test_a_slice_of_one_host_needs_nothing_set(machine, metadata, endpoints):
    machine.tpu(*[V4] * 4)
    metadata.endpoints = endpoints
    assert machine.look({"GCE_METADATA_IP": metadata.address}).findings == ()


def test_a_machine_without_chips_asks_nobody(machine, metadata):
    assert machine.look({"GCE_METADATA_IP": metadata.address}).findings == ()
    assert metadata.asked == []


@pytest.mark.parametrize("address", ["a..b", "host:port", "[", "\x00"])
def test_what_is_no_address_of_a_server_tells_nothing(machine, address):
    machine.tpu(*[V4] * 4)
    assert machine.look({"GCE_METADATA_IP": address}).findings == ()


def test_a_server_that_does_not_answer_is_not_waited_for(machine, monkeypatch):
    machine.tpu(*[V4] * 4)
    monkeypatch.setattr(host, "PATIENCE_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert machine.look({"GCE_METADATA_IP": f"127.0.0.1:{silent.getsockname()[1]}"}).findings == ()


@pytest.mark.parametrize(
    ("chips", "given", "bounds", "visible"),
    [(1, "", "1,1,1", "0"), (8, "", "2,4,1", "0,1,2,3,4,5,6,7"), (8, "4,2,1", "4,2,1", "0,1,2,3,4,5,6,7"),
     (8, "2,2,1", "2,4,1", "0,1,2,3,4,5,6,7"), (3, "nonsense", "1,1,1", "0")],
)  # fmt: skip
def test_how_the_chips_of_a_host_lie(machine, chips, given, bounds, visible):
    machine.tpu(*[V5E] * chips)
    environment = machine.look({"TPU_WORKER_HOSTNAMES": "a,b", "TPU_CHIPS_PER_HOST_BOUNDS": given}).environment
    assert (environment["TPU_CHIPS_PER_PROCESS_BOUNDS"], environment["TPU_VISIBLE_CHIPS"]) == (bounds, visible)


def test_who_has_said_that_this_host_is_alone_is_left_alone(machine):
    machine.tpu(*[V4] * 4)
    assert codes(machine.look({"TPU_WORKER_HOSTNAMES": "a,b", "TPU_PROCESS_BOUNDS": "1,1,1"})) == []


def test_chips_without_libtpu(machine):
    machine.tpu(V4, V4)
    survey = machine.look(installed=())
    (found,) = survey.findings
    assert str(found) == (
        "this machine has 2 TPU v4 chips, but /env/bin/python has no libtpu, so jax uses the CPU: "
        "/env/bin/python -m pip install -U 'jax[tpu]'"
    )
    assert not found.fatal and not survey.tpu
    fatal = machine.look({"JAX_PLATFORMS": "tpu,cpu"}, installed=()).fatal
    assert fatal and "so jax" not in fatal.message
    assert codes(machine.look({"TPU_LIBRARY_PATH": "/opt/libtpu.so"}, installed=())) == []


def test_chips_without_files_and_without_huge_pages(machine):
    machine.pci(V5E)
    machine.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
    survey = machine.look()
    assert codes(survey) == ["no chip files", "huge pages"] and not survey.fatal
    assert survey.findings[1].remedy == "sudo sh -c 'echo always > /sys/kernel/mm/transparent_hugepage/enabled'"
    machine.write("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n")
    assert codes(machine.look()) == ["no chip files"]


def test_huge_pages_matter_only_to_chips_that_start_slowly_without(machine):
    machine.tpu(V4)
    machine.write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n")
    assert codes(machine.look()) == []


@pytest.mark.parametrize(("driver", "extra"), [("", "cuda13"), ("580.65.06", "cuda13"), ("550.54.15", "cuda12")])
def test_a_gpu_without_its_plugin(machine, driver, extra):
    machine.pci(NVIDIA)
    machine.write("dev/nvidia0", "")
    if driver:
        machine.write("proc/driver/nvidia/version", f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {driver}  Tue")
    (found,) = machine.look().findings
    assert str(found) == (
        "this machine has an NVIDIA GPU, but /env/bin/python has no CUDA plugin for jax, so jax uses the CPU: "
        f"/env/bin/python -m pip install -U 'jax[{extra}]'"
    )
    assert machine.look({"JAX_PLATFORMS": "cuda,cpu"}).fatal
    assert codes(machine.look(installed=("jax_cuda12_plugin",))) == []


def test_a_gpu_without_its_driver(machine):
    machine.pci(NVIDIA)
    survey = machine.look()
    assert codes(survey) == ["no gpu files"] and not survey.fatal
    assert machine.look({"JAX_PLATFORMS": "cuda,cpu"}).fatal.code == "no gpu files"


def test_no_gpu_where_one_is_asked_for(machine):
    assert str(machine.look({"JAX_PLATFORMS": "cuda"}).fatal) == (
        "this machine has no NVIDIA GPU: use the CPU: --platform cpu"
    )


def test_who_asks_for_the_cpu_hears_nothing(machine):
    machine.tpu(V4, NVIDIA)
    machine.process(1, "a", "/dev/accel0")
    machine.lock(pid=1)
    assert machine.look({"JAX_PLATFORMS": "cpu"}, installed=()) == accelerators.Survey()


def test_each_platform_hears_only_of_its_own(machine):
    machine.tpu(V4, NVIDIA)
    machine.process(1, "a", "/dev/accel0")
    machine.write("dev/nvidia0", "")
    machine.write("dev/kfd", "")
    assert codes(machine.look({"JAX_PLATFORMS": "cuda,cpu"})) == ["no cuda plugin"]
    assert codes(machine.look({"JAX_PLATFORMS": "tpu,cpu"})) == ["tpu busy"]
    assert codes(machine.look({"JAX_PLATFORMS": "rocm,cpu"})) == []
    assert machine.look().there == ("1 TPU v4 chip", "an NVIDIA GPU", "an AMD GPU")


def test_the_cpu_in_place_of_what_is_there_is_never_silent(machine):
    machine.tpu(V4, V4)
    survey = machine.look()
    assert accelerators.unused(survey, ["tpu", "cpu"]) is None
    found = accelerators.unused(survey, ["cpu"])
    assert found.message == "jax found only the CPU, though this machine has 2 TPU v4 chips"
    assert found.remedy == "run `jaxtour devices --platform tpu` to see why"
    assert accelerators.unused(machine.look(installed=()), ["cpu"]) is None  # another finding has explained it
    assert accelerators.unused(accelerators.Survey(), ["cpu"]) is None


def test_a_process_of_another_user_is_named_with_that_user(machine, monkeypatch):
    machine.tpu(V4)
    machine.process(12, "python " + "x" * 200, "/dev/accel0")
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    text = str(machine.look().fatal)
    assert " of " in text and "…`" in text and len(text) < 300


def test_the_real_machine_is_looked_at_without_jax():
    code = (
        "import sys\nsys.path.insert(0, 'jaxtour')\nfrom worker.machine import accelerators\n"
        "print(accelerators.look())\n"
        "assert not {'jax', 'jaxlib', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 days")]
)
def test_how_long_ago(seconds, text):
    assert hardware.ago(seconds) == text
