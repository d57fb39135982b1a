"""Names complete the beginning of one: from a real runner, which runs none of the learner's code for it."""

from typing import Any

import pytest
from runner_client import Ran, RunnerClient

CODE = """
import jax, jax.numpy as jnp, numpy as np
X = jnp.ones((3, 2))
class Odd:
    def __init__(self):
        self.given = np.zeros(3)
    @property
    def trap(self):
        print("ran")
    def method(self):
        pass
    def __getattr__(self, name):
        print("ran")
    def __dir__(self):
        print("ran")
        return []
odd = Odd()
globals()["no name"] = globals()["\\x1b[2J"] = 1
globals()["long" * 100] = 1
many = type("Many", (), {f"a{number:03}": number for number in range(300)})()
"""


@pytest.fixture(scope="module")
def client() -> Any:
    client = RunnerClient()
    client.until("state", state="ready")
    client.run(CODE)
    yield client
    client.close()


def asked(client: RunnerClient, beginning: str) -> Ran:
    return client.run(cell=None, complete=beginning)


def names(client: RunnerClient, beginning: str) -> dict[str, str]:
    return {each["name"]: each["kind"] for each in asked(client, beginning).one("names")["names"]}


def test_names_of_the_namespace_of_python_and_of_modules(client: RunnerClient) -> None:
    assert names(client, "jnp.linsp") == {"linspace": "function"}
    assert names(client, "jax.nu")["numpy"] == "module"
    assert names(client, "X") == {"X": "float32[3,2]"}
    assert names(client, "X.shape") == {"shape": "attribute"}
    assert names(client, "whil") == {"while": "keyword"}
    found = list(names(client, ""))
    assert found[:2] == ["jax", "jnp"] and "print" in found, "the learner's own names come first"
    assert "no name" not in found and all(name.isidentifier() for name in found)


def test_nothing_of_the_learners_runs(client: RunnerClient) -> None:
    ran = asked(client, "odd.")
    found = {each["name"]: each["kind"] for each in ran.one("names")["names"]}
    assert found == {"given": "float64[3]", "method": "function", "trap": "attribute"}
    assert ran.stdout == "" and names(client, "odd.trap.") == {} and names(client, "odd.nothing.") == {}


def test_the_list_is_bounded_and_the_state_stays(client: RunnerClient) -> None:
    ran = asked(client, "many.a")
    assert len(ran.one("names")["names"]) == 200 and ran.one("names")["more"] == 100
    assert ran.one("done")["dirty"] is False
