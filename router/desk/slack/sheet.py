"""What was told whom about a conversation: one record, written by compare-and-set before anything is sent."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from router.desk.slack.office import Office
from router.desk.slack.risk import of_time
from router.errors import Conflict
from router.ports import Record

KIND = "slack"
#: A sheet is kept so long after it was last written; one that still matters is written again in time.
KEPT = timedelta(days=30)
#: How often a write that lost a race is tried again.
ROUNDS = 10
#: Replies and flags remembered of one conversation.
LETTERS, FLAGS = 40, 40

SENDING, SENT = "sending", "sent"


class Letter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of ours in Slack, about one assignment or one wait."""

    #: Its mark in Slack.
    id: str
    agent: str
    #: `claim:…`, `wait:…`, `lead:…` or `flag:…`.
    about: str
    #: What it says about risk: soon, late, and digests of flags.
    covers: tuple[str, ...] = ()
    #: For a reply in the thread of another letter: that letter.
    parent: str = ""
    #: `sending`: Slack may have it; `sent`: Slack has it.
    state: str = SENDING
    #: When it was last sent, or begun to be.
    at: datetime
    channel: str = ""
    #: Slack's name for it.
    ts: str = ""
    #: Digest of what it shows.
    face: str = ""
    #: When its agent pressed Take on it.
    pressed: datetime | None = None
    #: True once nothing about it will change any more.
    closed: bool = False
    #: Others have the same message: it tells of several conversations, and is not changed for one.
    shared: bool = False


class Sheet(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All letters about one conversation."""

    letters: tuple[Letter, ...] = ()
    #: Digests of flags that were told before.
    flags: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Tell whether something about it may still change."""
        return any(not one.closed for one in self.letters)

    def find(self, agent: str, about: str) -> Letter | None:
        """Return the agent's letter about this."""
        found = (one for one in self.letters if not one.parent and (one.agent, one.about) == (agent, about))
        return next(found, None)

    def letter(self, id: str) -> Letter | None:
        """Return the letter with this id."""
        return next((one for one in self.letters if one.id == id), None)


class Page(Struct, frozen=True, kw_only=True):
    """A sheet as it was read."""

    sheet: Sheet = Sheet()
    #: 0 = there was none.
    version: int = 0
    expires_at: datetime | None = None


class Sheets:
    """The sheets in the store."""

    def __init__(self, office: Office) -> None:
        """Take the parts."""
        self._store, self._clock = office.store, office.clock

    async def read(self, conversation: str) -> Page:
        """Return the conversation's sheet; an empty one when there is none."""
        record = await self._store.record(KIND, conversation)
        if record is None:
            return Page()
        sheet = msgspec.convert(record.value, Sheet)
        return Page(sheet=sheet, version=record.version, expires_at=record.expires_at)

    async def write(self, conversation: str, page: Page, sheet: Sheet) -> bool:
        """Write it if nobody wrote since it was read."""
        kept = shortened(sheet)
        record = Record(
            kind=KIND,
            id=conversation,
            value=msgspec.to_builtins(kept),
            version=page.version + 1,
            expires_at=self._clock.now() + KEPT,
        )
        return await self._store.put_record(record)

    async def change(self, conversation: str, step: Callable[[Sheet], Sheet]) -> Page:
        """Apply the step, again where somebody else wrote meanwhile; returns the sheet as it is then."""
        for _ in range(ROUNDS):
            page = await self.read(conversation)
            after = step(page.sheet)
            if after == page.sheet:
                return page
            if await self.write(conversation, page, after):
                return Page(sheet=after, version=page.version + 1, expires_at=self._clock.now() + KEPT)
        raise Conflict

    async def drop(self, conversation: str) -> None:
        """Forget it."""
        await self._store.drop_record(KIND, conversation)

    async def all(self, limit: int) -> list[str]:
        """Return the conversations that have a sheet."""
        return [one.id for one in await self._store.records(KIND, limit)]


def amended(sheet: Sheet, id: str, **changes: object) -> Sheet:
    """Return the sheet with one letter changed."""
    letters = tuple(msgspec.structs.replace(one, **changes) if one.id == id else one for one in sheet.letters)
    return replace(sheet, letters=letters)


def shortened(sheet: Sheet) -> Sheet:
    """Return the sheet without its oldest letters that are done with, of which only the warnings are remembered."""
    done = [one.id for one in sheet.letters if one.state == SENT and (one.parent or one.closed)]
    gone = set(done[: max(0, len(sheet.letters) - LETTERS)])
    told = [risk for one in sheet.letters if one.id in gone for risk in one.covers if not of_time(risk)]
    flags = tuple(dict.fromkeys((*sheet.flags, *told)))
    return Sheet(letters=tuple(one for one in sheet.letters if one.id not in gone), flags=flags[-FLAGS:])


def without(sheet: Sheet, id: str) -> Sheet:
    """Return the sheet as if the letter had never been."""
    return replace(sheet, letters=tuple(one for one in sheet.letters if one.id != id))
