"""Brings what Slack shows of one conversation up to date, one call at a time; nothing is posted twice knowingly.

A letter is written down before it is posted. One of which nobody knows whether it arrived is looked for in Slack.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from router import log
from router.conversation import Conversation
from router.desk.slack import plan
from router.desk.slack.client import Client
from router.desk.slack.condition import Condition
from router.desk.slack.errors import Down, Gone, Refused, SlackError, Unreached
from router.desk.slack.office import Office
from router.desk.slack.pace import Later, Pace
from router.desk.slack.plan import Moment, Step
from router.desk.slack.risk import digest
from router.desk.slack.sheet import KEPT, SENDING, SENT, Letter, Page, Sheet, Sheets, amended, without

logger = log.get(__name__)

#: After so long a letter that was begun and not finished is looked for: longer than any call takes.
DOUBT = timedelta(seconds=15)


class Looked(Struct, frozen=True, kw_only=True):
    """What came of a look at a conversation."""

    #: When to look again without having been told; None = when something happens.
    again: datetime | None = None
    #: True when something that Slack shows may still change.
    live: bool = False
    #: True when Slack answered as it should.
    spoke: bool = False


class Delivery:
    """Says in Slack what is to be said."""

    def __init__(self, office: Office, client: Client, manners: tuple[Pace, Condition]) -> None:
        """Take the parts."""
        self._office, self._client = office, client
        self._pace, self._condition = manners
        self._sheets = Sheets(office)
        self._channels: dict[str, str] = {}

    async def look(self, one: Conversation, moment: Moment) -> Looked:
        """Do all that is to be done now. Raises Later, SlackError, StoreError; looking again goes on from there."""
        page = await self._sheets.read(one.id)
        for letter in page.sheet.letters:
            if letter.state == SENDING:
                if moment.now < letter.at + DOUBT:
                    return Looked(again=letter.at + DOUBT, live=True)
                page = await self._settled(one, letter)
        page = await self._adopted(one, page, moment)
        spoke = False
        for step in plan.steps(one, page.sheet, self._office, moment):
            page = await self._do(one, page, step)
            spoke = True
        page = await self._closed(one, page)
        await self._put_away(one, page, moment)
        return Looked(live=page.sheet.live, spoke=spoke)

    async def _settled(self, one: Conversation, letter: Letter) -> Page:
        """Find out whether Slack has a letter that was begun; one that it has not is as if it had never been."""
        try:
            ts = await self._client.find(letter.channel, letter.id, letter.at)
        except Unreached:  # nobody can look there any more
            ts = ""
        logger.info("looked for a message in Slack", reference=one.reference, found=bool(ts))
        if not ts:
            return await self._sheets.change(one.id, lambda sheet: without(sheet, letter.id))
        return await self._sheets.change(one.id, lambda sheet: amended(sheet, letter.id, state=SENT, ts=ts))

    async def _adopted(self, one: Conversation, page: Page, moment: Moment) -> Page:
        if plan.adopted(one, page.sheet, moment.now) == page.sheet:
            return page
        return await self._sheets.change(one.id, lambda sheet: plan.adopted(one, sheet, moment.now))

    async def _closed(self, one: Conversation, page: Page) -> Page:
        """Be done with messages shared with others of which nothing will come any more."""
        done = [each.id for each in page.sheet.letters if _ends(one, each)]
        if not done:
            return page

        def step(sheet: Sheet) -> Sheet:
            for id_ in done:
                sheet = amended(sheet, id_, closed=True)
            return sheet

        return await self._sheets.change(one.id, step)

    async def _do(self, one: Conversation, page: Page, step: Step) -> Page:
        if step.letter.state == SENT:
            return await self._update(one, step)
        try:
            page = await self._post(one, page, step)
        except Unreached as error:
            error.agent = step.letter.agent
            raise
        self._condition.wrote(step.letter.agent)
        return page

    async def _post(self, one: Conversation, page: Page, step: Step) -> Page:
        """Write the letter down, post it, write down that it was; certainly not posted, it is struck out again."""
        channel = step.thread.channel if step.thread is not None else await self.channel(step.letter.agent)
        self._pace.take(channel)
        letter = replace(step.letter, channel=channel, at=self._office.clock.now())
        begun = replace(page.sheet, letters=(*page.sheet.letters, letter))
        if not await self._sheets.write(one.id, page, begun):
            raise Later(self._office.clock.now())  # somebody else wrote first: go round once more
        thread = step.thread.ts if step.thread is not None else ""
        try:
            ts = await self._client.post(channel, step.card, letter.id, thread)
        except SlackError as error:
            if not (isinstance(error, Down) and error.doubt):
                await self._sheets.change(one.id, lambda sheet: without(sheet, letter.id))
            raise
        closed = plan.over(one, letter)
        return await self._sheets.change(
            one.id,
            lambda sheet: amended(sheet, letter.id, state=SENT, ts=ts, face=step.card.face, closed=closed),
        )

    async def channel(self, agent: str) -> str:
        """Return the channel for direct messages to the agent. Raises Later, SlackError."""
        person = self._office.person(agent)
        if person is None:  # the rules changed just now
            raise Later(self._office.clock.now())
        if person.slack not in self._channels:
            self._channels[person.slack] = await self._client.direct(person.slack)
        return self._channels[person.slack]

    async def _update(self, one: Conversation, step: Step) -> Page:
        """Put the new card in place; doing it twice does no harm, so nothing is written down before."""
        letter, closed = step.letter, plan.over(one, step.letter)
        self._pace.take(letter.channel)
        try:
            await self._client.update(letter.channel, letter.ts, step.card)
        except (Gone, Refused, Unreached) as error:
            logger.warning("a message in Slack stays as it was", reference=one.reference, reason=error.code)
            closed = True
        return await self._sheets.change(
            one.id, lambda sheet: amended(sheet, letter.id, face=step.card.face, closed=closed)
        )

    async def _put_away(self, one: Conversation, page: Page, moment: Moment) -> None:
        """Forget a sheet about which nothing will change, but for warnings that must not be told again."""
        sheet = page.sheet
        if not page.version:
            return
        if sheet.live:
            if page.expires_at is not None and page.expires_at - moment.now < KEPT / 2:
                await self._sheets.write(one.id, page, sheet)
            return
        told = {risk for letter in sheet.letters for risk in letter.covers} | set(sheet.flags)
        kept = tuple(each for flag in one.flags if (each := digest(flag)) in told)
        if not kept:
            await self._sheets.drop(one.id)
        elif sheet.letters:
            await self._sheets.write(one.id, page, Sheet(flags=kept))


def _ends(one: Conversation, letter: Letter) -> bool:
    """Tell whether a message shared with others has nothing more to say of this one."""
    return letter.shared and not letter.closed and letter.state == SENT and plan.over(one, letter)
