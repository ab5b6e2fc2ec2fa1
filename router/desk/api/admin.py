"""Accounts: who may sign in, with which role, links and tokens."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from router.desk import accounts, links, sessions
from router.desk.accounts import Role, User, agent_of
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.errors import Conflict, NotFound

table = Table("Accounts")


class NewUser(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to make."""

    email: Annotated[str, Meta(max_length=254)]
    name: Annotated[str, Meta(max_length=100)] = ""
    role: Role = Role.AGENT


class ChangedUser(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; null stays."""

    name: Annotated[str, Meta(max_length=100)] | None = None
    role: Role | None = None
    #: True = end all sessions, links and tokens now.
    revoke: bool = False


class NewToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the token is for."""

    name: Annotated[str, Meta(max_length=100)] = ""


class UserView(Struct, frozen=True, kw_only=True):
    """An account."""

    id: str
    email: str
    name: str
    role: Role
    #: The agent that it answers as; "" for none.
    agent: str


class Users(Struct, frozen=True, kw_only=True):
    """All accounts."""

    users: list[UserView]


class Link(Struct, frozen=True, kw_only=True):
    """A link that signs in once."""

    url: str
    #: Seconds for which it works.
    seconds: float


class Secret(Struct, frozen=True, kw_only=True):
    """An API token; it cannot be shown again."""

    token: str


class TokenView(Struct, frozen=True, kw_only=True):
    """An API token, without its secret."""

    id: str
    name: str
    at: datetime


class Tokens(Struct, frozen=True, kw_only=True):
    """The tokens of an account."""

    tokens: list[TokenView]


@table.get("/users", Role.ADMIN)
async def everyone(call: Call) -> Users:
    """Return all accounts, by address."""
    return Users(users=[_view(call, user) for user in await accounts.everyone(call.parts.store)])


@table.post("/users", Role.ADMIN, creates=True)
async def add(call: Call, body: NewUser) -> UserView:
    """Make an account."""
    user = await accounts.add(call.parts.store, email=body.email, name=body.name, role=body.role)
    return _view(call, user)


@table.patch("/users/{id}", Role.ADMIN)
async def change(call: Call, id: str, body: ChangedUser) -> UserView:
    """Change an account, or end its sessions and tokens."""
    if id == call.who.user.id and body.role not in {None, Role.ADMIN}:
        raise Conflict("You cannot take your own admin role away; another admin can.")
    user = await accounts.change(call.parts.store, id, name=body.name, role=body.role, revoke=body.revoke)
    return _view(call, user)


@table.delete("/users/{id}", Role.ADMIN)
async def remove(call: Call, id: str) -> None:
    """Delete an account; it is signed out everywhere."""
    if id == call.who.user.id:
        raise Conflict("You cannot delete your own account; another admin can.")
    await accounts.remove(call.parts.store, id)


@table.post("/users/{id}/link", Role.ADMIN, creates=True)
async def link(call: Call, id: str) -> Link:
    """Make a link that signs this account in, once and soon."""
    user = await _user(call, id)
    return Link(url=await links.link(call.parts, user.email), seconds=links.LINK_S)


@table.get("/users/{id}/tokens", Role.ADMIN)
async def tokens(call: Call, id: str) -> Tokens:
    """Return the working API tokens of an account."""
    found = await sessions.tokens(call.parts, await _user(call, id))
    return Tokens(tokens=[TokenView(id=one.id, name=one.name, at=one.at) for one in found])


@table.post("/users/{id}/tokens", Role.ADMIN, creates=True)
async def token(call: Call, id: str, body: NewToken) -> Secret:
    """Make an API token; this answer is the only place that shows it."""
    user = await _user(call, id)
    return Secret(token=await sessions.token(call.parts, user.email, name=body.name))


@table.delete("/users/{id}/tokens/{token_id}", Role.ADMIN)
async def drop_token(call: Call, id: str, token_id: str) -> None:
    """Delete an API token."""
    await sessions.drop_token(call.parts, await _user(call, id), token_id)


async def _user(call: Call, id: str) -> User:
    user = await accounts.get(call.parts.store, id)
    if user is None:
        raise NotFound("There is no such account.")
    return user


def _view(call: Call, user: User) -> UserView:
    agent = agent_of(call.parts.book(), user.email)
    return UserView(id=user.id, email=user.email, name=user.name, role=user.role, agent=agent)
