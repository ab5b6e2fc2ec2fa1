"""The channel's entry: opens phone accounts and names the pages that they share."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import cast

from channels.phone import tryout
from channels.phone.pages import Pages
from channels.phone.phone import Phone
from channels.port import Adapter, Channel, Host, Route
from channels.tryout import Finding


class PhoneAdapter:
    """Builds phone accounts."""

    def open(self, host: Host) -> Phone:
        """Build the account's channel. Raises Misconfigured, naming the setting."""
        return Phone(host)

    def pages(self, channels: Mapping[str, Channel]) -> Sequence[Route]:
        """Return `/callback` and what belongs to it, for all accounts."""
        return Pages(cast("Mapping[str, Phone]", channels)).routes()

    def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Yield what a real account shows: credentials, number, webhook."""
        return tryout.try_out(host)


adapter: Adapter = PhoneAdapter()
