import asyncio
from datetime import timedelta

import pytest

from channels.message import Kind
from channels.phone.phone import Phone
from channels.phone.signature import sign
from router.testing import ManualClock
from sandbox.faults import Fault
from sandbox.twilio.people import Mood
from tests.support.calling import MARIA, QUICK, TOM, Ahead, office


async def test_a_customer_who_asked_is_connected() -> None:
    """The agent is called first, hears who and why, presses 1, is bridged, and the promise counts as kept."""
    async with office() as at:
        await at.stand.ask("Ana", "Where is my parcel?", about="2")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
        await at.stand.settle()
        (asked,), (spoke,) = at.host.asked(), at.host.of(Kind.AGENT)
    ana = at.stand.customers["Ana"]
    assert (asked.text, asked.sender.address, asked.sender.name) == ("Where is my parcel?", ana.number, "Ana")
    assert (spoke.thread, spoke.sender.address, spoke.sender.name) == (asked.thread, MARIA, "Maria Jensen")
    assert spoke.text == "Maria Jensen called; spoke 0 min 20 s."
    heard = " ".join(at.stand.people[MARIA].heard)
    assert "Hello Maria Jensen. Ana, number ending 0 1 0 0, asked to be called about Delivery." in heard
    assert "parcel" not in heard
    assert [row.text for row in at.stand.ledger.to("Ana")] == [
        "Hello, this is Example, calling you back. One moment, please. (speaks with Maria for 20 s)"
    ]
    legs = list(at.stand.legs.values())
    assert [(leg.to, leg.direction) for leg in legs] == [
        (MARIA, "outbound-api"),
        (ana.number, "outbound-dial"),
    ]


@pytest.mark.parametrize("mood", [Mood.NO_ANSWER, Mood.BUSY, Mood.FAILED, Mood.MACHINE])
async def test_an_agent_who_does_not_take_it_passes_it_on(mood: Mood) -> None:
    """Not there, busy, or a mailbox that presses nothing: somebody else is called, the customer notices nothing."""
    async with office() as at:
        at.stand.person(MARIA).mood = mood
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.passed, "the case to be passed on")
        at.host.give(at.host.asked()[0], "tom")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
    ((thread, agent, why),) = at.host.passed
    assert (thread, agent) == (at.host.asked()[0].thread, "maria")
    assert why == "Maria Jensen did not come to the telephone, so this is back in the queue."
    assert at.host.of(Kind.AGENT)[0].sender.address == TOM
    assert len(at.stand.ledger.to("Ana")) == 1


async def test_an_agent_who_presses_something_else_declines() -> None:
    """Only 1 connects."""
    async with office() as at:
        at.stand.person(MARIA).keys = ["2"]
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.passed, "the case to be passed on")
    assert at.stand.ledger.to("Ana") == []


@pytest.mark.parametrize("mood", [Mood.BUSY, Mood.NO_ANSWER, Mood.MACHINE])
async def test_a_customer_who_is_missed_is_called_again_as_announced(mood: Mood) -> None:
    """After five and after thirty minutes; a machine hears nothing of the case; at last a person is told."""
    async with office(retries=("5m", "30m")) as at:
        at.stand.customer("Ana").mood = mood
        at.host.clock = clock = Ahead()
        await at.stand.ask("Ana", "The secret matter")
        for count in (1, 2, 3):
            await at.until(
                lambda count=count: len(at.host.of(Kind.STATUS)) == count, f"the end of call {count}"
            )
            if count < 3:
                clock.by += timedelta(minutes=(5, 30)[count - 1])
                at.host.give(at.host.asked()[0], "maria")  # the router, once the time has come
        await at.stand.settle()
    told = at.host.of(Kind.STATUS)
    waits = [(one.not_before - one.received_at) if one.not_before else None for one in told]
    assert waits == [timedelta(minutes=5), timedelta(minutes=30), None]
    assert "as they were told" in told[0].reason
    assert "could not be reached in 3 calls" in told[2].reason
    assert at.host.of(Kind.AGENT) == []
    heard = " ".join(row.text for row in at.stand.ledger.to("Ana"))
    assert "secret" not in heard
    assert "I call again in 5 minutes" in " ".join(at.stand.people[MARIA].heard)
    last = at.host.memos[f"call:{at.host.asked()[0].thread}"].value
    assert '"given_up":true' in last


async def test_a_number_that_cannot_be_reached_is_not_tried_again() -> None:
    """The network says that there is no such subscriber: a person is told at once."""
    async with office() as at:
        at.stand.customer("Ana").mood = Mood.FAILED
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.of(Kind.STATUS), "the end of the call")
    (told,) = at.host.of(Kind.STATUS)
    assert told.not_before is None


async def test_status_callbacks_may_come_in_any_order() -> None:
    """Lost, late, doubled, out of order: every customer is spoken with once."""
    async with office() as at:
        at.stand.disorder = True
        for number in range(6):
            await at.stand.ask(f"Guest {number}", f"Question {number}")
        await at.until(lambda: len(at.host.of(Kind.AGENT)) == 6, "six talks", 40.0)
    threads = [one.thread for one in at.host.of(Kind.AGENT)]
    assert len(set(threads)) == 6
    assert all(len(at.stand.ledger.to(f"Guest {number}")) == 1 for number in range(6))


@pytest.mark.parametrize(
    "fault", [Fault.DROPPED, Fault.FAILED_AFTER, Fault.BROKEN, Fault.THROTTLED, Fault.THROTTLED_BARE]
)
async def test_a_call_that_may_have_begun_is_not_made_twice(fault: Fault) -> None:
    """In doubt it is looked up at the provider; the agent's telephone rings once, and the customer's once."""
    async with office() as at:
        at.stand.faults.set(fault, times=1)
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk", 30.0)
        await at.stand.settle()
        assert at.stand.faults.struck == {fault: 1}
    assert [leg.to for leg in at.stand.legs.values()] == [MARIA, at.stand.customers["Ana"].number]
    assert at.host.passed == []


async def test_a_restart_in_the_middle_neither_forgets_nor_calls_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process takes over what is kept: a call under way goes on, its end is seen, nobody rings again."""
    async with office(calling=False) as at:
        first = asyncio.create_task(at.phone.receive())
        at.stand.pace = 0.1
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.stand.legs, "a call")
        first.cancel()
        await asyncio.wait([first])
        at.stand.pace = 0.01
        second = Phone(at.host, QUICK)
        following = asyncio.create_task(second.receive())
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
        await at.stand.settle()
        await asyncio.sleep(1.5)
        following.cancel()
        await asyncio.wait([following])
        await second.account.wire.close()
    assert len(at.host.of(Kind.AGENT)) == 1
    assert [leg.to for leg in at.stand.legs.values()] == [MARIA, at.stand.customers["Ana"].number]


async def test_a_call_of_which_nothing_is_heard_is_looked_up() -> None:
    """The end of the talk got lost on the way: the provider is asked, and the promise is kept all the same."""
    async with office() as at:
        at.stand.unreachable.add("bridged")
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
    assert at.host.of(Kind.AGENT)[0].text == "Maria Jensen called; spoke 0 min 21 s."


async def test_nobody_is_called_before_the_time_or_at_night() -> None:
    """A chosen time is waited for, and by the customer's clock it must be day."""
    async with office(calling=False, call_from="08:00", call_until="21:00") as at:
        clock = ManualClock(at.host.clock.now().replace(hour=12, minute=0, second=0, microsecond=0))
        at.host.clock = clock
        await at.stand.ask("Ana", "Hello")
        (work,) = at.host.at_work
        calls = at.phone._caller
        assert await calls._is_turn(work)
        clock.move(12 * 3600)
        assert not await calls._is_turn(work)
        clock.move(12 * 3600)
        assert await calls._is_turn(work)
        at.host.at_work = []
        at.host.give(at.host.asked()[0], "maria")


async def test_one_call_at_a_time_for_an_agent() -> None:
    """Two customers of Maria are called one after the other, Tom's meanwhile."""
    async with office() as at:
        at.stand.pace = 0.05
        await at.stand.ask("Ana", "One")
        await at.stand.ask("Bob", "Two")
        at.host.owner = "tom"
        await at.stand.ask("Cleo", "Three")
        await at.until(lambda: len(at.host.of(Kind.AGENT)) == 3, "three talks", 30.0)
    marias = [leg for leg in at.stand.legs.values() if leg.to == MARIA]
    assert len(marias) == 2
    first = next(one for one in at.host.of(Kind.AGENT) if one.sender.address == MARIA)
    assert marias[1].created >= first.received_at


async def test_an_agent_without_a_number_is_named_to_admins() -> None:
    """Nobody can be connected to them; health says so, with what to do."""
    async with office() as at:
        at.host.phones["maria"] = ""
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: "agents" in at.host.parts, "a report")
    assert at.host.parts["agents"] == (
        "degraded",
        "Maria Jensen has no `phone` in the rules, so nobody can be connected to them.",
    )


async def test_credentials_that_do_not_work_are_told_to_admins() -> None:
    """The provider refuses: health names the settings to check, and calls go on once it is mended."""
    async with office() as at:
        at.stand.faults.set(Fault.REVOKED)
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.parts["calls"][0] == "degraded", "a report")
        assert "check account_sid, auth_token" in at.host.parts["calls"][1]
    assert at.stand.legs == {}


async def test_what_was_settled_meanwhile_is_not_called() -> None:
    """The agent presses 1 too late: a colleague has answered; the customer's telephone does not ring."""
    async with office(calling=False) as at:
        await at.stand.ask("Ana", "Hello")
        thread = at.host.asked()[0].thread
        running = asyncio.create_task(at.phone.receive())
        at.stand.pace = 0.2
        await at.until(lambda: at.stand.legs, "a call")
        at.host.at_work = []
        await at.stand.settle()
        running.cancel()
        await asyncio.wait([running])
    assert [leg.to for leg in at.stand.legs.values()] == [MARIA]
    assert at.stand.people[MARIA].heard[-1] == "This was settled meanwhile. Goodbye."
    assert '"stage":"over"' in at.host.memos[f"call:{thread}"].value


async def test_an_old_address_does_nothing() -> None:
    """A webhook of an earlier call speaks of one that is over: no customer is called by it."""
    async with office() as at:
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
        await at.stand.settle()
        before = len(at.stand.legs)
        thread = at.host.asked()[0].thread
        url = f"{at.hook}/accept?t={thread}&n=0123456789abcdef"
        form = {"CallSid": f"CA{'0' * 32}", "Digits": "1"}
        token = at.phone.account.settings.auth_token
        headers = {"X-Twilio-Signature": sign(token, url, list(form.items()))}
        async with at.session.post(url, data=form, headers=headers) as answer:
            text = await answer.text()
    assert "<Dial" not in text
    assert len(at.stand.legs) == before
