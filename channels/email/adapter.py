"""The email channel: one mailbox, received by SMTP or IMAP, sent by SMTP."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from channels.email import account as accounts
from channels.email import tryout
from channels.email.compose import compose
from channels.email.follow import Folder, Follower
from channels.email.imap import Imap
from channels.email.intake import Intake
from channels.email.mime.pool import Pool
from channels.email.oauth import Tokens
from channels.email.smtp_in import Listeners
from channels.email.smtp_out import Submission
from channels.email.trouble import ServerTrouble, SignInRefused
from channels.email.view import File, message_id
from channels.errors import NotSent
from channels.message import Outgoing, Sent
from channels.port import Channel, Host, Route
from channels.tryout import Finding

#: Seconds for reading the attachments of what is sent.
FILES_S = 4.0


class Shared:
    """What all mailboxes of a process share: the ports listened on and the readers of mail."""

    def __init__(self) -> None:
        self.listeners = Listeners()
        self.pool = Pool()


class Mail:
    """One mailbox."""

    def __init__(self, host: Host, shared: Shared) -> None:
        """Take the host. Raises Misconfigured, naming the setting."""
        self._host = host
        self._shared = shared
        self._account = accounts.read(host.settings)
        self._trust = accounts.trust(self._account)
        oauth = self._account.oauth
        self._tokens = Tokens(oauth, self._trust) if oauth else None
        send = self._account.send
        self._submission = Submission(host, self._account, send, self._tokens) if send else None

    def routes(self) -> Sequence[Route]:
        """Return none: mail does not come over the web."""
        return ()

    async def receive(self) -> None:
        """Listen or follow the mailbox until cancelled."""
        where = self._account.receive
        if where is None:
            return
        async with self._shared.pool as pool:
            intake = Intake(self._host, self._account, pool)
            if self._account.listens:
                async with self._shared.listeners.joined(where, intake):
                    await asyncio.Event().wait()
            else:
                await self._follow(intake, where)

    async def send(self, outgoing: Outgoing) -> Sent:
        """Send one mail; with `send = "outbox"` it is sent once it is stored. Raises as the port says."""
        name = message_id(outgoing.id, self._account.address)
        if self._submission is None:
            return Sent(message_id=name)
        letter = compose(outgoing, self._account, await self._files(outgoing))
        await self._submission.send(letter)
        return Sent(message_id=name)

    async def reconcile(self, outgoing: Outgoing) -> Sent | None:
        """Look for the mail in the folder of sent mail; that it is not there proves nothing."""
        name = message_id(outgoing.id, self._account.address)
        where = self._account.receive
        if self._submission is None:
            return Sent(message_id=name)
        if where is None or not self._account.sent_folder:
            return None
        try:
            async with Imap(where, self._trust) as imap:
                await self._sign_in(imap, where.user)
                await imap.select(self._account.sent_folder, readonly=True)
                found = await imap.search("HEADER", "Message-ID", f'"{name}"')
        except (ServerTrouble, SignInRefused):
            return None
        return Sent(message_id=name) if found else None

    def close(self) -> None:
        """Hang up connections kept for sending; sending again opens new ones."""
        if self._submission is not None:
            self._submission.close()

    async def _follow(self, intake: Intake, where: accounts.Server) -> None:
        folders = [Folder(server=where, name=where.folder)]
        if self._account.sent_folder:
            folders.append(Folder(server=where, name=self._account.sent_folder, cursor="sent", by_us=True))
        try:
            async with asyncio.TaskGroup() as group:
                for folder in folders:
                    group.create_task(Follower(intake, folder, self._trust, self._tokens).run())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def _sign_in(self, imap: Imap, user: str) -> None:
        if self._tokens is not None:
            await imap.authenticate(user, await self._tokens.token())
        else:
            await imap.login(user, self._account.password)

    async def _files(self, outgoing: Outgoing) -> list[File]:
        """Read the attachments. Raises NotSent: nothing was sent yet."""
        try:
            async with asyncio.timeout(FILES_S):
                return [
                    File(
                        name=one.name,
                        content_type=one.content_type,
                        data=await self._host.blobs.get(one.blob),
                    )
                    for one in outgoing.attachments
                ]
        except KeyError as error:
            raise NotSent("an attachment is not in the blob store") from error
        except Exception as error:
            raise NotSent(f"an attachment cannot be read ({type(error).__name__})") from error


class EmailAdapter:
    """Opens mailboxes that share ports and readers."""

    def __init__(self) -> None:
        """Start with nothing open."""
        self._shared: Shared | None = None

    def open(self, host: Host) -> Channel:
        """Build one mailbox. Raises Misconfigured, naming the setting."""
        if self._shared is None:
            self._shared = Shared()
        return Mail(host, self._shared)

    def pages(self, channels: Mapping[str, Channel]) -> Sequence[Route]:  # noqa: ARG002  # the port's name
        """Return none."""
        return ()

    def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Yield what the account's servers and the DNS say, without sending anything."""
        return tryout.try_out(host)


adapter = EmailAdapter()
