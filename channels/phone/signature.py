"""The provider's signatures: HMAC-SHA1 over the public URL and the parameters, as X-Twilio-Signature carries them."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

#: Parameters in one request; more is no webhook.
MOST_FIELDS = 200
_PORTS = {"https": 443, "http": 80}


def fields(body: bytes) -> list[tuple[str, str]]:
    """Return the form's names and values in order; blank ones count. Raises ValueError."""
    return parse_qsl(
        body.decode("utf-8"),
        keep_blank_values=True,
        strict_parsing=bool(body),
        encoding="utf-8",
        errors="strict",
        max_num_fields=MOST_FIELDS,
    )


def sign(token: str, url: str, given: Sequence[tuple[str, str]]) -> str:
    """Return the signature: each name once in order, followed by its values, equal ones once."""
    parts = [url]
    for name in sorted({name for name, _ in given}):
        parts += [name + value for value in sorted({value for known, value in given if known == name})]
    digest = hmac.new(token.encode(), _bytes("".join(parts)), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def right(token: str, signature: str, urls: Sequence[str], given: Sequence[tuple[str, str]]) -> bool:
    """Tell whether it signs the parameters for one of the ways in which our address may be written."""
    found = False
    for url in urls:
        found |= hmac.compare_digest(sign(token, url, given).encode(), _bytes(signature))
    return found


def _bytes(text: str) -> bytes:
    """Return what came over the wire, whatever bytes it was made of."""
    return text.encode("utf-8", "surrogateescape")


def written(public_url: str, path: str) -> list[str]:
    """Return the ways in which the provider may write our address: with and without the usual port.

    From the configured public URL, never from the request's Host: a proxy changes that, and anybody can set it.
    """
    base = urlsplit(public_url)
    prefix = base.path.rstrip("/")
    whole = path if prefix and path.startswith(f"{prefix}/") else prefix + path
    target, _, query = whole.partition("?")
    host = f"[{base.hostname}]" if ":" in (base.hostname or "") else base.hostname or ""
    usual = _PORTS.get(base.scheme)
    hosts = [base.netloc]
    if base.port is None and usual:
        hosts.append(f"{host}:{usual}")
    elif base.port == usual:
        hosts.append(host)
    return [urlunsplit((base.scheme, each, target, query, "")) for each in hosts]
