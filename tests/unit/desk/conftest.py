"""Fixtures of the desk's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.desk.office import Client, Office, opened, visitor


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give a desk on a port of its own."""
    async with opened(tmp_path) as found:
        yield found


@pytest.fixture
async def maria(office: Office) -> AsyncIterator[Client]:
    """Give an agent with an API token."""
    async with visitor(office, "agent") as client:
        yield client


@pytest.fixture
async def ada(office: Office) -> AsyncIterator[Client]:
    """Give an admin with an API token."""
    async with visitor(office, "admin") as client:
        yield client


@pytest.fixture
async def stranger(office: Office) -> AsyncIterator[Client]:
    """Give somebody who has not signed in."""
    async with visitor(office) as client:
        yield client
