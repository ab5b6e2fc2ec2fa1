"""What happens on the calls that we begin: the agent hears who and why, presses 1 and is bridged to the customer."""

from msgspec.structs import replace

from channels.errors import ChannelError
from channels.phone import attempt
from channels.phone.account import Account
from channels.phone.attempt import Attempt, Stage
from channels.phone.outcome import Outcomes
from channels.phone.parse import Call
from channels.phone.twiml import Twiml
from channels.phone.wire import EVENTS, RING_S

#: How often an agent is asked to press 1, and the seconds they are given.
ASKED = 2
PRESS_S = 7
#: Seconds in which the provider tells a person from a machine, while the customer hears a greeting.
LISTEN_S = 2
_NOT_TAKEN = frozenset({"busy", "no-answer", "failed", "canceled"})


class Legs:
    """Answers the provider's questions about our own calls; any process of the fleet may be asked."""

    def __init__(self, account: Account, outcomes: Outcomes) -> None:
        """Take the account's parts."""
        self._account, self._host, self._words = account, account.host, account.words
        self._outcomes = outcomes

    async def agent(self, call: Call, query: dict[str, str]) -> Twiml:
        """Tell the agent who and why, and ask for 1: a mailbox does not press it."""

        def step(known: Attempt) -> Attempt | None:
            if known.stage not in {Stage.PLACING, Stage.RINGING}:
                return None
            return replace(known, sid=call.sid, stage=Stage.RINGING)

        one = await self._change(query, step)
        if one is None:
            return self._account.twiml().say(self._words("agent_gone")).hang_up()
        return self._ask(one, 1)

    def _ask(self, one: Attempt, time: int) -> Twiml:
        words = self._words
        answer = self._account.twiml()
        action = self._account.url("accept", {"t": one.thread, "n": one.nonce, "k": str(time)})
        about = words("agent_about", about=one.about) if one.about else ""
        answer.gather(action, timeout=PRESS_S).say(
            words(
                "agent_call",
                agent=one.agent_name,
                customer=self._account.say_who(one.customer_name),
                ending=self._account.ending(one.customer),
                about=about,
            ),
            words("agent_try", n=one.missed + 1) if one.missed else "",
            words("agent_press"),
        )
        return answer

    async def accept(self, call: Call, query: dict[str, str]) -> Twiml:
        """Bridge the agent who pressed 1 to the customer, unless that is settled meanwhile."""
        one = await self._running(query)
        if one is None:
            return self._account.twiml().say(self._words("agent_gone")).hang_up()
        if call.digits != "1":
            time = int(query.get("k", "1") or "1")
            if not call.digits and time < ASKED:
                return self._ask(one, time + 1)
            await self._outcomes.declined(one)
            return self._account.twiml().say(self._words("goodbye")).hang_up()
        if not await self._still_theirs(one) or await self._account.intake.held(one.thread):
            await self._outcomes.nothing(one)
            return self._account.twiml().say(self._words("agent_gone")).hang_up()
        one = await self._change(query, lambda known: replace(known, stage=Stage.BRIDGING, sid=call.sid))
        return self._bridge(one) if one is not None else self._account.twiml().hang_up()

    async def _still_theirs(self, one: Attempt) -> bool:
        return any(
            (work.thread, work.agent) == (one.thread, one.agent) for work in await self._host.work(1000)
        )

    def _bridge(self, one: Attempt) -> Twiml:
        asked = {"t": one.thread, "n": one.nonce}
        url = self._account.url
        leg = {
            "url": url("hello", asked),
            "method": "POST",
            "statusCallback": url("leg", asked),
            "statusCallbackMethod": "POST",
            "statusCallbackEvent": " ".join(EVENTS),
            "machineDetection": "Enable",
            "amdStatusCallback": url("machine", asked),
            "amdStatusCallbackMethod": "POST",
        }
        return (
            self._account.twiml()
            .say(self._words("agent_connecting"))
            .dial(
                one.customer,
                leg=leg,
                action=url("bridged", asked),
                callerId=self._account.settings.number,
                timeout=str(RING_S),
            )
        )

    async def hello(self, call: Call, query: dict[str, str]) -> Twiml:
        """Greet whoever took the customer's end, without a word of the case, while the provider listens."""
        one = await self._change(query, lambda known: replace(known, leg=call.sid))
        if one is None:
            return self._account.twiml().hang_up()
        return (
            self._account.twiml()
            .say(self._words("hello", organisation=self._host.organisation))
            .pause(LISTEN_S)
            .redirect(self._account.url("join", {"t": one.thread, "n": one.nonce}))
        )

    async def join(self, call: Call, query: dict[str, str]) -> Twiml:
        """Connect a person; a machine is left without another word."""

        def step(known: Attempt) -> Attempt | None:
            return None if known.machine or call.machine else replace(known, stage=Stage.TALKING)

        joined = await self._change(query, step)
        return self._account.twiml() if joined is not None else self._account.twiml().hang_up()

    async def machine(self, call: Call, query: dict[str, str]) -> None:
        """Take note that a machine took the call; one that was taken for a person is cut off."""
        if not call.machine:
            return
        one = await self._change(query, lambda known: replace(known, machine=True))
        if one is not None and one.stage is Stage.TALKING:
            try:
                await self._account.wire.end(call.sid)
            except ChannelError as error:
                self._host.report("degraded", f"A call could not be ended: {error}", part="calls")

    async def bridged(self, call: Call, query: dict[str, str]) -> Twiml:
        """Tell the agent what came of it, once the customer's leg has ended."""
        one = await self._running(query)
        if one is None:
            return self._account.twiml().hang_up()
        talked = one.stage is Stage.TALKING and call.dial_status in {"completed", "answered", ""}
        if talked and not one.machine:
            await self._outcomes.spoke(one, call.dial_s)
            return self._account.twiml().hang_up()
        if call.dial_status == "canceled":
            await self._outcomes.declined(one)
            return self._account.twiml().hang_up()
        how = "machine" if one.machine or call.dial_status == "completed" else call.dial_status
        over = await self._outcomes.missed(one, how)
        return self._account.twiml().say(self._told(over)).hang_up()

    def _told(self, over: Attempt) -> str:
        who = self._account.say_who(over.customer_name)
        if over.given_up:
            return self._words("agent_missed_last", customer=who)
        after = self._account.settings.retries[over.missed - 1]
        return self._words("agent_missed", customer=who, length=self._words.lengths([after]))

    async def status(self, call: Call, query: dict[str, str]) -> None:
        """Follow the agent's leg; callbacks may arrive in any order, and the newest counts."""

        def step(known: Attempt) -> Attempt | None:
            if call.sequence <= known.sequence:
                return None
            return replace(known, sequence=call.sequence, sid=known.sid or call.sid)

        one = await self._change(query, step)
        if one is None or one.stage not in {Stage.PLACING, Stage.RINGING}:
            return
        if call.status in _NOT_TAKEN or call.status == "completed":
            await self._outcomes.declined(one)

    async def leg(self, call: Call, query: dict[str, str]) -> None:
        """Follow the customer's leg: what is seen here settles the call when the agent's end is lost."""

        def step(known: Attempt) -> Attempt | None:
            if call.sequence <= known.leg_sequence:
                return None
            return replace(known, leg=call.sid, leg_sequence=call.sequence, leg_status=call.status)

        await self._change(query, step)

    async def _running(self, query: dict[str, str]) -> Attempt | None:
        return await self._change(query, lambda known: known)

    async def _change(self, query: dict[str, str], step: attempt.Step) -> Attempt | None:
        return await attempt.change(self._host, query.get("t", ""), query.get("n", ""), step)
