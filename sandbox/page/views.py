"""What the page shows, as values for its templates."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from sandbox.faults import Fault
from sandbox.ledger import Seen
from sandbox.page import words
from sandbox.page.deskside import DeskSide, moment
from sandbox.page.sides import SLACK
from sandbox.page.words import Look
from sandbox.slack.stand import Slack
from sandbox.slack.workspace import Said
from sandbox.stand import Stand, known_faults

#: Lines that one channel shows, and messages of Slack.
LINES = 14
TOLD = 6


class Bubble(Struct, frozen=True, kw_only=True):
    """One thing that was said, as the customer sees it."""

    key: str
    ours: bool
    customer: str
    #: Equal for the same customer on both sides.
    person: str
    text: str
    at: datetime
    public: bool


class Switch(Struct, frozen=True, kw_only=True):
    """A fault of a provider."""

    name: str
    says: str
    #: One of words.SHARES.
    share: str
    struck: int


class ChannelCard(Struct, frozen=True, kw_only=True):
    """A provider as customers see it."""

    name: str
    look: Look
    bubbles: list[Bubble]
    switches: list[Switch]
    #: How many faults are switched on.
    faulty: int
    written: int
    heard: int
    #: How health calls the account, and why.
    state: str
    error: str


class Button(Struct, frozen=True, kw_only=True):
    """Something to press in Slack."""

    action: str
    says: str


class Told(Struct, frozen=True, kw_only=True):
    """What somebody of the team was told in Slack."""

    key: str
    user: str
    name: str
    text: str
    buttons: list[Button]
    at: datetime


class SlackCard(Struct, frozen=True, kw_only=True):
    """Slack as the team sees it."""

    name: str
    told: list[Told]
    switches: list[Switch]
    faulty: int


class Case(Struct, frozen=True, kw_only=True):
    """A conversation as the desk sees it."""

    key: str
    reference: str
    channel: str
    look: Look
    customer: str
    person: str
    snippet: str
    #: assigned, queued, answered, resolved, held or snoozed.
    outcome: str
    #: The owner, else whoever answers for it.
    who: str
    queue: str
    priority: str
    #: What runs out: a word and an instant; None where nobody waits.
    promised: datetime | None
    due: datetime | None
    #: How the last promise ended: kept, renewed, broken or withdrawn; "" while it runs.
    ended: str
    #: Why no note went out.
    no_note: str
    flags: list[str]
    version: int


def person(customer: str) -> str:
    """Return a mark for the customer, the same on both sides."""
    return hashlib.blake2b(customer.casefold().encode(), digest_size=4).hexdigest()


def card(name: str, stand: Stand, health: Mapping[str, Any]) -> ChannelCard:
    """Return a provider's side."""
    rows = [*stand.ledger]
    shares = stand.faults.shares()
    account: Mapping[str, Any] = next((one for one in health.get("channels", ()) if one["name"] == name), {})
    return ChannelCard(
        name=name,
        look=words.look(name),
        bubbles=[_bubble(place, row) for place, row in enumerate(rows)][-LINES:][::-1],
        switches=[_switch(fault, stand, shares) for fault in Fault if fault in known_faults(stand)],
        faulty=len(shares),
        written=sum(not row.ours for row in rows),
        heard=sum(row.ours for row in rows),
        state=account.get("state", ""),
        error=account.get("error", "") or "",
    )


def slack(part: Slack | None) -> SlackCard | None:
    """Return Slack's side; None where there is none."""
    if part is None:
        return None
    shares = part.faults.shares()
    return SlackCard(
        name=SLACK,
        told=[_told(part, one) for one in part.workspace.messages[-TOLD:][::-1] if not one.thread_ts],
        switches=[_switch(fault, part, shares) for fault in Fault if fault in known_faults(part)],
        faulty=len(shares),
    )


def _told(part: Slack, one: Said) -> Told:
    reader = part.workspace.reader(one.channel)
    return Told(
        key=one.ts,
        user=reader.id if reader else "",
        name=reader.name if reader else "",
        text=one.text,
        buttons=[
            Button(action=action, says=str(button.get("text", {}).get("text", action)))
            for action, button in one.buttons().items()
            if not button.get("url")
        ],
        at=datetime.fromtimestamp(float(one.ts), UTC),
    )


def _bubble(place: int, row: Seen) -> Bubble:
    return Bubble(
        key=f"{place}",
        ours=row.ours,
        customer=row.customer,
        person=person(row.customer),
        text=row.text,
        at=row.at,
        public=row.public,
    )


def _switch(fault: Fault, stand: Stand | Slack, shares: Mapping[str, float]) -> Switch:
    return Switch(
        name=fault.value,
        says=words.FAULTS[fault],
        share=words.share_name(shares.get(fault.value, 0.0)),
        struck=stand.faults.struck.get(fault, 0),
    )


def cases(side: DeskSide) -> list[Case]:
    """Return the desk's side."""
    return [_case(one) for one in side.cases()]


def _case(one: Mapping[str, Any]) -> Case:
    owner, accountable = one["owner"], one["accountable"]
    last = one["promise"] or (one["promises"] or [None])[-1]
    return Case(
        key=one["id"],
        reference=one["reference"],
        channel=one["channel"],
        look=words.look(one["channel"]),
        customer=one["contact"]["called"],
        person=person(one["contact"]["name"] or one["contact"]["called"]),
        snippet=one["snippet"] or one["subject"],
        outcome=_outcome(one),
        who=(owner or accountable or {"name": ""})["name"],
        queue=one["queue"],
        priority=one["priority"],
        promised=moment(one["promised_at"]),
        due=moment(one["due_at"]),
        ended="" if last is None or last["state"] == "made" else last["state"],
        no_note=one["no_note"],
        flags=list(one["flags"][-2:]),
        version=one["version"],
    )


def _outcome(one: Mapping[str, Any]) -> str:
    status = str(one["status"])
    if status == "open":
        return "assigned" if one["owner"] else "queued"
    return "answered" if status == "pending" else status


def figures(stands: Mapping[str, Stand], side: DeskSide) -> dict[str, Any]:
    """Return the sums of both sides."""
    promises = side.health.get("promises", {})
    return {
        "written": sum(not row.ours for stand in stands.values() for row in stand.ledger),
        "heard": sum(row.ours for stand in stands.values() for row in stand.ledger),
        "waiting": sum(1 for one in side.cases() if one["waiting_since"]),
        "made": promises.get("made", 0),
        "kept": promises.get("kept", 0),
        "broken": promises.get("broken", 0),
        "renewed": promises.get("renewed", 0),
        "status": side.health.get("status", ""),
        "causes": [one["text"] for one in side.health.get("causes", ())][:2],
        "trouble": side.trouble,
        "at": datetime.now(UTC),
    }
