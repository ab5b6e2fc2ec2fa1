"""The security headers that every answer of the desk carries."""

from aiohttp import web

#: Pages load nothing but our own files, run no inline script or style, and are framed by nobody.
PAGE_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; "
    "trusted-types handleby-mail; "
)
#: What came from outside may do nothing at all, even when opened by itself.
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def harden(response: web.StreamResponse, policy: str = FILE_POLICY) -> None:
    """Add the headers; those that are set already stay."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    # not "no-referrer": browsers would then send `Origin: null` with our own forms
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    headers.setdefault("Cache-Control", "no-store")
