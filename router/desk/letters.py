"""Makes the HTML of a mail harmless, for the sandboxed frame in which the desk shows it."""

import asyncio

import nh3

from router.desk.failures import TooLarge

#: Bytes; larger ones are read as text or downloaded.
MOST = 512 * 1024
#: Seconds to make one harmless.
WAIT_S = 10.0

#: Text, tables and links. No images: a remote one tells its sender who reads, when and where.
TAGS = (
    "a abbr b blockquote br caption center cite code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6"
    " hr i ins kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt"
    " u ul"
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "ol": {"start"},
}
SCHEMES = {"http", "https", "mailto", "tel"}


async def harmless(html: bytes) -> str:
    """Return the body with text, tables and links only. Raises TooLarge."""
    if len(html) > MOST:
        raise TooLarge(f"This HTML is larger than {MOST // 1024} kB. Read the text, or download the message.")
    async with asyncio.timeout(WAIT_S):
        return await asyncio.to_thread(_clean, html.decode("utf-8", "replace"))


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=set(TAGS.split()),
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
