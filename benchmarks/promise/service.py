"""The real router on a simulated clock: every part but the network and the disk is the one that runs."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from channels.message import Identity, Message
from channels.registry import manifest
from router.actions import Actions
from router.answer import Answer
from router.consume import Consumer
from router.conversation import Agent, Conversation, Event, Status
from router.engine.forecast import Forecast
from router.errors import ActionError, Conflict
from router.foresight import Foresight
from router.house import Account, House
from router.learner import Learner
from router.notify import Notifier
from router.testing import ManualClock, MemoryBroker, MemoryEvents, MemoryStore, RecordingChannel, SequenceIds
from router.timers import Timers
from rules.load import load
from rules.wording import Wording

#: What has been settled for so long is forgotten, so that a long run stays as fast as a short one.
FORGET = timedelta(hours=6)


class SlimStore(MemoryStore):
    """The store in memory, which forgets what is over."""

    def forget(self, now: datetime) -> None:
        """Drop conversations that nobody will ask for any more."""
        before = now - FORGET
        gone = [
            one
            for one in self._conversations.values()
            if one.id not in self._live and one.updated_at < before
        ]
        for one in gone:
            del self._conversations[one.id], self._references[one.reference]
            self._archive.pop(one.id, None)
            for link in (*one.links, f"ref:{one.reference}"):
                self._links.pop(link, None)
            for entry in one.entries:
                self._messages.pop(entry.key, None)
            for known in (self._by_customer, self._customers):
                known.pop(one.customer, None)
            self._identities.pop(one.contact.key, None)
            self._primary.pop(one.contact.key, None)
            self._notes.pop(one.contact.key, None)

    def open_work(self) -> list[Conversation]:
        """Return what somebody still owes an answer to."""
        return [one for one in self._live.values() if one.status is Status.OPEN]


class Service:
    """The parts put together, as `handleby run` does."""

    def __init__(self, rules: str, start: datetime, *, renewals: bool = True) -> None:
        """Load the rules and build every part."""
        with tempfile.TemporaryDirectory(prefix="handleby-promise-") as folder:
            path = Path(folder) / "rules.yaml"
            path.write_text(rules, encoding="utf-8")
            self.book = load(path, channels=("email", "webchat", "twitter", "facebook", "phone", "forum"))
        self.clock, self.ids = ManualClock(start), SequenceIds()
        self.store, self.events = SlimStore(self.clock), MemoryEvents()
        self.house = House(
            book=self.book,
            wording=Wording.load(),
            accounts={(name, "here"): _account(name, renewals=renewals) for name in self.book.channels},
            ours=frozenset(),
            staff={},
            secret=b"s" * 32,
            detect=lambda _: "en",
        )
        channels = {(name, "here"): RecordingChannel() for name in self.book.channels}
        parts = (self.store, self.events, self.ids, self.clock, lambda: self.house)
        broker = MemoryBroker(self.clock)
        self.consumer = Consumer(self.store, broker, self.events, self.ids, self.clock, lambda: self.house)
        self.notifier = Notifier(*parts, channels)
        self.timers = Timers(
            self.store, broker, self.events, self.consumer, (self.ids, self.clock, lambda: self.house)
        )
        self.actions = Actions(*parts)
        self.learner = Learner(self.store, lambda: self.house)
        self.foresight = Foresight(self.store, self.clock)
        self._channels = channels
        self._read = 0

    def house_with(self, forecast: Forecast, agents: dict[str, Agent]) -> House:
        """Return the house with another forecast."""
        return replace(self.house, forecast=forecast, crew=agents)

    async def refresh(self) -> None:
        """Learn from the log and look at the backlog, as the service does about once a second."""
        await self.learner.run()
        self.house = await self.foresight.refreshed(self.house)

    def contact(self, channel: str, number: int) -> Identity:
        """Return the address of a made-up customer."""
        return Identity(kind=manifest(channel).identity, address=f"c{number}@example.org")

    async def take(self, message: Message) -> Conversation:
        """Accept and decide one message; return its conversation."""
        await self.store.accept([(message, message.received_at)])
        await self.consumer.decide([message.key])
        stored = await self.store.message(message.key)
        assert stored is not None
        found = await self.store.conversation(stored.conversation)
        assert found is not None
        return found

    async def send(self) -> None:
        """Let everything leave that is due."""
        while True:
            jobs, _ = await self.notifier.claim()
            for job in jobs:
                await self.notifier.perform(job)
            await self.notifier.record()
            if not jobs:
                break
        for channel in self._channels.values():
            channel.sent.clear()

    async def answer(self, conversation: str, agent: str) -> None:
        """Answer as the desk does; what a colleague answered meanwhile is left alone."""
        one = await self.store.conversation(conversation)
        if one is None or one.status is not Status.OPEN:
            return
        try:
            await self.actions.reply(conversation, Answer(text="Here you are.", resolve=True), agent=agent)
        except (ActionError, Conflict):
            return

    async def lines(self) -> list[Event]:
        """Return what the log has since the last time."""
        found = await self.store.log(after=self._read, limit=100_000)
        if found:
            self._read = found[-1][0]
        return [line for _, line in found]


def _account(channel: str, *, renewals: bool) -> Account:
    able = manifest(channel).capabilities
    return Account(
        channel=channel,
        name="here",
        identity=manifest(channel).identity,
        style=able.style,
        zone="Europe/Copenhagen",
        live=able.live,
        reference_in_note=False,
        one_automatic_reply=not renewals,
    )


def message(
    number: int, channel: str, at: datetime, *, text: str = "Hello.", language: str = "en"
) -> Message:
    """Return a message of somebody who has never written before."""
    return Message(
        key=f"sim:{number}",
        channel=channel,
        account="here",
        received_at=at,
        sender=Identity(kind=manifest(channel).identity, address=f"c{number}@example.org"),
        text=text,
        language=language,
        thread=f"t{number}" if channel in {"webchat", "facebook"} else "",
    )
