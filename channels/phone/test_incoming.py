from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from channels.errors import Unavailable
from channels.message import Kind
from channels.phone import numbers
from channels.port import Case
from router.testing import ManualClock
from sandbox.twilio.people import Mood
from tests.support.calling import MARIA, TOM, Office, office

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def words(at: Office, customer: str) -> str:
    """Return everything that a customer has heard."""
    return " ".join(at.stand.customers[customer].heard)


async def test_a_caller_chooses_says_why_and_hears_who_calls() -> None:
    """Outage first, one menu, now or later, the note read out, what happens if they are missed."""
    async with office(calling=False, outage="Card payments fail.") as at:
        person = at.stand.customer("Ana")
        person.keys, person.speech = ["2", "1"], ["My parcel is late"]
        await at.stand.ring("Ana", proved=True)
    (asked,) = at.host.delivered
    assert (asked.subject, asked.text) == ("Delivery", "My parcel is late")
    assert (asked.sender.address, asked.sender.verified, asked.not_before) == (person.number, True, None)
    heard = words(at, "Ana")
    order = [
        "Hello, this is Example.",
        "A known problem: Card payments fail.",
        "For Billing, press 1.",
        "For Delivery, press 2.",
        "For a person right away, press 0.",
        "We call the number ending 0 1 0 0.",
        "This is read out for Maria Jensen: I'll call you by 12:05 today.",
        "we call again after 5 minutes and 30 minutes.",
    ]
    assert [heard.find(one) for one in order] == sorted(heard.find(one) for one in order)
    assert heard.find(order[0]) == 0


async def test_the_outage_can_be_changed_while_it_runs() -> None:
    """What was set last is told, on every process; an empty text ends it."""
    async with office(calling=False, outage="Old news.", api_key="k" * 20) as at:
        put = f"{at.url}/callback/api/test/outage"
        key = {"Authorization": f"Bearer {'k' * 20}"}
        async with at.session.put(put, json={"text": "The site is down."}) as answer:
            assert answer.status == 401
        for text in ("The site is down.", ""):
            async with at.session.put(put, json={"text": text}, headers=key) as answer:
                assert answer.status == 200
            assert await at.phone.account.outage() == text


async def test_a_withheld_number_is_asked_for() -> None:
    """Anonymous callers type their number; a premium one is refused, and they are asked again."""
    async with office(calling=False) as at:
        person = at.stand.customer("Ana")
        person.keys = ["1", "90123456#", "22500777#", "1"]
        await at.stand.ring("Ana", caller="anonymous")
        (asked,) = at.host.delivered
        assert asked.sender.address == "+4522500777"
        assert not asked.sender.verified
        assert "Your number is withheld." in words(at, "Ana")
        assert "That number costs extra" in words(at, "Ana")
        bob = at.stand.customer("Bob")
        bob.keys = ["1", "004522500778#", "1"]
        await at.stand.ring("Bob", caller="+266696687")
    assert at.host.delivered[1].sender.address == "+4522500778"


async def test_a_time_can_be_chosen_and_is_never_oversold() -> None:
    """A slot with one place is offered until it is taken; who comes later hears others."""
    async with office(calling=False) as at:
        now = at.host.clock.now()
        first = (now + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
        at.host.offer(first, 2, 1)
        for name in ("Ana", "Bob"):
            person = at.stand.customer(name)
            person.keys, person.speech = ["1", "2", "1"], ["Later please"]
            await at.stand.ring(name)
        cleo = at.stand.customer("Cleo")
        cleo.keys, cleo.speech = ["1", "2", "1"], ["Me too"]
        await at.stand.ring("Cleo")
    times = [one.not_before for one in at.host.asked()]
    assert times == [first, first + timedelta(minutes=30), None]
    assert "To choose a time" not in words(at, "Cleo")


async def test_it_is_quiet_at_night_where_the_customer_is() -> None:
    """Asked at night, they are told the earliest time by their own clock, and called then."""
    async with office(calling=False, call_from="08:00", call_until="21:00") as at:
        at.host.clock = ManualClock(NOON.replace(hour=22))
        person = at.stand.customer("Ana")
        person.keys = ["1", "1"]
        await at.stand.ring("Ana")
        (asked,) = at.host.delivered
        assert asked.not_before == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
        assert asked.zone == "Europe/Copenhagen"
        assert "We call between 08:00 and 21:00 your time, so it will be 08:00 tomorrow" in words(at, "Ana")
        hours = at.phone.account.intake.hours("+12125550123")
        assert hours.zone == "America/New_York"
        assert hours.earliest(NOON) == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
        wide = at.phone.account.intake.hours("+18002345678")
        assert len(numbers.zones_of("+18002345678")) > 3
        local = wide.earliest(NOON)
        assert all(8 <= local.astimezone(zone).hour < 21 for zone in wide.zones) or wide.zones[0] == ZoneInfo(
            "UTC"
        )


async def test_a_second_call_adds_to_the_first_and_keeps_the_place() -> None:
    """One open callback for a number: who calls again hears how it stands, and can add something once."""
    async with office(calling=False) as at:
        at.host.owner = ""
        await at.stand.write("Ana", "My parcel is late")
        for _ in range(2):
            await at.stand.write("Ana", "And the bill is wrong")
    first, second = at.host.asked()
    assert first.thread == second.thread
    assert second.text == "And the bill is wrong"
    assert "We have a request for your number already. It keeps its place." in words(at, "Ana")
    assert "Maria Jensen sees to it that you are called by" in words(at, "Ana")
    assert "You are number 3 in line." in words(at, "Ana")


async def test_zero_leads_to_a_person_at_once() -> None:
    """Whoever was given the request is dialled while the caller waits, and presses 1."""
    async with office() as at:
        person = at.stand.customer("Ana")
        person.keys = ["0"]

        at.host.on_request = lambda one: at.host.cases.update({f"phone:{person.number}": case(one.thread)})
        await at.stand.ring("Ana")
        await at.stand.settle()
    assert [one.text for one in at.host.of(Kind.AGENT)] == [
        "Maria Jensen took the customer's call; spoke 0 min 20 s."
    ]
    assert [leg.direction for leg in at.stand.legs.values()] == ["inbound", "outbound-dial"]


def case(thread: str, **fields: object) -> Case:
    """Return an open case of our own account."""
    given = {
        "conversation": "cv_1", "reference": "HB-7K2Q9M", "channel": "phone", "account": "test", "thread": thread,
        "status": "open", "agent": "maria", "person": "Maria Jensen", "person_phone": MARIA, "lead": "tom",
        "lead_name": "Tom Berg", "lead_phone": TOM, "assigned": True,
    }  # fmt: skip
    return msgspec.convert(given | fields, Case)


async def test_who_has_an_open_case_reaches_its_owner_or_the_lead() -> None:
    """Known by their number they skip the menu; the owner does not answer, the lead does, and the case is told."""
    async with office() as at:
        person = at.stand.customer("Ana")
        mail = case("", channel="email", account="support", cite="<m1@example.org>")
        at.host.cases[f"phone:{person.number}"] = mail
        at.stand.person(MARIA).keys = ["5"]
        await at.stand.ring("Ana")
        await at.stand.settle()
    (spoke,) = at.host.delivered
    assert (spoke.kind, spoke.sender.address, spoke.references) == (Kind.AGENT, TOM, ("<m1@example.org>",))
    heard = words(at, "Ana")
    assert "For Billing" not in heard
    assert "I am trying a colleague." in heard
    assert "HB-" not in heard
    assert "number ending 0 1 0 0, is on the line about an open case" in " ".join(at.stand.people[TOM].heard)


async def test_a_reference_typed_on_the_keys_leads_to_its_owner() -> None:
    """A star, then the characters; a wrong one leads back to the menu."""
    async with office() as at:
        at.host.cases["752796"] = case("", channel="email", account="support")
        person = at.stand.customer("Ana")
        person.keys = ["*", "111111#", "*", "752796#"]
        await at.stand.ring("Ana")
        await at.stand.settle()
    assert "I know no open case with that reference." in words(at, "Ana")
    assert [one.sender.address for one in at.host.of(Kind.AGENT)] == [MARIA]


async def test_when_nobody_can_take_the_call_they_are_called_back() -> None:
    """Owner and lead do not answer: the caller's wish names the case, and they hear who calls."""
    async with office(calling=False) as at:
        person = at.stand.customer("Ana")
        at.host.cases[f"phone:{person.number}"] = case("", channel="email", account="support")
        for number in (MARIA, TOM):
            at.stand.person(number).mood = Mood.NO_ANSWER
        await at.stand.ring("Ana")
    (asked,) = at.host.delivered
    assert asked.text == "Calls about HB-7K2Q9M and asks to be called back."
    assert "Nobody can come to the telephone right now." in words(at, "Ana")


async def test_who_may_not_be_called_hears_what_else_there_is() -> None:
    """Tiers without callbacks are told of the chat and mail, and nothing is stored."""
    async with office(calling=False, other_ways=("the chat on example.com", "help@example.com")) as at:
        person = at.stand.customer("Ana")
        at.host.unwelcome.add(f"phone:{person.number}")
        person.keys = ["1"]
        await at.stand.ring("Ana")
    assert at.host.delivered == []
    assert "A person answers you here just as well: the chat on example.com or help@example.com." in words(
        at, "Ana"
    )


async def test_silence_ends_the_call_kindly() -> None:
    """Who presses nothing is asked three times and left in peace; there is no endless loop."""
    async with office(calling=False) as at:
        person = at.stand.customer("Ana")
        person.keys = ["7", "8", "9"]
        await at.stand.ring("Ana")
    assert at.host.delivered == []
    assert person.heard.count("For Billing, press 1.") == 3
    assert person.heard[-1] == "Goodbye."


async def test_a_broken_store_is_told_and_nothing_false_is_said() -> None:
    """The caller hears that it cannot be taken now, and never that we have it."""
    async with office(calling=False) as at:
        at.host.refuse = Unavailable("down")
        person = at.stand.customer("Ana")
        person.keys, person.speech = ["1", "1"], ["Hello"]
        await at.stand.ring("Ana")
        assert "We cannot take your call right now." in person.heard[-1]
        assert "Thank you. We have your request." not in words(at, "Ana")
        at.host.refuse = None
        person.keys, person.speech = ["1", "1"], ["Hello"]
        await at.stand.ring("Ana")
    assert [one.text for one in at.host.delivered] == ["Hello"]


async def test_what_customers_write_cannot_become_a_verb() -> None:
    """Names and settings with markup are spoken as they are."""
    async with office(outage='<Hangup/>&"<Dial>+4590123456</Dial>') as at:
        await at.stand.ask("<Redirect>http://evil.example</Redirect>", "Hello")
        await at.until(lambda: at.host.of(Kind.AGENT), "a talk")
        at.stand.customer("Bob").keys = ["1", "1"]
        await at.stand.ring("Bob")
    assert 'A known problem: <Hangup/>&"<Dial>+4590123456</Dial>' in words(at, "Bob")
    assert "<Redirect>http://evil.example</Redirect>" in " ".join(at.stand.people[MARIA].heard)
