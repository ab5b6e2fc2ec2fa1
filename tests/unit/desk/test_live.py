import asyncio
import json
from typing import Any

from aiohttp import ClientResponse

from router.desk import live
from router.ports import Hint
from tests.unit.desk.office import Client, Office, opened, sign_in, visitor


async def events(response: ClientResponse, count: int) -> list[tuple[str, Any]]:
    """Return the next events of a stream."""
    found: list[tuple[str, Any]] = []
    name = ""
    async with asyncio.timeout(20):
        while len(found) < count:
            line = (await response.content.readline()).decode().strip()
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, json.loads(line.removeprefix("data: "))))
    return found


async def test_hints_reach_an_open_desk(office: Office, maria: Client) -> None:
    """What concerns people comes through, with id and version; the inside does not."""
    async with maria.session.get(f"{office.url}/api/v1/live") as response:
        assert response.content_type == "text/event-stream"
        assert await events(response, 1) == [("hello", {})]
        office.world.events.publish(
            [Hint(kind="settings", id="x"), Hint(kind="conversation", id="cv_1", version=3)]
        )
        assert await events(response, 1) == [("hint", {"kind": "conversation", "id": "cv_1", "version": 3})]


async def test_an_action_tells_the_other_desks(office: Office, maria: Client) -> None:
    """Taking a conversation is heard by a colleague at once."""
    conversation = await office.mail()
    async with visitor(office, "lead") as lea, lea.session.get(f"{office.url}/api/v1/live") as response:
        await events(response, 1)
        await maria.post(f"/conversations/{conversation.id}/take")
        (_, hint), *_ = await events(response, 1)
        assert hint["id"] in {conversation.id, "maria"}


async def test_streams_end_when_the_server_stops(tmp_path: Any) -> None:
    """An open stream does not hold up a stop."""
    async with visitor_of_stopping(tmp_path) as response:
        async with asyncio.timeout(20):
            rest = await response.content.read()
        assert b"event: hint" not in rest


class visitor_of_stopping:  # noqa: N801  # used as a context only
    """Open a stream, then stop the server under it."""

    def __init__(self, folder: Any) -> None:
        self._folder = folder

    async def __aenter__(self) -> ClientResponse:
        self._office = opened(self._folder)
        office = await self._office.__aenter__()
        self._visitor = visitor(office, "agent")
        client = await self._visitor.__aenter__()
        response = await client.session.get(f"{office.url}/api/v1/live")
        await events(response, 1)
        await self._office.__aexit__(None, None, None)
        return response

    async def __aexit__(self, *_: object) -> None:
        await self._visitor.__aexit__(None, None, None)


async def test_too_many_desks_of_one_person_are_refused(office: Office, maria: Client) -> None:
    """One account cannot use up the server's connections."""
    streams = [await maria.session.get(f"{office.url}/api/v1/live") for _ in range(live.MOST)]
    refused = await maria.ask("GET", "/live")
    assert refused.status == 429
    for one in streams:
        one.close()


async def test_a_browser_with_a_cookie_listens(office: Office, stranger: Client) -> None:
    """The stream works with a session as well as with a token."""
    await sign_in(stranger)
    async with stranger.session.get(f"{office.url}/api/v1/live") as response:
        assert await events(response, 1) == [("hello", {})]
