"""What becomes of a conversation whose time has come: one pure step after the other, each safe to take twice."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace

from router import steps
from router.conversation import (
    Agent,
    Conversation,
    Event,
    Status,
    is_owed,
    window_warning_at,
)
from router.house import House
from router.journal import event
from router.keeping import after, introduce, neglect
from router.keeping import stages as keeping

#: A conversation with the lines that the log gets.
Woken: TypeAlias = tuple[Conversation, list[Event]]
#: What happens at a time of a conversation; it looks itself whether the time has come.
Step: TypeAlias = Callable[[House, Conversation, Mapping[str, Agent], datetime], Woken]


def woken(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> Woken:
    """Take every step whose time has come."""
    lines: list[Event] = []
    for step in STEPS:
        one, more = step(house, one, agents, now)
        lines += more
    return one, lines


def _overdue(_: House, one: Conversation, __: Mapping[str, Agent], now: datetime) -> Woken:
    if one.due_at is None or one.due_at > now or one.overdue or not is_owed(one):
        return one, []
    line = event(one, now, "overdue", agent=one.accountable, subject=one.waiting_on)
    return replace(one, overdue=True), [line]


def _reachable(_: House, one: Conversation, __: Mapping[str, Agent], now: datetime) -> Woken:
    over = one.not_before is not None and one.not_before <= now
    return (replace(one, not_before=None) if over else one), []


def _window(_: House, one: Conversation, __: Mapping[str, Agent], now: datetime) -> Woken:
    closing = window_warning_at(one)
    if closing is None or closing > now:
        return one, []
    line = event(one, now, "window closing", agent=one.accountable, subject=one.waiting_on)
    return steps.window_closing(one, now), [line]


def _snoozed(_: House, one: Conversation, __: Mapping[str, Agent], now: datetime) -> Woken:
    if one.status is not Status.SNOOZED or one.snoozed_until is None or one.snoozed_until > now:
        return one, []
    return replace(one, status=Status.OPEN, snoozed_until=None), []


def _idle(_: House, one: Conversation, __: Mapping[str, Agent], now: datetime) -> Woken:
    over = one.status is Status.PENDING and one.idle_until is not None and one.idle_until <= now
    return (steps.disown(one) if over else one), []


#: In this order.
STEPS: tuple[Step, ...] = (
    after.asked,
    neglect.neglected,
    keeping.watch,
    introduce.owned,
    keeping.broken,
    keeping.morning,
    _overdue,
    _reachable,
    _window,
    _snoozed,
    _idle,
)
