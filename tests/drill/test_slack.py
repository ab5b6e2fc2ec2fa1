"""Drill: agents hear of work within a second, and Slack that never answers delays no routing."""

import asyncio
import statistics
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.bootstrap import Parts
from sandbox.faults import Fault
from tests.integration.test_slack import Connected, slacked
from tests.support.slack import IDS, until

pytestmark = pytest.mark.drill

MAILS = 60
#: Slower by so much, at the 95th percentile, would be a delay; below the floor nobody can tell.
WITHIN, FLOOR_S = 1.2, 0.05


async def routed(one: Connected, words: str) -> list[float]:
    """Let mails come in one after the other; return how many seconds each took from arrival to its owner."""
    for number in range(MAILS):
        await one.write(f"{words} {number}")

    async def job(parts: Parts) -> list[float]:
        lines = [line for _, line in await parts.store.log(after=0, limit=10_000) if line.kind == "claimed"]
        claimed = {line.conversation: line.at for line in lines}
        found = await parts.store.conversations(list(claimed))
        return [
            (claimed[each.id] - each.entries[0].at).total_seconds()
            for each in found
            if each.snippet.startswith(words)
        ]

    async with asyncio.timeout(60):
        while len(seconds := await asyncio.to_thread(one.inside, job)) < MAILS:
            await asyncio.sleep(0.5)
    return seconds


async def test_an_assignment_is_told_within_a_second(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the claim to the message in Slack, ten times over."""
    async with slacked(tmp_path) as one:
        await one.here("maria")
        waits = []
        for number in range(10):
            await one.write(f"Question {number}")
            said = await until(
                lambda words=f"Question {number}": next(
                    (each for each in one.stand.workspace.to(IDS["maria"]) if words in each.words()), None
                ),
                "Maria to be told",
            )
            _, line = (await asyncio.to_thread(one.inside, claims))[-1]
            waits.append((datetime.fromtimestamp(float(said.ts), UTC) - line.at).total_seconds())
            await asyncio.sleep(1)  # a channel takes one message a second
    with capsys.disabled():
        print(f"\nclaim to Slack: median {statistics.median(waits):.3f} s, longest {max(waits):.3f} s")
    assert max(waits) < 1


async def claims(parts: Parts) -> list[object]:
    """Return the lines of the log about claims."""
    return [pair for pair in await parts.store.log(after=0, limit=10_000) if pair[1].kind == "claimed"]


async def test_slack_that_never_answers_delays_no_routing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Arrival to owner takes as long as ever, and what still holds is told when Slack is back."""
    rules = """
version: 1
agents:
  maria: {name: Maria Jensen, email: maria@example.com, slack: U0MARIA, queues: [general], capacity: {default: 500}}
  tom: {name: Tom Berg, email: tom@example.com, slack: U0TOM, queues: [general], capacity: {default: 500}}
queues:
  general: {duty: [maria, tom], lead: tom}
"""
    async with slacked(tmp_path, rules) as one:
        await one.here("maria")
        await one.here("tom")
        well = await routed(one, "Well")
        one.stand.faults.set(Fault.BLACK_HOLE)
        dead = await routed(one, "Dead")
        one.stand.faults.clear()
        await until(
            lambda: any("Dead" in said.words() for said in one.stand.workspace.messages), "Slack's return", 60
        )
    before, after = (statistics.quantiles(each, n=20)[-1] for each in (well, dead))
    with capsys.disabled():
        print(f"\narrival to owner, p95: {before * 1000:.1f} ms with Slack, {after * 1000:.1f} ms without")
    assert after < max(before * WITHIN, before + FLOOR_S)
