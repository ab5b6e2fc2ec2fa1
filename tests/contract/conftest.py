"""Every store and every kind of blobs that the contract suites run on."""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from secantus import SecantusDBServer

from channels.port import Blobs
from router.ports import Store
from router.stores.blobs import LocalBlobs
from router.stores.mongo import MongoBlobs, MongoStore
from router.stores.sqlite import SqliteStore
from router.testing import ManualClock, MemoryBlobs, MemoryStore

MONGO = [pytest.mark.mongo, pytest.mark.timeout(120)]
KINDS = ["memory", "sqlite", pytest.param("wire", marks=MONGO)]
if "HANDLEBY_TEST_MONGODB_URL" in os.environ:
    KINDS.append(pytest.param("server", marks=MONGO))
#: Opens one more handle on the same data, as another process would.
Another = Callable[[], Awaitable[Store]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of one channel follow each other, so that its service is started once."""
    places = {item: item.callspec.params["place"] for item in items if "place" in _parameters(item)}  # type: ignore[attr-defined]
    first = {place: number for number, place in reversed(list(enumerate(places.values())))}
    ordered = iter(sorted(places, key=lambda item: first[places[item]]))
    items[:] = [next(ordered) if item in places else item for item in items]


def _parameters(item: pytest.Item) -> dict[str, object]:
    return dict(item.callspec.params) if hasattr(item, "callspec") else {}


@pytest.fixture
def store_clock() -> ManualClock:
    """Give a clock that the test moves."""
    return ManualClock()


@pytest.fixture(scope="session")
def store_wire() -> Iterator[str]:
    """Speak the MongoDB wire protocol by a stand-in in this process."""
    server = SecantusDBServer(storage_path=":memory:")
    server.start()
    yield server.uri
    server.stop()


@pytest.fixture(params=KINDS)
async def store_another(
    request: pytest.FixtureRequest, tmp_path: Path, store_clock: ManualClock
) -> AsyncIterator[Another]:
    """Open handles on fresh, empty data."""
    handles: list[Store] = []
    memory = MemoryStore(store_clock)
    database = f"test_{secrets.token_hex(6)}"

    def build() -> Store:
        if request.param == "memory":
            return memory
        if request.param == "sqlite":
            return SqliteStore(tmp_path / "store.db", clock=store_clock)

        return MongoStore(_mongo(request), clock=store_clock, database=database)

    async def another() -> Store:
        handle = build()
        handles.append(handle)
        await handle.open()
        return handle

    yield another
    if request.param == "server" and handles:
        await handles[0].client.drop_database(database)  # type: ignore[attr-defined]
    for handle in handles:
        await handle.close()


@pytest.fixture
async def store(store_another: Another) -> Store:
    """One store."""
    return await store_another()


@pytest.fixture(params=KINDS)
async def store_blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Blobs]:
    """Open an empty place for blobs."""
    blobs: Blobs
    if request.param == "memory":
        blobs = MemoryBlobs()
    elif request.param == "sqlite":
        blobs = LocalBlobs(tmp_path)
    else:
        blobs = MongoBlobs(_mongo(request), database=f"test_{secrets.token_hex(6)}")
    await blobs.open()  # type: ignore[attr-defined]
    yield blobs
    await blobs.close()  # type: ignore[attr-defined]


def _mongo(request: pytest.FixtureRequest) -> str:
    if request.param == "server":
        return os.environ["HANDLEBY_TEST_MONGODB_URL"]
    url: str = request.getfixturevalue("store_wire")
    return url
