"""What the log says of a wait: when it begins, and, once it has ended, everything that is learnt from it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from channels.message import Kind
from router.conversation import (
    PRIORITY_RANK,
    Conversation,
    Item,
    Promise,
    PromiseState,
    SendState,
    Status,
    lane_name,
)


class Line(Struct, frozen=True, kw_only=True):
    """A line for the log."""

    at: datetime
    kind: str
    agent: str = ""
    subject: str = ""
    data: dict[str, object]


def lines(before: Conversation | None, after: Conversation) -> list[Line]:
    """Return the lines that this change makes: "waited" for a wait that ended, "waiting" for a new one.

    `waited`: how = answered (a person's words reached the provider), answered outside (by other ways than
    ours), merged or closed; arrived, promised_at, first, last and due are ISO instants, "" where there is
    none: when the wait began, when X was first promised, X as first and as last said. mean_s, spread_s,
    drain_s, z, level, staff, away and closed are of the first promise (see `QuoteParts`); renewals counts the times
    said after the first; reason is why one was not kept; wished is there when the customer chose the time.
    """
    found: list[Line] = []
    if before is not None and before.waiting_since is not None and not _same(before, after):
        found.append(_ended(before, before.waiting_since, after))
    if after.waiting_since is not None and (before is None or not _same(before, after)):
        rank = PRIORITY_RANK.get(after.priority, 2)
        target_s = after.decision.target_s if after.decision is not None else 0.0
        lane = lane_name(after.queue, after.channel, after.language, after.skills)
        data = {"arrived": after.waiting_since.isoformat(), "rank": rank, "target_s": target_s, "lane": lane}
        found.append(
            Line(
                at=after.waiting_since,
                kind="waiting",
                agent=after.accountable,
                subject=after.waiting_on,
                data=data,
            )
        )
    return found


def _same(before: Conversation, after: Conversation) -> bool:
    """Tell whether one wait goes on, be it under another name."""
    return before.waiting_on == after.waiting_on or before.waiting_since == after.waiting_since


def _ended(before: Conversation, since: datetime, after: Conversation) -> Line:
    how, agent, at = _how(before, after)
    made = promises_of(after.promises, since)
    first, last = (made[0], made[-1]) if made else (None, None)
    parts = first.parts if first is not None else None
    data: dict[str, object] = {
        "how": how,
        "arrived": since.isoformat(),
        "due": _said(before.due_at),
        "promised_at": _said(first.made_at if first else None),
        "first": _said(first.at if first else None),
        "last": _said(last.at if last else None),
        "rank": PRIORITY_RANK.get(before.priority, 2),
        "renewals": max(0, len(made) - 1),
        "broken": any(one.state is PromiseState.BROKEN for one in made),
        "reason": next((one.reason for one in made if one.reason), ""),
        "by": first.by if first else "",
        "owner": first.owner if first else False,
    }
    if parts is not None:
        data |= {"mean_s": parts.mean_s, "spread_s": parts.spread_s, "drain_s": parts.drain_s}
        data["correction"] = parts.correction
        data |= {"z": parts.z, "level": parts.level, "closed": parts.closed}
        data |= {"staff": list(parts.staff)}
        if parts.away:
            data["away"] = {one: until.isoformat() for one, until in parts.away.items()}
    elif first is not None and first.shown:
        data["wished"] = True
    return Line(at=at, kind="waited", agent=agent, subject=before.waiting_on, data=data)


def promises_of(ended: Sequence[Promise], since: datetime) -> list[Promise]:
    """Return the promises that the customer heard in the wait since then, oldest first."""
    mine = (one for one in ended if one.made_at >= since or one.carried)
    return [one for one in mine if one.state is not PromiseState.WITHDRAWN]


def _how(before: Conversation, after: Conversation) -> tuple[str, str, datetime]:
    """Return how the wait ended, by whom, and when."""
    known = {item.id: item for item in before.outbox}
    for item in after.outbox:
        if _answers(item, before.waiting_on) and not _sent(known.get(item.id)):
            return "answered", item.author, item.sent_at or after.updated_at
    seen = {entry.key for entry in before.entries}
    theirs = [one for one in after.entries if one.kind is Kind.AGENT and one.key not in seen]
    if theirs:
        return "answered outside", after.previous_owner or before.accountable, theirs[-1].at
    how = "merged" if after.status is Status.MERGED else "closed"
    return how, before.accountable, after.updated_at


def _answers(item: Item, wait: str) -> bool:
    return item.answers and item.trigger == wait and _sent(item)


def _sent(item: Item | None) -> bool:
    return item is not None and item.state is SendState.SENT


def _said(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""
