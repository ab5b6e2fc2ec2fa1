"""Who works here, who is present, and saying so."""

from datetime import datetime
from typing import Literal

from aiohttp import web
from msgspec import Struct

from router.assign import is_present
from router.conversation import Agent
from router.desk import sessions
from router.desk.accounts import Role
from router.desk.api.voice import missing
from router.desk.declare import Table
from router.desk.endpoint import Call
from router.desk.failures import Invalid
from router.errors import NotFound
from rules.model import Person

table = Table("People")


class AgentView(Struct, frozen=True, kw_only=True):
    """An agent at work."""

    id: str
    name: str
    queues: list[str]
    skills: list[str]
    languages: list[str]
    #: True when new work may come to them now.
    present: bool
    #: What they said themselves: here, away, or "" (shift and open desk tell); and until when.
    said: str
    said_until: datetime | None
    #: When a desk of theirs was last heard of.
    seen_at: datetime | None
    #: Conversations they own, and the most by channel ("default" for the others).
    load: int
    capacity: dict[str, int]


class Me(Struct, frozen=True, kw_only=True):
    """The account that asks."""

    id: str
    email: str
    name: str
    role: Role
    #: The agent that it answers as; None when the rules know no agent with this address.
    agent: AgentView | None
    #: Channels on which no note goes out in my name, as I have not agreed to it.
    unagreed: list[str]
    organisation: str
    banner: str
    #: The service's time, for countdowns.
    now: datetime


class Agents(Struct, frozen=True, kw_only=True):
    """Everybody in the rules."""

    agents: list[AgentView]


class Presence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent says of being here."""

    #: here, away, or "" to let shift and open desk tell.
    said: Literal["here", "away", ""]
    #: Until when it holds; null = until said otherwise.
    until: datetime | None = None


@table.get("/me", Role.AGENT)
async def me(call: Call) -> Me:
    """Return who is asking."""
    user = call.who.user
    return Me(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        agent=await _seen(call, call.who.agent) if call.who.agent else None,
        unagreed=missing(call.parts.house(), call.who.agent) if call.who.agent else [],
        organisation=call.parts.organisation,
        banner=call.parts.banner,
        now=call.parts.clock.now(),
    )


@table.delete("/session", Role.AGENT)
async def sign_out(call: Call) -> web.StreamResponse:
    """End the session that asks; an API token is not touched."""
    response = web.Response(status=204)
    if call.who.session:
        await sessions.end(call.parts, call.who.session)
        call.gate.forget(response)
    return response


@table.get("/agents", Role.AGENT)
async def everybody(call: Call) -> Agents:
    """Return everybody in the rules, by name."""
    known = await call.parts.store.agents()
    people = sorted(call.parts.book().people.values(), key=lambda person: person.name)
    return Agents(agents=[_view(call, person, known.get(person.id)) for person in people])


@table.put("/presence", Role.AGENT)
async def presence(call: Call, body: Presence) -> AgentView:
    """Say that I am here or away."""
    return await _say(call, call.agent, body)


@table.put("/agents/{id}/presence", Role.LEAD)
async def presence_of(call: Call, id: str, body: Presence) -> AgentView:
    """Say that somebody else is here or away."""
    if id not in call.parts.book().people:
        raise NotFound(f"The rules have no agent {id!r}.")
    return await _say(call, id, body)


@table.post("/heartbeat", Role.AGENT)
async def heartbeat(call: Call) -> None:
    """Tell that my desk is open; send it every 30 seconds."""
    await call.parts.actions.heartbeat(call.agent)


async def _say(call: Call, agent: str, body: Presence) -> AgentView:
    if body.until is not None and (body.until.tzinfo is None or body.until <= call.parts.clock.now()):
        raise Invalid("`until` must lie ahead and carry a zone, as in 2026-11-23T18:00:00Z.")
    await call.parts.actions.presence(agent, said=body.said, until=body.until if body.said else None)
    return await _seen(call, agent)


async def _seen(call: Call, agent: str) -> AgentView:
    known, person = await call.parts.store.agents(), call.parts.book().person(agent)
    if person is None:
        raise NotFound(f"The rules have no agent {agent!r} any more.")
    return _view(call, person, known.get(agent))


def _view(call: Call, person: Person, known: Agent | None) -> AgentView:
    agent = known or Agent(id=person.id)
    now = call.parts.clock.now()
    calendar = call.parts.book().calendar_of(person)
    running = agent.said if agent.said_until is None or now < agent.said_until else ""
    return AgentView(
        id=person.id,
        name=person.name,
        queues=list(person.queues),
        skills=sorted(person.skills),
        languages=list(person.languages),
        present=is_present(agent, calendar, now),
        said=running,
        said_until=agent.said_until if running else None,
        seen_at=agent.seen_at,
        load=len(agent.claims),
        capacity=dict(person.capacity),
    )
