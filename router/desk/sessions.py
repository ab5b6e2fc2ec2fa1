"""How somebody proves who they are after signing in: server-side sessions and API tokens.

Only hashes are stored, so a copy of the store signs nobody in.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from router.desk import accounts
from router.desk.accounts import User
from router.desk.parts import Door
from router.errors import NotFound
from router.ports import Record

SESSION_S = 14 * 86400.0
#: API tokens start like this, so that secret scanners and people know them.
PREFIX = "hb_"
#: Most tokens looked through when an account's are listed.
MOST = 1000


class Proof(Struct, frozen=True, kw_only=True):
    """A session or an API token, as the store keeps it under its hash."""

    user: str
    generation: str
    at: datetime
    #: What the token is for; "" for sessions.
    name: str = ""


class Token(Struct, frozen=True, kw_only=True):
    """An API token as it may be shown again."""

    id: str
    name: str
    at: datetime


async def begin(door: Door, user: User) -> str:
    """Start a session and return its secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    now = door.clock.now()
    proof = Proof(user=user.id, generation=user.generation, at=now)
    await _keep(door, "session", secret, proof, now + timedelta(seconds=SESSION_S))
    return secret


async def end(door: Door, secret: str) -> None:
    """End a session."""
    await door.store.drop_record("session", _hash(secret))


async def session_user(door: Door, secret: str) -> User | None:
    """Return whose running session this is."""
    return await _whose(door, "session", secret)


async def token(door: Door, email: str, *, name: str = "") -> str:
    """Make an API token for the account and return it; it cannot be shown again. Raises NotFound."""
    user = await accounts.find(door.store, email)
    secret = PREFIX + secrets.token_urlsafe(32)
    proof = Proof(user=user.id, generation=user.generation, at=door.clock.now(), name=name.strip() or "token")
    await _keep(door, "token", secret, proof, None)
    return secret


async def token_user(door: Door, secret: str) -> User | None:
    """Return whose API token this is."""
    return await _whose(door, "token", secret) if secret.startswith(PREFIX) else None


async def tokens(door: Door, user: User) -> list[Token]:
    """Return the account's working API tokens, oldest first."""
    found = []
    for record in await door.store.records("token", MOST):
        proof = msgspec.convert(record.value, Proof)
        if (proof.user, proof.generation) == (user.id, user.generation):
            found.append(Token(id=record.id, name=proof.name, at=proof.at))
    return sorted(found, key=lambda token: token.at)


async def drop_token(door: Door, user: User, id: str) -> None:
    """Delete an API token of the account. Raises NotFound."""
    record = await door.store.record("token", id)
    if record is None or record.value.get("user") != user.id:
        raise NotFound("The account has no such token.")
    await door.store.drop_record("token", id)


async def _keep(door: Door, kind: str, secret: str, proof: Proof, until: datetime | None) -> None:
    value = msgspec.to_builtins(proof)
    record = Record(kind=kind, id=_hash(secret), value=value, version=1, expires_at=until)
    await door.store.put_record(record)


async def _whose(door: Door, kind: str, secret: str) -> User | None:
    if not 20 <= len(secret) <= 100:
        return None
    record = await door.store.record(kind, _hash(secret))
    if record is None or (record.expires_at is not None and record.expires_at <= door.clock.now()):
        return None
    proof = msgspec.convert(record.value, Proof)
    user = await accounts.get(door.store, proof.user)
    return user if user is not None and user.generation == proof.generation else None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
