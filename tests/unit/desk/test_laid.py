from datetime import timedelta

from router.conversation import Conversation, PromiseState
from router.desk import users
from tests.support.keeping import account, to
from tests.unit.desk.office import Client, Office, visitor


async def prepared(office: Office) -> Conversation:
    """Let a promise of Maria's run short on a platform that allows one automatic message."""
    account(office.world, "email", one_automatic_reply=True)
    await office.world.here("maria")
    one = await office.mail()
    await office.world.send()
    one = await office.world.fresh(one)
    await to(office.world, one.promise.renew_at, 600)
    return await office.world.fresh(one)


async def test_prepared_words_are_shown_and_sent_as_my_own(office: Office, maria: Client) -> None:
    """Text, time and reason are there; sent, they say a new time and answer nothing."""
    one = await prepared(office)
    shown = await maria.get(f"/conversations/{one.id}")
    assert shown["prepared"]["text"] == one.prepared.text
    assert "platform" in shown["prepared"]["reason"]
    assert shown["prepared"]["by"]["id"] == "maria"
    done = await maria.post(
        f"/conversations/{one.id}/prepared", {"send": True, "text": "A bit later, sorry."}
    )
    await office.world.send()
    assert (done["prepared"], done["status"]) == (None, "open")
    assert done["promise"]["at"] == shown["prepared"]["promise_at"]
    assert office.world.mail.sent[-1].text == "A bit later, sorry."
    after = await office.world.fresh(one)
    assert after.waiting_since == one.waiting_since
    transcript = await maria.get(f"/conversations/{one.id}/transcript")
    assert (transcript["lines"][-1]["kind"], transcript["lines"][-1]["automatic"]) == ("reply", False)
    assert transcript["lines"][-1]["promised_at"] == done["promise"]["at"]


async def test_prepared_words_can_be_put_away(office: Office, maria: Client) -> None:
    """Then nothing of them goes out, and the old time runs."""
    one = await prepared(office)
    response = await maria.ask("DELETE", f"/conversations/{one.id}/prepared")
    assert response.status == 200
    assert (await response.json())["prepared"] is None
    refused = await maria.ask("POST", f"/conversations/{one.id}/prepared", json={"send": True})
    assert refused.status == 409
    assert "meanwhile" in (await refused.json())["detail"]
    assert (await office.world.fresh(one)).promise.state is PromiseState.MADE


async def test_words_whose_time_is_over_are_refused(office: Office, maria: Client) -> None:
    """Nobody is told a time that has passed."""
    one = await prepared(office)
    office.world.clock.set(one.prepared.promise_at - timedelta(seconds=30))
    refused = await maria.ask("POST", f"/conversations/{one.id}/prepared", json={"send": True})
    assert refused.status == 422
    assert "time in these words is over" in (await refused.json())["detail"]


async def test_only_the_words_that_were_seen_are_sent(office: Office, maria: Client) -> None:
    """A press on words that were laid anew meanwhile sends nothing; the same press twice sends once."""
    one = await prepared(office)
    path, at = f"/conversations/{one.id}/prepared", one.prepared.at
    stale = {"send": True, "at": (at - timedelta(minutes=5)).isoformat()}
    refused = await maria.ask("POST", path, json=stale)
    assert refused.status == 409
    assert "Other words" in (await refused.json())["detail"]
    mine = {"send": True, "at": at.isoformat()}
    await maria.post(path, mine)
    await office.world.send()
    count = len(office.world.mail.sent)
    await maria.post(path, mine)
    await office.world.send()
    assert len(office.world.mail.sent) == count
    late = await maria.ask("POST", path, json=stale)
    assert late.status == 409


async def test_nobody_sends_words_that_say_they_are_somebody_else(office: Office, maria: Client) -> None:
    """Laid out for Maria they leave in Lea's name once they are Lea's own; Maria sends them as they are."""
    one = await prepared(office)
    path, text = f"/conversations/{one.id}/prepared", one.prepared.text
    assert "Maria" in text
    async with visitor(office, "lead") as lea:
        for words in ("", text, f" {text}\n", f"{text}\nPS: it is nearly done.", "I'M MARIA, a bit later."):
            refused = await lea.ask("POST", path, json={"send": True, "text": words})
            assert refused.status == 422
            assert "in Maria Jensen's name" in (await refused.json())["detail"]
        assert (await office.world.fresh(one)).prepared == one.prepared
        await lea.post(path, {"send": True, "text": "I'm Lea. Maria is away; it comes a bit later."})
    await office.world.send()
    assert (office.world.mail.sent[-1].author, len(office.world.mail.sent)) == ("Lea Lead", 2)


async def test_sending_must_be_said(office: Office, maria: Client) -> None:
    """`send: false` sends nothing."""
    one = await prepared(office)
    refused = await maria.ask("POST", f"/conversations/{one.id}/prepared", json={"send": False})
    assert refused.status == 422
    assert (await office.world.fresh(one)).prepared is not None


async def test_a_lead_sees_what_is_at_risk(office: Office, maria: Client) -> None:
    """Tom leads the queue: what was promised there and runs short lies before him, and not before Maria."""
    one = await prepared(office)
    assert (await maria.get("/work"))["led"] == []
    mine = (await maria.get("/work"))["mine"]
    assert [(each["warned"], each["at_risk"]) for each in mine] == [("renew", True)]
    await users.add(office.parts.store, email="tom@example.com", name="Tom Berg")
    office.tokens["tom"] = await users.token(office.parts, "tom@example.com")
    async with visitor(office, "tom") as tom:
        assert [each["id"] for each in (await tom.get("/work"))["led"]] == [one.id]
