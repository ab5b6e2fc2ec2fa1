"""The calls made for one case: where the running one stands and what came of those before, kept in one memo."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from channels.phone import memos
from channels.port import Host, Work

KEEP_S = 30 * 86400.0
#: A case does not go back to the same agent's telephone earlier than this.
AGENT_PAUSE = timedelta(minutes=2)


class Stage(StrEnum):
    """How far a call has come."""

    PLACING = "placing"  # the provider is being asked; it may have begun
    RINGING = "ringing"  # the agent's phone rings, or they hear who and why
    BRIDGING = "bridging"  # the agent pressed 1, the customer's phone rings
    TALKING = "talking"  # a person took the customer's end
    OVER = "over"


class Attempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest call of a case, and how often it was tried."""

    thread: str
    reference: str
    #: Fits one call only: an address with an older one speaks of a call that is over.
    nonce: str
    stage: Stage = Stage.PLACING
    #: The wait that it belongs to: a new one is tried anew.
    since: datetime
    agent: str
    agent_name: str
    agent_phone: str
    customer: str
    customer_name: str = ""
    about: str = ""
    placed_at: datetime
    #: When something was last heard of it.
    heard_at: datetime
    #: The agent's leg and the customer's, as the provider calls them.
    sid: str = ""
    leg: str = ""
    #: The highest sequence number seen, of each leg.
    sequence: int = -1
    leg_sequence: int = -1
    leg_status: str = ""
    machine: bool = False
    #: Calls that the customer did not take in this wait; when each agent was last tried.
    missed: int = 0
    agents: dict[str, datetime] = {}
    #: When the customer is tried again, as they were told, not earlier.
    again: datetime | None = None
    #: True once nobody is called by software any more in this wait, and once they have spoken with a person.
    given_up: bool = False
    spoken: bool = False

    def rested(self, agent: str, now: datetime) -> bool:
        """Tell whether another call may follow in the same wait; what became of this one may be news to the router."""
        if self.stage is not Stage.OVER or self.given_up or self.spoken:
            return False
        if self.again is not None and now < self.again:
            return False
        last = self.agents.get(agent)
        return last is None or self.missed > 0 or now - last >= AGENT_PAUSE


Step: TypeAlias = Callable[[Attempt], Attempt | None]


def name(thread: str) -> str:
    """Return the memo's name."""
    return f"call:{thread}"


def first(work: Work, nonce: str, now: datetime, before: Attempt | None) -> Attempt:
    """Return a new call for the work, with the count of those before it in the same wait."""
    same = before is not None and before.since == work.since
    return Attempt(
        thread=work.thread,
        reference=work.reference,
        nonce=nonce,
        since=work.since,
        agent=work.agent,
        agent_name=work.agent_name,
        agent_phone=work.agent_phone,
        customer=work.customer.address,
        customer_name=work.customer.name,
        about=work.about,
        placed_at=now,
        heard_at=now,
        missed=before.missed if before is not None and same else 0,
        agents={**(before.agents if before is not None and same else {}), work.agent: now},
        again=before.again if before is not None and same else None,
        given_up=before.given_up if before is not None and same else False,
        spoken=before.spoken if before is not None and same else False,
    )


async def read(host: Host, thread: str) -> tuple[Attempt | None, int]:
    """Return the newest call of the thread, and the memo's version."""
    return await memos.read(host, name(thread), Attempt)


async def change(host: Host, thread: str, nonce: str, step: Step) -> Attempt | None:
    """Apply a step to the running call; None when it is over, another one, or the step does not apply."""
    now = host.clock.now()

    def fitting(known: Attempt | None) -> Attempt | None:
        if known is None or known.nonce != nonce or known.stage is Stage.OVER:
            return None
        after = step(known)
        return None if after is None else replace(after, heard_at=now)

    return await memos.change(host, name(thread), Attempt, fitting, keep_s=KEEP_S)
