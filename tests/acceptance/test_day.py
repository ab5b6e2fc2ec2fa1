import os
import re
import secrets
import time
import uuid
from collections.abc import Iterator

import pytest
from secantus import SecantusDBServer

from tests.conftest import wiped_url
from tests.support.running import Running, service, until


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        pytest.param("rabbit", marks=pytest.mark.rabbit),
        pytest.param("mongo", marks=[pytest.mark.rabbit, pytest.mark.mongo]),
    ],
)
def running(request, tmp_path_factory) -> Iterator[Running]:
    """Give a service of one process on embedded parts, or of three roles on RabbitMQ with SQLite or MongoDB's wire."""
    if request.param == "embedded":
        with service(tmp_path_factory.mktemp("one")) as one:
            one.start()
            yield one
        return
    url = wiped_url(request.getfixturevalue("rabbit"))
    store = "sqlite"
    if request.param == "mongo":
        server = request.getfixturevalue("mongo_url")
        store = f"{server.rstrip('/')}/day_{secrets.token_hex(4)}"
    with service(tmp_path_factory.mktemp("fleet"), broker=url, store=store) as fleet:
        start_roles(fleet)
        yield fleet


@pytest.fixture(scope="session")
def mongo_url() -> Iterator[str]:
    """Return a real MongoDB server where one is named, else a stand-in that speaks its wire protocol."""
    if "HANDLEBY_TEST_MONGODB_URL" in os.environ:
        yield os.environ["HANDLEBY_TEST_MONGODB_URL"]
        return
    server = SecantusDBServer(storage_path=":memory:")
    server.start()
    yield server.uri
    server.stop()


def start_roles(fleet: Running) -> None:
    """Start one process a role; the desk answers as `all` so that tests need not know."""
    roles = {"router": "router", "channels": "channels", "all": "desk"}
    for name, role in roles.items():
        fleet.launch(name, roles=[role])
    for name in roles:
        fleet.await_live(name)


def door(running: Running) -> str:
    """Return which process has the channels' pages."""
    return "channels" if "channels" in running.ports else "all"


def outbox(running: Running, token: str, to: str) -> list[dict]:
    """Return what went out to this address, newest first."""
    items = running.get("/api/v1/outbox?limit=200", token=token)["items"]
    return [one for one in items if one["to"]["address"] == to]


def noted(running: Running, token: str, to: str, count: int) -> list[dict]:
    """Wait until so many items went out to this address."""
    return until(
        lambda: len(found := outbox(running, token, to)) >= count and found,
        f"{count} items to go out to {to}",
    )


def work(running: Running, token: str, snippet: str) -> dict:
    """Wait until a conversation with this beginning lies before Maria, and return it."""

    def found() -> dict | None:
        both = running.get("/api/v1/work", token=token)
        rows = [*both["mine"], *both["watched"]]
        return next((one for one in rows if one["snippet"].startswith(snippet)), None)

    return until(found, f"the work {snippet!r}")


def test_a_mail_is_noted_answered_and_kept(running) -> None:
    """A mail gets a named note with a time; the agent's answer keeps the promise; the books are clean."""
    token, ana = running.token(), "ana@example.org"
    running.mail("Where is my parcel?", subject="Parcel", sender=ana)
    (note,) = noted(running, token, ana, 1)
    assert re.search(r"\bMaria\b", note["text"])
    assert re.search(r"\d{1,2}[:.]\d{2}", note["text"])
    mine = work(running, token, "Where is my parcel?")
    answer = {"text": "It comes today.", "version": mine["version"]}
    done = running.post(f"/api/v1/conversations/{mine['id']}/reply", answer, token=token)
    assert done["status"] == "pending"
    noted(running, token, ana, 2)

    def kept() -> dict | None:
        one = running.get(f"/api/v1/conversations/{mine['id']}", token=token)
        return one if one["promise"]["state"] == "kept" else None

    assert until(kept, "the promise to be kept")["waiting_since"] is None
    assert "0 findings" in running.command("audit")


def test_a_chat_gets_a_name_and_a_live_answer(running) -> None:
    """A visitor sees who answers by when, then the agent's words."""
    token, name = running.token(), door(running)
    visitor = running.post("/chat/session", {}, name=name)["token"]
    words = {"client_id": str(uuid.uuid4()), "text": "Are you open?"}
    running.post("/chat/messages", words, token=visitor, name=name)

    def seen() -> dict:
        return running.get("/chat/transcript?after=0", token=visitor, name=name)

    shown = until(lambda: seen()["state"]["standing"], "a standing")
    assert shown["person"] == "Maria Jensen"
    assert shown["by"]
    one = work(running, token, "Are you open?")
    running.post(f"/api/v1/conversations/{one['id']}/reply", {"text": "Yes, until six."}, token=token)
    until(lambda: "Yes, until six." in [line["text"] for line in seen()["lines"]], "the answer in the chat")


def test_paused_notes_are_noticed_by_running_processes(running) -> None:
    """`notes pause` stops notes within seconds, `notes resume` brings them back; routing goes on."""
    token = running.token()
    running.command("notes", "pause")
    time.sleep(2.5)
    running.mail("Written while notes are paused", sender="one@example.org")
    work(running, token, "Written while notes are paused")
    assert outbox(running, token, "one@example.org") == []
    running.command("notes", "resume")
    time.sleep(2.5)
    running.mail("Written afterwards", sender="two@example.org")
    noted(running, token, "two@example.org", 1)


def test_health_speaks_and_the_command_prints_the_same(running) -> None:
    """The document has every part that others rely on, and `handleby queues` shows it."""
    running.mail("Hello", sender="health@example.org")
    name = "router" if "router" in running.ports else "all"

    def shown() -> dict | None:
        found = running.get("/health/queues", name=name)
        states = {one["state"] for one in found["channels"]}
        return (
            found if states == {"ok"} and any(row["name"] == "general" for row in found["queues"]) else None
        )

    document = until(shown, "queue and channels in the health document")
    assert {"status", "causes", "queues", "promises", "channels"} <= set(document)
    assert {"made", "kept", "renewed", "broken", "kept_rate"} <= set(document["promises"])
    assert document["queues"][0].keys() >= {
        "name", "channel", "depth", "in_flight", "oldest_age_s", "arrivals_per_min", "handled_per_min",
        "drain_s", "at_risk", "overdue", "next_due_at", "parked",
    }  # fmt: skip
    printed = running.command("queues", name=name)
    assert "general" in printed
    assert "email/support: ok" in printed
    assert running.get("/health/ready", name=name)["ready"]


def test_a_graceful_stop_ends_within_twenty_seconds_and_loses_nothing(running) -> None:
    """After SIGTERM every accepted mail is decided by the next start, once."""
    before = running.audit()
    for number in range(30):
        running.mail(f"Question {number}", sender=f"c{number}@example.org")
    for name in list(running.ports):
        assert running.stop(name) == 0
    if "router" in running.ports:
        start_roles(running)
    else:
        running.start()
    seen = until(
        lambda: (found := running.audit()).notes >= before.notes + 30 and found, "30 notes on record", 90
    )
    assert (seen.messages, seen.conversations) == (before.messages + 30, before.conversations + 30)
    assert seen.findings == []
