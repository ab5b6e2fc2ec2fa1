"""Following one IMAP folder: what arrives is stored, then the position is saved, then it is marked as read."""

import asyncio
import random
import ssl
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import structlog
from msgspec import Struct
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from channels.email import position as positions
from channels.email.account import Server
from channels.email.fetch import Fetched, Mails
from channels.email.imap import Imap, Mailbox
from channels.email.intake import Arrival, Intake
from channels.email.oauth import Tokens
from channels.email.position import Position
from channels.email.trouble import Said, ServerTrouble, SignInRefused
from channels.errors import Unavailable
from channels.port import Cursor

#: Mails between two saves of the position, and how many of them are read at a time.
BATCH = 20
AT_A_TIME = 4
#: Tries in a row before the host is told and pauses us.
TRIES = 10
#: Seconds before we knock again where our password was refused: providers lock accounts.
LOCKED_OUT_S = 120.0
_IMPORTED = "imported: it was in the mailbox before this account was connected"

_log = structlog.get_logger(__name__)


class Folder(Struct, frozen=True, kw_only=True):
    """Which folder is followed, and how."""

    server: Server
    name: str
    #: Name of the cursor; "" for the mailbox itself.
    cursor: str = ""
    #: True for the folder of sent mail.
    by_us: bool = False


class Follower:
    """Follows one folder of one account."""

    def __init__(self, intake: Intake, folder: Folder, trust: ssl.SSLContext, tokens: Tokens | None) -> None:
        """Take where mails go, the folder, whom to trust for TLS and the tokens, if there are any."""
        self._intake = intake
        self._host = intake.host
        self._account = intake.account
        self._folder = folder
        self._trust = trust
        self._tokens = tokens
        self._mails = Mails(intake.account.max_size)

    async def run(self) -> None:
        """Follow until cancelled, reconnecting. Raises LeaseLost, or ChannelError after many failures."""
        async with self._host.cursor(self._folder.cursor) as cursor:
            while True:
                async for attempt in AsyncRetrying(
                    retry=retry_if_exception_type((ServerTrouble, Unavailable)),
                    wait=wait_random_exponential(multiplier=0.5, max=60),
                    stop=stop_after_attempt(TRIES),
                    sleep=self._host.clock.sleep,
                    before_sleep=self._tell,
                    reraise=True,
                ):
                    with attempt:
                        await self._session(cursor)
                await self._host.clock.sleep(random.uniform(0.2, 1.0))

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._report("degraded" if state.attempt_number < 3 else "down", error)

    def _report(self, state: str, error: BaseException | None = None) -> None:
        """Tell health of this folder; the mailbox and the folder of sent mail are judged apart."""
        part = "sent folder" if self._folder.by_us else "receive"
        self._host.report(state, f"{part}: {error}" if error else "", part=part)

    async def _session(self, cursor: Cursor) -> None:
        """Connect and follow; returns when a connection that had worked is lost."""
        worked = False
        try:
            async with Imap(self._folder.server, self._trust) as imap:
                await self._sign_in(imap)
                box = await self._select(imap)
                position = await self._start(imap, box, cursor)
                while True:
                    position = await self._catch_up(imap, position, cursor)
                    worked = True
                    self._report("ok")
                    await self._wait(imap)
        except SignInRefused as error:
            self._report("down", error)
            await self._host.clock.sleep(LOCKED_OUT_S)
            raise
        except ServerTrouble as error:
            if not worked:
                raise
            _log.info("mail server lost, reconnecting", account=self._host.account)
            self._report("degraded", error)

    async def _sign_in(self, imap: Imap) -> None:
        server = self._folder.server
        if self._tokens is None:
            await imap.login(server.user, self._account.password)
            return
        token = await self._tokens.token()
        try:
            await imap.authenticate(server.user, token)
        except SignInRefused:
            self._tokens.refused(token)
            raise

    async def _select(self, imap: Imap) -> Mailbox:
        try:
            return await imap.select(self._folder.name)
        except Said as error:
            key = "sent_folder" if self._folder.by_us else "folder"
            raise ServerTrouble(
                f"there is no folder {self._folder.name!r}; correct `{key}` ({error})"
            ) from error

    async def _wait(self, imap: Imap) -> None:
        """Wait for an announcement; it is a hint only, so look again after a while in any case."""
        if imap.news:
            return
        if "IDLE" in imap.capabilities:
            await imap.idle(self._account.poll_every_s)
        else:
            await asyncio.sleep(self._account.poll_every_s)
            await imap.noop()

    # where to begin

    async def _start(self, imap: Imap, box: Mailbox, cursor: Cursor) -> Position:
        """Return where to go on, after an import or a renumbering was dealt with."""
        before = positions.load(cursor.value)
        if before is None:
            position = Position(
                uidvalidity=box.uidvalidity,
                uid=await self._newest(imap, box),
                connected=self._host.clock.now().isoformat(),
            )
        elif before.uidvalidity != box.uidvalidity:
            position = await self._renumbered(imap, box, before)
        else:
            position = before
        if not self._folder.by_us:
            position = await self._import(imap, position)
        if position != before:
            await cursor.save(position.dump())
        return position

    async def _newest(self, imap: Imap, box: Mailbox) -> int:
        if box.uidnext:
            return box.uidnext - 1
        return max(await imap.search("UID", "*"), default=0) if box.exists else 0

    async def _renumbered(self, imap: Imap, box: Mailbox, before: Position) -> Position:
        """Take in what is not known by its headers; all UIDs are new, so nothing else tells them apart."""
        _log.warning("mail server renumbered the folder", account=self._host.account)
        newest = await self._newest(imap, box)
        position = msgspec.structs.replace(before, uidvalidity=box.uidvalidity, uid=newest)
        for uids in _batches(await imap.search("SINCE", positions.imap_day(before.unknown_since()))):
            heads = await imap.fetch(
                uids, f"(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS ({positions.FIELDS})])"
            )
            missing = [uid for uid in uids if uid <= newest and uid in heads and _unknown(heads[uid], before)]
            position = await self._take(imap, position, missing)
        return position

    async def _import(self, imap: Imap, position: Position) -> Position:
        """Take in older mail, once, if the settings ask for it."""
        since = self._account.import_since
        if since is None or position.imported == since.isoformat():
            return position
        older = [uid for uid in await imap.search("SINCE", positions.imap_day(since)) if uid <= position.uid]
        for uids in _batches(older):
            position = await self._take(imap, position, uids, silent=_IMPORTED)
        return msgspec.structs.replace(position, imported=since.isoformat())

    # taking mails in

    async def _catch_up(self, imap: Imap, position: Position, cursor: Cursor) -> Position:
        imap.news = False
        found = await imap.search("UID", f"{position.uid + 1}:*")
        for uids in _batches(uid for uid in found if uid > position.uid):
            position = await self._take(imap, position, uids)
            await cursor.save(position.dump())
            if self._account.mark_seen and not self._folder.by_us:
                await imap.seen(uids)
        return position

    async def _take(self, imap: Imap, position: Position, uids: Sequence[int], silent: str = "") -> Position:
        """Store these mails, a few at a time, and return the position after them."""
        if not uids:
            return position
        facts = await self._mails.facts(imap, uids)
        gate = asyncio.Semaphore(AT_A_TIME)
        marks: list[str] = []

        async def store(arrival: Arrival) -> None:
            try:
                await self._intake.take(arrival)
            finally:
                gate.release()

        try:
            async with asyncio.TaskGroup() as group:
                for uid in uids:
                    await gate.acquire()
                    size = str(facts.get(uid, {}).get("RFC822.SIZE", "0"))
                    mail = await self._mails.fetch(imap, position.uidvalidity, uid, size)
                    if mail is None:
                        gate.release()
                        continue
                    marks.append(positions.mark(mail.raw))
                    group.create_task(store(self._arrival(position, uid, mail, silent)))
        except ExceptionGroup as errors:
            raise _first(errors) from errors
        newest = max((positions.arrived(each.get("INTERNALDATE")) for each in facts.values()), default="")
        return position.taken(max(uids), marks, newest)

    def _arrival(self, position: Position, uid: int, mail: Fetched, silent: str) -> Arrival:
        place = f"{self._host.account}/{self._folder.cursor}" if self._folder.cursor else self._host.account
        return Arrival(
            key=f"imap:{place}:{position.uidvalidity}:{uid}",
            raw=mail.raw,
            silent=silent,
            by_us=self._folder.by_us,
            unread=mail.unread,
        )


def _unknown(data: dict[str, object], before: Position) -> bool:
    """Tell whether a mail, of which date and header are given, was never taken in and should be."""
    heads = (value for name, value in data.items() if name.startswith("BODY[") and isinstance(value, bytes))
    known = any(positions.mark(head) in before.marks for head in heads)
    return not known and not before.before_us(positions.arrived(data.get("INTERNALDATE")))


def _batches(uids: Iterable[int]) -> Iterator[list[int]]:
    ordered = list(uids)
    return (ordered[at : at + BATCH] for at in range(0, len(ordered), BATCH))


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error that decides what happens next: a full store, else the first there is."""
    flat = [error for error in errors.exceptions if not isinstance(error, BaseExceptionGroup)]
    return next((error for error in flat if isinstance(error, Unavailable)), flat[0] if flat else errors)
