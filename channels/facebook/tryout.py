"""What `handleby channels test` finds out about a page: token, permissions, subscription, clock."""

from collections.abc import AsyncIterator
from email.utils import format_datetime

from channels.facebook import raw
from channels.facebook import settings as page_settings
from channels.facebook.graph import Graph
from channels.facebook.settings import Timing
from channels.facebook.subscription import missing_fields
from channels.facebook.trouble import Said, Unanswered, Unreached, mend
from channels.port import Host
from channels.tryout import Finding, clock

_PERMISSIONS = (
    "See the channel's guide: the permissions, and Advanced Access for people without a role on the app."
)


async def findings(host: Host) -> AsyncIterator[Finding]:
    """Sign in and read; nothing is sent to anybody."""
    settings = page_settings.read(host)
    graph = Graph(settings, host.clock, Timing())
    try:
        who = await _who(graph, settings.page_id)
        yield who
        if graph.heard_at is not None:
            yield clock(format_datetime(graph.heard_at), host.clock.now())
        if who.ok:
            yield await _subscribed(settings, graph)
            yield await _readable(graph, f"{settings.page_id}/conversations", "Messenger conversations")
            yield await _readable(graph, f"{settings.page_id}/feed", "posts and comments")
    finally:
        await graph.close()


async def _who(graph: Graph, page: str) -> Finding:
    try:
        answer = await graph.get(page, fields="id,name")
    except (Said, Unanswered, Unreached) as error:
        return Finding(ok=False, what="The page cannot be read.", mend=f"{mend(error)}.")
    if raw.word(answer, "id") != page:
        return Finding(
            ok=False, what="page_token is that of another page.", mend="Make one for this page_id."
        )
    return Finding(ok=True, what=f"Signed in as the page {raw.text(answer, 'name')}.")


async def _subscribed(settings: page_settings.PageSettings, graph: Graph) -> Finding:
    try:
        missing = await missing_fields(settings, graph)
    except (Said, Unanswered, Unreached) as error:
        return Finding(ok=False, what="The subscription of webhooks cannot be read.", mend=f"{mend(error)}.")
    if not missing:
        return Finding(ok=True, what="The page sends its events to this app.")
    advice = (
        "Start the service once: with subscribe = true it subscribes by itself."
        if settings.subscribe
        else "Set subscribe = true, or add them in the app's webhook form."
    )
    return Finding(ok=False, what=f"The page does not send {', '.join(missing)}.", mend=advice)


async def _readable(graph: Graph, path: str, what: str) -> Finding:
    try:
        await graph.get(path, limit="1")
    except (Said, Unanswered, Unreached) as error:
        return Finding(ok=False, what=f"The page's {what} cannot be read: {mend(error)}.", mend=_PERMISSIONS)
    return Finding(ok=True, what=f"The page's {what} can be read.")
