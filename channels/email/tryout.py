"""What `handleby channels test` tries on a mailbox: both servers, the folders, and what the DNS says about our mail."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer

from channels.email import account as accounts
from channels.email import policy
from channels.email.imap import Imap
from channels.email.mime import address
from channels.email.oauth import Tokens
from channels.email.smtp_out import Submission
from channels.email.trouble import Said, ServerTrouble, SignInRefused
from channels.errors import ChannelError
from channels.port import Host
from channels.tryout import Finding

#: Most seconds for one question to the DNS, all servers and tries together.
DNS_S = 8.0
#: Most seconds for the listener's greeting.
GREETING_S = 10.0
PASSWORD = "Check user name and password; many providers want an app password or the oauth_… settings."  # noqa: S105


async def try_out(host: Host, resolver: Resolver | None = None) -> AsyncIterator[Finding]:
    """Yield what is found; `resolver` stands in for the machine's own."""
    account = accounts.read(host.settings)
    trust = accounts.trust(account)
    tokens = Tokens(account.oauth, trust) if account.oauth else None
    if account.receive is None:
        yield Finding(ok=True, what="This account only sends.")
    elif account.listens:
        yield await _listening(account.receive)
    else:
        async for found in _fetching(account, tokens):
            yield found
    if account.send is None:
        yield Finding(ok=True, what="Nothing is sent: what would go out is kept at /outbox.")
        return
    yield await _submitting(host, account, tokens)
    if not accounts.loopback(account.send.host):
        domain = address.domain_of(address.normal(account.address))
        for found in await published(resolver, domain, account.send.host):
            yield found


async def _listening(where: accounts.Server) -> Finding:
    """See that our own listener greets; `0.0.0.0` is asked on this machine."""
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(where.host, where.host)  # noqa: S104  # asked, not bound
    try:
        async with asyncio.timeout(GREETING_S):
            reader, writer = await asyncio.open_connection(own, where.port)
            try:
                greeting = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        mend = "Start the service (`handleby run`), or correct `receive`."
        return Finding(ok=False, what=f"Nothing listens on {where} ({type(error).__name__}).", mend=mend)
    if not greeting.startswith(b"220"):
        mend = "Another program is there: choose another port in `receive`."
        return Finding(ok=False, what=f"What listens on {where} does not take mail now.", mend=mend)
    return Finding(ok=True, what=f"Mail is taken on {where}.")


async def _fetching(account: accounts.Account, tokens: Tokens | None) -> AsyncIterator[Finding]:
    """Sign in and open the folders, without changing anything in them."""
    where = account.receive
    if where is None:
        return
    try:
        async with Imap(where, accounts.trust(account)) as imap:
            if tokens is not None:
                await imap.authenticate(where.user, await tokens.token())
            else:
                await imap.login(where.user, account.password)
            yield Finding(ok=True, what=f"Signed in at {where} to fetch mail.")
            for key, folder in (("folder", where.folder), ("sent_folder", account.sent_folder)):
                if folder:
                    yield await _folder(imap, key, folder)
    except SignInRefused as error:
        yield Finding(ok=False, what=f"{where} refuses the sign-in: {error}", mend=PASSWORD)
        return
    except ServerTrouble as error:
        yield Finding(ok=False, what=f"{where} cannot be used: {error}", mend="Check `receive` and `tls_ca`.")
        return
    if not account.sent_folder:
        mend = "Set `sent_folder`: answers from your people's mail programs then count, and doubts can be looked up."
        yield Finding(ok=True, what="The folder of sent mail is not read.", mend=mend)


async def _folder(imap: Imap, key: str, folder: str) -> Finding:
    try:
        await imap.select(folder, readonly=True)
    except Said as error:
        return Finding(ok=False, what=f"There is no folder {folder!r}: {error}", mend=f"Correct `{key}`.")
    return Finding(ok=True, what=f"The folder {folder!r} can be read.")


async def _submitting(host: Host, account: accounts.Account, tokens: Tokens | None) -> Finding:
    if account.send is None:
        return Finding(ok=True, what="Nothing is sent.")
    try:
        await Submission(host, account, account.send, tokens).knock()
    except SignInRefused as error:
        return Finding(ok=False, what=str(error), mend=PASSWORD)
    except ChannelError as error:
        return Finding(ok=False, what=str(error), mend="Check `send`, `tls_ca` and the firewall.")
    return Finding(ok=True, what=f"Signed in at {account.send} to send mail; none was sent.")


async def published(resolver: Resolver | None, domain: str, sender: str) -> Sequence[Finding]:
    """Ask the DNS what receivers will ask it about our mail."""
    asked = resolver or Resolver()
    try:
        keys = [f"{name}._domainkey.{domain}" for name in policy.SELECTORS]
        own, *found = await asyncio.gather(_texts(asked, domain), *(_texts(asked, name) for name in keys))
        marks: list[str] = []
        for name in policy.above(domain):
            marks = marks or await _texts(asked, f"_dmarc.{name}")
    except (DNSException, OSError) as error:
        mend = "See that this machine can ask the DNS (/etc/resolv.conf), then try again."
        return [Finding(ok=False, what=f"The DNS of {domain} cannot be asked: {error}"[:300], mend=mend)]
    return [
        policy.spf(domain, own, sender),
        policy.dkim(domain, dict(zip(policy.SELECTORS, found, strict=True))),
        policy.dmarc(domain, marks),
    ]


async def _texts(resolver: Resolver, name: str) -> list[str]:
    """Return the TXT records of a name; none when there is no such name. Raises DNSException."""
    try:
        answer = await resolver.resolve(name, "TXT", lifetime=DNS_S)
    except (NXDOMAIN, NoAnswer):
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
