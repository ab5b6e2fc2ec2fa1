"""`handleby channels test`: what all accounts have in common is tried here, the rest by their channels."""

import asyncio
from collections.abc import Callable

from channels.port import Adapter, Channel, Host
from channels.tryout import Finding, Tester, all_well, hook_reachable

#: Most seconds for one account altogether.
WHOLE_S = 120.0


async def trial(host: Host, channel: Channel, adapter: Adapter, show: Callable[[Finding], None]) -> bool:
    """Try one account, showing each finding as it comes; tell whether nothing needs mending."""
    found: list[Finding] = []

    def add(one: Finding) -> None:
        found.append(one)
        show(one)

    try:
        async with asyncio.timeout(WHOLE_S):
            await _try(host, channel, adapter, add)
    except TimeoutError:
        add(Finding(ok=False, what=f"It took longer than {WHOLE_S:.0f} s.", mend="See what does not answer."))
    except Exception as error:  # noqa: BLE001  # what a try-out did not foresee is shown like what it found
        add(
            Finding(ok=False, what=f"{type(error).__name__}: {error}"[:300], mend="See the channel's README.")
        )
    if not found:
        add(Finding(ok=True, what="The settings can be used. There is nothing outside to try."))
    return all_well(found)


async def _try(host: Host, channel: Channel, adapter: Adapter, add: Callable[[Finding], None]) -> None:
    hooks = {route.path: route.method for route in channel.routes() if "{" not in route.path}
    hooks |= {
        route.path: "POST" for route in channel.routes() if route.path in hooks and route.method == "POST"
    }
    for path, method in hooks.items():
        add(await hook_reachable(host, path, method))
    if isinstance(adapter, Tester):
        async for one in adapter.try_out(host):
            add(one)
