import re

import pytest

from router.desk.accounts import RANKS, Role
from router.desk.app import operations
from router.desk.declare import Operation
from tests.unit.desk.office import ROLES, Client, Office, visitor

OPERATIONS = {f"{one.method} {one.path}": one for one in operations()}

#: The whole table of who may do what; a new operation must be added here by hand.
LEAST = {
    "GET /me": "agent",
    "DELETE /session": "agent",
    "GET /agents": "agent",
    "PUT /presence": "agent",
    "PUT /agents/{id}/presence": "lead",
    "POST /heartbeat": "agent",
    "GET /work": "agent",
    "GET /live": "agent",
    "GET /conversations": "agent",
    "GET /search": "agent",
    "GET /conversations/{id}": "agent",
    "GET /conversations/{id}/transcript": "agent",
    "GET /conversations/{id}/explain": "agent",
    "POST /conversations/{id}/reply": "agent",
    "POST /conversations/{id}/resolve": "agent",
    "POST /conversations/{id}/reopen": "agent",
    "POST /conversations/{id}/take": "agent",
    "POST /conversations/{id}/release": "agent",
    "POST /conversations/{id}/unhold": "agent",
    "POST /conversations/{id}/snooze": "agent",
    "POST /conversations/{id}/merge": "agent",
    "POST /conversations/{id}/until": "agent",
    "POST /conversations/{id}/prepared": "agent",
    "DELETE /conversations/{id}/prepared": "agent",
    "GET /me/voice": "agent",
    "PUT /me/voice/{channel}": "agent",
    "GET /me/notes": "agent",
    "POST /files": "agent",
    "GET /conversations/{id}/lines/{seq}/raw": "agent",
    "GET /conversations/{id}/lines/{seq}/files/{place}": "agent",
    "GET /conversations/{id}/lines/{seq}/html": "agent",
    "GET /customers": "agent",
    "GET /customers/{id}": "agent",
    "GET /customers/{id}/history": "agent",
    "POST /customers/{id}/join": "agent",
    "POST /customers/{id}/split": "agent",
    "PUT /customers/{id}/attributes": "lead",
    "PUT /customers/by-identity/{kind}/{address}": "lead",
    "GET /queues": "agent",
    "GET /figures": "agent",
    "GET /figures/table.csv": "agent",
    "GET /figures/waits.csv": "agent",
    "GET /health": "ops",
    "GET /outbox": "agent",
    "GET /rules": "lead",
    "GET /wording": "lead",
    "GET /users": "admin",
    "POST /users": "admin",
    "PATCH /users/{id}": "admin",
    "DELETE /users/{id}": "admin",
    "POST /users/{id}/link": "admin",
    "GET /users/{id}/tokens": "admin",
    "POST /users/{id}/tokens": "admin",
    "DELETE /users/{id}/tokens/{token_id}": "admin",
}
PAGES = {
    "/": "agent",
    "/c/HB-222222": "agent",
    "/outbox": "agent",
    "/report": "agent",
    "/report/letter": "lead",
    "/ops": "lead",
    "/ops/wording": "lead",
    "/admin": "ops",
}


def test_the_table_names_every_operation() -> None:
    """Nothing is served that the table of roles does not name."""
    assert {name: one.role for name, one in OPERATIONS.items()} == LEAST


async def status(client: Client, operation: Operation) -> int:
    """Return how an operation answers, without reading what it sends."""
    path = re.sub(r"\{\w+\}", "1", operation.path)
    url = f"{client.office.url}/api/v1{path}"
    async with client.session.request(operation.method, url, allow_redirects=False) as response:
        return response.status


@pytest.mark.parametrize("role", ["", *ROLES])
async def test_every_operation_knows_every_role(office: Office, role: str) -> None:
    """Strangers get 401, too low a role 403, and whoever may gets neither."""
    async with visitor(office, role) as client:
        for name, operation in OPERATIONS.items():
            if not role:
                expected = {401}
            elif RANKS.index(Role(role)) < RANKS.index(Role(LEAST[name])):
                expected = {403}
            else:
                expected = {200, 204, 404, 422}
            assert await status(client, operation) in expected, (role, name)


@pytest.mark.parametrize("role", ["", *ROLES])
async def test_every_page_knows_every_role(office: Office, role: str) -> None:
    """Strangers are sent to sign in, too low a role is told so, and whoever may sees the page."""
    async with visitor(office, role) as client:
        for path, least in PAGES.items():
            response = await client.session.get(office.url + path, allow_redirects=False)
            if not role:
                assert (response.status, response.headers["Location"]) == (303, "/signin"), path
            else:
                may = RANKS.index(Role(role)) >= RANKS.index(Role(least))
                assert response.status == (200 if may else 403), (role, path)


async def test_an_account_that_is_no_agent_reads_but_does_not_act(office: Office) -> None:
    """Without an agent in the rules there is no work, and acting is refused with what to do."""
    conversation = await office.mail()
    async with visitor(office, "admin") as client:
        user = await client.post("/users", {"email": "guest@example.com", "role": "ops"})
        token = (await client.post(f"/users/{user['id']}/tokens", {"name": "x"}))["token"]
    async with visitor(office, Authorization=f"Bearer {token}") as guest:
        assert (await guest.get("/me"))["agent"] is None
        assert await guest.get("/work") == {"mine": [], "watched": [], "led": []}
        assert (await guest.get(f"/conversations/{conversation.id}"))["reference"] == conversation.reference
        sent = {
            "reply": {"text": "Hello"},
            "snooze": {"until": "2026-11-23T12:00:00Z"},
            "merge": {"into": "x"},
            "until": {"until": "2026-11-23T12:00:00Z"},
        }
        for path in ("reply", "take", "resolve", "release", "reopen", "unhold", "snooze", "merge", "until"):
            body = sent.get(path, {})
            response = await guest.ask("POST", f"/conversations/{conversation.id}/{path}", json=body)
            assert response.status == 403, path
            assert "in the rules" in (await response.json())["detail"]
        assert (await guest.ask("POST", "/heartbeat")).status == 403


async def test_the_outbox_opens_to_anybody_only_when_told(office: Office, stranger: Client) -> None:
    """Strangers may not look as long as mail can leave the machine."""
    assert (await stranger.ask("GET", "/outbox")).status == 401
