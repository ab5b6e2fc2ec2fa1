"""What `handleby channels test` tries on a forum account: the key, what it may see, the clock."""

from collections.abc import AsyncIterator

from channels.errors import Misconfigured
from channels.forum import settings
from channels.forum.api import Api
from channels.forum.trouble import Answered, ForumTrouble
from channels.port import Host
from channels.tryout import Finding, clock


async def try_out(host: Host) -> AsyncIterator[Finding]:
    """Yield what is found, one thing after the other."""
    try:
        given = settings.read(host)
    except Misconfigured as error:
        yield Finding(ok=False, what="The settings cannot work.", mend=str(error))
        return
    api = Api(given, host.clock)
    yield await _signed_in(api, given)
    yield await _listed(api)
    if api.date:  # else nothing answered, which is said above
        yield clock(api.date, host.clock.now())
    if not given.secret:
        yield Finding(
            ok=True,
            what="No webhook: posts come in by polling alone.",
            mend="Set `webhook_secret` and add a webhook on the forum, and posts come in at once.",
        )


async def _signed_in(api: Api, given: settings.Settings) -> Finding:
    try:
        answer = await api.get("/session/current.json")
    except Answered as error:
        mend = "Make an API key for exactly this user on the forum's admin pages, and set `api_key`."
        return Finding(ok=False, what=f"The forum does not take the key: {error}.", mend=mend)
    except ForumTrouble as error:
        return Finding(ok=False, what=f"The forum cannot be asked: {error}.", mend="Check `api`.")
    user = answer.get("current_user") if isinstance(answer, dict) else None
    name = str(user.get("username", "")) if isinstance(user, dict) else ""
    if name.lower() != given.view.us:
        return Finding(ok=False, what="The key acts as somebody else.", mend="Correct `api_username`.")
    staff = isinstance(user, dict) and (user.get("moderator") or user.get("admin"))
    advice = (
        ""
        if staff
        else (
            "As an ordinary member it may write three posts in a row and none into closed topics; "
            "making it a moderator of the forum lifts that."
        )
    )
    return Finding(ok=True, what=f"Signed in as {name}.", mend=advice)


async def _listed(api: Api) -> Finding:
    try:
        answer = await api.get("/posts.json")
    except ForumTrouble as error:
        return Finding(ok=False, what=f"The newest posts cannot be read: {error}.", mend="Check `api`.")
    if not isinstance(answer, dict) or not isinstance(answer.get("latest_posts"), list):
        return Finding(ok=False, what="There is no list of newest posts.", mend="Is `api` a Discourse forum?")
    return Finding(ok=True, what="The newest posts can be read.")
