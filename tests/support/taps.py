"""Notes with links in a world of twins: whoever reads them taps."""

import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from channels.errors import Unavailable
from channels.message import Message
from router import steps, tokens
from router.answer import Answer
from router.conversation import Conversation, NoteKind
from router.desk import users
from router.desk.app import mount
from router.journal import changed
from router.ports import Commit
from router.taps import link as tap
from router.taps.tapped import Choice, Taps
from router.voice.say import Saying, item
from tests.support.world import World
from tests.unit.desk.office import ROLES, Office

#: Where the notes' links lead: a proxy may serve the service below a path.
BASE = "https://help.example.com/support"
_LINK = re.compile(re.escape(BASE) + tap.PATH + "([a-z2-7]{48})")


def linked(world: World) -> Taps:
    """Let the world's notes carry links, and return what they do."""
    world.house = replace(world.house, links_url=BASE, secret=tokens.derive(b"s" * 32))

    async def deliver(message: Message) -> None:
        if world.broker.down:
            raise Unavailable(world.broker.down)
        await world.store.accept([(message, message.received_at)])
        await world.broker.publish([(f"inbound.{message.channel}", message.key)])

    return Taps(world.store, world.events, world.clock, lambda: world.house, deliver)


def token_in(text: str) -> str:
    """Return the token of the link in a note."""
    found = _LINK.search(text)
    assert found, f"no link in: {text}"
    return found.group(1)


async def noted(world: World, **fields: str) -> tuple[Conversation, str]:
    """Let a mail come in and its note go out; return the conversation and the token of the note's link."""
    (one,) = await world.take(world.mail_from(**fields))
    await world.send()
    one = await world.fresh(one)
    return one, token_in(one.outbox[0].text)


async def asked(world: World) -> tuple[Conversation, str]:
    """Let a mail be answered by Tom and be asked whether that solved it; return the link's token."""
    one, _ = await noted(world)
    await world.actions.take(one.id, agent="tom")
    await world.actions.reply(one.id, Answer(text="Please restart it."), agent="tom")
    await world.send()
    done = await world.fresh(one)
    reply = next(each for each in done.outbox if each.note is None)
    saying = Saying(kind=NoteKind.FOLLOWUP, person=world.book.people["tom"], trigger=reply.id)
    question = item(world.house, done, saying, world.clock.now())
    await world.store.commit(Commit(changes=[changed(done, steps.enqueue(done, question))]))
    await world.send()
    done = await world.fresh(one)
    return done, token_in(done.outbox[-1].text)


async def said(taps: Taps, token: str, kind: str, at: datetime | None = None) -> Conversation:
    """Tap; return the conversation as it is then."""
    seen = await taps.act(token, Choice(kind=kind, at=at))
    assert seen.conversation is not None
    return seen.conversation


@asynccontextmanager
async def serving(folder: Path, **parts: Any) -> AsyncIterator[tuple[Office, Taps]]:
    """Serve a desk whose notes carry links."""
    office = Office(folder)
    taps = linked(office.world)
    changes: dict[str, Any] = {"taps": taps, "public_url": BASE} | parts
    office.parts = dataclasses.replace(office.parts, **changes)
    for role, email in ROLES.items():
        name = next(one.name for one in office.world.book.people.values() if one.email == email)
        await users.add(office.parts.store, email=email, name=name, role=role)
    app = web.Application()
    mount(app, office.parts)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    office.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield office, taps
    finally:
        await runner.cleanup()
