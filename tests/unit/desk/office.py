"""A desk in front of the world of twins, served on a real port, with accounts of every role."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientTimeout, CookieJar, web

from router.conversation import Conversation
from router.desk import users
from router.desk.app import mount
from router.desk.parts import Parts
from router.testing import MemoryBlobs
from tests.support.world import RULES, World

#: The rules give each of these an agent, so that roles alone make the difference.
AGENTS = """
agents:
  lea: {name: Lea Lead, email: lea@example.com, queues: [general]}
  otto: {name: Otto Ops, email: otto@example.com, queues: [general]}
  ada: {name: Ada Admin, email: ada@example.com, queues: [general]}
"""
ROLES = {
    "agent": "maria@example.com",
    "lead": "lea@example.com",
    "ops": "otto@example.com",
    "admin": "ada@example.com",
}
HEALTH = {
    "status": "warning",
    "causes": [{"text": "Mailbox support does not answer", "since": "2026-11-23T10:40:00Z", "audience": "ops",
                "impact": "New mail waits at the provider.", "safe_until": None, "next": "Check the password."}],
    "queues": [{"name": "general", "channel": "email", "depth": 3, "in_flight": 1, "oldest_age_s": 1200.0,
                "arrivals_per_min": 0.5, "handled_per_min": 0.4, "drain_s": 600.0, "at_risk": 1, "overdue": 0,
                "next_due_at": "2026-11-23T12:00:00Z", "parked": 0}],
    "promises": {"made": 10, "kept": 9, "renewed": 1, "broken": 1, "kept_rate": 0.9, "by_channel": [
        {"name": "email", "made": 10, "kept": 9, "renewed": 1, "broken": 1, "withdrawn": 0, "kept_rate": 0.9}],
        "by_queue": [{"name": "general", "made": 10, "kept": 9, "renewed": 1, "broken": 1, "withdrawn": 0,
                      "kept_rate": 0.9}],
        "week": {"name": "2026-W48", "made": 40, "kept": 30, "renewed": 4, "broken": 10, "withdrawn": 0,
                 "kept_rate": 0.75, "slack_p10_s": -60.0, "slack_p50_s": 600.0, "by_channel": [], "by_queue": [
            {"name": "general", "made": 40, "kept": 30, "renewed": 4, "broken": 10, "withdrawn": 0,
             "kept_rate": 0.75, "slack_p10_s": -60.0, "slack_p50_s": 600.0}]}},
    "channels": [{"name": "email", "account": "support", "state": "ok", "last_seen_at": None, "error": ""}],
}  # fmt: skip


def rules() -> str:
    """Return the rules of the world with an agent for every role."""
    return RULES.replace("\nqueues:\n", AGENTS.replace("\nagents:\n", "\n") + "queues:\n", 1)


class Office:
    """The world, its desk, and who may come in."""

    def __init__(self, folder: Path) -> None:
        """Build the parts; `opened` serves them."""
        self.world = World(folder, rules())
        self.blobs = MemoryBlobs()
        self.parts = Parts(
            store=self.world.store,
            events=self.world.events,
            blobs=self.blobs,
            clock=self.world.clock,
            actions=self.world.actions,
            book=lambda: self.world.book,
            house=lambda: self.world.house,
            health=self._health,
            secret=b"s" * 32,
            organisation="Example",
            public_url="http://127.0.0.1:8080",
            senders={"email/support": "help@example.com"},
        )
        self.url = ""
        self.tokens: dict[str, str] = {}

    async def _health(self) -> Mapping[str, Any]:
        return HEALTH

    async def link(self, role: str = "agent") -> str:
        """Return a fresh sign-in link of the role's account, leading to this server."""
        found = await users.link(self.parts, ROLES[role])
        return self.url + found.removeprefix(self.parts.public_url)

    async def mail(self, **fields: Any) -> Conversation:
        """Let a mail come in and be decided."""
        return (await self.world.take(self.world.mail_from(**fields)))[0]

    async def token(self, role: str) -> str:
        """Return an API token of the role's account."""
        if role not in self.tokens:
            self.tokens[role] = await users.token(self.parts, ROLES[role])
        return self.tokens[role]


class Client:
    """Somebody who uses the API, with a token or a cookie."""

    def __init__(self, office: Office, session: ClientSession) -> None:
        """Take the session."""
        self.office, self.session = office, session

    async def ask(self, method: str, path: str, **options: Any) -> ClientResponse:
        """Ask a path of the API, or a whole path of the server."""
        whole = path if path.startswith(("/api", "/desk", "/signin", "/c/")) else f"/api/v1{path}"
        response = await self.session.request(
            method, self.office.url + whole, allow_redirects=False, **options
        )
        await response.read()
        return response

    async def get(self, path: str, **query: Any) -> Any:
        """Return what a GET answers; it must succeed."""
        response = await self.ask("GET", path, params=query)
        assert response.status == 200, await response.text()
        return await response.json()

    async def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """Return what a POST answers; it must succeed."""
        sent = {} if body is None else {"json": body}
        response = await self.ask("POST", path, **sent, **options)
        assert response.status in {200, 201, 204}, await response.text()
        return None if response.status == 204 else await response.json()


@asynccontextmanager
async def opened(folder: Path, **parts: Any) -> AsyncIterator[Office]:
    """Serve a desk inside the block."""
    office = Office(folder)
    office.parts = replace(office.parts, **parts)
    await office.world.events.open()
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
        yield office
    finally:
        await runner.cleanup()
        await office.world.events.close()


@asynccontextmanager
async def visitor(office: Office, role: str = "", **headers: str) -> AsyncIterator[Client]:
    """Give somebody with an API token of the role, or a stranger."""
    if role:
        headers["Authorization"] = f"Bearer {await office.token(role)}"
    jar = CookieJar(unsafe=True)
    async with ClientSession(headers=headers, cookie_jar=jar, timeout=ClientTimeout(20)) as session:
        yield Client(office, session)


async def sign_in(client: Client, role: str = "agent") -> None:
    """Sign in with a one-time link, as a browser does."""
    link = await client.office.link(role)
    token = link.partition("token=")[2]
    response = await client.ask("POST", "/signin/link", data={"token": token})
    assert response.status == 303, await response.text()
