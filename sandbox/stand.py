"""What every stand-in offers, and the web server that most of them are."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast

from aiohttp import web

from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger

#: Where the stand-in of each shipped channel is; one made by `channels new` has its own in `channels/<name>/stand.py`.
SHIPPED: Mapping[str, str] = {
    "twitter": "sandbox.x",
    "facebook": "sandbox.meta",
    "phone": "sandbox.twilio",
    "forum": "sandbox.discourse",
    "email": "sandbox.mail",
    "webchat": "sandbox.webchat",
}


class Stand(Protocol):
    """A provider that runs on this machine, with an account for us and any number of made-up customers."""

    ledger: Ledger
    faults: Faults

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        ...

    async def stop(self) -> None:
        """Close everything; what was under way is dropped."""
        ...

    def settings(self) -> dict[str, object]:
        """Return the settings with which an account of the channel uses this stand-in."""
        ...

    async def connect(self, hook: str) -> None:
        """Send events to this URL from now on: `http://…/hooks/<channel>/<account>`."""
        ...

    async def write(self, customer: str, text: str, *, thread: str = "", public: bool = True) -> str:
        """Let a customer write to us, in an earlier thread or a new one; returns the provider's id of it.

        `customer` is any name; the stand-in makes an address of it where it needs one. `public`: where the
        provider has both, in public or in private. The ledger has it under the customer's name.
        """
        ...

    async def answer(self, customer: str, text: str) -> str:
        """Let one of our own people answer the customer in the provider's own app; returns the id."""
        ...


def stand_of(channel: str) -> Stand:
    """Build the stand-in for a channel's provider, not started yet."""
    name = SHIPPED.get(channel, f"channels.{channel}.stand")
    return cast(Callable[[], Stand], import_module(name).stand)()


def known_faults(stand: object) -> frozenset[Fault]:
    """Return the faults that the stand-in's provider can have: its `knows`, or all where it does not say."""
    return frozenset(getattr(stand, "knows", Fault))


def reason(error: BaseException) -> str:
    """Return what went wrong in words; the error's kind where it has none."""
    return str(error).strip() or type(error).__name__


class Site:
    """A web server on a free port of the loopback."""

    def __init__(self, routes: Sequence[web.RouteDef], *, body_bytes: int = 8 * 1024 * 1024) -> None:
        """Take what it answers."""
        self._routes, self._body_bytes = routes, body_bytes
        self._runner: web.AppRunner | None = None
        #: `http://127.0.0.1:port`, once started.
        self.url = ""

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=self._body_bytes)
        app.add_routes(self._routes)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
