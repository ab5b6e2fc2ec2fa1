"""What a person wrote, read out to a customer who has only a telephone: called, asked to press 1, then told."""

import asyncio
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from channels.errors import InDoubt, NotSent, Refused
from channels.message import Outgoing, Sent
from channels.phone import memos, page_open
from channels.phone.account import Account
from channels.phone.memos import Step
from channels.phone.parse import Call
from channels.phone.twiml import Twiml

#: How long one sending waits for the customer; the router's own limit is a little longer.
WAIT_S = 42.0
_LOOK_S = 0.25
_KEEP_S = 7 * 86400.0
_LATER_S = 30.0
PRESS_S = 7
_OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


class Ear(StrEnum):
    """How far a reading has come."""

    CALLING = "calling"
    HEARD = "heard"
    MISSED = "missed"


class Reading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer being read out."""

    text: str
    author: str
    to: str
    state: Ear = Ear.CALLING
    #: Which call it is: an address with another number speaks of one that is over.
    tries: int = 1
    sid: str = ""
    placed: datetime


class ReadOut:
    """Reads answers out, each once."""

    def __init__(self, account: Account) -> None:
        """Take the account's parts."""
        self._account, self._host, self._words = account, account.host, account.words

    async def send(self, outgoing: Outgoing) -> Sent:
        """Call the customer and read it out, unless they have their page open. Raises NotSent, Refused, InDoubt."""
        known, version = await memos.read(self._host, _name(outgoing.id), Reading)
        if known is not None and known.state is Ear.HEARD:
            return _sent(outgoing)
        if known is not None and known.state is Ear.CALLING:
            raise InDoubt("it is being read out")
        if outgoing.thread and await page_open.is_open(self._host, outgoing.thread):
            return _sent(outgoing)
        await self._refuse_untimely(outgoing)
        one = Reading(
            text=outgoing.text,
            author=outgoing.author,
            to=outgoing.to.address,
            tries=1 if known is None else known.tries + 1,
            placed=self._host.clock.now(),
        )
        if not await memos.write(self._host, _name(outgoing.id), one, version, keep_s=_KEEP_S):
            raise InDoubt("it is being read out by another process")
        await self._call(outgoing, one)
        return await self._listen(outgoing)

    async def _refuse_untimely(self, outgoing: Outgoing) -> None:
        now = self._host.clock.now()
        earliest = self._account.intake.hours(outgoing.to.address).earliest(now)
        if earliest > now:
            wait_s = (earliest - now).total_seconds()
            raise NotSent("nobody is called at this hour, by the customer's clock", after_s=wait_s)
        if outgoing.thread and await self._account.intake.held(outgoing.thread):
            raise NotSent("the customer is on the telephone", after_s=_LATER_S)

    async def _call(self, outgoing: Outgoing, one: Reading) -> None:
        asked = {"i": outgoing.id, "k": str(one.tries)}
        try:
            leg = await self._account.wire.call(
                one.to,
                url=self._account.url("read", asked),
                status=self._account.url("readstatus", asked),
            )
        except (NotSent, Refused):
            await self._change(outgoing.id, one.tries, _not_begun)
            raise
        await self._change(outgoing.id, one.tries, lambda known: replace(known, sid=leg.sid))

    async def _listen(self, outgoing: Outgoing) -> Sent:
        loop = asyncio.get_running_loop()
        until = loop.time() + WAIT_S
        while loop.time() < until:
            if (sent := await self._judged(outgoing)) is not None:
                return sent
            await asyncio.sleep(_LOOK_S)
        raise InDoubt("it is being read out")

    async def _judged(self, outgoing: Outgoing) -> Sent | None:
        """Return that it was heard, None while it is being read. Raises NotSent or Refused when it was missed."""
        known, _ = await memos.read(self._host, _name(outgoing.id), Reading)
        if known is None:
            if outgoing.thread and await page_open.is_open(self._host, outgoing.thread):
                return _sent(outgoing)
            raise NotSent("no call has begun")
        if known.state is Ear.HEARD:
            return _sent(outgoing)
        if known.state is Ear.CALLING:
            return None
        retries = self._account.settings.retries
        if known.tries > len(retries):
            raise Refused(
                f"the customer did not take {known.tries} calls. Call them yourself, or find another way"
            )
        raise NotSent("the customer did not take the call", after_s=retries[max(0, known.tries - 1)])

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Tell whether it was heard, after looking the call up. Raises NotSent, Refused or InDoubt."""
        known, _ = await memos.read(self._host, _name(outgoing.id), Reading)
        if known is not None and known.state is Ear.CALLING:
            await self._look_up(outgoing, known)
        return await self._judged(outgoing)

    async def _look_up(self, outgoing: Outgoing, known: Reading) -> None:
        if known.sid:
            leg = await self._account.wire.leg(known.sid)
        else:
            found = await self._account.wire.calls_to(known.to, known.placed)
            leg = found[0] if found else None
        if leg is None:
            await self._change(outgoing.id, known.tries, _not_begun)
        elif leg.over:
            await self._change(outgoing.id, known.tries, _unheard)

    # --- what happens on the call

    async def read(self, call: Call, query: dict[str, str]) -> Twiml:
        """Say who has an answer, and wait for 1: a machine does not press it, and hears nothing of the case."""
        known = await self._running(query, lambda one: replace(one, sid=call.sid))
        if known is None:
            return self._account.twiml().say(self._words("read_over")).hang_up()
        answer = self._account.twiml()
        answer.gather(self._account.url("hear", query), timeout=PRESS_S).say(
            self._words("read_offer", organisation=self._host.organisation, author=known.author)
        )
        return answer

    async def hear(self, call: Call, query: dict[str, str]) -> Twiml:
        """Read it out to whoever pressed 1, once more when they press it again."""
        answer = self._account.twiml()
        known = None
        if call.digits == "1":
            known = await self._running(query, lambda one: replace(one, state=Ear.HEARD))
        if known is None:
            return answer.say(self._words("goodbye")).hang_up()
        if query.get("g"):
            return answer.say(known.text, self._words("goodbye")).hang_up()
        again = self._account.url("hear", {**query, "g": "1"})
        answer.gather(again, timeout=PRESS_S).say(known.text, self._words("read_again"))
        return answer

    async def status(self, call: Call, query: dict[str, str]) -> None:
        """Take note of a call that ended unheard."""
        if call.status in _OVER:
            await self._running(query, _unheard)

    async def _running(self, query: dict[str, str], step: Step[Reading]) -> Reading | None:
        tries = query.get("k", "")
        return await self._change(query.get("i", ""), int(tries) if tries.isdigit() else 0, step)

    async def _change(self, name: str, tries: int, step: Step[Reading]) -> Reading | None:
        def fitting(known: Reading | None) -> Reading | None:
            return step(known) if known is not None and known.tries == tries else None

        return await memos.change(self._host, _name(name), Reading, fitting, keep_s=_KEEP_S)


def _unheard(known: Reading) -> Reading | None:
    return replace(known, state=Ear.MISSED) if known.state is Ear.CALLING else None


def _not_begun(known: Reading) -> Reading | None:
    """Let a call that never began not count as a try."""
    if known.state is not Ear.CALLING:
        return None
    return replace(known, state=Ear.MISSED, tries=known.tries - 1)


def _sent(outgoing: Outgoing) -> Sent:
    return Sent(message_id=f"tw:read:{outgoing.id}")


def _name(id: str) -> str:
    return f"read:{id}"
