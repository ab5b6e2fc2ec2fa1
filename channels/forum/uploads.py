"""Fetching files that lie on the forum: from the forum itself only, within limits of size and time."""

import asyncio
import mimetypes
from collections.abc import Sequence
from urllib.parse import urljoin

import aiohttp
import structlog

from channels.forum.api import Api
from channels.forum.markup import Upload
from channels.forum.settings import Settings, site_of
from channels.message import Attachment
from channels.port import Host

#: Seconds for all files of one post; the forum waits 20 for the answer to its webhook.
ALL_S = 8.0
#: How often the forum may point to another of its own paths.
_HOPS = 3
_CHUNK = 65536

_log = structlog.get_logger(__name__)


async def fetch(wanted: Sequence[Upload], host: Host, settings: Settings, api: Api) -> tuple[Attachment, ...]:
    """Return what could be fetched; the rest stays a link in the text."""
    found: list[Attachment] = []
    try:
        async with asyncio.timeout(ALL_S), api.using() as session:
            for upload in wanted:
                data = await _one(session, settings, upload)
                if data is not None:
                    found.append(await _kept(upload, data, host))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        _log.info("files stay links", account=host.account, error=type(error).__name__)
    return tuple(found)


async def _kept(upload: Upload, data: bytes, host: Host) -> Attachment:
    kind = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    return Attachment(name=upload.name, content_type=kind, size=len(data), blob=await host.blobs.put(data))


async def _one(session: aiohttp.ClientSession, settings: Settings, upload: Upload) -> bytes | None:
    """Return the file; None when it is too large, not there, or somewhere else."""
    url = settings.api + upload.path
    for _ in range(_HOPS):
        # Without the API key: a file that is open to readers needs none, and it must not travel further.
        async with session.get(url, allow_redirects=False) as answer:
            if answer.status in {301, 302, 303, 307, 308}:
                url = urljoin(url, answer.headers.get("Location", ""))
                if not _same_site(url, settings.api):
                    return None
                continue
            if answer.status != 200 or (answer.content_length or 0) > settings.max_file:
                return None
            return await _bytes(answer, settings.max_file)
    return None


async def _bytes(answer: aiohttp.ClientResponse, most: int) -> bytes | None:
    data = bytearray()
    async for part in answer.content.iter_chunked(_CHUNK):
        data += part
        if len(data) > most:
            return None
    return bytes(data)


def _same_site(url: str, api: str) -> bool:
    """Tell whether the address is below the forum's, over the same scheme."""
    same = url.partition("://")[0].lower() == api.partition("://")[0].lower()
    return same and (site_of(url) + "/").startswith(site_of(api) + "/")
