"""Messages, conversations and commits as short as a test can say them."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from channels.message import Identity, Message
from router.conversation import Agent, Claim, Conversation, Entry, Event, Item, SendState, indexed
from router.ports import Change, Commit, Store
from router.testing.time import START

ANA = Identity(kind="email", address="ana@example.com", name="Ana")


def message(key: str, **more: Any) -> Message:
    """Return a mail from Ana."""
    values: dict[str, Any] = {"received_at": START, "sender": ANA, "text": f"text of {key}", **more}
    return Message(key=key, channel="email", account="support", **values)


def conversation(id: str, **more: Any) -> Conversation:
    """Return a new open conversation of Ana's that waits for an owner."""
    values: dict[str, Any] = {
        "version": 1,
        "reference": f"HB-{id.upper()}",
        "opened_at": START,
        "updated_at": START,
        "customer": "c_ana",
        "contact": ANA,
        "queue": "general",
        "accountable": "maria",
        "due_at": START + timedelta(hours=4),
        **more,
    }
    return indexed(Conversation(id=id, channel="email", account="support", **values))


def next_state(one: Conversation, **more: Any) -> Conversation:
    """Return the conversation one version on."""
    return indexed(replace(one, version=one.version + 1, **more))


def entry(key: str, seq: int = 1) -> Entry:
    """Return an entry of a conversation."""
    return Entry(key=key, seq=seq, at=START)


def item(id: str, seq: int, **more: Any) -> Item:
    """Return what Maria wrote to Ana."""
    return Item(
        id=id,
        seq=seq,
        at=START,
        author="maria",
        author_name="Maria",
        to=ANA,
        **{"text": f"text of {id}", **more},
    )


def sent(id: str, seq: int, minute: int, **more: Any) -> Item:
    """Return an item that was sent so many minutes after the start."""
    return item(id, seq, state=SendState.SENT, sent_at=START + timedelta(minutes=minute), **more)


def event(kind: str, conversation: str = "", **more: Any) -> Event:
    """Return a log line."""
    return Event(
        kind=kind, conversation=conversation, **{"at": START, "queue": "general", "channel": "email", **more}
    )


def agent(id: str, version: int, *conversations: str) -> Agent:
    """Return an agent with a claim for each conversation."""
    claims = tuple(
        Claim(id=f"cl_{one}", conversation=one, channel="email", at=START) for one in conversations
    )
    return Agent(id=id, version=version, claims=claims)


async def accept(store: Store, *keys: str, **more: Any) -> list[bool]:
    """Accept mails from Ana."""
    return await store.accept([(message(key, **more), START + timedelta(hours=24)) for key in keys])


async def put(store: Store, *states: Conversation, **more: Any) -> list[bool]:
    """Commit the states; returns which won."""
    outcome = await store.commit(Commit(changes=[Change(conversation=one, **more) for one in states]))
    return list(outcome.changes)
