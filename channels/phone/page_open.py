"""Whether a customer has the page of their request open: then what is written reaches them there."""

from datetime import datetime, timedelta

from channels.port import Host

#: An open page asks again within this time, and is noted at most this often.
OPEN = timedelta(seconds=60)
_NOTED = timedelta(seconds=20)


async def note(host: Host, thread: str) -> None:
    """Note that the page is open now."""
    now = host.clock.now()
    memo = await host.recall(_name(thread))
    if not memo.value or now - datetime.fromisoformat(memo.value) >= _NOTED:
        await host.remember(_name(thread), now.isoformat(), memo.version, keep_s=OPEN.total_seconds())


async def is_open(host: Host, thread: str) -> bool:
    """Tell whether the page was open within the last minute."""
    memo = await host.recall(_name(thread))
    return bool(memo.value) and host.clock.now() - datetime.fromisoformat(memo.value) < OPEN


def _name(thread: str) -> str:
    return f"page:{thread}"
