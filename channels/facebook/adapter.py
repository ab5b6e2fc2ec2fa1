"""The Facebook channel's entry: opens pages, and lets those of one app share its webhook."""

from collections.abc import AsyncIterator, Mapping, Sequence
from weakref import WeakValueDictionary

from channels.facebook.intake import Intake
from channels.facebook.page import Page
from channels.facebook.settings import Timing
from channels.facebook.tryout import findings
from channels.port import Adapter, Channel, Host, Route
from channels.tryout import Finding


class FacebookAdapter:
    """Opens pages; an app has one webhook address, so each hook passes on what belongs to another page."""

    def __init__(self, timing: Timing | None = None) -> None:
        """Start with nothing open; `timing` is for tests."""
        self._timing = timing
        self._pages: WeakValueDictionary[str, Page] = WeakValueDictionary()

    def open(self, host: Host) -> Page:
        """Build one page. Raises Misconfigured, naming the setting."""
        page = Page(host, self._other, self._timing)
        self._pages[page.settings.page_id] = page
        return page

    def pages(self, channels: Mapping[str, Channel]) -> Sequence[Route]:  # noqa: ARG002  # the port's name
        """Return none: each account has its own hook."""
        return ()

    def try_out(self, host: Host) -> AsyncIterator[Finding]:
        """Yield what is found out about a real account; nothing is sent to anybody."""
        return findings(host)

    def _other(self, page: str, secret: str) -> Intake | None:
        found = self._pages.get(page)
        return found.intake if found is not None and found.settings.app_secret == secret else None


adapter: Adapter = FacebookAdapter()
