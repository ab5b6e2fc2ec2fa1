"""A day at a small service whose promises run short: helpers for tests that turn the clock by hand."""

from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from channels.errors import NotSent
from channels.message import Message, Outgoing, Sent
from router.conversation import Conversation, Event, NoteKind, SendState
from router.house import Account
from router.ports import Commit, Outcome
from router.testing import ManualClock, MemoryStore, RecordingChannel
from tests.support.world import World

#: Answers are due within four hours, whatever the hour; Ines's queue helps out.
RULES = """
version: 1
hours:
  office: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-18:00"]}}
agents:
  maria: {name: Maria Jensen, email: maria@example.com, queues: [general], languages: [en],
          capacity: {webchat: 2, default: 5}, hours: office}
  tom: {name: Tom Berg, email: tom@example.com, queues: [general], languages: [en],
        capacity: {webchat: 2, default: 5}, hours: office}
  ines: {name: Ines Costa, email: ines@example.com, queues: [desk], languages: [en],
         capacity: {webchat: 2, default: 5}, hours: office}
queues:
  general: {duty: [maria, tom], lead: ines, hours: office, overflow: [desk]}
  desk: {duty: [ines], lead: ines, hours: office}
channels:
  webchat: {target: instant, queue: general}
  email: {target: 4h, hours: always, queue: general}
"""


class Died(BaseException):
    """The process ended here: nothing in it catches that."""


class HonestChannel(RecordingChannel):
    """A channel whose provider can tell whether it has something."""

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Return its name where it was sent; raise where it certainly was not."""
        if any(out.id == outgoing.id for out in self.sent):
            return Sent(message_id=f"sent-{outgoing.id}@{outgoing.channel}.invalid")
        raise NotSent("the provider does not have it")


class MortalStore(MemoryStore):
    """A store in front of which the process dies at one of its commits: before it is written, or just after."""

    def __init__(self, clock: ManualClock) -> None:
        """Start immortal."""
        super().__init__(clock)
        self.commits, self.dies_at, self.written = 0, 0, False

    async def commit(self, commit: Commit) -> Outcome:
        """Write it, unless the process dies first."""
        self.commits += 1
        if self.commits != self.dies_at:
            return await super().commit(commit)
        if self.written:
            await super().commit(commit)
        raise Died


def world_of(folder: Path, rules: str = RULES, store: type[MemoryStore] = MemoryStore) -> World:
    """Return the service with these rules."""
    world = World(folder, rules, store)
    world.mail = HonestChannel()
    world.restart()
    return world


def account(world: World, channel: str, **fields: object) -> None:
    """Change what is known of a channel's only account."""
    changed: dict[tuple[str, str], Account] = {
        key: replace(one, **fields) if key[0] == channel else one for key, one in world.house.accounts.items()
    }
    world.house = replace(world.house, accounts=changed)


async def told(world: World, message: Message | None = None) -> Conversation:
    """Take a mail in and let its note go out; return its conversation."""
    (one,) = await world.take(message or world.mail_from())
    await world.send()
    return await world.fresh(one)


async def to(world: World, at: datetime, step_s: float = 60.0) -> None:
    """Let the time pass until then, the timers tick and what is to be sent go out."""
    while world.clock.now() < at:
        world.clock.set(min(at, world.clock.now() + timedelta(seconds=step_s)))
        await world.timers.tick(slow=False)
        await world.send()
        assert not world.timers.failing, world.timers.failing.told(world.clock.now())


async def lines(world: World, *kinds: str) -> list[Event]:
    """Return the log's lines of these kinds, in order."""
    return [event for _, event in await world.store.log(after=0, limit=10_000) if event.kind in kinds]


def notes(one: Conversation, kind: NoteKind) -> list[str]:
    """Return the texts of the notes of a kind that left."""
    left = {SendState.SENT, SendState.UNKNOWN}
    return [item.text for item in one.outbox if item.note is kind and item.state in left]
