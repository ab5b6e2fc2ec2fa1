"""A note's link with real processes: below a proxy's path, on any desk of a fleet, after kills."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from tests.support.ports import free_port
from tests.support.running import Running, until

_LINK = re.compile(r"http://127\.0\.0\.1:\d+/support/t/[a-z2-7]{48}")
_MARK = re.compile(r'name="mark" value="([^"]+)"')


class Fronted(Running):
    """A service that customers reach below a path of somebody else's site."""

    def __init__(self, folder: Path) -> None:
        """Choose the proxy's port first: the settings name it."""
        self.front = free_port()
        super().__init__(folder)

    def config(self, name: str) -> Path:
        """Write the settings of one process with the common public address."""
        path = super().config(name)
        text = re.sub(
            r'public_url = ".*"', f'public_url = "http://127.0.0.1:{self.front}/support"', path.read_text()
        )
        path.write_text(text)
        return path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Fronted]:
    """Give a service that is ended afterwards."""
    running = Fronted(tmp_path)
    try:
        yield running
    finally:
        running.end()


@asynccontextmanager
async def proxy(service: Fronted, name: str) -> AsyncIterator[None]:
    """Pass what comes below /support on to a process, as a proxy would: the path cut off, nothing else changed."""

    async def passed(request: web.Request) -> web.Response:
        url = f"{service.url(name)}/{request.match_info['rest']}"
        headers = {key: value for key, value in request.headers.items() if key != "Content-Length"}
        async with session.request(
            request.method,
            url,
            headers=headers,
            params=request.query,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            kept = {
                key: value for key, value in answer.headers.items() if key in {"Location", "Content-Type"}
            }
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    app = web.Application()
    app.router.add_route("*", "/support/{rest:.*}", passed)
    runner = web.AppRunner(app, access_log=None)
    async with ClientSession() as session:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", service.front, reuse_address=True).start()
        try:
            yield
        finally:
            await runner.cleanup()


def link_in_outbox(service: Fronted) -> str:
    """Return the link of the note that went out."""
    token = service.token()

    def found() -> str:
        sent = service.get("/api/v1/outbox", token=token)["items"]
        texts = " ".join(one["text"] for one in sent)
        match = _LINK.search(texts)
        return match.group() if match else ""

    return str(until(found, "a note with a link"))


async def tap(session: ClientSession, link: str, choice: str) -> str:
    """Open the link, tap, and return the page that follows."""
    async with session.get(link) as answer:
        assert answer.status == 200
        mark = _MARK.search(await answer.text())
    assert mark
    async with session.post(link, data={"mark": mark.group(1), "choice": choice}) as answer:
        assert answer.status == 200
        assert str(answer.url) == link
        return await answer.text()


async def test_a_link_works_below_a_path_on_every_desk_and_after_kills(service: Fronted) -> None:
    """The one tap counts wherever it arrives; what it did is there after a kill, and is taken back elsewhere."""
    await asyncio.to_thread(service.start)
    await asyncio.to_thread(service.mail, "Where is my parcel?")
    link = await asyncio.to_thread(link_in_outbox, service)
    async with ClientSession() as session:
        async with proxy(service, "all"):
            assert "Good to know." in await tap(session, link, "solved")
        service.kill()
        await asyncio.to_thread(service.start, "second", roles=["desk"])
        async with proxy(service, "second"):
            assert "sees to it that you have an answer" in await tap(session, link, "undone")
            assert "You&#39;ll have the answer" in await tap(session, link, "later")
    report = await asyncio.to_thread(service.audit)
    assert report.findings == []
