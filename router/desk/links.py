"""One-time sign-in links: signed, short-lived, and used up in the store."""

import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Struct

from router.desk import accounts
from router.desk.accounts import User
from router.desk.failures import Invalid
from router.desk.parts import Door
from router.errors import Conflict, NotFound
from router.ports import Record

#: Seconds for which a sign-in link works, and the one printed at the first start.
LINK_S = 900.0
FIRST_LINK_S = 3600.0

_AGAIN = "Ask your administrator for a new one, or run: handleby users link EMAIL"
_USED_UP = f"This link was used already; each works once. {_AGAIN}"
_EXPIRED = f"This link is too old. {_AGAIN}"
_BROKEN = f"This link is not complete or not ours. Copy the whole address. {_AGAIN}"


class Ticket(Struct, frozen=True, kw_only=True):
    """What a sign-in link carries, signed."""

    user: str
    #: Makes the link usable once.
    nonce: str
    until: datetime
    #: The account's generation when the link was made, so that revoking ends links too.
    generation: str


async def link(door: Door, email: str, *, seconds: float = LINK_S) -> str:
    """Return a link that signs this account in, once and soon. Raises NotFound."""
    user = await accounts.find(door.store, email)
    ticket = Ticket(
        user=user.id,
        nonce=secrets.token_urlsafe(12),
        until=door.clock.now() + timedelta(seconds=seconds),
        generation=user.generation,
    )
    token = str(_signer(door.secret).dumps(msgspec.to_builtins(ticket)))
    return f"{door.public_url.rstrip('/')}/signin/link?token={quote(token, safe='')}"


async def first_link(door: Door, agent: str) -> str:
    """Return a link to answer as this agent of the rules, making the account if need be.

    The very first account becomes admin. Raises NotFound when the rules have no such agent.
    """
    person = door.book().people.get(agent)
    if person is None or not person.email:
        raise NotFound(f"The rules have no agent {agent!r} with an email address.")
    if await accounts.get(door.store, accounts.user_id(person.email)) is None:
        role = "agent" if await door.store.records("user", 1) else "admin"
        with suppress(Conflict):  # another process made it first, which is as good
            await accounts.add(door.store, email=person.email, name=person.name, role=role)
    return await link(door, person.email, seconds=FIRST_LINK_S)


async def ticket_user(door: Door, token: str) -> User:
    """Return whom a link's token would sign in, without using it up. Raises Invalid."""
    return (await _ticket(door, token))[1]


async def redeem(door: Door, token: str) -> User:
    """Use a link's token up and return its account. Raises Invalid, also the second time."""
    ticket, user = await _ticket(door, token)
    used = Record(
        kind="link",
        id=ticket.nonce,
        value={"user": user.id},
        version=1,
        expires_at=ticket.until + timedelta(seconds=LINK_S),
    )
    if not await door.store.put_record(used):
        raise Invalid(_USED_UP)
    return user


async def _ticket(door: Door, token: str) -> tuple[Ticket, User]:
    try:
        ticket = msgspec.convert(_signer(door.secret).loads(token), Ticket)
    except (BadSignature, msgspec.ValidationError):
        raise Invalid(_BROKEN) from None
    if ticket.until <= door.clock.now():
        raise Invalid(_EXPIRED)
    user = await accounts.get(door.store, ticket.user)
    if user is None or user.generation != ticket.generation:
        raise Invalid(_EXPIRED)
    if await door.store.record("link", ticket.nonce) is not None:
        raise Invalid(_USED_UP)
    return ticket, user


def _signer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="handleby.sign-in-link")
