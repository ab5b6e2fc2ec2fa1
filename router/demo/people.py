"""Who signs in at the demo: tokens for the made-up team, links for whoever watches."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import Struct

from router.bootstrap import Parts, build
from router.config import load_settings
from router.desk import users
from router.errors import Conflict
from router.voice import consent, specimens
from router.voice.consent import Consent
from router.welcome import Door
from rules.model import Person

#: The agent of the rules as whom the viewer answers; everybody else is made up.
VIEWER = "robin"


class Member(Struct, frozen=True, kw_only=True):
    """Somebody of the team, with an API token."""

    id: str
    name: str
    #: Member id in Slack.
    slack: str
    token: str


async def team(settings: Path) -> list[Member]:
    """Make an account for everybody in the rules, the viewer an administrator, and a token for each."""
    async with _opened(settings) as parts:
        found = []
        for person in parts.keeper.book().people.values():
            role = "admin" if person.id == VIEWER else "lead"
            with suppress(Conflict):
                await users.add(parts.store, email=person.email, name=person.name, role=role)
            token = await users.token(Door(parts), person.email, name="demo")
            await _agree(parts, person)
            found.append(Member(id=person.id, name=person.name, slack=person.slack, token=token))
        return found


async def link(settings: Path) -> str:
    """Return a new link that signs the viewer in."""
    async with _opened(settings) as parts:
        return await users.first_link(Door(parts), VIEWER)


async def _agree(parts: Parts, person: Person) -> None:
    """Let somebody of the team, who is made up, agree to notes in their name on every channel."""
    house = parts.keeper()
    for channel in sorted({channel for channel, _ in house.accounts}):
        seen = specimens.version(specimens.of(house, person, channel))
        await consent.agree(parts.store, person.id, channel, Consent(at=parts.clock.now(), version=seen))


@asynccontextmanager
async def _opened(settings: Path) -> AsyncIterator[Parts]:
    """Open the store beside the running service, for one job."""
    parts = build(load_settings(settings, environ={}))
    await parts.store.open()
    try:
        yield parts
    finally:
        await parts.store.close()
