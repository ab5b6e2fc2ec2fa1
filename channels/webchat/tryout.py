"""What `handleby channels test` tries on a chat: its page from outside, and whether its origins make sense."""

from collections.abc import AsyncIterator
from urllib.parse import quote, urlsplit

from channels.port import Host
from channels.tryout import Finding, hook_reachable
from channels.webchat.settings import ChatSettings, read

_LOCAL = ("localhost", "127.0.0.1", "::1")


async def try_out(host: Host) -> AsyncIterator[Finding]:
    """Ask for the page as a visitor would, then look at the sites that may show the widget."""
    settings = read(host)
    yield await hook_reachable(host, f"/chat?account={quote(host.account)}")
    if not settings.origins:
        yield Finding(
            ok=True,
            what="The chat is shown on our own page alone.",
            mend='To show the widget on your site, set origins = ["https://www.example.com"].',
        )
    for origin in settings.origins:
        yield _sensible(origin, host.public_url)
    yield _known(settings)


def _sensible(origin: str, public_url: str) -> Finding:
    """Judge one origin by what browsers will do with it."""
    parts, ours = urlsplit(origin.lower()), urlsplit(public_url)
    name = parts.hostname or ""
    if parts.scheme == "https" and ours.scheme == "http" and ours.hostname not in _LOCAL:
        mend = "Give the service an https address and set public_url to it."
        return Finding(ok=False, what=f"{origin} cannot show a chat that is not on https.", mend=mend)
    if parts.scheme == "http" and name not in _LOCAL:
        mend = f"Write https://{parts.netloc}, unless the site really is unencrypted."
        return Finding(ok=True, what=f"{origin} is a site without encryption.", mend=mend)
    if name.startswith("*.") and name.count(".") < 2:
        mend = "Name your own domain: https://*.example.com."
        return Finding(ok=False, what=f"{origin} lets every site under {name[2:]} show the chat.", mend=mend)
    bare = not name.startswith(("*.", "www.")) and name.count(".") == 1
    mend = f"A site that also answers at www.{name} needs that origin too." if bare else ""
    return Finding(ok=True, what=f"{origin} may show the widget.", mend=mend)


def _known(settings: ChatSettings) -> Finding:
    if settings.identity_secret:
        return Finding(ok=True, what="Your site can say who its users are.")
    return Finding(ok=True, what="Visitors are anonymous: there is no identity_secret.")
