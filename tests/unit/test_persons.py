"""Who turns out to be the same person, on what evidence, and what undoing gives back."""

from pathlib import Path
from typing import Any

import pytest

from channels.message import Identity, Kind, Message
from router.answer import Answer
from router.conversation import Conversation, Customer, Join
from router.customers import persons
from router.customers.edits import Customers, Entry
from router.customers.fields import parsed
from router.customers.joiner import Joiner
from router.errors import Forbidden
from router.house import Account
from tests.support.world import RULES, World

PREMIUM = """
  - name: Premium customers come first
    when: {customer.tier: premium}
    then: {priority: urgent, target: 1h}
"""
ANA = "ana@example.org"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, RULES + PREMIUM.removeprefix("\n"))


@pytest.fixture
def joiner(world: World) -> Joiner:
    return Joiner(world.store, world.events, world.clock)


def signed(world: World, session: str = "id:1", address: str = ANA, **fields: Any) -> Message:
    """Return a chat message of somebody for whom the site vouches, address included."""
    sender = Identity(kind="chat", address=session, name="Ana P.", verified=True)
    claim = Identity(kind="email", address=address, verified=True)
    given: dict[str, Any] = {"sender": sender, "claims": (claim,), **fields}
    return replaced(world.chat_from(session), **given)


def proven(world: World, who: str = ANA, **fields: Any) -> Message:
    """Return a mail whose sender is proved."""
    message = world.mail_from(who, **fields)
    return replaced(message, sender=replaced(message.sender, verified=True))


def replaced(value: Any, **fields: Any) -> Any:
    """Return the value with other fields."""
    return type(value)(**{name: getattr(value, name) for name in value.__struct_fields__} | fields)


async def person(world: World, conversation: Conversation) -> Customer:
    """Return who stands behind a conversation now."""
    found = await world.store.customer(conversation.customer)
    assert found is not None
    return found


async def test_a_signed_identity_joins_the_proved_address(world: World) -> None:
    """The rules see one customer with the first message already, and both conversations are one history."""
    (mail,) = await world.take(proven(world))
    await Customers(world.store, world.clock).change(mail.customer, {"tier": "premium"}, by="tom")
    (chat,) = await world.take(signed(world))
    assert (chat.decision.rule, chat.priority) == ("Premium customers come first", "urgent")
    one = await person(world, chat)
    assert one == await person(world, mail)
    assert {each.key for each in one.identities} == {f"email:{ANA}", "chat:id:1"}
    assert {each.id for each in await world.store.of_customer(mail.customer, 9)} == {mail.id, chat.id}
    (join,) = one.joins
    assert (join.evidence, join.key, join.by) == (persons.SIGNED, f"email:{ANA}", "")
    log = [line for _, line in await world.store.log(after=0, limit=99) if line.kind == "customers joined"]
    assert [line.data["evidence"] for line in log] == ["signed"]


async def test_a_mail_after_a_signed_chat_is_the_same_person(world: World) -> None:
    """Nobody else had the address: it is theirs from then on, and a mail from it joins nothing new."""
    (chat,) = await world.take(signed(world, attributes={"tier": "premium"}))
    (mail,) = await world.take(proven(world))
    assert mail.customer == chat.customer
    assert mail.priority == "urgent"
    assert (await person(world, mail)).joins == ()


async def test_what_a_visitor_types_joins_nothing(world: World) -> None:
    """A typed address is remembered as what they say, however often, and gets nobody's tier or history."""
    (mail,) = await world.take(proven(world))
    await Customers(world.store, world.clock).change(mail.customer, {"tier": "premium"}, by="tom")
    claim = Identity(kind="email", address=ANA, name="Ana")
    for _ in range(3):
        (chat,) = await world.take(world.chat_from("v1", claims=(claim,)))
    assert chat.priority == "normal"
    one = await person(world, chat)
    assert one.id != mail.customer
    assert [each.key for each in one.identities] == ["chat:v1"]
    assert [each.key for each in one.claims] == [f"email:{ANA}"]


async def test_an_unproved_mail_is_joined_once_it_is_proved(world: World) -> None:
    """The site signed the address, but the mails from it were unproved: nothing is joined until one is proved."""
    (mail,) = await world.take(world.mail_from(ANA))
    (chat,) = await world.take(signed(world))
    assert await person(world, mail) != await person(world, chat)
    (second,) = await world.take(proven(world))
    one = await person(world, second)
    assert one == await person(world, chat)
    assert one.joins[0].evidence == persons.ADDRESS


@pytest.mark.parametrize("fields", [{"doubtful": "DMARC failed"}, {}])
async def test_a_forged_mail_does_not_prove_an_address(world: World, fields: dict[str, str]) -> None:
    """A mail with somebody's address in From, doubtful or unproved, joins nobody."""
    (chat,) = await world.take(signed(world))
    (other,) = await world.take(signed(world, "id:2", "else@example.org"))
    await world.take(
        world.mail_from("eve@example.net", claims=(Identity(kind="email", address=ANA),), **fields)
    )
    await world.take(world.mail_from("else@example.org", **fields))
    assert len({(await person(world, one)).id for one in (chat, other)}) == 2


async def test_a_number_that_we_called_is_proved(world: World) -> None:
    """The number of a callback joins nobody; once we called it, it joins the customer who has it."""
    number = "phone:+4512345678"
    entry = Entry(identities=(parsed(f"email:{ANA}"), parsed(number)), attributes={"tier": "premium"})
    known = await Customers(world.store, world.clock).put(entry, by="tom")
    claimed = Identity(kind="phone", address="+4512345678")
    (chat,) = await world.take(world.chat_from("v1", claims=(claimed,)))
    assert (await person(world, chat)).id != known.id
    called = Identity(kind="phone", address="+4587654321", verified=False)
    one = replaced(world.chat_from("call-1"), sender=called)
    (callback,) = await world.take(one)
    told = replaced(one, key="x:2", kind=Kind.STATUS, sender=replaced(called, verified=True))
    await world.take(told)
    assert persons.proved(await person(world, callback), called.key)


async def test_a_signed_number_joins_and_is_not_called_for_a_copy(world: World) -> None:
    """A number that the site signed joins whoever has proved it; copies of answers are never read out to it."""
    number = Identity(kind="phone", address="+4512345678", verified=True)
    known = await Customers(world.store, world.clock).put(
        Entry(identities=(parsed("phone:+4512345678"),)), by=""
    )
    spoken = Account(channel="phone", name="line", identity="phone", style="spoken")
    world.house = replaced(world.house, accounts={**world.house.accounts, ("phone", "line"): spoken})
    (chat,) = await world.take(signed(world, claims=(number,)))
    assert known.id in (await person(world, chat)).ids
    assert chat.fallback is None


async def test_two_sites_that_sign_one_address_know_one_person(world: World) -> None:
    """Two verified chat identities with the same signed address are joined by it."""
    (one,) = await world.take(signed(world, "id:1"))
    (two,) = await world.take(signed(world, "id:2"))
    assert await person(world, one) == await person(world, two)


async def test_answers_leave_where_they_were_asked(world: World) -> None:
    """After a join an answer in the chat goes to the chat, one to a mail by mail, also for what comes later."""
    await world.here("maria")
    (mail,) = await world.take(proven(world, subject="Lamp"))
    (chat,) = await world.take(signed(world))
    assert await person(world, mail) == await person(world, chat)
    await world.actions.reply(mail.id, Answer(text="By mail."), agent="maria")
    await world.actions.reply(chat.id, Answer(text="In the chat."), agent="maria")
    await world.send()
    mailed = [out.to.key for out in world.mail.sent if out.text == "By mail."]
    chatted = [out.to.key for out in world.chat.sent if out.text == "In the chat."]
    assert (mailed, chatted) == ([f"email:{ANA}"], ["chat:id:1"])
    assert (await person(world, chat)).last_owner == "maria"


async def test_undoing_gives_each_what_it_was_and_what_came_since(world: World, joiner: Joiner) -> None:
    """Attributes, identities, names and conversations go back; later ones go where they came by."""
    (mail,) = await world.take(proven(world))
    (chat,) = await world.take(world.chat_from("v1"))
    customers = Customers(world.store, world.clock)
    await customers.change(mail.customer, {"tier": "premium"}, by="tom")
    await world.clock.advance(60)
    await customers.change(chat.customer, {"tier": "basic", "seats": "7"}, by="tom")
    was = [await person(world, one) for one in (mail, chat)]
    join = Join(one=mail.customer, other=chat.customer, evidence="person", by="maria", at=world.clock.now())
    await joiner.join(join)
    await world.clock.advance(3600)
    (later,) = await world.take(replaced(world.chat_from("v1"), thread="v1-2", attributes={"country": "DK"}))
    assert later.customer == chat.customer
    assert (await person(world, mail)).attributes == {"tier": "basic", "seats": "7", "country": "DK"}
    await joiner.split(mail.customer, chat.customer, mail.customer, by="tom")
    first, second = [await person(world, one) for one in (mail, chat)]
    assert (first.attributes, first.identities) == (was[0].attributes, was[0].identities)
    assert second.attributes == {"tier": "basic", "seats": "7", "country": "DK"}
    assert {one.id for one in await world.store.of_customer(chat.customer, 9)} == {chat.id, later.id}
    assert [one.id for one in await world.store.of_customer(mail.customer, 9)] == [mail.id]


async def test_evidence_does_not_undo_a_persons_decision(world: World, joiner: Joiner) -> None:
    """Somebody parted them: the next signed message does not join them again, and rules see them apart."""
    (mail,) = await world.take(proven(world))
    await Customers(world.store, world.clock).change(mail.customer, {"tier": "premium"}, by="tom")
    (chat,) = await world.take(signed(world))
    await joiner.split(mail.customer, mail.customer, chat.customer, by="tom")
    (again,) = await world.take(signed(world))
    await world.take(proven(world))
    assert await person(world, again) != await person(world, mail)
    assert "tier" not in (await person(world, again)).attributes


async def test_people_win_over_channels_and_later_over_earlier(world: World) -> None:
    """Where the two differ the customer shows what people set, else what was set last, and says so."""
    await Customers(world.store, world.clock).put(
        Entry(identities=(parsed(ANA),), attributes={"tier": "gold"}), by="tom"
    )
    await world.take(proven(world, attributes={"country": "SE"}))
    await world.clock.advance(60)
    (chat,) = await world.take(signed(world, attributes={"tier": "basic", "country": "DK"}))
    one = await person(world, chat)
    assert one.attributes == {"tier": "gold", "country": "DK"}
    told = {each.name: (each.value, each.person, each.others) for each in persons.conflicts(one)}
    assert told == {"tier": ("gold", True, ("basic",)), "country": ("DK", False, ("SE",))}


async def test_what_people_change_on_a_joined_customer_holds(world: World) -> None:
    """A removed attribute stays removed though another part has it, and setting it again works."""
    customers = Customers(world.store, world.clock)
    (mail,) = await world.take(proven(world, attributes={"tier": "a"}))
    (chat,) = await world.take(signed(world, attributes={"tier": "b"}))
    for value in ("", "c", ""):
        await world.clock.advance(60)
        await customers.change(mail.customer, {"tier": value}, by="tom")
        assert (await person(world, chat)).attributes.get("tier", "") == value
    unchanged = await person(world, chat)
    await customers.change(mail.customer, {"tier": ""}, by="tom")
    assert await person(world, chat) == unchanged


async def test_conversations_of_one_person_may_be_merged_by_anybody(world: World, joiner: Joiner) -> None:
    """Two addresses of one person: no lead is needed any more, once somebody said so."""
    (one,) = await world.take(world.mail_from(ANA, subject="Lamp"))
    (two,) = await world.take(world.mail_from("ana@work.example", subject="Lamp again"))
    await world.send()
    with pytest.raises(Forbidden):
        await world.actions.merge(one.id, into=two.id, agent="maria")
    join = Join(one=one.customer, other=two.customer, evidence="person", by="maria", at=world.clock.now())
    await joiner.join(join)
    assert (await world.actions.merge(one.id, into=two.id, agent="maria")).id == two.id
