"""One mail from bytes to a stored message, the same way for SMTP and IMAP."""

import asyncio

import msgspec
import structlog
from msgspec import Struct

from channels.email.account import Account
from channels.email.mime.light import light
from channels.email.mime.pool import Pool
from channels.email.parse import Tools, parse, unreadable
from channels.email.view import Parsed
from channels.errors import ChannelError
from channels.message import Attachment, Kind, Message
from channels.port import Host, Receipt

#: In place nothing runs whose time is not linear.
_PLAIN = Tools(strip=str, html_text=str)
#: Attachments of one mail written at a time.
_WRITES = 4

_log = structlog.get_logger(__name__)


class Arrival(Struct, frozen=True, kw_only=True):
    """How a mail came."""

    #: Unforgeable by the sender.
    key: str
    raw: bytes
    #: Why it gets no note whatever it says ("" = it may); for imports.
    silent: str = ""
    #: True for mail from the folder of sent mail: written by a person of ours.
    by_us: bool = False
    #: Why it is not to be read at all ("" = it is); for mail that is too large.
    unread: str = ""


class Intake:
    """Reads the mails of one account and hands them to the host."""

    def __init__(self, host: Host, account: Account, pool: Pool) -> None:
        """Take the account's host and settings, and the readers shared with other accounts."""
        self.host = host
        self.account = account
        self._pool = pool

    async def take(self, arrival: Arrival) -> Receipt | None:
        """Store one mail; acknowledge upstream only after this returned.

        Returns None for a copy of what we sent ourselves. Raises Unavailable when it could not be
        stored. A mail on which we fail is stored as unreadable, so that it holds up no other.
        """
        try:
            return await self._store(arrival, await self._read(arrival))
        except (ChannelError, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  # one mail must not stop all that come after it
            _log.error("mail could not be taken in as it is", error=type(error).__name__)
            reason = f"taking it in failed ({type(error).__name__})"
            return await self._store(arrival, unreadable(arrival.raw, reason))

    async def _read(self, arrival: Arrival) -> Parsed:
        if light(arrival.raw):
            parsed = parse(arrival.raw, self.account.view, _PLAIN)
        else:
            parsed = await self._pool.parse(arrival.raw, self.account.view)
        if arrival.unread:
            parsed = msgspec.structs.replace(
                parsed, kind=Kind.UNREADABLE, reason=arrival.unread, no_note="the mail could not be read"
            )
        return parsed

    async def _store(self, arrival: Arrival, parsed: Parsed) -> Receipt | None:
        if arrival.by_us and parsed.ours:
            return None
        raw = await self.host.blobs.put(arrival.raw)
        html = await self.host.blobs.put(parsed.html) if parsed.html else ""
        files = await self._keep(parsed)
        return await self.host.deliver(self._message(arrival, parsed, raw=raw, html=html, files=files))

    async def _keep(self, parsed: Parsed) -> tuple[Attachment, ...]:
        if not parsed.files:
            return ()
        gate = asyncio.Semaphore(_WRITES)

        async def put(data: bytes) -> str:
            async with gate:
                return await self.host.blobs.put(data)

        try:
            async with asyncio.TaskGroup() as group:
                blobs = [group.create_task(put(file.data)) for file in parsed.files]
        except ExceptionGroup as errors:  # the mail comes again, whole
            raise errors.exceptions[0] from errors
        return tuple(
            Attachment(
                name=file.name, content_type=file.content_type, size=len(file.data), blob=blob.result()
            )
            for file, blob in zip(parsed.files, blobs, strict=True)
        )

    def _message(
        self, arrival: Arrival, parsed: Parsed, *, raw: str, html: str, files: tuple[Attachment, ...]
    ) -> Message:
        kind = parsed.kind
        if arrival.by_us and kind is not Kind.UNREADABLE:
            kind = Kind.AGENT
        return Message(
            key=arrival.key,
            channel=self.host.channel,
            account=self.host.account,
            kind=kind,
            received_at=self.host.clock.now(),
            sent_at=parsed.sent_at,
            sender=parsed.sender,
            claims=parsed.claims,
            answer_to=None if arrival.by_us else parsed.answer_to,
            to=parsed.to,
            subject=parsed.subject,
            text=parsed.text,
            full_text=parsed.full_text,
            html=html,
            attachments=files,
            raw=raw,
            message_id=parsed.message_id,
            references=parsed.references,
            token=parsed.token,
            fingerprint=parsed.fingerprint,
            no_note=arrival.silent or parsed.no_note,
            doubtful=parsed.doubtful,
            about=parsed.about,
            reason=parsed.reason,
        )
