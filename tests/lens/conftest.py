"""The Pythons whose jax the links are tested on."""

import os

import pytest

PYTHONS = "JAXTOUR_PYTHONS"
"""The environment variable that names them, as PATH names folders: the oldest jax and the newest, above all.

Without it there is one, that which runs the tests.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "python" in metafunc.fixturenames:
        named = [path for path in os.environ.get(PYTHONS, "").split(os.pathsep) if path]
        metafunc.parametrize("python", named or [None], ids=named or ["own"], scope="module")
