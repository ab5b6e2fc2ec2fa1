"""The calling: whose turn it is, the agent first, one call a case and an agent, at the provider's pace."""

import secrets
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from channels.errors import ChannelError, InDoubt, NotSent, Refused, Unavailable
from channels.phone import attempt, memos
from channels.phone.account import Account
from channels.phone.attempt import Attempt, Stage
from channels.phone.outcome import Outcomes
from channels.port import Cursor, Work

log = structlog.get_logger(__name__)

#: Work looked at in one round.
MOST = 200


class Timing(Struct, frozen=True, kw_only=True):
    """How long the caller waits, in seconds."""

    #: Between two looks at whose turn it is.
    look_s: float = 1.0
    #: A call of which nothing was heard for so long is looked up at the provider.
    silent_s: float = 20.0


class Caller:
    """Calls people, in one process of the fleet."""

    def __init__(self, account: Account, outcomes: Outcomes, timing: Timing) -> None:
        """Take the account's parts."""
        self._timing = timing
        self._account, self._host = account, account.host
        self._outcomes = outcomes
        self._active: list[str] = []
        self._not_until: datetime | None = None

    async def run(self) -> None:
        """Call whoever's turn it is, until cancelled."""
        try:
            async with self._host.cursor("calls") as cursor:
                self._active = _threads(cursor.value)
                self._host.report("ok", part="calls")
                while True:
                    await self.round(cursor)
                    await self._host.clock.sleep(self._timing.look_s)
        finally:
            await self._account.wire.close()

    async def round(self, cursor: Cursor) -> None:
        """Look after the calls under way, then begin those whose turn it is."""
        busy = await self._look_after(cursor)
        if self._told_to_wait():
            return
        pace_s = 1.0 / self._account.settings.calls_per_second
        for work in await self._host.work(MOST):
            if work.agent in busy or not await self._fits(work, busy):
                continue
            busy.add(work.agent)
            if await self._place(work, cursor):
                await self._host.clock.sleep(pace_s)
            if self._told_to_wait():
                return

    def _told_to_wait(self) -> bool:
        return self._not_until is not None and self._host.clock.now() < self._not_until

    async def _look_after(self, cursor: Cursor) -> set[str]:
        """Settle calls that went silent, forget those that are over; return the agents who are on the telephone."""
        busy: set[str] = set()
        left = []
        for thread in self._active:
            known, _ = await attempt.read(self._host, thread)
            if known is None or known.stage is Stage.OVER:
                continue
            if (self._host.clock.now() - known.heard_at).total_seconds() >= self._timing.silent_s:
                await self._ask_about(known)
            left.append(thread)
            busy.add(known.agent)
        if left != self._active:
            self._active = left
            await cursor.save(msgspec.json.encode(left).decode())
        return busy

    async def _fits(self, work: Work, busy: set[str]) -> bool:
        """Tell whether it is the work's turn; one that cannot be judged holds up no other."""
        try:
            if await self._forgotten(work):
                busy.add(work.agent)
                return False
            return await self._is_turn(work)
        except ChannelError:
            raise
        except Exception:  # whatever is wrong with one case, all others are called
            log.exception("phone.case", reference=work.reference)
            told = f"{work.reference} cannot be called by software. Look at its customer's number, and call yourself."
            self._host.report("degraded", told, part="cases")
            return False

    async def _forgotten(self, work: Work) -> bool:
        """Take up a call that was begun, but not yet noted when its process ended: it is looked up later."""
        known, _ = await attempt.read(self._host, work.thread)
        if known is None or known.stage is Stage.OVER or work.thread in self._active:
            return False
        self._active = [*self._active, work.thread]
        return True

    async def _is_turn(self, work: Work) -> bool:
        """Tell whether the work's customer is to be called now."""
        now = self._host.clock.now()
        if work.not_before is not None and now < work.not_before:
            return False
        if not work.agent_phone:
            told = f"{work.agent_name} has no `phone` in the rules, so nobody can be connected to them."
            self._host.report("degraded", told, part="agents")
            return False
        hours = self._account.intake.hours(work.customer.address)
        if not hours.allow(now) or await self._account.intake.held(work.thread):
            return False
        known, _ = await attempt.read(self._host, work.thread)
        if known is None or known.since != work.since:
            return True
        return known.rested(work.agent, now)

    async def _place(self, work: Work, cursor: Cursor) -> bool:
        """Begin a call to the work's agent; tell whether the provider was asked."""
        now = self._host.clock.now()
        before, version = await attempt.read(self._host, work.thread)
        fresh = attempt.first(work, secrets.token_hex(8), now, before)
        name = attempt.name(work.thread)
        if not await memos.write(self._host, name, fresh, version, keep_s=attempt.KEEP_S):
            return False
        self._active = [*dict.fromkeys([*self._active, work.thread])]
        await cursor.save(msgspec.json.encode(self._active).decode())
        await self._ask(fresh)
        return True

    async def _ask(self, fresh: Attempt) -> None:
        asked = {"t": fresh.thread, "n": fresh.nonce}
        try:
            leg = await self._account.wire.call(
                fresh.agent_phone,
                url=self._account.url("agent", asked),
                status=self._account.url("status", asked),
            )
        except NotSent as error:
            self._not_until = self._host.clock.now() + timedelta(seconds=max(1.0, error.after_s))
            self._host.report("degraded", f"Calls wait: {error}", part="calls")
            await self._undo(fresh)
        except Refused as error:
            told = f"{fresh.agent_name} cannot be called: {error}. Check their `phone` in the rules."
            self._host.report("degraded", told, part="agents")
            await self._outcomes.declined(fresh)
        except InDoubt as error:
            self._host.report("degraded", f"Whether a call began is being looked up: {error}", part="calls")
        else:
            await self._ringing(fresh, leg.sid)
            self._host.report("ok", part="calls")

    async def _ringing(self, fresh: Attempt, sid: str) -> None:
        """Write down the call's name, unless a webhook was faster."""

        def step(known: Attempt) -> Attempt:
            stage = Stage.RINGING if known.stage is Stage.PLACING else known.stage
            return replace(known, sid=known.sid or sid, stage=stage)

        await attempt.change(self._host, fresh.thread, fresh.nonce, step)

    async def _undo(self, fresh: Attempt) -> None:
        """Take a call back that certainly did not begin."""

        def step(known: Attempt) -> Attempt:
            agents = {one: at for one, at in known.agents.items() if one != known.agent}
            return replace(known, stage=Stage.OVER, agents=agents)

        await attempt.change(self._host, fresh.thread, fresh.nonce, step)

    async def _ask_about(self, known: Attempt) -> None:
        """Learn from the provider what became of a call of which nothing was heard."""
        try:
            if not known.sid:
                await self._find(known)
                return
            leg = await self._account.wire.leg(known.sid)
            if leg is not None and not leg.over:
                await attempt.change(self._host, known.thread, known.nonce, lambda one: one)
                return
            child = await self._account.wire.child(known.sid) if leg is not None else None
            await self._outcomes.looked_up(known, child)
        except InDoubt as error:
            self._host.report("degraded", f"A call cannot be looked up: {error}", part="calls")
        except Unavailable:
            return  # the store says so itself; the next round looks again
        except ChannelError as error:
            self._host.report("degraded", str(error), part="calls")

    async def _find(self, known: Attempt) -> None:
        """Find out whether a call began whose request got no answer: by whom it calls, and when."""
        found = await self._account.wire.calls_to(known.agent_phone, known.placed_at)
        if found:
            await self._ringing(known, found[0].sid)
        else:
            await self._undo(known)


def _threads(value: str) -> list[str]:
    """Return the threads with calls under way, as the holder before kept them."""
    try:
        return msgspec.json.decode(value, type=list[str]) if value else []
    except msgspec.DecodeError:
        return []
