"""Tells a lead of many promises at once: in a surge one message tells of all that runs short in the same moment."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from router.conversation import Conversation
from router.desk import views
from router.desk.slack import plan
from router.desk.slack.card import OPEN, WHO, Card
from router.desk.slack.client import Client
from router.desk.slack.condition import Condition
from router.desk.slack.errors import Down, SlackError, Unreached
from router.desk.slack.office import Office
from router.desk.slack.pace import Pace
from router.desk.slack.plan import Moment, Want
from router.desk.slack.risk import LATE, by_when, has, reasons
from router.desk.slack.sheet import SENDING, SENT, Letter, Page, Sheets, amended, without
from router.desk.slack.words import clock, plain

#: So many are told one by one, each with its own buttons; more than that in one message.
SINGLY = 3
#: Most that one message names, and characters of each one's words.
NAMED, WORDS = 25, 60


class Case(Struct, frozen=True, kw_only=True):
    """A conversation of which a lead is to hear, what is new about it, and what was said of it before."""

    one: Conversation
    want: Want
    news: tuple[str, ...]
    page: Page
    #: The letter of its own that the lead has of it, if any.
    parent: str = ""


class Together:
    """Looks for leads who would get many letters at once."""

    def __init__(
        self,
        office: Office,
        client: Client,
        manners: tuple[Pace, Condition],
        channel: Callable[[str], Awaitable[str]],
    ) -> None:
        """Take the parts; `channel` finds where an agent reads direct messages."""
        self._office, self._client, self._channel = office, client, channel
        self._pace, self._condition = manners
        self._sheets = Sheets(office)

    def by_lead(self, known: Sequence[Conversation], moment: Moment) -> dict[str, list[Conversation]]:
        """Return the conversations that each lead may have to hear of, of those leads who have many."""
        found: dict[str, list[Conversation]] = {}
        for one in known:
            want = plan.lead_wanted(one, self._office, moment)
            if want is not None:
                found.setdefault(want.agent, []).append(one)
        return {agent: many for agent, many in found.items() if len(many) > SINGLY}

    async def tell(self, agent: str, found: Sequence[Conversation], moment: Moment) -> None:
        """Tell the lead in one message, where there is news of many. Raises Later, SlackError, StoreError.

        Each letter is written down before the message is posted, like one that stands alone: a crash in between
        is settled for each conversation by looking for the message in Slack.
        """
        cases = [case for one in found if (case := await self._case(one, moment)) is not None]
        if len(cases) <= SINGLY:
            return
        try:
            channel = await self._channel(agent)
            self._pace.take(channel)
            await self._post(channel, cases, moment)
        except Unreached as error:
            error.agent = agent
            raise
        self._condition.wrote(agent)

    async def _case(self, one: Conversation, moment: Moment) -> Case | None:
        """Return what the lead is to hear of it; None where there is no news, or a letter is on its way."""
        want, page = plan.lead_wanted(one, self._office, moment), await self._sheets.read(one.id)
        if want is None or any(letter.state == SENDING for letter in page.sheet.letters):
            return None
        known = page.sheet.find(want.agent, want.about)
        news = plan.leads_news(one, want, page.sheet, self._office, moment)
        if known is not None and not news:
            return None
        return Case(one=one, want=want, news=news, page=page, parent=known.id if known is not None else "")

    async def _post(self, channel: str, cases: Sequence[Case], moment: Moment) -> None:
        id_ = self._office.ids.new("sl")
        begun = [case for case in cases if await self._begun(case, id_, channel)]
        if not begun:
            return
        try:
            ts = await self._client.post(channel, _card(begun, self._office, moment), id_)
        except SlackError as error:
            if not (isinstance(error, Down) and error.doubt):
                for case in begun:
                    await self._sheets.change(case.one.id, lambda sheet: without(sheet, id_))
            raise
        for case in begun:
            await self._sheets.change(case.one.id, lambda sheet: amended(sheet, id_, state=SENT, ts=ts))

    async def _begun(self, case: Case, id_: str, channel: str) -> bool:
        """Write the letter down; False where somebody else wrote first: it is looked at again by itself."""
        letter = Letter(
            id=id_,
            agent=case.want.agent,
            about=case.want.about,
            covers=case.news,
            parent=case.parent,
            at=self._office.clock.now(),
            channel=channel,
            shared=True,
        )
        sheet = replace(case.page.sheet, letters=(*case.page.sheet.letters, letter))
        return await self._sheets.write(case.one.id, case.page, sheet)


def _card(cases: Sequence[Case], office: Office, moment: Moment) -> Card:
    """Return the message: how many, then a line for each, the most urgent first."""
    ordered = sorted(cases, key=lambda case: case.one.urgency)
    told = f"At risk: {len(cases)} promises run short in queues that you lead."
    lines = [f"• {_line(case, office, moment)}" for case in ordered[:NAMED]]
    if len(cases) > NAMED:
        lines.append(f"… and {len(cases) - NAMED} more. The desk shows all of them under At risk.")
    button = {
        "type": "button",
        "action_id": OPEN,
        "url": f"{office.public_url.rstrip('/')}/",
        "text": {"type": "plain_text", "text": "Open the desk", "emoji": False},
    }
    blocks = [_said(f"*{told}*"), *(_said("\n".join(lines[at : at + 10])) for at in range(0, len(lines), 10))]
    return Card(text=told, blocks=[*blocks, {"type": "actions", "elements": [button]}])


def _line(case: Case, office: Office, moment: Moment) -> str:
    one, by = case.one, by_when(case.one)
    zone = office.zone_of(case.want.agent)
    who = f"{plain(office.name(one.owner), WHO)} has it" if one.owner else "nobody has it"
    late = has(reasons(one, office.book(), moment.now), LATE)
    when = "its time has passed" if late else f"by {clock(by, zone)}" if by is not None else "no time set"
    todo = ", please write to the customer" if views.lead_writes(one) else ""
    subject = plain(one.subject or one.snippet, WORDS)
    about = f": {subject}" if subject else ""
    return f"<{office.link(one.reference)}|{one.reference}>, {who}, {when}{todo}{about}"


def _said(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
