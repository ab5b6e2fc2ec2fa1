"""The mail provider as one stand-in: our mailbox, and customers who write to it and read what comes back."""

import asyncio
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from sandbox.crew import Crew
from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.mail import letter
from sandbox.mail.box import Box
from sandbox.mail.imap import Server
from sandbox.mail.letter import Letter, Shown
from sandbox.mail.submission import Submission

ADDRESS, PASSWORD = "help@example.com", "app-password-of-the-sandbox"  # made up
AUTHSERV = "mx.sandbox.example"
DOMAIN = "customers.example"
#: Seconds that a new account gets to open its folders.
FOLLOWED_S = 10.0
_SUBJECT_WORDS = 8


class MailStand:
    """A mailbox behind IMAP and SMTP, and any number of customers."""

    #: Mail has no window, and a server that took a mail and then says it did not is a liar no sender can find out.
    #: TWICE can be set too: the same mail twice is two arrivals, merged where everybody sees it.
    knows = frozenset(Fault) - {Fault.WINDOW, Fault.FAILED_AFTER, Fault.TWICE}

    def __init__(self) -> None:
        """Begin with an empty mailbox."""
        self.ledger = Ledger()
        self.faults = Faults()
        #: What goes wrong when the mailbox is read.
        self.reading = Faults()
        self.box = Box(ADDRESS, PASSWORD)
        self.imap = Server(self.box, self.reading)
        self.smtp = Submission(self.box, self.faults, self._deliver)
        self._crew = Crew()
        self._held: bytes | None = None
        self._names: dict[str, str] = {}
        #: The last mail of ours that each customer has read, and the last one that each wrote.
        self._got: dict[str, Shown] = {}
        self._wrote: dict[str, Shown] = {}

    async def start(self) -> None:
        """Listen on free ports of the loopback."""
        await self._crew.start()
        await self.imap.start()
        await self.smtp.start()

    async def stop(self) -> None:
        """Close everything; what was under way is dropped."""
        await self._crew.stop()
        await self.smtp.stop()
        await self.imap.stop()

    def settings(self) -> dict[str, object]:
        """Return the settings with which an account of the channel uses this provider."""
        return {
            "address": ADDRESS,
            "receive": f"imap://127.0.0.1:{self.imap.port}/INBOX",
            "send": f"smtp://127.0.0.1:{self.smtp.port}",
            "password": PASSWORD,
            "sent_folder": "Sent",
            "trusted_authserv": AUTHSERV,
            "poll_every": 2.0,
            "sends_per_minute": 6000,
        }

    async def connect(self, hook: str) -> None:
        """Wait until the mailbox is followed: what came before that is none of an account's business."""
        del hook  # mail is fetched
        with suppress(TimeoutError):
            async with asyncio.timeout(FOLLOWED_S):
                await self.box.inbox.opened.wait()
                await self.box.sent.opened.wait()

    async def write(self, customer: str, text: str, *, thread: str = "", public: bool = True) -> str:
        """Let a customer write; with `thread`, a Message-ID returned earlier, in answer to that or to what we answered.

        Returns the Message-ID.
        """
        del public  # no mail is
        before = self._before(customer, thread)
        subject = " ".join(text.split()[:_SUBJECT_WORDS])
        mail = Letter(
            id=f"{secrets.token_hex(8)}@{DOMAIN}",
            author=customer,
            sender=self.address(customer),
            to=before.answer_to if before else ADDRESS,
            subject=f"Re: {before.subject.removeprefix('Re: ')}" if before else subject,
            text=text,
            at=datetime.now(UTC),
            references=(*before.references, before.id) if before else (),
            results=f"{AUTHSERV}; dmarc=pass header.from={DOMAIN}",
        )
        raw = letter.write(mail)
        self._wrote[customer] = letter.read(raw)
        self.ledger.wrote(id=mail.id, customer=customer, text=text, thread=thread or mail.id)
        self._arrive(raw)
        return mail.id

    async def answer(self, customer: str, text: str) -> str:
        """Let one of our people answer the customer's last mail with a mail program of their own."""
        last = self._wrote.get(customer)
        if last is None:
            raise ValueError(f"{customer} has not written a mail")
        mail = Letter(
            id=f"{secrets.token_hex(8)}@example.com",
            author="Maria Jensen",
            sender=ADDRESS,
            to=self.address(customer),
            subject=f"Re: {last.subject.removeprefix('Re: ')}",
            text=text,
            at=datetime.now(UTC),
            references=(*last.references, last.id),
        )
        raw = letter.write(mail)
        self._deliver([mail.to], raw)
        self.box.sent.append(raw, seen=True)
        return mail.id

    def address(self, customer: str) -> str:
        """Return the customer's address, made of the name."""
        local = re.sub(r"[^a-z0-9]+", ".", customer.lower()).strip(".") or "somebody"
        address = f"{local}@{DOMAIN}"
        number = 2
        while self._names.setdefault(address, customer) != customer:
            address, number = f"{local}.{number}@{DOMAIN}", number + 1
        return address

    def _before(self, customer: str, thread: str) -> Shown | None:
        """Return the mail that the customer answers: our last one in the thread, or else their own."""
        if not thread:
            return None
        got, wrote = self._got.get(customer), self._wrote.get(customer)
        if got is not None and thread in (*got.references, got.id):
            return got
        subject = wrote.subject if wrote is not None else ""
        return Shown(id=thread, subject=subject, text="", answer_to=ADDRESS, references=())

    def _arrive(self, raw: bytes) -> None:
        """Bring a mail into the mailbox, unless a fault says otherwise."""
        if self._held is None and self.faults.strikes(Fault.REORDERED):
            self._held = raw
            self._crew.spawn(self._release())
            return
        copies = 2 if self.faults.strikes(Fault.TWICE) else 1
        held, self._held = self._held, None
        mails = [*[raw] * copies, *([held] if held else [])]
        if self.faults.strikes(Fault.LATE):
            self._crew.spawn(self._later(mails))
        else:
            self._put(mails)

    async def _later(self, mails: Sequence[bytes]) -> None:
        await asyncio.sleep(self.faults.late_s)
        self._put(mails)

    async def _release(self) -> None:
        """Let go of a mail that no other came to overtake."""
        await asyncio.sleep(self.faults.late_s)
        held, self._held = self._held, None
        if held is not None:
            self._put([held])

    def _put(self, mails: Sequence[bytes]) -> None:
        for raw in mails:
            self.box.inbox.append(raw, announce=not self.faults.strikes(Fault.LOST))

    def _deliver(self, recipients: Sequence[str], raw: bytes) -> None:
        """Let each recipient have their copy."""
        shown = letter.read(raw)
        for recipient in recipients:
            customer = self._names.get(recipient.lower(), recipient)
            self._got[customer] = shown
            self.ledger.heard(id=shown.id, customer=customer, text=shown.text, thread=_root(shown))


def _root(shown: Shown) -> str:
    return shown.references[0] if shown.references else shown.id
