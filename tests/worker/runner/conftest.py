"""A runner that records a program."""

import sys
import textwrap

import pytest
from runner_client import RunnerClient


@pytest.fixture
def record(python, tmp_path):
    """Run a program in a separate runner and return what it said.

    With `again`, the fields of a request, it runs as before that request, which says nothing about the run itself.
    """
    clients = []

    def run(code, *, args=(), devices=1, again=None, **launch):
        path = tmp_path / "train.py"
        path.write_text(textwrap.dedent(code))
        env = {"JAXTOUR_CWD": str(tmp_path), "JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": str(devices)}
        client = RunnerClient(python=(python or sys.executable, "-u"), **env)
        clients.append(client)
        client.until("state", state="ready")
        how = {"argv": [str(path), *args], "module": "", "main": True, **launch}
        cell = {"name": "own/file", "code": path.read_text(), "path": str(path), "launch": how}
        client.send(
            verb="run", run=1, **({"cell": cell} if again is None else {"replay": [cell], "probe": cell, **again})
        )
        return client.finish(1)

    yield run
    for client in clients:
        client.close()
