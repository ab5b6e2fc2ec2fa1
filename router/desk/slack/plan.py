"""What is to be said in Slack about a conversation now: pure, from its state and what was said before."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from router.conversation import Agent, Conversation, Status
from router.desk.slack.card import Card, Standing, compose, nudge, standing
from router.desk.slack.office import Office
from router.desk.slack.risk import LEAD, SOON, digest, has, of_time, reasons
from router.desk.slack.sheet import SENT, Letter, Sheet

#: A letter whose Take was pressed becomes that of the assignment, if that comes within this time.
ADOPTED = timedelta(seconds=60)


class Want(Struct, frozen=True, kw_only=True):
    """A person who is to have a letter."""

    agent: str
    about: str


class Step(Struct, frozen=True, kw_only=True):
    """One thing to do: post a new letter, or put a new card in place of an old one."""

    letter: Letter
    card: Card
    #: The letter in whose thread it goes.
    thread: Letter | None = None


class Moment(Struct, frozen=True, kw_only=True):
    """What else is looked at."""

    now: datetime
    #: What was assigned before Slack was first connected is not told as news.
    since: datetime
    agents: Mapping[str, Agent] = {}


def wants(one: Conversation, sheet: Sheet, office: Office, moment: Moment) -> list[Want]:
    """Return who is to have a letter now: whoever has the work or answers for it, and the lead where it runs short."""
    found = (wanted(one, sheet, office, moment), lead_wanted(one, office, moment))
    return [want for want in found if want is not None]


def lead_wanted(one: Conversation, office: Office, moment: Moment) -> Want | None:
    """Return the lead of the queue as one to be told: also where nobody else can be reached."""
    lead, charge = office.book().queue(one.queue).lead, one.owner or one.accountable
    if not one.waiting_on or lead in {"", charge} or office.person(lead) is None:
        return None
    risks = reasons(one, office.book(), moment.now)
    unreached = office.person(charge) is None and has(risks, SOON)
    told = has(risks, LEAD) or unreached
    return Want(agent=lead, about=f"lead:{digest(one.waiting_on)}") if told else None


def wanted(one: Conversation, sheet: Sheet, office: Office, moment: Moment) -> Want | None:
    """Return who of those who have the work or answer for it is to have a letter now, if anybody is."""
    if one.owner:
        return _owners(one, sheet, office, moment)
    told = _told(sheet)
    risks = reasons(one, office.book(), moment.now)
    news = [risk for risk in risks if not of_time(risk) and risk not in told]
    if not sheet.flags and not sheet.letters and one.updated_at < moment.since:
        news = []
    if one.status is Status.MERGED or office.person(one.accountable) is None:
        return None
    waits = one.status in {Status.OPEN, Status.HELD} and bool(one.waiting_on)
    if waits and (news or has(risks, SOON)):
        return Want(agent=one.accountable, about=f"wait:{digest(one.waiting_on)}")
    return Want(agent=one.accountable, about=f"flag:{news[-1]}") if news and not waits else None


def _owners(one: Conversation, sheet: Sheet, office: Office, moment: Moment) -> Want | None:
    about = f"claim:{one.claim}"
    if one.status is not Status.OPEN or office.person(one.owner) is None:
        return None
    want = Want(agent=one.owner, about=about)
    if sheet.find(one.owner, about) is not None:
        return want
    claims = moment.agents.get(one.owner, Agent(id=one.owner)).claims
    at = next((claim.at for claim in claims if claim.id == one.claim), moment.now)
    fresh = at >= moment.since
    return want if fresh or has(reasons(one, office.book(), moment.now), SOON) else None


def adopted(one: Conversation, sheet: Sheet, now: datetime) -> Sheet:
    """Let the letter on which its agent pressed Take be the one of the assignment that came of it."""
    about = f"claim:{one.claim}"
    if not one.owner or sheet.find(one.owner, about) is not None:
        return sheet
    for letter in reversed(sheet.letters):
        pressed = letter.pressed is not None and now - letter.pressed <= ADOPTED
        if (
            pressed
            and letter.agent == one.owner
            and letter.about.startswith("wait:")
            and letter.state == SENT
        ):
            taken = replace(letter, about=about, pressed=None, closed=False)
            rest = tuple(taken if each.id == letter.id else each for each in sheet.letters)
            return replace(sheet, letters=rest)
    return sheet


def steps(one: Conversation, sheet: Sheet, office: Office, moment: Moment) -> list[Step]:
    """Return what is to be done, most important first: a new letter, a reply to it, then changed faces."""
    risks = reasons(one, office.book(), moment.now)
    found = []
    for want in wants(one, sheet, office, moment):
        known = sheet.find(want.agent, want.about)
        news = leads_news(one, want, sheet, office, moment) if _is_leads(want) else _news(risks, sheet, known)
        if known is None:
            letter = _letter(want, news, office, moment)
            found.append(Step(letter=letter, card=compose(one, letter, risks, office)))
        elif news and known.state == SENT:
            letter = replace(_letter(want, news, office, moment), parent=known.id)
            card = nudge(one, want.agent, news, office)
            found.append(Step(letter=letter, card=card, thread=known))
    for letter in sheet.letters:
        if not letter.parent and not letter.closed and not letter.shared and letter.state == SENT:
            card = compose(one, letter, risks, office)
            if card.face != letter.face:
                found.append(Step(letter=letter, card=card))
    return found


def _is_leads(want: Want) -> bool:
    """Tell whether somebody is told as the lead of the queue."""
    return want.about.startswith("lead:")


def _news(risks: tuple[str, ...], sheet: Sheet, known: Letter | None) -> tuple[str, ...]:
    """Return what of the risks is new to whoever has the work, or answers for it."""
    told = _told(sheet, known)
    return tuple(risk for risk in risks if risk not in told and not has((risk,), LEAD))


def leads_news(
    one: Conversation, want: Want, sheet: Sheet, office: Office, moment: Moment
) -> tuple[str, ...]:
    """Return what of the risks is new to a lead: they hear of time, and of warnings that name them."""
    name = office.name(want.agent)
    named = {digest(flag) for flag in one.flags if name in flag}
    told = {risk for each in sheet.letters if each.agent == want.agent for risk in each.covers}
    risks = (risk for risk in reasons(one, office.book(), moment.now) if of_time(risk) or risk in named)
    return tuple(risk for risk in risks if risk not in told)


def over(one: Conversation, letter: Letter) -> bool:
    """Tell whether nothing about the letter will change any more."""
    return bool(letter.parent) or standing(one, letter) in {Standing.OVER, Standing.LOOK}


def _letter(want: Want, covers: tuple[str, ...], office: Office, moment: Moment) -> Letter:
    return Letter(id=office.ids.new("sl"), agent=want.agent, about=want.about, covers=covers, at=moment.now)


def _told(sheet: Sheet, letter: Letter | None = None) -> set[str]:
    """Return the risks that were told: of flags to anybody, of time in this letter and its thread."""
    flags = {risk for one in sheet.letters for risk in one.covers if not of_time(risk)}
    flags.update(sheet.flags)
    if letter is None:
        return flags
    thread = [one for one in sheet.letters if letter.id in {one.id, one.parent}]
    return flags | {risk for one in thread for risk in one.covers}
