"""Scripts and styles of the chat, held in memory, compressed, and named by their content."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

from aiohttp import hdrs, web
from msgspec import Struct

from channels.webchat.errors import Unknown

FOLDER = Path(__file__).parent / "static"

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Asset(Struct, frozen=True, kw_only=True):
    """One file, as it is sent."""

    body: bytes
    zipped: bytes
    content_type: str
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """Return the files by name; read once."""
    return {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES}


def response(request: web.Request, name: str) -> web.Response:
    """Return the file, or that the browser's copy is still right. Raises Unknown."""
    asset = assets().get(name)
    if asset is None:
        raise Unknown("file", "There is no such file.")
    headers = {
        # asked again each time: scripts of two versions never meet
        "Cache-Control": "no-cache",
        "ETag": asset.etag,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get(hdrs.IF_NONE_MATCH, "") == asset.etag:
        return web.Response(status=304, headers=headers)
    body = asset.body
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        body = asset.zipped
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, content_type=asset.content_type, charset="utf-8", headers=headers)


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    zipped = gzip.compress(body, mtime=0)
    return Asset(body=body, zipped=zipped, content_type=_TYPES[path.suffix], etag=etag)
