"""Script and style of the pages, held in memory and named by their content."""

import hashlib
import re
from functools import cache
from pathlib import Path
from string import Template

from aiohttp import hdrs, web

FOLDER = Path(__file__).parent / "static"
_COLOUR = re.compile(r"colour-([0-9a-f]{6})\.css")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@cache
def _read() -> dict[str, tuple[bytes, str, str]]:
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            found[path.name] = body, _TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return found


def _coloured(colour: str) -> tuple[bytes, str, str]:
    """Return the style of an accent colour; the text on it is dark or light by contrast (WCAG 2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    text = "ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "000000"
    body = (
        f"@media (prefers-color-scheme: light) {{ :root {{ --accent: #{colour}; --on-accent: #{text}; }} }}\n"
    )
    return body.encode(), "text/css", f'"{colour}"'


async def answer(request: web.Request) -> web.Response:
    """Answer a file, or that the browser's copy is still right."""
    name = request.match_info["name"]
    colour = _COLOUR.fullmatch(name)
    file = _coloured(colour[1]) if colour is not None else _read().get(name)
    if file is None:
        return web.Response(status=404, text="There is no such file.\n")
    body, kind, etag = file
    headers = {"Cache-Control": "no-cache", "ETag": etag, "X-Content-Type-Options": "nosniff"}
    if request.headers.get(hdrs.IF_NONE_MATCH, "") == etag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)


@cache
def template(name: str) -> Template:
    """Return a page's template."""
    return Template((FOLDER / name).read_text(encoding="utf-8"))
