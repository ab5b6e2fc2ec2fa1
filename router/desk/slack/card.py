"""What a message in Slack shows: pure, from the conversation as it is now."""

import hashlib
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from channels.message import Kind
from router.conversation import WAITED_FOR, Conversation, PromiseState, Status
from router.desk import views
from router.desk.slack.office import Office
from router.desk.slack.risk import LATE, SOON, by_when, digest, has
from router.desk.slack.sheet import Letter
from router.desk.slack.words import clock, moment, plain

TAKE, DECLINE, OPEN, UNTIL = "handleby_take", "handleby_decline", "handleby_open", "handleby_until"
#: Slack's limits: characters of a section, of one of its fields, of a button.
SECTION, FIELD, BUTTON = 3000, 2000, 75
#: Ours are shorter: a message is read at a glance.
WHO, WHAT, FLAG, NOTICE = 100, 400, 300, 300
FLAGS_SHOWN = 3


class Card(Struct, frozen=True, kw_only=True):
    """A message for Slack."""

    #: What notifications show.
    text: str
    blocks: list[dict[str, Any]]

    @property
    def face(self) -> str:
        """Return a digest of what it shows."""
        return hashlib.sha256(msgspec.json.encode([self.text, self.blocks])).hexdigest()[:20]


class Standing(Enum):
    """How the conversation stands to the agent of a letter."""

    YOURS = "yours"
    WAITING = "waiting"
    HELD = "held"
    #: A colleague has it, and its time runs short; the agent leads the queue.
    LED = "led"
    LOOK = "look"
    #: Somebody else's, or set aside: it may come back.
    ASIDE = "aside"
    #: Nothing about this letter changes any more.
    OVER = "over"


def standing(one: Conversation, letter: Letter) -> Standing:
    """Return how the conversation stands to the letter's agent."""
    sort, _, name = letter.about.partition(":")
    if sort == "flag":
        return Standing.LOOK
    if sort == "claim":
        mine = one.claim == name and one.owner == letter.agent and one.status is not Status.MERGED
        return Standing.YOURS if mine else Standing.OVER
    if not one.waiting_on or digest(one.waiting_on) != name or one.status is Status.MERGED:
        return Standing.OVER
    if sort == "lead" and one.owner and one.status is Status.OPEN:
        return Standing.LED
    if one.owner or one.status not in {Status.OPEN, Status.HELD}:
        return Standing.ASIDE
    return Standing.HELD if one.status is Status.HELD else Standing.WAITING


def compose(one: Conversation, letter: Letter, risks: tuple[str, ...], office: Office) -> Card:
    """Return what the letter is to show now."""
    stands = standing(one, letter)
    zone = office.zone_of(letter.agent)
    sentence = _sentence(one, letter, (stands, risks), office)
    if stands in {Standing.OVER, Standing.ASIDE}:
        text = f"{one.reference}: {sentence}"
        return Card(text=text, blocks=[_said(text), _actions(one, letter, (), office)])
    flags = [_said(f"Please look: {plain(flag, FLAG)}") for flag in _flags(one, letter)]
    return Card(
        text=_notice(one, zone, risks),
        blocks=[
            _said(f"*{sentence}*"),
            {"type": "section", "text": {"type": "plain_text", "text": _words(one), "emoji": False}},
            *flags,
            {"type": "section", "fields": [_field(*pair) for pair in _facts(one, zone, office)]},
            _actions(one, letter, _buttons(stands, office), office),
        ],
    )


def nudge(one: Conversation, agent: str, covers: tuple[str, ...], office: Office) -> Card:
    """Return the reply in the thread of a letter that tells what is new about the risk."""
    said = []
    by = by_when(one)
    when = f", by {clock(by, office.zone_of(agent))}" if by is not None else ""
    if has(covers, LATE):
        said.append("its time has passed, and the customer still waits.")
    elif has(covers, SOON):
        said.append(f"its time is nearly up{when}.")
    said += [f"please look: {plain(flag, FLAG)}" for flag in one.flags if digest(flag) in covers]
    text = f"{one.reference}: " + " ".join(said)
    return Card(
        text=text, blocks=[_said(f"<{office.link(one.reference)}|{one.reference}>: " + " ".join(said))]
    )


def _sentence(
    one: Conversation, letter: Letter, seen: tuple[Standing, tuple[str, ...]], office: Office
) -> str:
    stands, risks = seen
    if stands is Standing.LOOK:
        return "Please look at this."
    if stands in {Standing.OVER, Standing.ASIDE}:
        return _outcome(one, office, letter)
    if stands is Standing.YOURS and one.status is Status.SNOOZED and one.snoozed_until is not None:
        return f"Yours, set aside until {moment(one.snoozed_until, office.zone_of(letter.agent))}."
    if stands is Standing.YOURS and one.status is Status.PENDING:
        return "Yours, and answered."
    risk = (
        " and its time has passed"
        if has(risks, LATE)
        else " and its time is nearly up"
        if has(risks, SOON)
        else ""
    )
    if stands in {Standing.YOURS, Standing.LED}:
        return _owned(one, stands, risk, office)
    duty = (
        "you are on duty"
        if one.accountable == letter.agent
        else f"{plain(office.name(one.accountable), WHO)} is on duty"
    )
    what = "This is held for review" if stands is Standing.HELD else "Nobody has this yet"
    return f"At risk: {what[0].lower()}{what[1:]}{risk}; {duty}." if risk else f"{what}; {duty}."


def _owned(one: Conversation, stands: Standing, risk: str, office: Office) -> str:
    """Return whose it is, to its owner or to their lead."""
    if stands is Standing.LED and views.lead_writes(one):
        has_it = plain(office.name(one.owner), WHO)
        return f"Please write to the customer: two promised times are not kept. {has_it} has this; you lead the queue."
    if stands is Standing.LED:
        return f"At risk: {plain(office.name(one.owner), WHO)} has this{risk}; you lead the queue."
    return f"At risk: this is yours{risk}." if risk else "This is yours."


def _outcome(one: Conversation, office: Office, letter: Letter) -> str:
    """Return what became of it."""
    if one.status is Status.MERGED:
        return "joined to another conversation."
    if one.owner:
        return (
            f"{plain(office.name(one.owner), WHO)} has it now."
            if one.owner != letter.agent
            else "yours again."
        )
    if one.status is Status.SNOOZED and one.snoozed_until is not None:
        return f"set aside until {moment(one.snoozed_until, office.zone_of(letter.agent))}."
    if one.status in {Status.PENDING, Status.RESOLVED}:
        done = " and resolved" if one.status is Status.RESOLVED else ""
        said = _answered_by(one)
        return f"{said}{done}." if said else ("resolved." if done else "answered.")
    return "held for review." if one.status is Status.HELD else "back in its queue."


def _answered_by(one: Conversation) -> str:
    answers = [item for item in one.outbox if item.answers]
    outside = [entry for entry in one.entries if entry.kind is Kind.AGENT]
    if outside and (not answers or outside[-1].seq > answers[-1].seq):
        return "answered outside the desk"
    return f"answered by {plain(answers[-1].author_name, WHO)}" if answers else ""


def _notice(one: Conversation, zone: ZoneInfo, risks: tuple[str, ...]) -> str:
    by = by_when(one)
    risk = "At risk: " if has(risks, SOON) else ""
    when = f", answer by {clock(by, zone)}" if by is not None else ""
    return f"{risk}{plain(views.called(one.contact), WHO)}{when}: {_words(one, NOTICE)}"


def _words(one: Conversation, most: int = WHAT) -> str:
    """Return the subject and the first words of the newest message."""
    subject, words = plain(one.subject, most // 3), plain(one.snippet, most // 2)
    return " – ".join(part for part in (subject, words) if part) or "(no words)"


def _facts(one: Conversation, zone: ZoneInfo, office: Office) -> list[tuple[str, str]]:
    by = by_when(one)
    channel = plain(office.title(one.channel), WHO)
    more = f", {one.unanswered} messages unanswered" if one.unanswered > 1 else ""
    return [
        ("From", plain(views.called(one.contact), WHO)),
        ("Channel", f"{channel} ({plain(one.account, WHO)}){more}"),
        ("Answer by", moment(by, zone) if by is not None else "no time set"),
        ("Reference", f"<{office.link(one.reference)}|{one.reference}>"),
    ]


def _flags(one: Conversation, letter: Letter) -> list[str]:
    return [flag for flag in one.flags if digest(flag) in letter.covers][-FLAGS_SHOWN:]


def _buttons(stands: Standing, office: Office) -> tuple[str, ...]:
    if not office.buttons:
        return ()
    return {Standing.YOURS: (DECLINE,), Standing.WAITING: (TAKE,)}.get(stands, ())


def _actions(one: Conversation, letter: Letter, buttons: tuple[str, ...], office: Office) -> dict[str, Any]:
    elements: list[dict[str, Any]] = []
    for action in buttons:
        label = "Take" if action == TAKE else "Decline"
        button = {
            "type": "button",
            "action_id": action,
            "value": f"{one.id} {letter.id}",
            "text": _label(label),
        }
        elements.append(button | ({"style": "primary"} if action == TAKE else {}))
    where = office.link(one.reference)
    if _may_ask(one, letter, office):
        elements.append(_leading(UNTIL, "I need until…", f"{where}#until"))
    elements.append(_leading(OPEN, "Open in the desk", where))
    return {"type": "actions", "elements": elements}


def _may_ask(one: Conversation, letter: Letter, office: Office) -> bool:
    """Tell whether a promised time runs of which the agent may say that they need longer."""
    made, agent = one.promise, letter.agent
    if made is None or made.state is not PromiseState.MADE or one.waiting_since is None:
        return False
    mine = {made.by, one.owner, one.accountable, office.book().queue(one.queue).lead}
    here = one.status in WAITED_FOR and standing(one, letter) is not Standing.OVER
    return here and agent in mine


def _leading(action: str, text: str, url: str) -> dict[str, Any]:
    """Return a button that leads to the desk."""
    return {"type": "button", "action_id": action, "url": url, "text": _label(text)}


def _label(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:BUTTON], "emoji": False}


def _said(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:SECTION], "verbatim": True}}


def _field(name: str, value: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": f"*{name}*\n{value}"[:FIELD], "verbatim": True}
