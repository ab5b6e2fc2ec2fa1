"""Keeping a promise before its time passes: the owner is warned, then the lead, then the customer hears."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from router import steps
from router.conversation import WAITED_FOR, Agent, Conversation, Event, Status, promise_stage, promise_told
from router.house import House
from router.journal import event
from router.keeping import renewal
from router.keeping.charge import LEAD_WRITES
from router.keeping.later import later
from router.keeping.shortfall import foreseen, why
from router.voice.say import useful_until
from router.voice.speakers import speaker
from rules.called import safe_name

#: The stages of a promise, in their order.
OWNER, LEAD, RENEW = "owner", "lead", "renew"


def watch(
    house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Take the steps of the running promise whose time has come; after a stop that may be several."""
    lines: list[Event] = []
    while (stage := _due(one, now)) is not None:
        lines.append(event(one, now, "warned", agent=one.accountable, subject=one.waiting_on, stage=stage))
        one = replace(one, warned=stage)
        if stage == LEAD:
            one = _back_in_time(replace(one, pressing=_waits(one)))
        elif stage == RENEW and _waits(one):
            one = _missed(house, one, agents, now)
    return one, lines


def broken(
    house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Break the promise whose time has passed, and say so while that is of use, if the customer does not know."""
    made = one.promise
    if made is None or not promise_told(one) or made.at > now:
        return one, []
    reason, first = why(house, one, agents, now), one.misses == 0
    done = steps.flag(
        steps.break_promise(one, now, reason.value), "A promised time passed without an answer."
    )
    done = replace(done, misses=max(one.misses, min(one.misses + 1, LEAD_WRITES)))
    if not _waits(done):
        return done, []
    if not first:
        return _lead_writes(house, done), []
    if now > useful_until(house, done, made.at):
        return done, []
    return _another(house, done, agents, now), []


def morning(
    house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime
) -> tuple[Conversation, list[Event]]:
    """Say in the customer's morning what could not be said at night, where nobody has said it meanwhile."""
    laid = one.prepared
    if laid is None or laid.say_at is None or laid.say_at > now:
        return one, []
    rested = replace(one, prepared=replace(laid, say_at=None, reason=renewal.UNSAID))
    if not _waits(one) or now > useful_until(house, one, laid.say_at):
        return rested, []
    return _another(house, rested, agents, now), []


def hurried(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> Conversation:
    """Bring forward what keeps a promise, where nobody who may answer will be there before its time."""
    made = one.promise
    if made is None or one.warned == RENEW or not foreseen(house, one, agents, now):
        return one
    if made.renew_at is not None and made.renew_at <= now:
        return one
    return replace(one, promise=replace(made, warn_at=_first(made.warn_at, now), lead_at=now, renew_at=now))


def _due(one: Conversation, now: datetime) -> str | None:
    """Return the stage of the promise that has come, if its time itself has not."""
    stage, made = promise_stage(one), one.promise
    if stage is None or made is None or stage[1] > now or made.at <= now or not promise_told(one):
        return None
    return stage[0]


def _first(at: datetime | None, now: datetime) -> datetime:
    return now if at is None else min(at, now)


def _waits(one: Conversation) -> bool:
    """Tell whether the customer waits, and no answer is on its way to them."""
    waited_for = one.waiting_since is not None and one.status in WAITED_FOR
    return waited_for and not steps.answer_on_its_way(one)


def _back_in_time(one: Conversation) -> Conversation:
    """Bring back what was set aside until it would be too late to keep the promise."""
    made, until = one.promise, one.snoozed_until
    if one.status is not Status.SNOOZED or made is None or until is None or made.renew_at is None:
        return one
    return replace(one, status=Status.OPEN, snoozed_until=None) if until >= made.renew_at else one


def _missed(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> Conversation:
    """Tell the customer another time, the first time; after that the lead writes."""
    if one.misses:
        return _lead_writes(house, replace(one, misses=LEAD_WRITES))
    return _another(house, one, agents, now)


def _another(house: House, one: Conversation, agents: Mapping[str, Agent], now: datetime) -> Conversation:
    """Promise another time in the name of whoever speaks for the work, or lay the words before a person."""
    answers = house.book.person(one.accountable)
    person = speaker(house, one, agents, now) or answers
    if person is None:
        return steps.flag(one, "Nobody could tell the customer another time. Please write to them.")
    quote = later(house, one, answers or person, agents, now)  # whoever speaks, these are whose hours count
    if quote is None:
        return steps.flag(
            one, "No later time lies inside the provider's window for answers. Please answer now."
        )
    return renewal.renewed(house, one, person, quote, why(house, one, agents, now), now)


def _lead_writes(house: House, one: Conversation) -> Conversation:
    """Give it to the lead, who writes to the customer: two times said are enough for software.

    The line that asks them names the last time, so that another wait's asks anew.
    """
    lead = house.book.person(house.book.queue(one.queue).lead)
    who = f"{lead.name}: please" if lead is not None else "The queue has no lead, so please"
    customer = safe_name(one.contact.name) or "the customer"
    missed = f"Two promised times are not kept{_last(house, one)}"
    told = f"{who} write to {customer} yourself. {missed}, and no further note goes out."
    accountable = one.owner or (lead.id if lead is not None else one.accountable)
    return steps.flag(replace(one, accountable=accountable, pressing=True, prepared=None), told)


def _last(house: House, one: Conversation) -> str:
    """Return the last promised time for people: `, the last on Monday 23 November 15:40`."""
    if one.promise is None:
        return ""
    zone = house.zone(wanted="", account=house.account(one.channel, one.account))
    local = one.promise.at.astimezone(zone)
    return f", the last on {local:%A} {local.day} {local:%B %H:%M}"
