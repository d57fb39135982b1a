"""A real worker for the tests of faults, and the row that each of them fills in."""

from collections.abc import Iterator

import pytest
from survival import Worker
from table import Row, row_of


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """The row of the test that runs."""
    return row_of(request.node)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """A guard with the real runner, checked at the end to have left nothing."""
    worker = Worker()
    yield worker
    worker.close()
