"""Limits and breakers: no provider is called faster than it allows, or in vain, or holds up another."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.errors import NotSent
from router.accounts.gates import FAILURES, IN_FLIGHT, Gate
from router.conversation import SendState
from router.errors import StoreError
from router.ports import Commit, Outcome
from router.testing import MemoryStore
from tests.support.world import World

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """Return an instant so long after noon."""
    return NOON + timedelta(seconds=seconds)


def closed(gate: Gate) -> Gate:
    """Let different sends fail until the gate closes."""
    for number in range(FAILURES):
        assert gate.ask(NOON) is None
        gate.done(f"item{number}", SendState.RETRY, NOON, 0.1, "503")
    return gate


def test_a_limit_lets_a_burst_through_and_then_its_rate() -> None:
    """At 60 a minute ten go at once; the others are told different times, one a second."""
    gate = Gate(60)
    answers = [gate.ask(NOON) for _ in range(14)]
    assert answers[:10] == [None] * 10
    assert answers[10:] == [later(1), later(2), later(3), later(4)]
    assert gate.ask(later(1)) is None


def test_a_slow_limit_still_lets_one_through() -> None:
    """One a day goes at once, the second waits."""
    gate = Gate(1 / 1440)
    assert gate.ask(NOON) is None
    assert gate.ask(NOON) is not None


def test_without_a_limit_only_what_is_under_way_counts() -> None:
    """A hundred are under way; the next ones wait, spread by how long sends take, until one comes back."""
    gate = Gate()
    assert all(gate.ask(NOON) is None for _ in range(IN_FLIGHT))
    first, second = gate.ask(NOON), gate.ask(NOON)
    assert first is not None
    assert second is not None
    assert NOON < first < second
    gate.done("a", SendState.SENT, NOON, 0.1)
    assert gate.ask(NOON) is None


def test_failures_of_different_messages_close_the_gate_and_one_success_opens_it() -> None:
    """While it is closed one probe at a time goes through; a failed one doubles the pause."""
    gate = closed(Gate())
    assert "5 sends in a row failed: 503" in gate.trouble
    assert gate.ask(later(1)) is not None
    assert gate.ask(later(6)) is None
    assert gate.ask(later(6)) is not None, "one probe at a time"
    gate.done("item9", SendState.UNKNOWN, later(6), 0.1, "no answer")
    assert gate.ask(later(11)) is not None, "the pause has doubled"
    assert gate.ask(later(18)) is None
    gate.done("item9", SendState.SENT, later(18), 0.1)
    assert gate.trouble == ""
    assert gate.ask(later(18)) is None
    assert gate.ask(later(18)) is None


def test_one_message_that_fails_again_and_again_closes_nothing() -> None:
    """The provider is not dead because one address does not work."""
    gate = Gate()
    for _ in range(FAILURES * 3):
        assert gate.ask(NOON) is None
        gate.done("same", SendState.RETRY, NOON, 0.1, "451")
    assert gate.trouble == ""


def test_a_refusal_is_an_answer() -> None:
    """A provider that says no to messages is not dead."""
    gate = Gate()
    for number in range(FAILURES * 3):
        assert gate.ask(NOON) is None
        gate.done(str(number), SendState.FAILED, NOON, 0.1, "no such address")
    assert gate.trouble == ""


class Busy(MemoryStore):
    """A store that can be read, and written only sometimes."""

    writable = True

    async def commit(self, commit: Commit) -> Outcome:
        """Fail while it is not writable."""
        if not self.writable:
            raise StoreError("the database is locked")
        return await super().commit(commit)


async def test_what_the_store_did_not_let_go_does_not_close_the_gate(tmp_path: Path) -> None:
    """Permissions of sends that were never written down are taken back, however often the store fails."""
    world = World(tmp_path, store=Busy)
    await world.take(*(world.mail_from(f"c{number}@example.org") for number in range(20)))
    assert isinstance(world.store, Busy)
    world.store.writable = False
    for _ in range(IN_FLIGHT // 20 + 1):
        with pytest.raises(StoreError):
            await world.notifier.claim()
    world.store.writable = True
    await world.send()
    assert len(world.mail.sent) == 20


async def test_a_dead_provider_is_left_alone_and_shown(tmp_path: Path) -> None:
    """Of twenty notes five are tried; admins read why, the chat goes on, and all go out once it is back."""
    world = World(tmp_path)
    told: list[tuple[str, str, str]] = []
    world.notifier.gates.report = lambda address, state, error: told.append((address[0], state, error))
    world.mail.outcomes = [NotSent("connection refused")] * 5
    mails = [world.mail_from(f"c{number}@example.org") for number in range(20)]
    await world.take(*mails[:5])
    await world.send()
    await world.take(*mails[5:])
    await world.send()
    assert world.mail.sent == []
    assert told[-1][:2] == ("email", "degraded")
    assert "connection refused" in told[-1][2]

    await world.take(world.chat_from())
    await world.send()
    assert len(world.chat.sent) == 1
    for _ in range(60):
        world.clock.move(5)
        await world.send()
    assert len({one.id for one in world.mail.sent}) == len(world.mail.sent) == 20
    assert told[-1][:2] == ("email", "ok")
