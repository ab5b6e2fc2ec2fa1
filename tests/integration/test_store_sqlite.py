"""What only the SQLite store promises: one file for several processes, full disks, group commit."""

import asyncio
import signal
import sqlite3
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.errors import ConfigError, StoreDown, StoreFull
from router.stores.blobs import LocalBlobs
from router.stores.sqlite import SqliteStore
from router.stores.sqlite.schema import migrate
from router.stores.writer import Writer
from router.testing import ManualClock
from router.testing.time import START
from tests.contract.store_values import accept, conversation, entry, message, put

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Open a store in a fresh file."""
    store = SqliteStore(tmp_path / "store.db", clock=ManualClock())
    await store.open()
    yield store
    await store.close()


async def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    """Closing and opening again loses nothing and migrates nothing twice."""
    for expected in (True, False):
        store = SqliteStore(tmp_path / "new" / "store.db", clock=ManualClock())
        await store.open()
        assert await accept(store, "m1") == [expected]
        await store.close()


async def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """A file written by a newer version is left alone, and the error says what to do."""
    conn = sqlite3.connect(tmp_path / "store.db")
    conn.execute("PRAGMA user_version = 99")
    conn.close()
    store = SqliteStore(tmp_path / "store.db", clock=ManualClock())
    with pytest.raises(ConfigError, match="newer version"):
        await store.open()
    await store.close()


def test_a_failing_migration_changes_nothing(tmp_path: Path) -> None:
    """When a migration fails half way, the file is as it was before."""
    conn = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    conn.execute("CREATE TABLE conversations (x)")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(conn, "router.stores.sqlite", tmp_path / "store.db")
    assert [row[0] for row in conn.execute("SELECT name FROM sqlite_master")] == ["conversations"]
    assert conn.execute("PRAGMA user_version").fetchone() == (0,)
    conn.close()


async def test_a_file_that_is_no_database_is_store_down(tmp_path: Path) -> None:
    """Garbage in place of the file is reported as the store being down."""
    (tmp_path / "store.db").write_bytes(b"this is not a database" * 100)
    store = SqliteStore(tmp_path / "store.db", clock=ManualClock())
    with pytest.raises(StoreDown):
        await store.open()
    await store.close()


async def test_a_full_disk_refuses_and_recovers(store: SqliteStore) -> None:
    """With no room left accepting raises StoreFull; with room again it works without a restart."""
    await accept(store, "before")
    pages = await store._writer.run(lambda conn: conn.execute("PRAGMA page_count").fetchone()[0])
    await store._writer.run(lambda conn: conn.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone())
    with pytest.raises(StoreFull):
        await accept(store, *(f"m{n}" for n in range(50)), text="x" * 5000)
    assert await store.message("m0") is None
    assert await store.message("before") is not None
    await store._writer.run(lambda conn: conn.execute("PRAGMA max_page_count = 100000").fetchone())
    assert await accept(store, "after") == [True]


async def test_one_failing_job_does_not_spoil_its_group(store: SqliteStore) -> None:
    """Jobs that share a transaction succeed and fail each for itself."""

    def fail(conn: sqlite3.Connection) -> None:
        conn.execute("UPDATE messages SET queue = 'spoilt'")
        raise ValueError

    jobs = [accept(store, "a"), store._writer.run(fail), accept(store, "b"), store._writer.run(fail)]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(answer) for answer in answers] == [list, ValueError, list, ValueError]
    found = [await store.message(key) for key in "ab"]
    assert [one.queue for one in found if one is not None] == ["triage", "triage"]


async def test_jobs_that_wait_share_a_transaction(tmp_path: Path) -> None:
    """What queues up while the writer is busy is committed together."""
    commits: list[str] = []

    def open_file() -> sqlite3.Connection:
        conn = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
        conn.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
        return conn

    writer = Writer("test-writer", open_file)
    await writer.open()
    assert await asyncio.gather(*(writer.run(lambda _, n=n: n) for n in range(200))) == list(range(200))  # type: ignore[misc]
    await writer.close()
    assert len(commits) < 100


async def test_only_what_must_last_waits_for_the_disk(tmp_path: Path) -> None:
    """A commit is flushed unless nothing in it has to last, and the next one that has to is flushed again."""

    def flushed(conn: sqlite3.Connection) -> bool:
        return bool(conn.execute("PRAGMA synchronous").fetchone()[0] == 2)

    writer = Writer(
        "test", lambda: sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    )
    await writer.open()
    found = [await writer.run(flushed, lasting=lasting) for lasting in (True, False, False, True)]
    both = await asyncio.gather(writer.run(flushed, lasting=False), writer.run(flushed))
    await writer.close()
    assert found == [True, False, False, True]
    assert both[1]


async def test_a_closed_store_is_down(tmp_path: Path) -> None:
    """After closing, every verb says that the store is down."""
    store = SqliteStore(tmp_path / "store.db", clock=ManualClock())
    await store.open()
    await store.close()
    for verb in (accept(store, "m"), store.load(["m"]), store.message("m")):
        with pytest.raises(StoreDown):
            await verb


WORKER = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from router.stores.sqlite import SqliteStore
    from router.testing import ManualClock
    from tests.contract.store_values import accept, conversation, entry, next_state, put

    async def main(path, name):
        store = SqliteStore(Path(path), clock=ManualClock())
        await store.open()
        new = won = 0
        for number in range(40):
            new += sum(await accept(store, f"m{number}"))
            while True:
                state = await store.conversation("shared")
                fresh = conversation("shared") if state is None else next_state(state, unanswered=state.unanswered + 1)
                if await put(store, fresh) == [True]:
                    break
            won += sum(await put(store, conversation(f"{name}{number}"), applied=[entry(f"m{number}")]))
        print(new, won)
        await store.close()

    asyncio.run(main(*sys.argv[1:]))
""")


async def test_several_processes_share_the_file(tmp_path: Path) -> None:
    """Three processes accept the same messages and change one conversation: nothing is lost or doubled."""
    path = tmp_path / "store.db"
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, str(path), name, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        for name in "abc"
    ]
    answers = [(await process.communicate())[0].split() for process in started]
    assert sum(int(new) for new, _ in answers) == 40
    assert sum(int(won) for _, won in answers) == 40
    store = SqliteStore(path, clock=ManualClock())
    await store.open()
    shared = await store.conversation("shared")
    assert shared is not None
    assert (shared.version, shared.unanswered) == (120, 119)
    assert len(await store.audit_conversations("", 500)) == 41
    await store.close()


ACCEPTOR = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from router.stores.sqlite import SqliteStore
    from router.testing import ManualClock
    from tests.contract.store_values import accept

    async def main(path):
        store = SqliteStore(Path(path), clock=ManualClock())
        await store.open()
        for number in range(100_000):
            await accept(store, f"m{number}")
            print(number, flush=True)

    asyncio.run(main(sys.argv[1]))
""")


@pytest.mark.faults
async def test_a_killed_process_loses_nothing_that_it_promised(tmp_path: Path) -> None:
    """Every message that was accepted before a SIGKILL is in the file afterwards."""
    path = tmp_path / "store.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ACCEPTOR, str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    for _ in range(100):
        await process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = (await process.stdout.read()).split(b"\n")[:-1]
    await process.wait()
    last = int(rest[-1]) if rest else 99
    store = SqliteStore(path, clock=ManualClock())
    await store.open()
    loaded = await store.load([f"m{number}" for number in range(last + 1)])
    assert len(loaded.messages) == last + 1
    await store.close()


async def test_a_full_page_of_keys_is_one_batch(store: SqliteStore) -> None:
    """Two hundred messages load and commit in one go."""
    keys = [f"m{number}" for number in range(200)]
    await store.accept([(message(key), START) for key in keys])
    assert set((await store.load(keys)).messages) == set(keys)
    states = [conversation(f"cv{key}", links=(f"mid:{key}",)) for key in keys]
    assert all(await put(store, *states))
    assert all(await put(store, conversation("all"), applied=[entry(key, n) for n, key in enumerate(keys)]))


async def test_large_blobs_are_files(tmp_path: Path) -> None:
    """A large blob is a file named by its hash, with nothing half written beside it."""
    blobs = LocalBlobs(tmp_path)
    await blobs.open()
    blob = await blobs.put(b"x" * 100_000)
    await blobs.put(b"small")
    await blobs.close()
    files = [
        path.relative_to(tmp_path).as_posix() for path in (tmp_path / "blobs").rglob("*") if path.is_file()
    ]
    assert files == [f"blobs/{blob[:2]}/{blob[2:]}"]
