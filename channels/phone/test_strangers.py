"""What strangers reach: guessed references and names of requests, other sites, odd bytes, costly numbers, odd hours."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest

from channels.errors import Misconfigured
from channels.phone import numbers
from channels.phone.phone import Phone
from channels.phone.quiet import Hours
from channels.phone.test_incoming import case, words
from router.testing import ManualClock, RecordingHost
from tests.support.calling import MARIA, office

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
KEY = {"Authorization": f"Bearer {'k' * 20}"}


async def test_references_cannot_be_guessed_on() -> None:
    """After three wrong ones the call ends."""
    async with office(calling=False) as at:
        at.host.cases["752796"] = case("", channel="email", account="support")
        at.stand.customer("Eve").keys = ["*", "111111#", "*", "222222#", "*", "333333#", "*", "752796#"]
        await at.stand.ring("Eve")
    assert words(at, "Eve").count("I know no open case with that reference.") == 3
    assert [leg.direction for leg in at.stand.legs.values()] == ["inbound"]


async def test_who_typed_a_reference_is_not_said_to_be_the_customer() -> None:
    """The agent hears which case it is about, and that nothing proves who is on the line."""
    async with office(calling=False) as at:
        at.host.cases["752796"] = case("", channel="email", account="support")
        at.stand.customer("Eve").keys = ["*", "752796#"]
        await at.stand.ring("Eve", caller="anonymous")
    heard = " ".join(at.stand.people[MARIA].heard)
    assert "Somebody typed the reference 7 K 2 Q 9 M and is on the line. Nothing proves who they are" in heard
    assert "The customer" not in heard


async def test_anonymous_callers_do_not_count_as_one() -> None:
    """Many whose numbers are withheld call at once: nobody is told that they call too often."""
    async with office(calling=False, requests_per_hour=2) as at:
        for number in range(12):
            await at.stand.ring(f"Guest {number}", caller="anonymous")
        assert all("There were many calls" not in words(at, f"Guest {number}") for number in range(12))
        for _ in range(7):
            await at.stand.ring("Ana")
        assert "There were many calls" in words(at, "Ana")


async def test_the_name_of_a_request_opens_it_for_nobody_else() -> None:
    """A stranger who guesses a program's id gets no page; a page of another site can send nothing."""
    async with office(calling=False, api_key="k" * 20) as at:
        url, body = f"{at.url}/callback/api/test", {"number": "+4522500100", "id": "ticket-1"}
        async with at.session.post(url, json=body, headers=KEY) as answer:
            assert "page" in await answer.json()
        async with at.session.post(url, json=body) as answer:
            assert await answer.json() == {"id": "", "already": True}
        async with at.session.post(
            url, data=b'{"number": "+4522500101"}', headers={"Content-Type": "text/plain"}
        ) as answer:
            assert answer.status == 400
    assert len(at.host.delivered) == 1


async def test_odd_bytes_in_headers_are_refused() -> None:
    """What is no text is no signature and no key: refused like any other, without a failure here."""
    async with office(calling=False, api_key="k" * 20) as at:
        host, port = at.url.removeprefix("http://").split(":")
        for method, path, header, status in (
            ("POST", "/hooks/phone/test", b"X-Twilio-Signature: \xff\xfe", b" 403 "),
            ("PUT", "/callback/api/test/outage", b"Authorization: Bearer \xff", b" 401 "),
        ):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n".encode())
            writer.write(header + b"\r\n\r\na=1")
            assert status in await reader.readline()
            writer.close()


@pytest.mark.parametrize(
    "number",
    [
        "+447012345678", "+881612345678", "+870773123456", "+878101234567890", "+979123456789", "+19005550123",
        "+491379123456", "+33899123456", "+39899123456", "+34803123456", "+46900123456", "+61 1900 123 456",
    ],
)  # fmt: skip
def test_costly_numbers_of_many_countries_are_refused(number: str) -> None:
    """Premium and personal numbers, and satellites."""
    with pytest.raises(numbers.NotCallable) as refused:
        numbers.checked(number, "DK")
    assert refused.value.why == "premium"


def test_every_number_has_an_hour() -> None:
    """Numbers of a whole continent may be called by the clock in its middle where no hour suits everywhere."""
    for number in ("+18765551234", "+18002345678", "+79161234567"):
        hours = Hours(first=time(9), last=time(17), zones=tuple(numbers.zones_of(number)))
        found = hours.earliest(NOON)
        assert hours.allow(found), number
        assert found - NOON < timedelta(days=1)


def test_hours_keep_to_the_clock_when_it_changes() -> None:
    """Eight in the morning in New York is an hour earlier in UTC once summer time has begun there."""
    hours = Hours(first=time(8), last=time(21), zones=tuple(numbers.zones_of("+12125550123")))
    assert hours.earliest(datetime(2026, 3, 7, 8, 0, tzinfo=UTC)).hour == 13
    assert hours.earliest(datetime(2026, 3, 8, 8, 0, tzinfo=UTC)).hour == 12
    assert hours.earliest(datetime(2026, 11, 1, 8, 0, tzinfo=UTC)).hour == 13


def test_hours_too_short_for_any_call_are_refused() -> None:
    """The setting is named, rather than nobody ever being called."""
    given = {"number": "+4570101010", "account_sid": "AC1", "auth_token": "t", "country": "DK"}
    with pytest.raises(Misconfigured, match="call_until"):
        Phone(RecordingHost("phone", given | {"call_from": "08:00", "call_until": "08:04"}))


async def test_times_are_told_by_the_customers_clock() -> None:
    """A British number hears British time; where nobody can tell, the zone is named."""
    async with office(calling=False, call_from="08:00", call_until="21:00") as at:
        at.host.clock = ManualClock(NOON.replace(hour=22))
        for name, caller in (("Ann", "+447911123456"), ("Bob", "+34612345678")):
            at.stand.customer(name).keys = ["1", "1"]
            await at.stand.ring(name, caller=caller)
        assert at.host.asked()[0].zone == "Europe/London"
    assert "your time, so it will be 08:00 tomorrow at the earliest" in words(at, "Ann")
    assert "Times are in" not in words(at, "Ann")
    assert "Times are in Copenhagen time." in words(at, "Bob")


async def test_the_greeting_is_on_the_page_too() -> None:
    """As the setting says."""
    async with (
        office(calling=False, greeting="Welcome to Example.") as at,
        at.session.get(f"{at.url}/callback?lang=en") as answer,
    ):
        assert "Welcome to Example. Leave your number" in await answer.text()
