"""Sending: answers under a post, direct messages, long texts in parts, each part once."""

from collections.abc import Sequence

from msgspec import Struct

from channels.errors import InDoubt, NotSent, Refused
from channels.message import Outgoing, Sent
from channels.port import Host
from channels.twitter import money
from channels.twitter.client import Client
from channels.twitter.memory import STOPPED, Memory
from channels.twitter.money import Meter
from channels.twitter.poll import PAY, renewal
from channels.twitter.progress import Log, Way
from channels.twitter.readback import Mirror
from channels.twitter.settings import Settings
from channels.twitter.shape import KIND, NUMBER
from channels.twitter.timing import Timing
from channels.twitter.trouble import Denied, Penniless, Revoked, Throttled, Trouble, Unreached, Why
from channels.twitter.weight import LONGEST, has_url, split, weight

#: Characters of one direct message.
LONGEST_DM = 10_000
#: Seconds until the next try where a person has to do something first; the first time it may be a slip of X.
LOCKED_OUT_S, SLIP_S = 1800.0, 5.0
_MOST_PARTS = 25


class Parts(Struct, frozen=True, kw_only=True):
    """What one account needs to send."""

    host: Host
    settings: Settings
    client: Client
    meter: Meter
    memory: Memory
    mirror: Mirror
    timing: Timing


class _Elsewhere(Exception):
    """X wants this answer elsewhere."""

    def __init__(self, way: Way) -> None:
        super().__init__(way.kind)
        self.way = way


class Sender:
    """Sends for one account."""

    def __init__(self, parts: Parts) -> None:
        """Take what it works with."""
        self._parts = parts
        self._host, self._client, self._meter = parts.host, parts.client, parts.meter
        self._locked_out = 0

    async def send(self, outgoing: Outgoing) -> Sent:
        """Send it, or what is left of it. Raises NotSent, Refused or InDoubt."""
        log = Log(self._host, outgoing)
        known = await log.read()
        if known is not None and known.tried is not None:
            raise InDoubt("an earlier try may have gone out")
        way = known.way if known is not None and known.done else await self._way(outgoing)
        try:
            await self._all(outgoing, log, way)
        except _Elsewhere as other:
            await self._all(outgoing, log, other.way)
        self._host.report("ok", part="send")
        return Sent(message_id=f"x:{log.done[0]}")

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Read back from X what went out. Raises NotSent when something certainly did not."""
        log = Log(self._host, outgoing)
        known = await log.read()
        if known is None:
            raise NotSent("it was never begun")
        texts = worded(outgoing, known.way, self._parts.settings.dm_notice)
        if known.tried is not None:
            try:
                found = await self._parts.mirror.find(outgoing, known, texts[len(known.done)])
            except Trouble:
                return None  # X cannot be asked now
            waited_s = (self._host.clock.now() - known.tried).total_seconds()
            if found is None or (not found and waited_s < self._parts.timing.settled_s):
                return None
            if found:
                await self._went(log, found)
            else:
                await log.did_not()
        if len(log.done) == len(texts):
            return Sent(message_id=f"x:{log.done[0]}")
        raise NotSent(f"{len(log.done)} of {len(texts)} parts went out" if log.done else "X does not have it")

    # where it goes

    async def _way(self, outgoing: Outgoing) -> Way:
        """Return where it goes. Raises Refused, saying what the agent can do."""
        if outgoing.to.kind != KIND or not NUMBER.fullmatch(outgoing.to.address):
            raise Refused("This account reaches people on X only; send the answer from another account.")
        if outgoing.attachments:
            raise Refused("Files cannot be sent to X from here. Send the text without them, or answer on X.")
        kind, _, rest = outgoing.thread.partition("/")
        if kind == "chat":
            raise Refused("This is an encrypted chat. Open X and answer there.")
        if kind == "group":
            return Way(kind="group", to=rest.partition("/")[0])
        if kind == "dm" or not outgoing.public:
            return await self._privately(outgoing)
        return await self._publicly(outgoing)

    async def _privately(self, outgoing: Outgoing) -> Way:
        if outgoing.automatic:
            wish = await self._parts.memory.private(outgoing.to.address)
            if wish == STOPPED:
                raise Refused("The person asked for no automatic messages; write to them yourself.")
            if not wish and outgoing.customer_at is None:
                raise Refused("X allows automatic direct messages only to those who wrote one first.")
        return Way(kind="person", to=outgoing.to.address)

    async def _publicly(self, outgoing: Outgoing) -> Way:
        post = await self._parts.memory.answerable(outgoing.thread)
        named = outgoing.in_reply_to.removeprefix("x:")
        cited = named if NUMBER.fullmatch(named) else ""
        if outgoing.automatic:
            check_note(outgoing)
            # the router asks for no note to who did not call us; an earlier post of theirs may be the one it answers
            target = "" if post == "" else cited or post
        else:
            target = cited if post is None else post
        if not target:
            return await self._elsewhere(outgoing)
        return Way(kind="post", to=target)

    async def _elsewhere(self, outgoing: Outgoing) -> Way:
        """Return the way for one who did not call us: where they have written to us themselves, if they did."""
        if outgoing.automatic:
            raise Refused("X lets us answer in public only who mentioned or quoted us; no note can go here.")
        if not await self._parts.memory.private(outgoing.to.address):
            raise Refused(
                "X lets us answer in public only who mentioned or quoted us, and this person never wrote us a "
                "direct message. Open X and answer there yourself."
            )
        return Way(kind="person", to=outgoing.to.address)

    # one part

    async def _all(self, outgoing: Outgoing, log: Log, way: Way) -> None:
        """Send the parts that have not gone yet."""
        texts = worded(outgoing, way, self._parts.settings.dm_notice)
        started = self._host.clock.now()
        for text in texts[len(log.done) :]:
            if (self._host.clock.now() - started).total_seconds() > self._parts.timing.parts_s:
                raise NotSent(f"{len(log.done)} of {len(texts)} parts went out; the rest follows")
            await self._part(outgoing, log, way, text)

    async def _part(self, outgoing: Outgoing, log: Log, way: Way, text: str) -> None:
        price = _price(way, text)
        await self._afford(outgoing, price)
        await log.trying(way)
        self._parts.memory.leaves(text)
        try:
            name = await self._go(way, log.done, text)
        except Denied as trouble:
            name = await self._denied(outgoing, log, trouble, text)
        except (Throttled, Revoked, Penniless, Unreached) as trouble:
            await log.did_not()
            self._parts.memory.left(text)
            raise self._later(trouble) from trouble
        except Trouble as trouble:
            self._host.report("degraded", f"{trouble}; whether it went out is looked up", part="send")
            raise InDoubt(str(trouble)) from trouble
        self._locked_out = 0
        await self._went(log, name)
        self._parts.memory.left(text)
        await self._meter.spend(price)

    async def _went(self, log: Log, name: str) -> None:
        """Write it down; and as ours, since the router knows only the first part by name."""
        await log.went(name)
        await self._parts.memory.sent(name)

    async def _go(self, way: Way, done: Sequence[str], text: str) -> str:
        if way.kind == "group":
            return await self._client.message(text, group=way.to)
        if way.kind == "person":
            return await self._client.message(text, person=way.to)
        return await self._client.post(text, answers=done[-1] if done else way.to)

    def _later(self, trouble: Trouble) -> NotSent:
        """Say what keeps us from sending, and when to try again."""
        if isinstance(trouble, Revoked | Penniless):
            todo = PAY if isinstance(trouble, Penniless) else renewal(self._host)
            self._host.report("down", f"{trouble}. {todo}", part="send")
            self._locked_out += 1
            return NotSent(
                str(trouble), after_s=min(LOCKED_OUT_S, SLIP_S * 4 ** min(self._locked_out - 1, 10))
            )
        self._host.report("degraded", str(trouble), part="send")
        return NotSent(str(trouble), after_s=trouble.after_s if isinstance(trouble, Throttled) else 0.0)

    async def _denied(self, outgoing: Outgoing, log: Log, trouble: Denied, text: str) -> str:
        """Return the name of a post that was there already. Raises Refused or InDoubt, or goes elsewhere."""
        progress = log.progress
        if trouble.why is Why.DUPLICATE and progress is not None:
            try:
                found = await self._parts.mirror.find(outgoing, progress, text)
            except Trouble as other:
                raise InDoubt(f"{trouble}; what X has cannot be read: {other}") from other
            if found:
                return found
        await log.did_not()
        self._parts.memory.left(text)
        if trouble.why is Why.UNSUMMONED and progress is not None and progress.way.kind == "post":
            if not progress.done:
                raise _Elsewhere(await self._elsewhere(outgoing)) from trouble
            raise Refused(f"The first parts went out, then: {trouble}. Post the rest on X.") from trouble
        raise Refused(f"{trouble}. {_REMEDIES.get(trouble.why, _OTHERWISE)}") from trouble

    async def _afford(self, outgoing: Outgoing, price: int) -> None:
        """See that the day's budget has room. Raises Refused."""
        left = await self._meter.left(person=not outgoing.automatic)
        if left is None or left >= price:
            return
        where = f"channels.{self._host.channel}.{self._host.account}.budget"
        if outgoing.automatic:
            raise Refused(
                f"Today's budget for X is spent, so no note goes out. Raise {where} to change that."
            )
        raise Refused(
            f"Today's budget for X and its reserve are spent. Raise {where} and send it again, or answer on X."
        )


def worded(outgoing: Outgoing, way: Way, notice: str) -> Sequence[str]:
    """Return what goes out, in parts that X takes."""
    if way.kind == "post":
        parts = split(outgoing.text, LONGEST) if not outgoing.automatic else [outgoing.text]
    else:
        whole = f"{outgoing.text}\n\n{notice}" if outgoing.automatic and notice else outgoing.text
        parts = split(whole, LONGEST_DM, len)
    if len(parts) > _MOST_PARTS:
        raise Refused(f"It would become {len(parts)} posts; {_MOST_PARTS} are the most. Shorten it.")
    return parts


def check_note(outgoing: Outgoing) -> None:
    """See that a note in public has nothing that does not belong there. Raises Refused."""
    if weight(outgoing.text) > LONGEST:
        raise Refused(f"A note on X may count {LONGEST} characters at most; this one counts more.")
    if has_url(outgoing.text):
        raise Refused("A note in public carries no link.")
    if outgoing.reference and outgoing.reference.casefold() in outgoing.text.casefold():
        raise Refused("A note in public carries no reference.")


_OTHERWISE = "Change it, or answer on X."
_REMEDIES = {
    Why.DUPLICATE: "X takes it for a repetition of an earlier post: change the words.",
    Why.GONE: "What it answers was deleted or is hidden from us.",
    Why.ACCESS: "Give the app the right to read, write and direct message, then create new tokens.",
}


def _price(way: Way, text: str) -> int:
    if way.kind != "post":
        return money.DM
    return money.WITH_URL if has_url(text) else money.SUMMONED
