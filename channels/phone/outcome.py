"""What came of a call, told to the router once: spoken, the customer missed, or the agent not there."""

from datetime import timedelta

from msgspec.structs import replace

from channels.phone import attempt, parse
from channels.phone.account import Account
from channels.phone.attempt import Attempt, Stage
from channels.phone.parse import Talk
from channels.phone.wire import Leg

#: What the provider says of a leg, and the words for it.
HOW = {"busy": "how_busy", "failed": "how_failed", "machine": "how_machine"}


class Outcomes:
    """Delivers first, then closes the attempt: a crash between the two is repeated under the same key."""

    def __init__(self, account: Account) -> None:
        """Take the account's parts."""
        self._account, self._host = account, account.host

    async def spoke(self, one: Attempt, seconds: float) -> None:
        """Take a call in which both spoke for what it is: the customer has been answered."""
        words = self._account.words
        length = words.spoke(seconds)
        await self._host.deliver(
            parse.spoke(
                Talk(
                    key=f"tw:{one.nonce}:spoke",
                    account=self._host.account,
                    thread=one.thread,
                    at=self._host.clock.now(),
                    number=one.agent_phone,
                    name=one.agent_name,
                    text=words("spoke", person=one.agent_name, length=length),
                )
            )
        )
        await self._close(one, lambda known: replace(known, stage=Stage.OVER, spoken=True))

    async def missed(self, one: Attempt, how: str) -> Attempt:
        """Let a customer who was not reached be tried again as announced, or tell a person after the last time."""
        words, now = self._account.words, self._host.clock.now()
        count = one.missed + 1
        retries = self._account.settings.retries
        again = None
        if count <= len(retries) and how != "failed":
            wanted = now + timedelta(seconds=retries[count - 1])
            again = self._account.intake.hours(one.customer).earliest(wanted)
        zone = self._account.zone_of("")
        fields = {"at": words.at(now, now, zone), "how": words(HOW.get(how, "how_no-answer"))}
        text = (
            words("missed_last", n=count, **fields)
            if again is None
            else words("missed_again", time=words.at(again, now, zone), **fields)
        )
        await self._host.deliver(
            parse.missed(
                Talk(
                    key=f"tw:{one.nonce}:missed",
                    account=self._host.account,
                    thread=one.thread,
                    at=now,
                    number=self._account.settings.number,
                    text=text,
                    not_before=again,
                )
            )
        )

        def step(known: Attempt) -> Attempt:
            return replace(known, stage=Stage.OVER, missed=count, again=again, given_up=again is None)

        await self._close(one, step)
        return step(one)

    async def declined(self, one: Attempt) -> None:
        """Let the case go on to somebody else: its agent did not come to the telephone."""
        why = self._account.words("agent_not_there", person=one.agent_name)
        await self._host.pass_on(one.thread, one.agent, why)
        await self._close(one, lambda known: replace(known, stage=Stage.OVER))

    async def nothing(self, one: Attempt) -> None:
        """Close a call that was not needed any more."""
        await self._close(one, lambda known: replace(known, stage=Stage.OVER))

    async def looked_up(self, one: Attempt, child: Leg | None) -> None:
        """Settle a call that is over by what the provider shows of the customer's leg."""
        left = (
            child is not None and child.status == "canceled"
        )  # the agent hung up before the customer answered
        if one.stage in {Stage.PLACING, Stage.RINGING} or left:
            await self.declined(one)
        elif one.machine or (child is not None and (child.answered_by or "").startswith("machine")):
            await self.missed(one, "machine")
        elif one.stage is Stage.TALKING:
            await self.spoke(one, child.duration_s if child is not None else 0.0)
        else:
            await self.missed(one, child.status if child is not None else "no-answer")

    async def _close(self, one: Attempt, step: attempt.Step) -> None:
        await attempt.change(self._host, one.thread, one.nonce, step)
