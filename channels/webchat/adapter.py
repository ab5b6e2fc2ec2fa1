"""The web chat's entry: opens accounts and names the pages they share."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import cast

from channels.port import Adapter, Channel, Host, Route
from channels.tryout import Finding
from channels.webchat import tryout
from channels.webchat.chat import Chat
from channels.webchat.pages import Pages


class WebchatAdapter:
    """Builds the web chat's accounts."""

    def open(self, host: Host) -> Chat:
        """Build the account's channel. Raises Misconfigured, naming the setting."""
        return Chat(host)

    def pages(self, channels: Mapping[str, Channel]) -> Sequence[Route]:
        """Return `/chat`, `/widget.js` and what they talk to, for all accounts."""
        return Pages(cast("Mapping[str, Chat]", channels)).routes()

    def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Yield whether visitors reach the chat, and what browsers will make of its origins."""
        return tryout.try_out(host)


adapter: Adapter = WebchatAdapter()
