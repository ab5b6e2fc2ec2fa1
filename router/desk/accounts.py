"""Who may sign in: accounts, kept as records."""

import hashlib
import secrets
from enum import StrEnum

import msgspec
from msgspec import Struct

from router.desk.failures import Invalid
from router.errors import Conflict, NotFound
from router.ports import Record, Store
from rules.evaluate import Rulebook

#: Most accounts listed.
MOST = 1000


class Role(StrEnum):
    """What somebody may do; each may also do what those before may."""

    AGENT = "agent"  # answers customers
    LEAD = "lead"  # also sees the rules and sets others here or away
    OPS = "ops"  # also sees the health of the service
    ADMIN = "admin"  # also manages accounts


#: From the least to the most.
RANKS = tuple(Role)


class User(Struct, frozen=True, kw_only=True):
    """An account to sign in with."""

    id: str
    email: str
    name: str
    role: Role
    #: Sessions and tokens carry it; a new one ends them all at once.
    generation: str

    def may(self, role: Role) -> bool:
        """Tell whether the account has at least this role."""
        return RANKS.index(self.role) >= RANKS.index(role)


def user_id(email: str) -> str:
    """Return the id of the account with this address, so that an address has one account."""
    return "u_" + hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:20]


def agent_of(book: Rulebook, email: str) -> str:
    """Return the id of the agent whom the rules give this address; "" when there is none."""
    wanted = email.strip().casefold()
    found = (person.id for person in book.people.values() if person.email.strip().casefold() == wanted)
    return next(found, "") if wanted else ""


async def add(store: Store, *, email: str, name: str = "", role: str = "agent") -> User:
    """Create the account. Raises Conflict when the address has one, Invalid for a bad address or role."""
    email = _address(email)
    user = User(
        id=user_id(email),
        email=email,
        name=name.strip() or email.split("@")[0],
        role=role_named(role),
        generation=secrets.token_hex(8),
    )
    if not await store.put_record(_record(user, 1)):
        raise Conflict(f"{email} already has an account; `handleby users link {email}` signs it in.")
    return user


async def get(store: Store, id: str) -> User | None:
    """Return the account with this id."""
    record = await store.record("user", id)
    return None if record is None else msgspec.convert(record.value, User)


async def find(store: Store, email: str) -> User:
    """Return the account with this address. Raises NotFound."""
    user = await get(store, user_id(email))
    if user is None:
        raise NotFound(f"No account has the address {email}. Add one: handleby users add {email}")
    return user


async def everyone(store: Store) -> list[User]:
    """Return all accounts, by address."""
    users = [msgspec.convert(record.value, User) for record in await store.records("user", MOST)]
    return sorted(users, key=lambda user: user.email)


async def change(
    store: Store, id: str, *, name: str | None = None, role: str | None = None, revoke: bool = False
) -> User:
    """Change an account; `revoke` ends its sessions and tokens. Raises NotFound, Conflict."""
    record = await store.record("user", id)
    if record is None:
        raise NotFound("There is no such account.")
    user = msgspec.convert(record.value, User)
    user = msgspec.structs.replace(
        user,
        name=user.name if name is None else name.strip() or user.name,
        role=user.role if role is None else role_named(role),
        generation=secrets.token_hex(8) if revoke else user.generation,
    )
    if not await store.put_record(_record(user, record.version + 1)):
        raise Conflict("Somebody else changed this account just now. Look again.")
    return user


async def remove(store: Store, id: str) -> None:
    """Delete an account; its sessions and tokens end with it. Raises NotFound."""
    if await get(store, id) is None:
        raise NotFound("There is no such account.")
    await store.drop_record("user", id)


def _address(email: str) -> str:
    email = email.strip()
    name, at, domain = email.rpartition("@")
    if not (at and name and domain) or len(email) > 254 or any(c.isspace() or c in "<>\"'" for c in email):
        raise Invalid(f"{email!r} is no email address. Write it as name@example.com")
    return email


def role_named(role: str) -> Role:
    """Return the role with this name. Raises Invalid, naming those there are."""
    try:
        return Role(role)
    except ValueError:
        raise Invalid(f"There is no role {role!r}. Use one of: {', '.join(RANKS)}") from None


def _record(user: User, version: int) -> Record:
    return Record(kind="user", id=user.id, value=msgspec.to_builtins(user), version=version)
