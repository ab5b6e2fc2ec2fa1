"""The scripts and styles of the pages, read once; their path carries a hash, so browsers keep them for good."""

import hashlib
from pathlib import Path

from aiohttp import web

from router.desk.headers import harden

FOLDER = Path(__file__).parent / "static"
#: Not left to the machine's own list of types, which may be wrong.
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
#: Loaded by the sandboxed frame of a mail, which has no origin of its own.
FRAMED = frozenset({"mail.css"})


class Assets:
    """The files of `static/`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        digest = hashlib.sha256()
        for name, data in self._files.items():
            digest.update(name.encode() + b"\0" + data + b"\0")
        self.version = digest.hexdigest()[:12]

    def path(self, name: str) -> str:
        """Return where a file is served; modules import their neighbours by relative names."""
        if name not in self._files:
            raise KeyError(name)
        return f"/desk/assets/{self.version}/{name}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a file."""
        name = request.match_info["name"]
        data = self._files.get(name)
        if data is None:
            response = web.Response(status=404, text="There is no such file.")
            harden(response)
            return response
        current = request.match_info["version"] == self.version
        keep = "public, max-age=31536000, immutable" if current else "no-store"
        headers = {"Cache-Control": keep}
        if name in FRAMED:
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response = web.Response(
            body=data, content_type=TYPES[Path(name).suffix], charset="utf-8", headers=headers
        )
        harden(response)
        return response
