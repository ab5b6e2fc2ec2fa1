"""Notes in my name over the API: read, agree, withdraw, see what runs, and say another time."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from router.house import House
from router.keeper import Keeper
from router.voice import consent
from rules.evaluate import Rulebook
from tests.unit.desk.office import Client, Office, opened, visitor


@pytest.fixture
def asking(office: Office) -> Office:
    """Let the office ask its people before notes go out in their name."""
    office.world.house = replace(office.world.house, voices={})
    return office


async def looked(office: Office) -> House:
    """Let the service look at the store, as it does each second."""
    keeper = Keeper(office.world.house, office.world.store, office.world.clock)
    await keeper.refresh()
    office.world.house = keeper()
    return office.world.house


def of(voice: dict[str, Any], channel: str) -> dict[str, Any]:
    """Return a channel's part."""
    found: dict[str, Any] = next(one for one in voice["channels"] if one["channel"] == channel)
    return found


async def put(client: Client, channel: str, body: dict[str, Any], status: int = 200) -> Any:
    """Say yes or no; return the answer."""
    response = await client.ask("PUT", f"/me/voice/{channel}", json=body)
    assert response.status == status, await response.text()
    return await response.json()


async def test_i_see_the_texts_as_customers_would(asking: Office, maria: Client) -> None:
    """Each channel shows its notes in my name, of every kind, in my languages."""
    voice = await maria.get("/me/voice")
    assert voice["asked"] is True
    assert [one["channel"] for one in voice["channels"]] == ["email", "webchat"]
    mail = of(voice, "email")
    assert mail["agreed"] is False
    kinds = {one["kind"] for one in mail["texts"]}
    assert {"first", "renewal", "introduction", "added", "followup"} <= kinds
    assert {one["language"] for one in mail["texts"]} == {"en", "da"}
    first = [one["text"] for one in mail["texts"] if one["kind"] == "first" and one["owner"]]
    assert all("Maria" in text for text in first)
    assert len(set(first)) == len(first) > 1, "two customers do not read the same"
    assert any(not one["owner"] for one in mail["texts"]), "Maria is on duty, so she vouches for others too"


async def test_a_yes_is_in_force_at_once_and_so_is_a_no(asking: Office, maria: Client) -> None:
    """What I say counts with the next look at the store; the other channels are as before."""
    version = of(await maria.get("/me/voice"), "email")["version"]
    said = await put(maria, "email", {"agreed": True, "version": version})
    assert (said["agreed"], said["changed"]) == (True, False)
    house = await looked(asking)
    assert house.speaks("maria", "email")
    assert not house.speaks("maria", "webchat")
    assert (await maria.get("/me"))["unagreed"] == ["webchat"]
    assert (await put(maria, "email", {"agreed": False}))["since"] is None
    assert not (await looked(asking)).speaks("maria", "email")


async def test_nobody_agrees_to_texts_that_they_did_not_see(asking: Office, maria: Client) -> None:
    """A page that shows older texts is told to read again."""
    said = await put(maria, "email", {"agreed": True, "version": "0123456789abcdef"}, status=409)
    assert "Read them again" in said["detail"]
    assert await asking.world.store.record(consent.KIND, "maria") is None


async def test_texts_that_change_later_are_shown_as_changed(asking: Office, maria: Client) -> None:
    """The yes stays, and whoever looks sees that something reads differently now."""
    read = of(await maria.get("/me/voice"), "email")["version"]
    await put(maria, "email", {"agreed": True, "version": read})
    accounts = dict(asking.world.house.accounts)
    accounts["email", "support"] = replace(accounts["email", "support"], disclose=True)
    asking.world.house = replace(asking.world.house, accounts=accounts)
    mail = of(await maria.get("/me/voice"), "email")
    assert (mail["agreed"], mail["changed"]) == (True, True)
    again = {"agreed": True, "version": mail["version"]}
    assert (await put(maria, "email", again))["changed"] is False


async def test_a_yes_names_what_was_read(asking: Office, maria: Client) -> None:
    """Without the version of the texts nobody can say what somebody agreed to; a no needs none."""
    said = await put(maria, "email", {"agreed": True}, status=422)
    assert "version" in said["detail"]
    assert await asking.world.store.record(consent.KIND, "maria") is None
    assert (await put(maria, "email", {"agreed": False}))["agreed"] is False


@pytest.mark.parametrize("path", ["/me", "/me/voice"])
async def test_who_left_the_rules_meanwhile_is_told_so(tmp_path: Path, path: str) -> None:
    """New rules without them come between the door and the answer: that is no fault of the service."""
    asked: list[str] = []

    def book() -> Rulebook:
        asked.append(path)
        whole = office.world.book
        people = {one: person for one, person in whole.people.items() if one != "maria" or len(asked) == 1}
        return dataclasses.replace(whole, people=people)

    async with opened(tmp_path, book=book) as office:
        token = await office.token("agent")
        asked.clear()
        async with visitor(office, "agent") as maria:
            response = await maria.ask("GET", path)
    assert token
    assert response.status in {403, 404}, await response.text()


async def test_a_note_that_has_yet_to_leave_is_listed_as_such(office: Office, maria: Client) -> None:
    """Whoever it names can say another time before the customer hears of one."""
    await office.world.here("maria")
    one = await office.mail()
    found = await maria.get("/me/notes")
    assert ([each["id"] for each in found["waiting"]], found["notes"]) == ([one.id], [])
    await office.world.send()
    found = await maria.get("/me/notes")
    assert ([each["id"] for each in found["notes"]], found["waiting"]) == ([one.id], [])
    async with visitor(office, "lead") as lea:
        assert await lea.get("/me/notes") == {"notes": [], "waiting": []}


async def test_a_channel_that_is_not_set_up_is_refused(asking: Office, maria: Client) -> None:
    """There is nothing to agree to."""
    assert "fax" in (await put(maria, "fax", {"agreed": True}, status=404))["detail"]


async def test_where_the_platform_allows_one_message_only_that_is_shown(
    asking: Office, maria: Client
) -> None:
    """Later notes are for people to send there, so nobody is asked about them."""
    accounts = dict(asking.world.house.accounts)
    accounts["email", "support"] = replace(accounts["email", "support"], one_automatic_reply=True)
    asking.world.house = replace(asking.world.house, accounts=accounts)
    kinds = {one["kind"] for one in of(await maria.get("/me/voice"), "email")["texts"]}
    assert kinds == {"first", "late"}


async def test_what_runs_in_my_name_is_listed_by_time(office: Office, maria: Client) -> None:
    """My notes that customers have and still wait for, the nearest first; nobody else's."""
    await office.world.here("maria")
    late = await office.mail(text="Where is my parcel?")
    soon = await office.mail(text="I want my money back", who="ben@example.org")
    assert (await maria.get("/me/notes"))["notes"] == [], "none has left yet"
    await office.world.send()
    notes = (await maria.get("/me/notes"))["notes"]
    assert [one["id"] for one in notes] == [late.id]
    assert notes[0]["promised_by"] == {"id": "maria", "name": "Maria Jensen"}
    assert soon.promise is not None
    assert soon.promise.by == "tom"


async def test_i_need_until(office: Office, maria: Client) -> None:
    """The customer is told the later time, and the answer shows it."""
    await office.world.here("maria")
    one = await office.mail()
    await office.world.send()
    version = (await maria.get(f"/conversations/{one.id}"))["version"]
    body = {"until": "2026-11-25T11:00:00Z", "version": version}
    said = await maria.post(f"/conversations/{one.id}/until", body)
    assert said["says"] == "The customer is told the new time."
    assert said["conversation"]["promised_at"] == "2026-11-25T11:00:00Z"
    await office.world.send()
    assert len(office.world.mail.sent) == 2


async def test_a_lead_may_say_it_for_another(office: Office, maria: Client) -> None:
    """A colleague may not; the note stays in the name of whoever promised."""
    await office.world.here("maria")
    one = await office.mail()
    await office.world.send()
    body = {"until": "2026-11-25T11:00:00Z"}
    async with visitor(office, "lead") as lea:
        said = await lea.post(f"/conversations/{one.id}/until", body)
    assert said["conversation"]["promise"]["by"]["id"] == "maria"
    refused = await maria.ask("POST", f"/conversations/{one.id}/until", json={"until": "2026-11-25 11:00"})
    assert refused.status == 422
