import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from channels.errors import Unavailable
from channels.message import Attachment
from channels.webchat.reception import Timing
from tests.support.chat import MARIA, ChatServer, ScriptedHost, serving, until


class Asker:
    """A browser that has only plain requests."""

    def __init__(self, session: ClientSession, server: ChatServer) -> None:
        self.session, self.server = session, server
        self.token = ""

    async def ask(
        self, method: str, path: str, *, origin: str | None = None, **given: Any
    ) -> tuple[int, Any]:
        """Return status and JSON of the answer."""
        response = await self.raw(method, path, origin=origin, **given)
        return response.status, await response.json()

    async def raw(self, method: str, path: str, *, origin: str | None = None, **given: Any) -> ClientResponse:
        """Return the answer itself."""
        headers = {"Origin": origin or self.server.url}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return await self.session.request(method, self.server.url + path, headers=headers, **given)

    async def enter(self) -> None:
        """Get a token."""
        status, welcome = await self.ask("POST", "/chat/session", json={"type": "hello"})
        assert status == 200
        self.token = welcome["token"]

    async def write(self, text: str, **fields: str) -> tuple[int, Any]:
        """Send a message."""
        body = {"client_id": str(uuid.uuid4()), "text": text} | fields
        return await self.ask("POST", "/chat/messages", json=body)


@asynccontextmanager
async def asking(host: ScriptedHost, timing: Timing | None = None) -> AsyncIterator[Asker]:
    """Serve, and enter the chat."""
    async with serving(host, timing) as server, ClientSession() as session:
        asker = Asker(session, server)
        await asker.enter()
        yield asker


async def test_everything_works_without_websocket() -> None:
    """Write, see who answers, wait for the answer, and say that it was seen: by requests alone."""
    host = ScriptedHost()
    async with asking(host) as asker:
        status, ack = await asker.write("Hello", email="ana@example.com", zone="Europe/Lisbon")
        assert (status, ack["key"]) == (200, host.delivered[0].key)
        _, news = await asker.ask("GET", "/chat/transcript?after=0")
        assert [line["text"] for line in news["lines"]] == ["Hello"]
        assert news["state"]["standing"]["person"] == MARIA
        waiting = asyncio.create_task(asker.ask("GET", f"/chat/transcript?after=1&mark={news['mark']}"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        host.answer(host.thread, "Hi")
        _, news = await waiting
        assert [line["text"] for line in news["lines"]][-1] == "Hi"
        await asker.ask("GET", "/chat/transcript?after=2&seen=2")
    assert host.looked == {host.thread: 2}
    assert host.delivered[0].claims[0].address == "ana@example.com"
    assert host.delivered[0].zone == "Europe/Lisbon"


async def test_waiting_ends_without_news() -> None:
    """A request that waits is answered in time, so that no proxy cuts it."""
    async with asking(ScriptedHost(), Timing(poll_s=0.05)) as asker:
        _, news = await asker.ask("GET", "/chat/transcript")
        status, same = await asker.ask("GET", f"/chat/transcript?mark={news['mark']}")
    assert (status, same["mark"]) == (200, news["mark"])


async def test_waiting_ends_when_the_service_stops() -> None:
    """A shutdown answers the requests that wait instead of holding on to them."""
    async with asking(ScriptedHost()) as asker:
        _, news = await asker.ask("GET", "/chat/transcript")
        waiting = asyncio.create_task(asker.ask("GET", f"/chat/transcript?mark={news['mark']}"))
        await until(lambda: bool(asker.server.chat._waiting))
        await asker.server.chat.close()
        assert (await waiting)[0] == 200


async def test_an_address_can_be_left_by_request() -> None:
    """The address is noted on the conversation, or refused when it is none."""
    host = ScriptedHost()
    async with asking(host) as asker:
        await asker.write("Hello")
        body = {"client_id": str(uuid.uuid4()), "email": "ana@example.com"}
        assert (await asker.ask("POST", "/chat/contact", json=body))[0] == 200
        status, nack = await asker.ask("POST", "/chat/contact", json=body | {"email": "ana"})
    assert (status, nack["code"]) == (400, "email")
    assert host.delivered[-1].reason == "contact"


async def test_refusals_have_the_right_status() -> None:
    """Programs can tell what to do next from the status alone."""
    host = ScriptedHost(rate=1)
    async with asking(host) as asker:
        assert (await asker.write("  "))[0] == 400
        host.refuse = Unavailable("away")
        response = await asker.raw(
            "POST", "/chat/messages", json={"client_id": str(uuid.uuid4()), "text": "x"}
        )
        assert (response.status, response.headers["Retry-After"]) == (503, "3")
        host.refuse = None
        await asker.write("a")
        await asker.write("b")
        assert (await asker.write("c"))[0] == 429
        assert (await asker.ask("GET", "/chat/transcript?after=-1"))[0] == 400
        assert (await asker.ask("GET", "/chat/transcript?account=nobody"))[0] == 404
        assert (await asker.ask("POST", "/chat/messages", data=b"{"))[0] == 400
        assert (await asker.ask("POST", "/chat/messages", data=b"x" * 200_000))[0] == 400
        asker.token = asker.token[:-1]
        assert (await asker.write("d"))[0] == 401
        asker.token = ""
        assert (await asker.write("e"))[0] == 401
    assert len(host.delivered) == 2


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/chat/session"), ("POST", "/chat/messages"), ("GET", "/chat/transcript")]
)
async def test_another_site_can_neither_write_nor_read(method: str, path: str) -> None:
    """An origin that is not listed is refused and gets no header that lets it read the answer."""
    async with asking(ScriptedHost()) as asker:
        response = await asker.raw(method, path, origin="https://evil.test", json={})
    assert response.status == 403
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_listed_site_is_told_that_it_may() -> None:
    """The browser's question before a request, and the answer itself, name the listed origin and no other."""
    shop = "https://www.example.com"
    async with asking(ScriptedHost(origins=[shop])) as asker:
        asked = await asker.raw("OPTIONS", "/chat/messages", origin=shop)
        answered = await asker.raw("GET", "/chat/config?lang=da", origin=shop)
        script = await asker.raw("GET", "/widget.js", origin=shop)
        stranger = await asker.raw("GET", "/widget.js", origin="https://evil.test")
    assert asked.status == 204
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert [one.headers["Access-Control-Allow-Origin"] for one in (asked, answered, script)] == [shop] * 3
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert all(
        "Origin" in ", ".join(one.headers.getall("Vary")) for one in (asked, answered, script, stranger)
    )


async def test_a_file_far_down_a_long_conversation_is_found() -> None:
    """A file is found wherever in the conversation it stands, however many lines come at a time."""
    host = ScriptedHost()
    host.at_once = 2
    async with asking(host) as asker:
        await asker.write("Hello")
        for number in range(6):
            host.answer(host.thread, f"Page {number}")
        blob = await host.blobs.put(b"bill")
        bill = Attachment(name="bill.txt", content_type="text/plain", size=4, blob=blob)
        host.answer(host.thread, "Here it is", files=(bill,))
        response = await asker.raw("GET", f"/chat/files/{blob}")
        assert await response.read() == b"bill"


async def test_a_file_is_for_the_members_of_its_conversation() -> None:
    """What an agent attached can be fetched by its visitor, as a download, and by nobody else."""
    host = ScriptedHost()
    async with asking(host) as asker:
        await asker.write("Hello")
        blob = await host.blobs.put(b"<script>alert(1)</script>")
        bill = Attachment(name="bill é.html", content_type="text/html", size=25, blob=blob)
        host.answer(host.thread, "Here it is", files=(bill,))
        response = await asker.raw("GET", f"/chat/files/{blob}")
        assert await response.read() == b"<script>alert(1)</script>"
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''bill%20%C3%A9.html"
        assert response.content_type == "application/octet-stream"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        asker.token = ""
        await asker.enter()
        assert (await asker.ask("GET", f"/chat/files/{blob}"))[0] == 404
