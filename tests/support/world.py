"""A small service on twins: messages in, decisions and notes out, on a clock that tests turn by hand."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from channels.message import Identity, Message
from router.actions import Actions
from router.consume import Consumer
from router.conversation import Agent, Conversation
from router.house import Account, House
from router.notify import Notifier
from router.testing import ManualClock, MemoryBroker, MemoryEvents, MemoryStore, RecordingChannel, SequenceIds
from router.timers import Timers
from router.voice.turns import Turns
from rules.load import load
from rules.wording import Wording

MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
CHANNELS = ("email", "webchat", "twitter", "facebook", "phone", "forum")

RULES = """
version: 1
hours:
  office: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-18:00"]}}
agents:
  maria: {name: Maria Jensen, email: maria@example.com, queues: [general], languages: [en, da],
          capacity: {webchat: 1, default: 2}, hours: office}
  tom: {name: Tom Berg, email: tom@example.com, queues: [general, billing], skills: [billing],
        languages: [en], capacity: {webchat: 1, default: 2}, hours: office}
queues:
  general: {duty: [maria, tom], lead: tom, hours: office}
  billing: {duty: [tom], lead: maria, hours: office}
channels:
  webchat: {target: instant, queue: general}
  email: {target: 24h, hours: always, queue: general}
rules:
  - name: Refunds go to billing
    when: {text: {contains_any: [refund, "money back"]}}
    then: {queue: billing, skills: [billing], priority: high, target: 4h, note: sober}
  - name: Spam is held
    when: {text: {contains_any: [lottery]}}
    then: {hold: true}
"""

_wording: list[Wording] = []


def wording() -> Wording:
    """Return the shipped texts, loaded once."""
    if not _wording:
        _wording.append(Wording.load())
    return _wording[0]


class World:
    """A service made of twins."""

    def __init__(self, folder: Path, rules: str = RULES, store: type[MemoryStore] = MemoryStore) -> None:
        """Load the rules and build every part."""
        path = folder / "rules.yaml"
        path.write_text(rules, encoding="utf-8")
        self.book = load(path, channels=CHANNELS)
        self.clock = ManualClock(MONDAY_NOON)
        self.ids = SequenceIds()
        self.store = store(self.clock)
        self.broker = MemoryBroker(self.clock)
        self.events = MemoryEvents()
        self.house = House(
            book=self.book,
            wording=wording(),
            accounts={
                ("email", "support"): Account(
                    channel="email", name="support", identity="email", style="mail", zone="Europe/Copenhagen"
                ),
                ("webchat", "site"): Account(
                    channel="webchat",
                    name="site",
                    identity="chat",
                    style="chat",
                    zone="Europe/Copenhagen",
                    live=True,
                    reference_in_note=False,
                ),
            },
            ours=frozenset({"email:help@example.com"}),
            staff={f"email:{one.email}": one.id for one in self.book.people.values()},
            secret=b"s" * 32,
            detect=lambda _: "en",
        )
        self.mail, self.chat = RecordingChannel(), RecordingChannel()
        self._count = 0
        self.restart()

    def restart(self) -> None:
        """Start every process anew on the same store: what was in memory only is gone."""
        self.house = replace(self.house, turns=Turns())
        channels = {("email", "support"): self.mail, ("webchat", "site"): self.chat}
        parts = (self.store, self.events, self.ids, self.clock, lambda: self.house)
        self.consumer = Consumer(
            self.store, self.broker, self.events, self.ids, self.clock, lambda: self.house
        )
        self.notifier = Notifier(*parts, channels)
        self.timers = Timers(
            self.store, self.broker, self.events, self.consumer, (self.ids, self.clock, lambda: self.house)
        )
        self.actions = Actions(*parts)

    def mail_from(
        self, who: str = "ana@example.org", text: str = "Where is my parcel?", **fields: Any
    ) -> Message:
        """Return a mail as the channel would parse it."""
        self._count += 1
        given = {
            "key": f"smtp:{self._count}",
            "message_id": f"<m{self._count}@example.org>",
            "subject": f"Parcel {self._count}",
        } | fields
        return Message(
            channel="email",
            account="support",
            received_at=self.clock.now(),
            sender=Identity(kind="email", address=who, name=who.partition("@")[0].title()),
            to=("help@example.com",),
            text=text,
            **given,
        )

    def chat_from(self, session: str = "visitor-1", text: str = "Hello?", **fields: Any) -> Message:
        """Return a chat message as the channel would parse it."""
        self._count += 1
        given = {"key": f"wc:{session}:{self._count}"} | fields
        return Message(
            channel="webchat",
            account="site",
            received_at=self.clock.now(),
            sender=Identity(kind="chat", address=session),
            thread=session,
            text=text,
            **given,
        )

    async def take(self, *messages: Message) -> list[Conversation]:
        """Accept the messages and decide them in one batch; return the conversations that have them."""
        await self.store.accept([(one, one.received_at) for one in messages])
        lost = await self.consumer.decide([one.key for one in messages])
        assert not lost
        return [await self.conversation(one) for one in messages]

    async def conversation(self, message: Message) -> Conversation:
        """Return the conversation that holds the message, as it is now."""
        stored = await self.store.message(message.key)
        assert stored is not None
        assert stored.conversation, "the message is in no conversation"
        found = await self.store.conversation(stored.conversation)
        assert found is not None
        return found

    async def fresh(self, conversation: Conversation) -> Conversation:
        """Return the conversation as it is now."""
        found = await self.store.conversation(conversation.id)
        assert found is not None
        return found

    async def here(self, *agents: str) -> None:
        """Let these agents say that they are here."""
        for agent in agents:
            await self.actions.presence(agent, said="here")

    async def send(self) -> None:
        """Let the sender do all that is due now."""
        for _ in range(10):
            jobs, _more = await self.notifier.claim()
            for job in jobs:
                await self.notifier.perform(job)
            await self.notifier.record()
            if not jobs:
                return

    async def claims(self, agent: str) -> int:
        """Return how many claims the agent holds."""
        return len((await self.store.agents()).get(agent, Agent(id=agent)).claims)
