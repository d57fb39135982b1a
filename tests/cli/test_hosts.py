"""`--hosts` runs a process on each host of a file, or of a TPU slice."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from shell import jaxtour, lesson

from jaxtour.commands import hosts
from jaxtour.commands.hosts import hosts_of
from jaxtour.course.model import CourseError


def test_a_host_a_line(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("tpu-vm-0\n\n# the others\nme@10.0.0.2  # the second\n")
    assert hosts_of(str(file)) == ("tpu-vm-0", "me@10.0.0.2")


@pytest.mark.parametrize("line", ["-oProxyCommand=true", "a b", "$(true)", "a;b", "'a'", "@b"])
def test_what_is_no_host_has_its_place(tmp_path: Path, line: str) -> None:
    file = tmp_path / "hosts"
    file.write_text(f"tpu-vm-0\n{line}\n")
    with pytest.raises(CourseError, match="hosts:2: "):
        hosts_of(str(file))


def test_a_file_without_hosts_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# none\n")
    with pytest.raises(CourseError, match="no hosts in it"):
        hosts_of(str(tmp_path / "empty"))
    with pytest.raises(CourseError, match="No such file"):
        hosts_of(str(tmp_path / "missing"))


class Metadata(BaseHTTPRequestHandler):
    """Google's metadata server, as a machine of a slice sees it."""

    def do_GET(self) -> None:
        known = self.path.endswith("/attributes/worker-network-endpoints")
        self.send_response(200 if known and self.headers["Metadata-Flavor"] == "Google" else 404)
        self.end_headers()
        self.wfile.write(b"unknown:unknown:10.164.0.2,unknown:unknown:10.164.0.3" if known else b"")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hosts, "_PATIENCE_S", 60.0)  # this server answers, if late on a busy machine
    with HTTPServer(("127.0.0.1", 0), Metadata) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("GCE_METADATA_IP", f"127.0.0.1:{server.server_port}")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("metadata")
def test_the_hosts_of_the_slice_in_the_order_of_their_numbers() -> None:
    assert hosts_of("tpu") == ("10.164.0.2", "10.164.0.3")


def test_the_environment_names_the_hosts_of_a_slice_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPU_WORKER_HOSTNAMES", "t-0.sub, t-1.sub")
    assert hosts_of("tpu") == ("t-0.sub", "t-1.sub")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--hosts", "{file}", "--processes", "2"), "leave out --processes"),
        (("--hosts", "{file}", "--worker", "ssh -T one"), "put {{host}} where the host's name goes"),
        (("--worker", "ssh -T {{host}}"), "name the hosts with --hosts FILE"),
        (("--processes", "2", "--platform", "gpu"), "leave out --platform gpu"),
    ],
)
def test_what_does_not_go_together_is_one_line(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1\n")
    done = jaxtour("devices", *(option.format(file=tmp_path / "hosts") for option in options))
    assert done.returncode == 2
    assert message.format() in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_host_without_a_guard_is_named(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("localhost\nnowhere\n")
    prefix = "sh -c 'echo no route to {host} >&2; test {host} = localhost && exec sh'"
    done = jaxtour("devices", "--hosts", str(tmp_path / "hosts"), "--worker", prefix, "--python", sys.executable)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("jaxtour: process 1 of 2: the worker did not start: ")
    assert "no route to nowhere" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.faults
def test_a_process_on_each_host(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1\nlocalhost\n")
    (tmp_path / "two.yaml").write_text(
        lesson("two", "code: |\n  import jax, os\n  print(os.environ['HOST_NAME'])\n  jax.process_count()")
    )
    prefix = ("--worker", "env HOST_NAME={host}", "--python", sys.executable)
    done = jaxtour("run", "--json", str(tmp_path / "two.yaml"), "--hosts", str(tmp_path / "hosts"), *prefix)
    [step] = json.loads(done.stdout)["steps"]
    assert step["stdout"] == "process 0 │ 127.0.0.1\nprocess 1 │ localhost\n"
    assert step["result"]["text"] == "2"
