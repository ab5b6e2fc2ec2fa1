"""What `handleby channels test` tries: the token, and whether our clocks agree."""

from collections.abc import AsyncIterator

from aiohttp import ClientError

from channels._template.api import Api, trouble
from channels.port import Host
from channels.tryout import Finding, clock


async def try_out(host: Host) -> AsyncIterator[Finding]:
    """Ask the provider who we are."""
    api = Api(host)
    try:
        answer = await api.ask("GET", "/account")
    except (ClientError, TimeoutError) as error:
        mend = "See that this machine reaches the internet, and that `api` is right."
        yield Finding(ok=False, what=f"The provider cannot be reached ({type(error).__name__}).", mend=mend)
        return
    finally:
        await api.close()
    yield clock(answer.headers.get("Date", ""), host.clock.now())
    if answer.status == 200:
        yield Finding(ok=True, what="The provider takes our token.")
    else:
        yield Finding(ok=False, what="The account cannot be used.", mend=trouble(answer))
