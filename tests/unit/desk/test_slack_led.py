"""Leads hear in Slack of promises in their queues that run short."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.slack import SlackWorld, connected, rules

#: Answers within four hours; Tom leads the queue that Maria serves.
SHORT = rules().replace("email: {target: 24h", "email: {target: 4h")


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[SlackWorld]:
    """Connect a small service to Slack."""
    async with connected(tmp_path, SHORT) as world:
        yield world


async def late(one: SlackWorld, *, stage: str) -> str:
    """Let Maria have a mail until its promise comes to the stage; return its reference."""
    await one.world.here("maria")
    case = await one.mail()
    await one.world.send()
    case = await one.world.fresh(case)
    assert case.owner == "maria"
    one.world.clock.set(getattr(case.promise, stage))
    await one.world.timers.tick(slow=False)
    await one.tell()
    return case.reference


async def test_the_owner_hears_first(one: SlackWorld) -> None:
    """At the owner's warning the lead hears nothing; the time in Slack is that of the desk."""
    await late(one, stage="warn_at")
    [letter] = one.to("maria")
    assert "At risk: this is yours and its time is nearly up." in letter.words()
    assert "answer by 16:00 (Copenhagen)" in letter.text
    assert one.to("tom") == []


async def test_then_the_lead_once(one: SlackWorld) -> None:
    """The lead reads who has it and by when, once, and what became of it afterwards."""
    reference = await late(one, stage="lead_at")
    [said] = one.to("tom")
    assert "At risk: Maria Jensen has this and its time is nearly up; you lead the queue." in said.words()
    assert reference in said.words()
    assert "handleby_take" not in said.buttons()
    one.restart()
    await one.tell()
    assert len(one.to("tom")) == 1
    case = await one.world.store.by_link(f"ref:{reference}")
    await one.world.actions.resolve(case.id, agent="maria")
    await one.tell()
    assert "resolved" in one.to("tom")[0].words()


async def test_the_lead_hears_for_an_owner_who_cannot_be_reached(tmp_path: Path) -> None:
    """Maria is not in Slack: her first warning goes to the lead."""
    async with connected(
        tmp_path, SHORT.replace("slack: U0MARIA, ", "").replace("slack: U0MARIA,", "")
    ) as one:
        await late(one, stage="warn_at")
        [said] = one.to("tom")
        assert "Maria Jensen has this" in said.words()


async def test_a_second_miss_reaches_the_lead_with_what_to_do(one: SlackWorld) -> None:
    """After two times that were not kept the lead is asked to write."""
    reference = await late(one, stage="renew_at")
    await one.world.send()
    case = await one.world.store.by_link(f"ref:{reference}")
    assert case.promise.renewals == 1
    one.world.clock.set(case.promise.renew_at + timedelta(seconds=1))
    await one.world.timers.tick(slow=False)
    await one.tell()
    told = " ".join(said.words() for said in (*one.to("tom"), *one.to("maria")))
    assert "Tom Berg: please write to" in told
    assert "Please write to the customer: two promised times are not kept." in one.to("tom")[0].words()


async def test_the_lead_reads_of_a_third_message_why_they_are_told(one: SlackWorld) -> None:
    """Maria has it, and its time is far off: the lead hears all the same, once, and reads why."""
    await one.world.here("maria")
    case = await one.mail()
    await one.world.send()
    for _ in range(3):
        one.world.clock.move(60)
        again = one.world.mail_from(text="Hello?", subject=f"Re: {case.subject}")
        await one.world.take(again)
        await one.tell()
    assert (await one.world.conversation(again)).id == case.id
    [said] = one.to("tom")
    assert "Please look: Maria Jensen and Tom Berg: this customer has written three times" in said.words()
    assert len([letter for letter in one.to("maria") if "three times" in letter.words()]) == 1


async def test_the_lead_hears_each_day_of_who_waits_since_yesterday(tmp_path: Path) -> None:
    """From the second day on, once a day, in the thread of the first word about it."""
    async with connected(tmp_path, rules().replace("email: {target: 24h", "email: {target: 5d")) as one:
        await one.mail()
        await one.world.send()
        for long in ("since yesterday", "for 2 days"):
            one.world.clock.move(86400)
            for _ in range(2):
                await one.world.timers.tick(slow=False)
                await one.tell()
            told = [said.words() for said in one.to("tom") if "has waited" in said.words()]
            assert len(told) == 1
            assert long in told[0]
