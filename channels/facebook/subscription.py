"""Which of the page's events Facebook sends to the app: subscribed to at the start, or only checked."""

from channels.facebook import raw
from channels.facebook.graph import Graph
from channels.facebook.settings import PageSettings
from channels.facebook.trouble import Said, Unanswered, Unreached, mend
from channels.port import Host

#: Without the first four something is missed; the others add edits and adverts.
NEEDED = ("messages", "message_echoes", "messaging_postbacks", "feed")
WANTED = (*NEEDED, "message_edits", "messaging_referrals", "standby")


async def subscribe(host: Host, settings: PageSettings, graph: Graph) -> None:
    """See that events come; trouble is reported, and polling goes on all the same."""
    path = f"{settings.page_id}/subscribed_apps"
    try:
        if settings.subscribe:
            await _ask(graph, path)
        missing = await missing_fields(settings, graph)
    except (Said, Unanswered, Unreached) as error:
        host.report(
            "degraded",
            f"Whether webhooks are subscribed to cannot be told: {mend(error)}",
            part="subscription",
        )
        return
    if missing:
        words = f"The page is not subscribed to {', '.join(missing)}: set subscribe = true, or do it in the app's form"
        host.report("degraded", words, part="subscription")
    else:
        host.report("ok", part="subscription")


async def missing_fields(settings: PageSettings, graph: Graph) -> list[str]:
    """Return the needed fields that the page does not send to this app. Raises Said, Unanswered or Unreached."""
    answer = await graph.get(f"{settings.page_id}/subscribed_apps")
    mine = next((one for one in raw.rows(answer, "data") if raw.word(one, "id") == settings.app_id), {})
    found = mine.get("subscribed_fields") if mine else None
    fields = {str(one) for one in found} if isinstance(found, list) else set()
    return [one for one in NEEDED if one not in fields]


async def _ask(graph: Graph, path: str) -> None:
    try:
        await graph.post(path, {"subscribed_fields": ",".join(WANTED)})
    except Said as error:
        if error.code != 100:
            raise
        # A field that this version or this app does not have: those needed are enough.
        await graph.post(path, {"subscribed_fields": ",".join(NEEDED)})
