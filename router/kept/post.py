"""Sends the weekly letter by mail: to each reader at most once, whatever restarts and however many processes run.

As with the outbox, what is about to leave is written down first. What is in doubt after a crash is read back from
the provider or shown, never blindly sent again.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from channels.errors import NotSent, Refused
from channels.message import Identity, Outgoing
from channels.port import Channel, Clock
from router import log
from router.errors import StoreError
from router.faults import reach
from router.health.told import Told, tell
from router.house import Account, House
from router.kept import figures, letter, mail, tally
from router.kept.letter import Letter
from router.ports import Ids, Record, Store

logger = log.get(__name__)

KIND = "letter"
#: When the letter about the week before goes out: on Mondays, on the organisation's clock.
HOUR = time(7, 0)
TICK_S = 30.0
#: Longer than any one try may take, so that whoever holds the lease next finds no try under way.
LEASE_S = 180.0
SEND_S = 52.0
#: What was marked as being sent this long ago is sent by nobody any more.
IN_DOUBT = timedelta(seconds=LEASE_S)
PAUSE = timedelta(minutes=5)
#: After so long a letter is no news.
GIVE_UP = timedelta(hours=24)
#: Health tells of a copy that may not have arrived for so long; the page always does.
TOLD_FOR = timedelta(days=2)
KEPT = timedelta(days=400)


class Copy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reader's letter, on its way or gone."""

    to: str
    #: waiting, sending, sent, failed or unknown.
    state: str = "waiting"
    #: When it came into this state, and when it is tried again.
    at: datetime
    next_at: datetime | None = None
    reason: str = ""


class Mailing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The letter of a week as it goes to its readers; nobody = there was nothing to tell."""

    at: datetime
    subject: str = ""
    text: str = ""
    copies: tuple[Copy, ...] = ()


class Readers(Struct, frozen=True, kw_only=True):
    """Who gets the letter, and what it says of the house."""

    to: tuple[str, ...]
    zone: str
    organisation: str
    public_url: str


class Post:
    """Sends the letter once a week; off while nobody is to get it."""

    def __init__(
        self,
        store: Store,
        ids: Ids,
        clock: Clock,
        house: Callable[[], House],
        channels: Mapping[tuple[str, str], Channel],
        readers: Readers,
    ) -> None:
        """Take the parts; `channels` by (channel, account)."""
        self._store, self._clock, self._house, self._channels = store, clock, house, channels
        self._readers, self._zone = readers, ZoneInfo(readers.zone)
        self._holder = ids.new("post")

    async def run(self) -> None:
        """Look every half minute until cancelled."""
        if not self._readers.to:
            return
        while True:
            try:
                await self.round()
            except StoreError as error:
                logger.warning("letter not looked after", error=type(error).__name__)
            await self._clock.sleep(TICK_S)

    async def round(self) -> None:
        """Send what is due, if this process is the one to do it."""
        if await self._store.lease(KIND, self._holder, LEASE_S) is None:
            return
        monday = self._due()
        if monday is None:
            return
        record = await self._store.record(KIND, figures.week_of(monday))
        if record is None:
            record = await self._written(monday)
        if record is not None:
            record = await self._deliver(record)
            await tell(self._store, KIND, self._trouble(record), self._clock.now())

    def _trouble(self, record: Record) -> list[Told]:
        """Return what somebody should look at."""
        known = mailing_of(record)
        news = self._clock.now() - TOLD_FOR
        late = [one for one in known.copies if one.state in {"failed", "unknown"} and one.at > news]
        waiting = [one for one in known.copies if one.state == "waiting"]
        if not late and (not waiting or self._account() is not None):
            return []
        why = "may not have reached" if late else "has no mail account to leave by for"
        return [
            Told(
                key="letter",
                text=f"The weekly letter {record.id} {why} {len(late or waiting)} of {len(known.copies)} readers.",
                audience="lead",
                impact="Somebody may not have read how promises were kept.",
                next="The page Report, Last week's letter, shows it, and who may be without. It is not sent again."
                if late
                else "Set up an account that sends mail, or empty [letter] to.",
                since=known.at,
            )
        ]

    def _due(self) -> date | None:
        """Return the first day of the week whose letter is due; None before Monday's hour."""
        local = self._clock.now().astimezone(self._zone)
        monday = local.date() - timedelta(days=local.weekday())
        if local < datetime.combine(monday, HOUR, self._zone):
            return None
        return monday - timedelta(days=7)

    async def _written(self, monday: date) -> Record | None:
        """Write the letter down before any of it is sent; None when somebody else did so first.

        It waits until all that happened is counted, as after a weekend without the service.
        """
        if await tally.is_behind(self._store, self._clock.now()):
            return None
        found = await letter.compose(self._store, self._house().book, monday, self._zone)
        record = Record(
            kind=KIND,
            id=found.week,
            value=msgspec.to_builtins(self._mailing(found)),
            version=1,
            expires_at=self._clock.now() + KEPT,
        )
        return record if await self._store.put_record(record) else None

    def _mailing(self, found: Letter) -> Mailing:
        now = self._clock.now()
        if found.empty:
            return Mailing(at=now)
        return Mailing(
            at=now,
            subject=mail.subject(found, self._readers.organisation),
            text=mail.body(found, self._readers.public_url),
            copies=tuple(Copy(to=to, at=now) for to in dict.fromkeys(self._readers.to)),
        )

    async def _deliver(self, record: Record) -> Record:
        """Take each copy one step on, one after the other; returns what is known of it then."""
        account = self._account()
        for place, _ in enumerate(mailing_of(record).copies):
            copy = mailing_of(record).copies[place]
            step = self._step(copy)
            if step == "" or account is None:
                continue
            if await self._store.lease(KIND, self._holder, LEASE_S) is None:
                return record
            marked = replace(copy, state="sending", at=self._clock.now(), next_at=None)
            begun = await self._put(record, place, marked)
            if begun is None:
                return record
            reach("lt.sending")
            out = outgoing(begun, place, account, self._readers.organisation)
            done = await self._carry(self._channels[account.channel, account.name], out, marked, step)
            reach("lt.sent")
            ended = await self._put(begun, place, done)
            if ended is None:
                return begun
            record = ended
        return record

    def _step(self, copy: Copy) -> str:
        """Return what a copy needs now: send, read (back from the provider), or nothing."""
        now = self._clock.now()
        if copy.state == "waiting" and (copy.next_at is None or copy.next_at <= now):
            return "send"
        return "read" if copy.state == "sending" and copy.at + IN_DOUBT <= now else ""

    async def _put(self, record: Record, place: int, copy: Copy) -> Record | None:
        """Write a copy's state; None when somebody else changed the record."""
        known = mailing_of(record)
        copies = (*known.copies[:place], copy, *known.copies[place + 1 :])
        after = Record(
            kind=record.kind,
            id=record.id,
            value=msgspec.to_builtins(replace(known, copies=copies)),
            version=record.version + 1,
            expires_at=record.expires_at,
        )
        return after if await self._store.put_record(after) else None

    async def _carry(self, channel: Channel, out: Outgoing, copy: Copy, step: str) -> Copy:
        """Send it once, or read back whether it was sent; anything but a clear answer is `unknown`."""
        try:
            async with asyncio.timeout(SEND_S):
                sent = await (channel.send(out) if step == "send" else channel.reconcile(out))
        except NotSent as error:
            return self._again(copy, out.at, str(error))
        except Refused as error:
            return self._ended(copy, "failed", str(error))
        except Exception as error:  # noqa: BLE001  # whatever it was, the send is in doubt
            return self._ended(copy, "unknown", f"{type(error).__name__}: {error}"[:300])
        if sent is None:
            return self._ended(copy, "unknown", "the provider cannot tell whether it was sent")
        return self._ended(copy, "sent", "")

    def _again(self, copy: Copy, begun: datetime, why: str) -> Copy:
        now = self._clock.now()
        if now - begun > GIVE_UP:
            return self._ended(copy, "failed", why)
        return replace(copy, state="waiting", at=now, next_at=now + PAUSE, reason=why)

    def _ended(self, copy: Copy, state: str, reason: str) -> Copy:
        logger.info("letter", state=state)
        return replace(copy, state=state, at=self._clock.now(), next_at=None, reason=reason)

    def _account(self) -> Account | None:
        """Return the account that the letter leaves by: the first one, by name, whose messages are mails."""
        mails = [
            one
            for key, one in sorted(self._house().accounts.items())
            if one.style == "mail" and key in self._channels
        ]
        return mails[0] if mails else None


def mailing_of(record: Record) -> Mailing:
    """Return what a record says of a week's letter."""
    return msgspec.convert(record.value, Mailing)


def outgoing(record: Record, place: int, account: Account, organisation: str) -> Outgoing:
    """Return the mail to one reader; the same each time, so that it can be read back."""
    known = mailing_of(record)
    to = known.copies[place].to
    return Outgoing(
        id="l_" + hashlib.sha256(f"{record.id}\n{to}".encode()).hexdigest()[:24],
        channel=account.channel,
        account=account.name,
        conversation="",
        reference="",
        automatic=True,
        author=f"Handleby of {organisation}",
        to=Identity(kind=account.identity, address=to),
        subject=known.subject,
        text=known.text,
        at=known.at,
    )
