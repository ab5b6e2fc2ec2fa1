"""Many customers and a few agents on many channels, and the books that are kept of them."""

import asyncio
import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from channels.message import Kind
from router.bootstrap import Parts
from router.conversation import Conversation, Item, SendState
from router.ports import Stored
from sandbox.desk import TROUBLE, Desk
from sandbox.ledger import Seen
from tests.support.stage import Play

#: Each message and each answer carries a word of its own, so that copies can be counted.
MESSAGE, ANSWER = re.compile(r"\bzm(\d+)q\b"), re.compile(r"\bza(\d+)q\b")
WORDS = (
    "Where is my parcel",
    "Can I change the colour",
    "One screw is missing",
    "When are you open",
    "How do I pay",
)
#: What writing one message may take while things go wrong.
WRITE_S = 40.0
#: Customers who write at the same time on one channel.
ABREAST = 6
#: What passes between two messages of the same lane, on average: a day in half a minute.
PACE_S = 0.8
#: Of all messages, those that are a customer's second or third.
FOLLOW_UP = 0.3
#: Agents answer this share at the desk, and this share in the provider's app.
AT_DESK, NATIVE = 0.35, 0.1


class Written(Struct, frozen=True, kw_only=True):
    """A message that a customer tried to send."""

    number: int
    channel: str
    customer: str
    #: Why the provider did not take it; "" when it did.
    told: str = ""


class Crowd:
    """Writes and answers, and remembers both."""

    def __init__(self, play: Play, *, seed: int = 7) -> None:
        """Take what runs."""
        self._play, self._chance = play, random.Random(seed)
        self.written: dict[int, Written] = {}
        #: Answer → customer it was for.
        self.answers: dict[int, str] = {}
        self._seen: set[str] = set()

    async def write(self, count: int) -> None:
        """Let customers write so many messages, evenly over the channels."""
        channels = [*self._play.stands]
        async with asyncio.TaskGroup() as group:
            for place, channel in enumerate(channels):
                for lane in range(ABREAST):
                    numbers = range(place + lane * len(channels), count, len(channels) * ABREAST)
                    group.create_task(self._lane(channel, numbers))

    async def _lane(self, channel: str, numbers: Sequence[int]) -> None:
        stand = self._play.stands[channel]
        customer, thread, public = "", "", False
        for number in numbers:
            if not customer or self._chance.random() > FOLLOW_UP:
                customer, thread, public = f"Guest {number} {channel}", "", self._chance.random() < 0.5
            text = f"{self._chance.choice(WORDS)}? My number is zm{number}q."
            one = Written(number=number, channel=channel, customer=customer)
            try:
                async with asyncio.timeout(WRITE_S):
                    written = await stand.write(customer, text, thread=thread, public=public)
                thread = thread or written
            except Exception as error:  # noqa: BLE001  # whatever it says: the sender was told
                one = Written(
                    number=number, channel=channel, customer=customer, told=f"{type(error).__name__}: {error}"
                )
                customer = ""
            self.written[number] = one
            await asyncio.sleep(self._chance.uniform(0, 2 * PACE_S))

    async def answer(self, agents: Sequence[str]) -> None:
        """Let agents answer a share of what lies before them, until cancelled."""
        desks = [await asyncio.to_thread(self._play.desk, agent) for agent in agents]
        for desk in desks:
            await desk.put("/presence", {"said": "here"})
        async with asyncio.TaskGroup() as group:
            for desk in desks:
                group.create_task(self._agent(desk))

    async def _agent(self, desk: Desk) -> None:
        while True:
            with suppress(*TROUBLE):
                for row in (await desk.get("/work", limit=200))["mine"]:
                    await self._attend(desk, row)
            await asyncio.sleep(0.3)

    async def _attend(self, desk: Desk, row: Mapping[str, object]) -> None:
        wait = f"{row['id']} {row['waiting_since']}"
        found = MESSAGE.search(str(row["snippet"]))
        if wait in self._seen or found is None or not row["waiting_since"]:
            return
        self._seen.add(wait)
        one = self.written.get(int(found[1]))
        dice = self._chance.random()
        if one is None or dice > AT_DESK + NATIVE:
            return
        number = len(self.answers)
        self.answers[number] = one.customer
        text = f"It is on its way to you, and its number is za{number}q. {self._chance.choice(WORDS)} is in the shop."
        if dice > AT_DESK:
            with suppress(NotImplementedError):
                await self._play.stands[one.channel].answer(one.customer, text)
                return
        await desk.post(f"/conversations/{row['id']}/reply", {"text": text, "version": row["version"]})


class Books(Struct, frozen=True, kw_only=True):
    """What the store has."""

    conversations: Sequence[Conversation]
    messages: Sequence[Stored]

    def items(self) -> list[tuple[Conversation, Item]]:
        """Return everything that was to go out."""
        return [(one, item) for one in self.conversations for item in one.outbox]

    def under_way(self) -> list[Item]:
        """Return what may still leave or come to an end by itself."""
        moving = {SendState.PENDING, SendState.RETRY, SendState.SENDING}
        return [
            item
            for _, item in self.items()
            if item.state in moving or (item.state is SendState.UNKNOWN and item.next_at is not None)
        ]

    def homes(self) -> dict[int, Counter[str]]:
        """Return in which conversations each customer's message is, and how often."""
        found: dict[int, Counter[str]] = defaultdict(Counter)
        for row in self.messages:
            match = MESSAGE.search(row.message.text or row.message.full_text)
            if match and row.message.kind is Kind.CUSTOMER:
                found[int(match[1])][row.conversation] += 1
        return found


def books(play: Play) -> Books:
    """Read the whole store."""

    async def job(parts: Parts) -> Books:
        conversations = await parts.store.audit_conversations("", 1_000_000)
        messages = await parts.store.audit_messages("", 1_000_000)
        return Books(conversations=conversations, messages=messages)

    found: Books = play.stage.inside(job)
    return found


def heard(play: Play) -> list[Seen]:
    """Return all that reached customers."""
    return [row for stand in play.stands.values() for row in stand.ledger if row.ours]
