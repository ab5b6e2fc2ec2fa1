import json
import re
import time
import uuid

import pytest

from tests.support.running import Running, service, until


@pytest.fixture(params=["embedded", pytest.param("rabbit", marks=pytest.mark.rabbit)])
def running(request, tmp_path):
    """A service of one process on embedded parts, or of three roles on RabbitMQ."""
    if request.param == "embedded":
        with service(tmp_path) as one:
            one.start()
            yield one
        return
    url = request.getfixturevalue("rabbit_url")
    with service(tmp_path, broker=url) as fleet:
        start_roles(fleet)
        yield fleet


def start_roles(fleet: Running) -> None:
    """Start one process a role; the desk answers as `all` so that tests need not know."""
    fleet.start("router", roles=["router"])
    fleet.start("channels", roles=["channels"])
    fleet.start("all", roles=["desk"])


def door(running: Running) -> str:
    """Return which process has the channels' pages."""
    return "channels" if "channels" in running.ports else "all"


def as_maria(running: Running) -> str:
    """Return an API token of Maria's."""
    return running.token()


def outbox(running: Running, token: str) -> list[dict]:
    """Return what went out, newest first."""
    return running.get("/api/v1/outbox", token=token)["items"]


def noted(running: Running, token: str, count: int) -> list[dict]:
    """Wait until so many items went out."""
    return until(lambda: len(found := outbox(running, token)) >= count and found, f"{count} items to go out")


def test_a_mail_is_noted_answered_and_kept(running):
    """A mail gets a named note with a time; the agent's answer keeps the promise; the books are clean."""
    token = as_maria(running)
    running.mail("Where is my parcel?", subject="Parcel")
    (note,) = noted(running, token, 1)
    assert re.search(r"\bMaria\b", note["text"])
    assert re.search(r"\d{1,2}[:.]\d{2}", note["text"])
    work = running.get("/api/v1/work", token=token)
    (mine,) = [*work["mine"], *work["watched"]]
    done = running.post(
        f"/api/v1/conversations/{mine['id']}/reply", {"text": "It comes today.", "version": mine["version"]}, token=token
    )
    assert done["status"] == "pending"
    noted(running, token, 2)
    kept = until(
        lambda: (one := running.get(f"/api/v1/conversations/{mine['id']}", token=token))["promise"]["state"] == "kept"
        and one,
        "the promise to be kept",
    )
    assert kept["waiting_since"] is None
    assert "0 findings" in running.command("audit")


def test_a_chat_gets_a_name_and_a_live_answer(running):
    """A visitor sees who answers by when, then the agent's words."""
    token = as_maria(running)
    welcome = running.post("/chat/session", {}, name=door(running))
    visitor = welcome["token"]
    running.post(
        "/chat/messages", {"client_id": str(uuid.uuid4()), "text": "Are you open?"}, token=visitor, name=door(running)
    )

    def standing():
        state = running.get("/chat/transcript?after=0", token=visitor, name=door(running))["state"]
        return state["standing"]

    shown = until(standing, "a standing")
    assert shown["person"] == "Maria Jensen"
    assert shown["by"]
    found = running.get("/api/v1/work", token=token)
    (one,) = [*found["mine"], *found["watched"]]
    running.post(f"/api/v1/conversations/{one['id']}/reply", {"text": "Yes, until six."}, token=token)

    def lines():
        got = running.get("/chat/transcript?after=0", token=visitor, name=door(running))["lines"]
        return [line["text"] for line in got]

    until(lambda: "Yes, until six." in lines(), "the answer in the chat")


def test_paused_notes_are_noticed_by_running_processes(running):
    """`notes pause` stops notes within seconds, `notes resume` brings them back; routing goes on."""
    token = as_maria(running)
    running.command("notes", "pause")
    time.sleep(2.5)
    running.mail("First", sender="one@example.org")
    work = until(
        lambda: [*(w := running.get("/api/v1/work", token=token))["mine"], *w["watched"]], "the work to appear"
    )
    assert len(work) == 1
    assert outbox(running, token) == []
    running.command("notes", "resume")
    time.sleep(2.5)
    running.mail("Second", sender="two@example.org")
    noted(running, token, 1)


def test_a_graceful_stop_ends_within_twenty_seconds_and_loses_nothing(running):
    """After SIGTERM every accepted mail is decided by the next start, once."""
    token = as_maria(running)
    for number in range(30):
        running.mail(f"Question {number}", sender=f"c{number}@example.org")
    names = list(running.ports)
    for name in names:
        assert running.stop(name) == 0
    if "router" in names:
        start_roles(running)
    else:
        running.start()
    noted(running, token, 30)
    seen = until(lambda: (report := running.audit()).notes == 30 and report, "30 notes on record")
    assert (seen.messages, seen.conversations, seen.findings) == (30, 30, [])


def test_health_speaks_and_the_command_prints_the_same(running):
    """The document has every part that others rely on, and `handleby queues` shows it."""
    running.mail("Hello")
    name = "router" if "router" in running.ports else "all"

    def shown() -> dict | None:
        found = running.get("/health/queues", name=name)
        return found if any(row["name"] == "general" for row in found["queues"]) else None

    document = until(shown, "the queue in the health document")
    assert {"status", "causes", "queues", "promises", "channels"} <= set(document)
    assert {"made", "kept", "renewed", "broken", "kept_rate"} <= set(document["promises"])
    assert document["queues"][0].keys() >= {
        "name", "channel", "depth", "in_flight", "oldest_age_s", "arrivals_per_min", "handled_per_min",
        "drain_s", "at_risk", "overdue", "next_due_at", "parked",
    }  # fmt: skip
    assert "general" in running.command("queues", name=name)
    assert running.get("/health/ready", name=name)
    assert json.dumps(document)
