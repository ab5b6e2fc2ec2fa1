"""Keeping a promise before its time passes: the owner is warned, then the lead, then the customer hears."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from router.conversation import Agent, Conversation, Event, promise_stage, promise_told
from router.house import House
from router.journal import event


def watch(
    _: House, one: Conversation, __: Mapping[str, Agent], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Take the next step of the running promise, if its time has come."""
    stage = promise_stage(one)
    if stage is None or stage[1] > now or not promise_told(one):
        return one, []
    line = event(one, now, "warned", agent=one.accountable, subject=one.waiting_on, stage=stage[0])
    return replace(one, warned=stage[0]), [line]
