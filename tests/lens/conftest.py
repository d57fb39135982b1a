"""The Pythons whose jax the links are tested on."""

import os
from pathlib import Path

import pytest

PYTHONS = "JAXTOUR_PYTHONS"
"""The environment variable that names them, as PATH names folders: the oldest jax and the newest, above all.

Without it there is one, that which runs the tests.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "python" in metafunc.fixturenames:
        # The worker is in another folder; a link stays one, since it is what makes a Python that of its environment.
        named = [str(Path.cwd() / path) for path in os.environ.get(PYTHONS, "").split(os.pathsep) if path]
        marked = [pytest.param(path, id=path, marks=pytest.mark.conformance) for path in named]
        metafunc.parametrize("python", marked or [pytest.param(None, id="own")], scope="module")
