"""A crowd on every channel while every provider misbehaves: the providers' ledgers against the store."""

import asyncio
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from router.audit import Report
from router.conversation import SendState
from sandbox.script import plain
from tests.support.crowd import ANSWER, Books, Crowd, books, heard
from tests.support.stage import AGENTS, Play, playing

#: How often each fault strikes.
SHARE = 0.05
#: What may pass until nothing is under way any more.
SETTLE_S = 240.0
SOAK = int(os.environ.get("HANDLEBY_TEST_SOAK_MESSAGES", "10000"))


@pytest.mark.timeout(600)
async def test_a_thousand_messages_with_every_fault_lose_and_double_nothing(tmp_path: Path) -> None:
    """Each message is in one conversation, nothing reaches a customer twice, and whatever is in doubt is shown."""
    async with playing(tmp_path) as play:
        await run(play, 1000)


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_many_thousand_messages_lose_and_double_nothing(tmp_path: Path) -> None:
    """The same with ten times as many."""
    async with playing(tmp_path) as play:
        await run(play, SOAK, settle_s=3600.0)


async def run(play: Play, count: int, *, settle_s: float = SETTLE_S) -> None:
    """Let them write and answer while everything goes wrong; then let it go well, and count."""
    crowd = Crowd(play)
    play.fault(SHARE)
    async with asyncio.TaskGroup() as group:
        answering = group.create_task(crowd.answer(AGENTS))
        await crowd.write(count)
        await asyncio.sleep(2)
        answering.cancel()
    play.well()
    found, report = await settled(play, crowd, settle_s)
    assert report.findings == []
    every_message_is_in_one_conversation(play, crowd, found)
    nothing_was_heard_twice(play, crowd, found)
    every_doubt_is_shown(found)


async def settled(play: Play, crowd: Crowd, seconds: float) -> tuple[Books, Report]:
    """Wait until all messages are decided and nothing is under way."""
    taken = {number for number, one in crowd.written.items() if not one.told}
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await asyncio.to_thread(books, play)
        missing = taken - found.homes().keys()
        undecided = [row for row in found.messages if row.state == "new"]
        moving = found.under_way()
        if not missing and not undecided and not moving:
            return found, await asyncio.to_thread(play.stage.audit)
        late = asyncio.get_running_loop().time() > deadline
        assert not late, (
            f"not settled: missing {[crowd.written[n] for n in sorted(missing)[:10]]}, {len(undecided)} undecided, "
            f"under way {[(item.id, item.state, item.reason, item.to.kind) for item in moving[:10]]}"
        )
        await asyncio.sleep(1.5)
        play.stage.leap()


def every_message_is_in_one_conversation(play: Play, crowd: Crowd, found: Books) -> None:
    """Whatever a provider took from a customer is in one conversation, once; else the customer was told."""
    homes = found.homes()
    wrong = {
        number: (one, homes.get(number))
        for number, one in crowd.written.items()
        if not one.told and (homes.get(number) is None or homes[number].total() != 1)
    }
    assert wrong == {}
    assert "" not in {home for each in homes.values() for home in each}
    rows = sum(not row.ours for stand in play.stands.values() for row in stand.ledger)
    assert rows >= sum(not one.told for one in crowd.written.values())


def nothing_was_heard_twice(play: Play, crowd: Crowd, found: Books) -> None:
    """Each answer reached its customer at most once, those sent exactly once; notes no more often than there are."""
    copies: Counter[int] = Counter()
    told: dict[str, list[str]] = defaultdict(list)
    for row in heard(play):
        told[row.customer].append(plain(row.text))
        match = ANSWER.search(row.text)
        if match:
            copies[int(match[1])] += 1
            assert crowd.answers[int(match[1])] == row.customer, "somebody else's answer"
    assert [number for number, count in copies.items() if count > 1] == []
    sent = {
        int(match[1])
        for _, item in found.items()
        if item.note is None and item.state is SendState.SENT and (match := ANSWER.search(item.text))
    }
    assert sent - copies.keys() == set()
    wrong = {}
    for (customer, text), states in notes_of(crowd, found).items():
        got = sum(text in each for each in told[customer])
        if got > len(states):
            wrong[customer, text] = (got, states, told[customer])
    assert wrong == {}


def notes_of(crowd: Crowd, found: Books) -> dict[tuple[str, str], list[SendState]]:
    """Return how far the notes of each wording to each customer got."""
    customer = {
        home: crowd.written[number].customer for number, homes in found.homes().items() for home in homes
    }
    notes: dict[tuple[str, str], list[SendState]] = defaultdict(list)
    for one, item in found.items():
        if one.id in customer and item.note is not None and item.state is not SendState.CANCELLED:
            notes[customer[one.id], plain(item.text)].append(item.state)
    return notes


def every_doubt_is_shown(found: Books) -> None:
    """Hold that whatever is in doubt or was refused stands as a warning before the accountable person."""
    hidden = [
        (one.reference, item.state, item.reason)
        for one, item in found.items()
        if item.state in {SendState.UNKNOWN, SendState.FAILED} and not one.flags
    ]
    assert hidden == []
