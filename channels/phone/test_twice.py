"""Nobody is called twice, and nobody is forgotten, wherever a process ends and however late the router is."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from channels.message import Identity, Kind
from channels.phone import attempt, memos
from channels.phone.intake import Asking
from channels.phone.signature import sign
from channels.phone.test_incoming import case
from sandbox.twilio.people import Mood
from tests.support.calling import MARIA, TOM, Ahead, Office, office


async def post(at: Office, path: str, form: dict[str, str]) -> str:
    """Ask a step as the provider does."""
    url = f"{at.hook}/{path}".rstrip("/")
    headers = {"X-Twilio-Signature": sign(at.phone.account.settings.auth_token, url, list(form.items()))}
    async with at.session.post(url, data=form, headers=headers) as answer:
        assert answer.status == 200
        return await answer.text()


@pytest.mark.parametrize("mood", [Mood.ANSWERS, Mood.BUSY])
async def test_a_router_that_is_late_lets_nobody_be_called_again(mood: Mood) -> None:
    """Spoken with, or missed and told when: the case still looks like work, and nobody rings before the time."""
    async with office() as at:
        at.host.clock = clock = Ahead()
        at.stand.customer("Ana").mood = mood
        await at.stand.ask("Ana", "Hello")
        (work,) = at.host.at_work
        kind = Kind.AGENT if mood is Mood.ANSWERS else Kind.STATUS
        await at.until(lambda: at.host.of(kind), "the end of the call")
        await at.stand.settle()
        calls = len(at.stand.legs)
        at.host.at_work = [work]
        clock.by = timedelta(minutes=3)
        await asyncio.sleep(0.5)
        await at.stand.settle()
    assert len(at.stand.legs) == calls


async def test_a_call_begun_by_a_process_that_ended_is_taken_up() -> None:
    """It stopped between noting the call and asking for it: the next one finds out, and calls."""
    async with office(calling=False) as at:
        await at.stand.ask("Ana", "Hello")
        (work,) = at.host.at_work
        begun = attempt.first(work, "0123456789abcdef", at.host.clock.now(), None)
        assert await memos.write(at.host, attempt.name(work.thread), begun, 0, keep_s=60.0)
        running = asyncio.create_task(at.phone.receive())
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
        running.cancel()
        await asyncio.wait([running])
    assert [leg.to for leg in at.stand.legs.values()] == [MARIA, at.stand.customers["Ana"].number]


async def test_one_case_that_cannot_be_called_holds_up_no_other() -> None:
    """A case whose customer has no telephone number is named to admins; the next one is called."""
    async with office() as at:
        at.host.owner = "tom"
        at.host.on_request = lambda one: at.host.give(
            replace(one, thread="odd", sender=Identity(kind="email", address="ana@example.com")), "maria"
        )
        await at.stand.ask("Ana", "Hello")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
    assert at.host.of(Kind.AGENT)[0].sender.address == TOM
    assert at.host.parts["cases"][0] == "degraded"


async def test_a_wish_is_stored_when_the_process_ended_before_it_was() -> None:
    """The number's place was noted, the wish was not: asked again by the provider, it is stored, and once."""
    async with office(calling=False) as at:
        asking = Asking(nonce="CA0123456789", way="tw", number="+4522500100", text="Hello", language="en")
        intake = at.phone.account.intake
        first = await intake.take(asking)
        at.host.delivered.clear()
        at.host._keys.clear()
        at.host.standings.clear()
        assert await intake.take(asking) == first
        assert await intake.take(asking) == first
    assert [one.text for one in at.host.delivered] == ["Hello"]


async def test_nobody_is_called_while_they_talk() -> None:
    """A caller was put through: as long as they talk, and longer than it rings, nobody calls them for their case."""
    async with office(calling=False) as at:
        await at.stand.ask("Ana", "Hello")
        (asked,) = at.host.asked()
        number = at.stand.customers["Ana"].number
        at.host.cases[f"phone:{number}"] = case(asked.thread)
        form = {"CallSid": f"CA{'1' * 32}", "From": number, "CallStatus": "in-progress"}
        assert MARIA in await post(at, "", form)
        assert at.host.kept_s[f"held:{asked.thread}"] == 180
        await post(at, f"take?p={form['CallSid']}&i=0", form | {"Digits": "1"})
        assert at.host.kept_s[f"held:{asked.thread}"] == 2 * 3600
        (work,) = at.host.at_work
        assert not await at.phone._caller._is_turn(work)
        ended = form | {"DialCallStatus": "completed", "DialCallDuration": "600"}
        await post(at, f"reached?p={form['CallSid']}&i=0", ended)
        assert not await at.phone.account.intake.held(asked.thread)


async def test_a_step_asked_twice_goes_on() -> None:
    """The answer that dials the lead got lost: asked once more, the lead is dialled, and the caller is not cut off."""
    async with office(calling=False) as at:
        number = at.stand.customer("Ana").number
        at.host.cases[f"phone:{number}"] = case("", channel="email", account="support")
        form = {"CallSid": f"CA{'1' * 32}", "From": number, "CallStatus": "in-progress"}
        assert MARIA in await post(at, "", form)
        ended = form | {"DialCallStatus": "no-answer"}
        for _ in range(2):
            assert TOM in await post(at, f"reached?p={form['CallSid']}&i=0", ended)
        assert "<Redirect" in await post(at, f"reached?p={form['CallSid']}&i=1", ended)
