"""Slack put together: the courier that tells people, and the hook where their buttons arrive."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from router.desk.slack.client import TIMEOUT_S, Client
from router.desk.slack.condition import Condition
from router.desk.slack.courier import Courier
from router.desk.slack.hook import Hook
from router.desk.slack.office import Office
from router.desk.slack.press import Presses
from router.settings import Slack as Settings


class Slack:
    """Slack for the agents of one service."""

    def __init__(self, office: Office, settings: Settings, timeout_s: float = TIMEOUT_S) -> None:
        """Take the parts and the settings, which have a token; without a signing secret no button acts."""
        self._office = replace(office, buttons=bool(settings.signing_secret))
        #: How it stands with Slack.
        self.condition = Condition(self._office)
        self._office = replace(self._office, reached=self.condition.reached)
        #: Each speaks to Slack over connections of its own.
        self._answers = Client(settings.bot_token, settings.api, timeout_s)
        self.courier = Courier(
            self._office, Client(settings.bot_token, settings.api, timeout_s), self.condition
        )
        self._hook = Hook(self._office, Presses(self._office, self._answers), settings.signing_secret)

    def routes(self) -> list[web.RouteDef]:
        """Return what is served: nothing, where no call could be proved."""
        return self._hook.routes() if self._office.buttons else []

    def loops(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return what must run, by name: telling people of their work, and doing what they press."""
        return {"slack": self.courier.run, "slack buttons": self._pressed}

    async def idle(self) -> None:
        """Wait until everything that was pressed is done."""
        await self._hook.idle()

    async def close(self) -> None:
        """Close the connections to Slack; a loop that runs on opens them again."""
        await self._answers.close()
        await self.courier.close()

    async def _pressed(self) -> None:
        try:
            await self._hook.run()
        finally:
            await self._answers.close()
