import smtplib
import threading
import time
from collections.abc import Collection, Iterator

import pytest

from router.bootstrap import Parts
from router.conversation import SendState
from router.faults import POINTS
from tests.support.ledger import Ledger, ledger
from tests.support.rabbit import RabbitNode
from tests.support.running import RULES, Running, service, until

#: Every mail is due at once, so that the timers have work too.
HASTY = RULES + "channels:\n  email: {target: 5s}\n"
MAILS = 25


@pytest.fixture
def book(tmp_path) -> Iterator[Ledger]:
    """Keep what customers' mailboxes get."""
    folder = tmp_path / "tls"
    folder.mkdir()
    with ledger(folder) as one:
        yield one


class Senders:
    """Customers who write at the same time and send again whatever was not taken with 250, as mail servers do."""

    def __init__(self, running: Running, count: int, patience_s: float = 60) -> None:
        self.running, self.count, self.patience_s = running, count, patience_s
        self.accepted: set[str] = set()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(4)]

    def start(self) -> None:
        """Let them write."""
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until everything was taken."""
        for thread in self._threads:
            thread.join(self.patience_s + 30)
        assert len(self.accepted) == self.count, f"{len(self.accepted)} of {self.count} mails were accepted"

    def _send(self, first: int) -> None:
        for number in range(first, self.count, len(self._threads)):
            deadline = time.monotonic() + self.patience_s
            while time.monotonic() < deadline:
                try:
                    self.running.mail(
                        f"Question {number}", sender=f"c{number}@example.org", key=f"<{number}@example.org>"
                    )
                except (OSError, smtplib.SMTPException):
                    time.sleep(0.1)
                    continue
                self.accepted.add(f"c{number}@example.org")
                break


def settled(running: Running, count: int, seconds: float = 60) -> None:
    """Wait until every mail has a conversation, and hold the store against the invariants."""

    def done() -> bool:
        seen = running.audit()
        return seen.conversations == count and not seen.findings and not notes_under_way(running)

    until(done, f"{count} conversations, a clean audit and no note under way", seconds)


def notes_under_way(running: Running) -> int:
    """Return how many notes have still to leave; those in doubt are shown to a person and stay."""
    return in_state(running, {SendState.PENDING, SendState.RETRY})


def nothing_lost_nothing_doubled(book: Ledger, senders: Senders, unknown: int) -> None:
    """Hold what customers saw against what was accepted."""
    assert max(book.copies().values()) == 1
    got = book.receivers()
    assert max(got.values()) == 1
    assert set(got) <= senders.accepted
    assert len(senders.accepted - set(got)) <= unknown


def shown(running: Running) -> int:
    """Return how many notes are in doubt, and so are shown to the accountable person, never sent again."""
    return in_state(running, {SendState.UNKNOWN, SendState.SENDING})


def in_state(running: Running, states: Collection[SendState]) -> int:
    """Return how many outbox entries are in one of the states."""

    async def job(parts: Parts) -> int:
        found = await parts.store.audit_conversations("", 100_000)
        return sum(item.state in states for one in found for item in one.outbox)

    return int(running.inside(job))


@pytest.mark.faults
@pytest.mark.parametrize("point", POINTS)
def test_killing_it_at_any_step_loses_and_repeats_nothing(point, tmp_path, book) -> None:
    """SIGKILL at this step under load, then a start: every accepted mail once, every note at most once."""
    with service(tmp_path, send=book.url, rules=HASTY) as running:
        passes = 1 if point.startswith("tm") else 3
        running.start(crash=f"{point}:{passes}")
        senders = Senders(running, MAILS)
        senders.start()
        assert running.gone() == -9
        running.start()
        senders.wait()
        settled(running, MAILS)
        nothing_lost_nothing_doubled(book, senders, unknown=shown(running))


@pytest.mark.faults
@pytest.mark.rabbit
def test_killing_the_broker_under_load_loses_and_repeats_nothing(tmp_path, book) -> None:
    """SIGKILL of the RabbitMQ node: mail is still taken, and all of it is answered once it is back."""
    with RabbitNode.started() as node, service(tmp_path, send=book.url, broker=node.url) as running:
        running.start("router", roles=["router"])
        running.start("all", roles=["channels", "desk"])
        until(lambda: ready(running), "the broker to be ready")
        senders = Senders(running, 60)
        senders.start()
        time.sleep(0.5)
        node.kill()
        time.sleep(2)
        node.start()
        senders.wait()
        settled(running, 60)
        until(lambda: len(book.receivers()) == 60, "60 notes", 60)
        nothing_lost_nothing_doubled(book, senders, unknown=0)


@pytest.mark.faults
@pytest.mark.rabbit
@pytest.mark.parametrize("role", ["router", "channels"])
def test_killing_a_process_of_a_fleet_loses_and_repeats_nothing(role, tmp_path, book, rabbit_url) -> None:
    """SIGKILL of the router or of the channels process under load, then a start of just that one."""
    with service(tmp_path, send=book.url, broker=rabbit_url) as running:
        running.start("router", roles=["router"])
        running.start("channels", roles=["channels"])
        running.start("all", roles=["desk"])
        senders = Senders(running, 60)
        senders.start()
        time.sleep(0.4)
        running.kill(role)
        running.start(role, roles=[role])
        senders.wait()
        settled(running, 60)
        nothing_lost_nothing_doubled(book, senders, unknown=shown(running))


def ready(running: Running) -> bool:
    """Tell whether the router is ready."""
    try:
        running.get("/health/ready", name="router")
    except OSError:
        return False
    return True
