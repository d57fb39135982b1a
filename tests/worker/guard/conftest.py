"""Guards that end with their test."""

import pytest
from guard_client import Guard


@pytest.fixture
def guards():
    """Starts guards and closes them."""
    opened = []

    def start(*args, opening=True, **kwargs):
        guard = Guard(*args, **kwargs)
        opened.append(guard)
        return guard.open() if opening else guard

    yield start
    for guard in opened:
        guard.close()
